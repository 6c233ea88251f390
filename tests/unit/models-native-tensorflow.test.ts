import { createRequire } from 'node:module'
import { expect, it, vi } from 'vitest'
import { loadTensorFlow } from '../../models/heads/tensorflow.ts'

type Util = Record<'isArray' | 'isNullOrUndefined', (value: unknown) => boolean>

// What the kernels of the real package do in each of their calls; Node 24 has neither function.
vi.mock('@tensorflow/tfjs-node', () => {
  const util = createRequire(import.meta.url)('util') as Util
  return {
    default: {
      ready: () => Promise.resolve(),
      getBackend: () => 'tensorflow',
      square: (x: number) => (util.isNullOrUndefined(x) || util.isArray(x) ? NaN : x * x),
    },
  }
})

it('computes with the native library on every Node, and without its warnings', async () => {
  const warned: string[] = []
  const hear = (warning: Error): void => void warned.push(warning.message)
  process.on('warning', hear)
  try {
    const { tf, backend } = await loadTensorFlow()
    expect(backend).toBe('tensorflow')
    expect((tf as unknown as { square(x: number): number }).square(3)).toBe(9)
    await new Promise(setImmediate)
    expect(warned).toEqual([])
  } finally {
    process.off('warning', hear)
  }
})
