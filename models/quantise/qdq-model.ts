import { floatsOfTensor, readGraph } from '../onnx/read-graph.ts'
import type { GraphNode, GraphView } from '../onnx/read-graph.ts'
import { onnxNode, onnxTensor } from '../onnx/graph.ts'
import {
  bytesField,
  bytesOf,
  concatFields,
  readFields,
  replaceField,
  textField,
  textOf,
} from '../onnx/wire.ts'
import type { Field } from '../onnx/wire.ts'
import { activationScale, quantiseBias, quantiseWeights } from './affine.kernel.ts'
import type { Ranges } from './calibrate.ts'
import type { Layer } from './layers.ts'

/** onnx.proto3 */
const GRAPH = { node: 1, initializer: 5 } as const
const NODE = { input: 1 } as const
const TENSOR = { name: 8 } as const
const ATTRIBUTE = { graph: 6 } as const

const OWN = 'sightline_int8_'

/**
 * Writes the int8 variant of a float model in the QDQ form: around each layer QuantizeLinear and DequantizeLinear stand
 * at its input, its constants and its output, and a runtime that knows integer kernels computes them in integers
 * (onnxruntime: QLinearConv); any other computes the same in float, rounded to the same steps. Activations are uint8
 * with one scale, weights int8 with one scale per output channel, bias int32.
 *
 * @param ranges of the input and output of each layer
 */
export function qdqModel(
  model: Uint8Array,
  layers: readonly Layer[],
  ranges: Ranges,
  weightBits: 7 | 8,
): Uint8Array {
  const graph = readGraph(model)
  const byNode = new Map(layers.map((l) => [l.node, l]))
  const inputs = new Set(layers.map((l) => l.input))
  const outputs = new Set(layers.map((l) => l.output))
  const constants: Field[] = []
  const nodes: Field[] = []
  const made = new Set<string>()
  const dropped = spare(graph, byNode)
  // In front of what reads it first, so that the order stays topological.
  const rounded = (value: string): string => {
    if (!made.has(value)) {
      made.add(value)
      const { scale, zero } = scaleOf(ranges, value)
      const at = OWN + value
      constants.push(
        onnxTensor(`${at}_scale`, [], Float32Array.of(scale)),
        onnxTensor(`${at}_zero`, [], Uint8Array.of(zero)),
      )
      nodes.push(
        onnxNode('QuantizeLinear', [value, `${at}_scale`, `${at}_zero`], [`${at}_whole`]),
        onnxNode('DequantizeLinear', [`${at}_whole`, `${at}_scale`, `${at}_zero`], [`${at}_real`]),
      )
    }
    return `${OWN}${value}_real`
  }
  for (const [n, node] of graph.nodes.entries()) {
    const layer = byNode.get(n)
    if (node.op === 'Constant' && dropped.has(node.outputs[0] ?? '')) continue
    const read = node.inputs.map((value, i) =>
      outputs.has(value) || (i === 0 && layer !== undefined && inputs.has(value)) ? rounded(value) : value,
    )
    if (layer !== undefined) {
      const part = constantNodes(graph, layer, scaleOf(ranges, layer.input).scale, weightBits)
      constants.push(...part.constants)
      nodes.push(...part.nodes)
      read[1] = part.weight
      if (part.bias !== null) read[2] = part.bias
    }
    nodes.push(withInputs(node, read))
  }
  return rewritten(model, nodes, constants, dropped)
}

function scaleOf(ranges: Ranges, value: string): { scale: number; zero: number } {
  const { min, max } = ranges.get(value) ?? { min: 0, max: 0 }
  return activationScale(min, max)
}

/** Weight and bias of a layer as whole numbers with the nodes that make them real again. */
function constantNodes(graph: GraphView, layer: Layer, input: number, bits: 7 | 8) {
  const { shape, data } = floatsOf(graph, layer.weight)
  const bias = layer.bias === null ? null : floatsOf(graph, layer.bias).data
  const channels = shape[layer.axis] ?? 0
  const before = shape.slice(0, layer.axis).reduce((a, b) => a * b, 1)
  const form = { outer: before, channels, inner: data.length / (before * channels) }
  const whole = new Int8Array(data.length)
  const scales = new Float32Array(channels)
  quantiseWeights(data, bias, form, input, bits, whole, scales)
  const at = `${OWN}${layer.node}`
  const axis = { axis: { int: layer.axis } }
  const constants = [
    onnxTensor(`${at}_weight`, shape, whole),
    onnxTensor(`${at}_scales`, [channels], scales),
    onnxTensor(`${at}_zeros`, [channels], new Int8Array(channels)),
  ]
  const nodes = [
    onnxNode('DequantizeLinear', [`${at}_weight`, `${at}_scales`, `${at}_zeros`], [`${at}_real`], axis),
  ]
  if (bias !== null) {
    const summands = new Int32Array(channels)
    const units = new Float32Array(channels)
    quantiseBias(bias, input, scales, summands, units)
    constants.push(
      onnxTensor(`${at}_bias`, [channels], summands),
      onnxTensor(`${at}_units`, [channels], units),
    )
    nodes.push(
      onnxNode('DequantizeLinear', [`${at}_bias`, `${at}_units`], [`${at}_shift`], { axis: { int: 0 } }),
    )
  }
  return { constants, nodes, weight: `${at}_real`, bias: bias === null ? null : `${at}_shift` }
}

function floatsOf({ constants }: GraphView, name: string): { shape: number[]; data: Float32Array } {
  const found = floatsOfTensor(constants.get(name) ?? new Uint8Array())
  if (found === null) throw new Error(`${name} was chosen as a float constant`)
  return found
}

function withInputs(node: GraphNode, inputs: readonly string[]): Field {
  if (inputs.every((name, i) => name === node.inputs[i])) return concatFields([node.bytes])
  const rest = [...readFields(node.bytes)].filter((f) => f.number !== NODE.input)
  return concatFields([
    ...inputs.map((name) => textField(NODE.input, name)),
    ...rest.map((f) => node.bytes.subarray(f.start, f.end)),
  ])
}

/** The graph with these nodes in place of its own, without the constants in `dropped`. */
function rewritten(
  model: Uint8Array,
  nodes: readonly Field[],
  constants: readonly Field[],
  dropped: ReadonlySet<string>,
): Uint8Array {
  return replaceField(model, 7, (bytes) => {
    const rest = [...readFields(bytes)].filter(
      ({ number, bytes: field }) =>
        number !== GRAPH.node &&
        !(number === GRAPH.initializer && field && dropped.has(textOf(field, TENSOR.name))),
    )
    return concatFields([
      ...nodes.map((n) => bytesField(GRAPH.node, n)),
      ...rest.map((f) => bytes.subarray(f.start, f.end)),
      ...constants.map((t) => bytesField(GRAPH.initializer, t)),
    ])
  })
}

/** Float weights and biases that nothing reads any more. A graph inside an attribute may read any of them. */
function spare({ nodes }: GraphView, byNode: ReadonlyMap<number, Layer>): Set<string> {
  const nested = nodes.some((n) =>
    [...n.attributes.values()].some((a) => bytesOf(a, ATTRIBUTE.graph).length > 0),
  )
  if (nested) return new Set()
  const read = new Set(nodes.flatMap((node, n) => node.inputs.filter((_, i) => !byNode.has(n) || i === 0)))
  const own = [...byNode.values()].flatMap((l) => [l.weight, ...(l.bias === null ? [] : [l.bias])])
  return new Set(own.filter((name) => !read.has(name)))
}
