import type { DecodeContext } from '../../../models/adapters/adapter.ts'
import type { Geometry } from '../../../models/input/geometry.ts'
import type { RawTensor } from '../../../models/runtime/ort-session.ts'

export const f32 = (shape: number[], values: number[]): RawTensor => ({
  type: 'float32',
  shape,
  data: Float32Array.from(values),
})
export const i64 = (shape: number[], values: number[]): RawTensor => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values, BigInt),
})

/** An image of w x h px that is the model input as it is. */
export function same(w: number, h: number): Geometry {
  const size = { widthPx: w, heightPx: h }
  return { image: size, model: size, content: size, leftPx: 0, topPx: 0, around: 'edge' }
}

export const context = (over: Partial<DecodeContext> = {}): DecodeContext => ({
  labels: ['a', 'b'],
  thresholds: [0.5, 0.5],
  maxFindings: 10,
  geometry: same(100, 80),
  ...over,
})
