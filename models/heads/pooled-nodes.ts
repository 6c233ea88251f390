import { onnxNode } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import type { Tap } from '../teach/backbone.ts'

const OWN = 'sightline_pool_'

/** Output of `pooledNodes`: float32 [1, 2 × channels of all taps]. */
export const POOLED = `${OWN}features`

export const pooledSize = (taps: readonly Tap[]): number => 2 * taps.reduce((n, t) => n + t.channels, 0)

/**
 * What a part looks like as a whole: mean and standard deviation over the image of each channel of each tap. Second
 * moments of convolutional features describe texture (Gatys et al. 2015); their diagonal keeps the vector short.
 */
export function pooledNodes(taps: readonly Tap[]): Field[] {
  const parts: string[] = []
  const nodes = taps.flatMap((tap, i) => {
    const n = (name: string): string => `${OWN}${name}${i}`
    const over = { axes: { ints: [2, 3] }, keepdims: { int: 0 } }
    parts.push(n('mean'), n('deviation'))
    return [
      onnxNode('ReduceMean', [tap.output], [n('mean')], over),
      onnxNode('Mul', [tap.output, tap.output], [n('squares')]),
      onnxNode('ReduceMean', [n('squares')], [n('power')], over),
      onnxNode('Mul', [n('mean'), n('mean')], [n('square')]),
      onnxNode('Sub', [n('power'), n('square')], [n('difference')]),
      // Rounding can take the variance of a flat map below zero.
      onnxNode('Relu', [n('difference')], [n('variance')]),
      onnxNode('Sqrt', [n('variance')], [n('deviation')]),
    ]
  })
  return [...nodes, onnxNode('Concat', parts, [POOLED], { axis: { int: 1 } })]
}
