import { createRequire } from 'node:module'
import { inNative } from '../../contracts/thread.ts'

/** Loading it runs native code, too: a thread may be ended while it starts. */
export const ort = inNative(
  () => createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node'),
)
