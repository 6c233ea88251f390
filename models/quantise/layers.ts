import { CodedError } from '../../contracts/index.ts'
import { floatAttribute, floatsOfTensor, intAttribute, readGraph } from '../onnx/read-graph.ts'
import type { GraphNode, GraphView } from '../onnx/read-graph.ts'
import { opsetOf } from '../onnx/uint8-input.ts'

/** One layer that can compute in 8 bits. */
export interface Layer {
  /** Place of its node in the graph. */
  node: number
  /** Value it computes from. */
  input: string
  /** float32 constant, and the axis of it that stands for the output channels. */
  weight: string
  axis: number
  /** float32 constant; null = none. */
  bias: string | null
  /** Value it gives, behind the rectifier that follows it alone. */
  output: string
}

export interface LayerChoice {
  /** In topological order. */
  layers: Layer[]
  /** Name of each layer that stays float by rule, with the rule. */
  left: { layer: string; rule: 'first' | 'last' | 'appended' }[]
  /** What the last layers compute from. */
  final: string[]
}

/** The oldest operator set whose DequantizeLinear has an axis: scales per channel. */
const MIN_OPSET = 13

/** What a quantised model computes with; a graph that has any of them is quantised already. */
const QUANTISED =
  /^(?:QuantizeLinear|DequantizeLinear|DynamicQuantizeLinear|QLinear\w+|QGemm|ConvInteger|MatMulInteger\w*)$/

/** Rectifiers that a quantised range saturates by itself; onnxruntime drops them before QuantizeLinear. */
const RECTIFIERS = new Set(['Relu', 'Clip'])

/** What teaching appends to a backbone: projections, distances to banks, heads. Few and small, and scores hang on them. */
const APPENDED = /^sightline_/

/**
 * Layers to compute in 8 bits: Conv, MatMul and Gemm with constant float32 weights. Float by rule stay the first layers
 * (they read the image) and the last ones (answers come of them), as in Krishnamoorthi 2018 (arXiv 1806.08342, 3.1) and
 * the practice guide of onnxruntime, and what teaching appended to a backbone.
 *
 * @throws MDL_QUANTISE for a model that is quantised already, is too old, or has no such layer
 */
export function chooseLayers(model: Uint8Array): LayerChoice {
  const graph = readGraph(model)
  const quantised = graph.nodes.find((n) => QUANTISED.test(n.op))
  if (quantised !== undefined)
    throw new CodedError('MDL_QUANTISE', {
      expected: 'a float model',
      actual: `a quantised one: it has ${quantised.op}`,
      hint: 'quantise the model it was made of',
    })
  const opset = opsetOf(model)
  if (opset < MIN_OPSET)
    throw new CodedError('MDL_QUANTISE', {
      expected: `operator set ${MIN_OPSET} or newer`,
      actual: `operator set ${opset}`,
      hint: 'export the model anew',
    })
  const users = usersOf(graph)
  const all = graph.nodes.flatMap((node, n) => layerOf(graph, node, n, users) ?? [])
  const own = all.filter((l) => APPENDED.test(l.output))
  const inner = all.filter((l) => !own.includes(l))
  const ways = reach(graph, inner)
  const first = inner.filter((l) => !ways.above.has(l.node))
  const last = inner.filter((l) => !ways.below.has(l.node))
  const layers = inner.filter((l) => !first.includes(l) && !last.includes(l))
  if (layers.length === 0)
    throw new CodedError('MDL_QUANTISE', {
      expected: 'Conv, MatMul or Gemm layers with float32 weights between the first and the last',
      actual: `${all.length} such layers in all: ${first.length} first, ${last.length} last, ${own.length} appended by teaching`,
      hint: 'the model has nothing to gain from 8 bits',
    })
  const rule = (list: readonly Layer[], name: LayerChoice['left'][number]['rule']) =>
    list.map((l) => ({ layer: l.output, rule: name }))
  return {
    layers,
    left: [
      ...rule(first, 'first'),
      ...rule(
        last.filter((l) => !first.includes(l)),
        'last',
      ),
      ...rule(own, 'appended'),
    ],
    final: [...new Set(last.map((l) => l.input))],
  }
}

/** Places of the nodes that read a value. */
function usersOf({ nodes }: GraphView): Map<string, number[]> {
  const users = new Map<string, number[]>()
  for (const [n, node] of nodes.entries())
    for (const input of node.inputs) users.set(input, [...(users.get(input) ?? []), n])
  return users
}

function layerOf(
  graph: GraphView,
  node: GraphNode,
  n: number,
  users: ReadonlyMap<string, number[]>,
): Layer | null {
  const [input = '', weight = '', bias] = node.inputs
  const [raw = ''] = node.outputs
  if (node.domain !== '' || graph.constants.has(input) || !floatConstant(graph, weight)) return null
  if (bias && !floatConstant(graph, bias)) return null
  const axis = channelAxis(node)
  if (axis === null) return null
  const [follower, ...more] = (users.get(raw) ?? []).map((i) => graph.nodes[i])
  const rectified =
    follower && more.length === 0 && !graph.outputs.includes(raw) && RECTIFIERS.has(follower.op)
      ? follower.outputs[0]
      : undefined
  return { node: n, input, weight, axis, bias: bias || null, output: rectified ?? raw }
}

/** Axis of the weight that holds the output channels; null for what is no plain Conv, MatMul or Gemm. */
function channelAxis(node: GraphNode): number | null {
  switch (node.op) {
    case 'Conv':
      return 0
    case 'MatMul':
      return 1
    case 'Gemm': {
      const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1
      if (!plain || intAttribute(node, 'transA', 0) !== 0) return null
      return intAttribute(node, 'transB', 0) === 1 ? 0 : 1
    }
    default:
      return null
  }
}

/** A weight needs two dimensions or more, a bias has one. */
function floatConstant({ constants }: GraphView, name: string): boolean {
  const tensor = constants.get(name)
  return tensor !== undefined && floatsOfTensor(tensor) !== null
}

/** Nodes of layers that another layer stands above, and below: before and behind it in the flow of values. */
function reach(graph: GraphView, layers: readonly Layer[]): { above: Set<number>; below: Set<number> } {
  const own = new Set(layers.map((l) => l.node))
  const fed = new Set<string>()
  const above = new Set<number>()
  for (const [n, node] of graph.nodes.entries()) {
    const isFed = node.inputs.some((i) => fed.has(i))
    if (isFed && own.has(n)) above.add(n)
    if (isFed || own.has(n)) for (const o of node.outputs) fed.add(o)
  }
  const feeds = new Set<string>()
  const below = new Set<number>()
  for (const [n, node] of [...graph.nodes.entries()].toReversed()) {
    const reaches = node.outputs.some((o) => feeds.has(o))
    if (reaches && own.has(n)) below.add(n)
    if (reaches || own.has(n)) for (const i of node.inputs) feeds.add(i)
  }
  return { above, below }
}
