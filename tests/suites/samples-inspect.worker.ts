import { existsSync, writeFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { serveJobs, type WorkerSetup } from '../../inspection/index.ts'
import type { Numbered, Request } from '../../inspection/workers/messages.ts'

/**
 * An inspection worker that obeys `meta.source`, so that a suite can make it fail in mid-frame:
 * `slow:<ms>` blocks the thread, `die` ends it, `die-once:<file>` ends it unless the file exists, `hang` blocks for ever,
 * `throw-if:<file>` and `hang-if:<file>` do so while the file exists. The recipe `endless` is never loaded.
 */
if (parentPort) {
  parentPort.on('message', ({ body }: Numbered<Request>) => {
    if (body.kind === 'prepare' && body.source.recipe.recipe === 'endless') block(Infinity)
  })
  serveJobs(parentPort, workerData as WorkerSetup, (job) => {
    const [what, value = ''] = job.meta.source.split(/:(.*)/s)
    if (what === 'slow') block(Number(value))
    if (what === 'hang') block(Infinity)
    if (what === 'die') process.exit(1)
    if (what === 'die-once' && !existsSync(value)) {
      writeFileSync(value, '')
      process.exit(1)
    }
    if (what === 'hang-if' && existsSync(value)) block(Infinity)
    if (what === 'throw-if' && existsSync(value)) throw new Error('thrown while the file exists')
    if (what === 'throw') throw new Error('thrown in mid-frame')
  })
}

/** Blocks the thread as native code does. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
