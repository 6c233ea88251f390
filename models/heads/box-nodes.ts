import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import type { Field } from '../onnx/wire.ts'
import type { GraphPart } from '../teach/feature-nodes.ts'
import type { Level } from './box-taps.ts'
import type { Scale } from './cross-fit.ts'
import { AROUND, type BoxHead, HIDDEN } from './box-network.ts'
import { standardising } from './segment-model.ts'
import type { LinearHead } from './softmax-regression.ts'

/** A box head as nodes: levels → `output` [1, classes + sides, h, w], which begins every name that is added. */
export function headNodes(
  head: BoxHead,
  output: string,
  scales: { coarse: Scale; fine: Scale },
  coarse: Level,
  fine: Level | null,
  stridePx: number,
): GraphPart {
  const n = (name: string): string => `${output}_${name}`
  const nodes: Field[] = []
  const initializers: Field[] = []
  const linear = (input: string, layer: LinearHead, name: string, scale?: Scale): string => {
    const { weights, bias } = scale ? standardising(layer, scale.mean, scale.deviation) : layer
    const { features, classes } = layer
    const kernel = new Float32Array(weights.length)
    for (let f = 0; f < features; f++)
      for (let c = 0; c < classes; c++) kernel[c * features + f] = weights[f * classes + c] ?? 0
    initializers.push(
      onnxTensor(n(`${name}_kernel`), [classes, features, 1, 1], kernel),
      onnxTensor(n(`${name}_bias`), [classes], Float32Array.from(bias)),
    )
    nodes.push(onnxNode('Conv', [input, n(`${name}_kernel`), n(`${name}_bias`)], [n(name)]))
    return n(name)
  }
  const relu = (input: string): string => {
    nodes.push(onnxNode('Relu', [input], [`${input}_relu`]))
    return `${input}_relu`
  }
  const add = (a: string, b: string, name: string): string => {
    nodes.push(onnxNode('Add', [a, b], [n(name)]))
    return n(name)
  }
  nodes.push(onnxNode('GlobalAveragePool', [coarse.output], [n('mean')]))
  const whole = linear(n('mean'), head.whole, 'whole', scales.coarse)
  let x = relu(add(linear(coarse.output, head.coarse, 'coarse', scales.coarse), whole, 'seen'))
  for (const [i, { kernel, mix }] of head.blocks.entries()) {
    const around = n(`around${i}`)
    initializers.push(onnxTensor(`${around}_kernel`, [HIDDEN, 1, AROUND, AROUND], channelsFirst(kernel)))
    nodes.push(
      onnxNode('Conv', [x, `${around}_kernel`], [around], {
        group: { int: HIDDEN },
        kernel_shape: { ints: [AROUND, AROUND] },
        pads: { ints: Array<number>(4).fill((AROUND - 1) / 2) },
      }),
    )
    x = add(x, relu(linear(around, mix, `mix${i}`)), `block${i}`)
  }
  if (coarse.stridePx > stridePx) {
    const k = coarse.stridePx / stridePx
    initializers.push(onnxTensor(n('scales'), [4], Float32Array.of(1, 1, k, k)))
    nodes.push(
      onnxNode('Resize', [x, '', n('scales')], [n('spread')], {
        mode: { string: 'linear' },
        coordinate_transformation_mode: { string: 'half_pixel' },
      }),
    )
    x = n('spread')
  }
  if (fine && head.fine) x = add(x, linear(fine.output, head.fine, 'fine', scales.fine), 'both')
  nodes.push(onnxNode('Identity', [linear(relu(x), head.out, 'out')], [output]))
  return { nodes, initializers }
}

/** [places][channels] → [channels][places] */
function channelsFirst(kernel: Float32Array): Float32Array {
  const places = AROUND * AROUND
  return Float32Array.from(kernel, (_, i) => kernel[(i % places) * HIDDEN + Math.floor(i / places)] ?? 0)
}
