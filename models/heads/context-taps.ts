import { onnxNode } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import type { Tap } from '../teach/backbone.ts'

const OWN = 'sightline_context_'
/** Cells of the coarsest tap, each way, that say what surrounds a place. */
const AROUND = 5

/**
 * What surrounds a place, as further taps: the coarsest tap averaged over 5 × 5 of its cells, and over the whole image.
 * A patch alone does not say whether a grey streak is a scratch or the grain of the sheet; its surroundings do
 * (Liu et al. 2015, "ParseNet": a global mean beside each place).
 */
export function contextTaps(taps: readonly Tap[]): { nodes: Field[]; taps: Tap[] } {
  const coarsest = taps.reduce((a, b) => (b.stridePx > a.stridePx ? b : a))
  const { output, stridePx, channels } = coarsest
  const nodes = [
    onnxNode('AveragePool', [output], [`${OWN}around`], {
      kernel_shape: { ints: [AROUND, AROUND] },
      pads: { ints: Array<number>(4).fill((AROUND - 1) / 2) },
      count_include_pad: { int: 0 },
    }),
    onnxNode('GlobalAveragePool', [output], [`${OWN}mean`]),
    onnxNode('Shape', [output], [`${OWN}shape`]),
    onnxNode('Expand', [`${OWN}mean`, `${OWN}shape`], [`${OWN}whole`]),
  ]
  return {
    nodes,
    taps: [
      ...taps,
      { output: `${OWN}around`, stridePx, channels },
      { output: `${OWN}whole`, stridePx, channels },
    ],
  }
}
