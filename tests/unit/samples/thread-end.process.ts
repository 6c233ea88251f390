import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { endThread, spawnWorker } from '../../../contracts/index.ts'
import type { NativeWork } from './native-busy.worker.ts'

/** Ends threads that are in native code, or itself with such a thread, as its arguments say; see tests/e2e/thread-end.test.ts. */
const [work = '', how = '', times = '1'] = process.argv.slice(2)

const busy = async (): Promise<Worker> => {
  const worker = spawnWorker(new URL('./native-busy.worker.ts', import.meta.url), {
    workerData: { work: work as NativeWork },
  })
  if (how === 'while-starting') await sleep(Math.random() * 500)
  else await once(worker, 'message')
  await sleep(Math.random() * 10)
  return worker
}

let ended = 0
for (let n = 0; n < Number(times); n++) {
  const worker = await busy()
  if (how === 'exit') process.exit(7)
  if (how === 'throw') throw new Error('thrown on the main thread')
  if (how === 'drain') {
    process.exitCode = 7
    worker.unref()
  } else if (await endThread(worker, how === 'give-up' ? 100 : undefined)) ended += 1
}
process.stdout.write(`${ended} of ${times} ended\n`)
