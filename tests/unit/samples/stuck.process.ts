import { endWhenStuck } from '../../../bin/setup/stuck-guard.ts'
import { inNative } from '../../../contracts/thread.ts'

const [, , how, limitS] = process.argv
endWhenStuck(Number(limitS))
// Nothing else runs meanwhile.
const block = (ms?: number): string => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
if (how === 'hang') inNative(() => block())
// As a write to a terminal that somebody has stopped.
if (how === 'paused') block(5_000)
