import { createRequire } from 'node:module'
import type * as Core from '@tensorflow/tfjs-core'

/** The part of TensorFlow.js that both of its forms share. */
export interface TensorFlow {
  tf: typeof Core
  /** `tensorflow` = native library, `wasm` = compiled to WebAssembly. */
  backend: string
}

let loaded: Promise<TensorFlow> | null = null

/**
 * TensorFlow.js with its native library where `@tensorflow/tfjs-node` is installed and works, else in WebAssembly. Both
 * compute in float32; sums are taken in another order, so that results agree to about 1e-5.
 */
export function loadTensorFlow(): Promise<TensorFlow> {
  loaded ??= native().then((tf) => tf ?? wasm())
  return loaded
}

/** Null when the optional package is absent, or its library does not fit this Node. */
async function native(): Promise<TensorFlow | null> {
  try {
    keepWhatItCalls()
    const name = '@tensorflow/tfjs-node'
    const module = (await import(name)) as { default?: typeof Core } & typeof Core
    const tf = module.default ?? module
    await tf.ready()
    return tf.getBackend() === 'tensorflow' ? { tf, backend: 'tensorflow' } : null
  } catch {
    return null
  }
}

/** Of Node's `util`; its last release calls what Node 22 warns about, and 24 no longer has. */
function keepWhatItCalls(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util['isArray'] = Array.isArray
  util['isNullOrUndefined'] = (value: unknown): boolean => value === null || value === undefined
}

async function wasm(): Promise<TensorFlow> {
  const tf = await import('@tensorflow/tfjs-core')
  await import('@tensorflow/tfjs-backend-wasm')
  await tf.setBackend('wasm')
  await tf.ready()
  return { tf, backend: tf.getBackend() }
}
