import { createRequire } from 'node:module'
import { inNative, reportNothing } from '../../contracts/thread.ts'

reportNothing()
/** Loading it runs native code, too: a thread may be ended while it starts. */
export const ort = inNative(
  () => createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node'),
)
