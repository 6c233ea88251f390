import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import type { Environment } from '../setup/environment.ts'
import type { TeachOrder, TeachThreadMessage } from './job.ts'

const { order, environment } = workerData as { order: TeachOrder; environment: Environment }
const say = (m: TeachThreadMessage): void => parentPort?.postMessage(m)
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())

/** Lowest priority of POSIX: such a thread runs when no other wants the core. */
const LOWEST = 19
// On Linux the priority is of this thread and of those it starts, elsewhere of the whole process. Loading the program
// takes seconds of a core too, so it comes behind this.
if (order.background === true && process.platform === 'linux') setPriority(0, LOWEST)
const { asCoded, toWordedFact } = await import('../../contracts/index.ts')
const { runTeach } = await import('./job.ts')

try {
  const answer = await runTeach(order, environment, stop.signal, (progress) =>
    say({ kind: 'progress', progress }),
  )
  say({ kind: 'done', answer })
} catch (error) {
  say({ kind: 'failed', error: toWordedFact(asCoded(error, 'API_INTERNAL')) })
}
