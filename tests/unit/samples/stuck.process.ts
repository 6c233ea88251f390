import { endWhenStuck } from '../../../bin/setup/stuck-guard.ts'

const [, , how, limitS] = process.argv
endWhenStuck(Number(limitS))
// As native code does: nothing else runs meanwhile.
if (how === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
