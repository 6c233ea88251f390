import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { CALLS, CodedError } from '../../contracts/thread.ts'
import { ENDS, type GuardOrder } from './stuck-guard.ts'

const { beats, calls, limitS } = workerData as GuardOrder

/**
 * Seconds of silence one by one: a process that was stopped and goes on (Ctrl-Z, `fg`) has lost one of them, not all.
 *
 * @returns whether the limit was reached, and not the end of the process
 */
function isStuck(): boolean {
  let silentS = 0
  for (let heard = Atomics.load(beats, 0); silentS < limitS;) {
    if (heard === ENDS) return false
    Atomics.wait(beats, 0, heard, 1000)
    const now = Atomics.load(beats, 0)
    silentS = now === heard && Atomics.load(calls, CALLS) > 0 ? silentS + 1 : 0
    heard = now
  }
  return true
}

if (isStuck()) {
  const { message } = new CodedError('MDL_RUN', {
    expected: `a model that answers within ${limitS} s`,
    actual: 'no answer; the process is killed',
    hint: 'no package is left half written; export the model without loops, or for a smaller input',
  })
  writeSync(2, `${message}\n`)
  process.kill(process.pid, 'SIGKILL')
}
