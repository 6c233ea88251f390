import { bytesOf, intOf, readFields, textOf } from './wire.ts'

/** onnx.proto3 */
const GRAPH = { node: 1, initializer: 5, output: 12 } as const
const NODE = { input: 1, output: 2, op: 4, attribute: 5, domain: 7 } as const
const ATTRIBUTE = { name: 1, float: 2, int: 3, tensor: 5 } as const
const TENSOR = { dims: 1, type: 2, floats: 4, name: 8, raw: 9 } as const
/** TensorProto.DataType */
const FLOAT = 1

export interface GraphNode {
  op: string
  /** Empty for the operators of ONNX itself. */
  domain: string
  inputs: string[]
  outputs: string[]
  /** AttributeProto by name. */
  attributes: ReadonlyMap<string, Uint8Array>
  /** The whole NodeProto, a view. */
  bytes: Uint8Array
}

/** The main graph of a model; views of its bytes. Graphs inside attributes (If, Loop) are not entered. */
export interface GraphView {
  /** In topological order, as ONNX demands. */
  nodes: GraphNode[]
  /** TensorProto by name: initialisers and the values of `Constant` nodes. */
  constants: ReadonlyMap<string, Uint8Array>
  outputs: string[]
}

/** @throws MDL_LOAD when the bytes are no protobuf */
export function readGraph(model: Uint8Array): GraphView {
  const nodes: GraphNode[] = []
  const constants = new Map<string, Uint8Array>()
  const outputs: string[] = []
  for (const { number, bytes } of readFields(bytesOf(model, 7))) {
    if (bytes === null) continue
    if (number === GRAPH.initializer) constants.set(textOf(bytes, TENSOR.name), bytes)
    if (number === GRAPH.output) outputs.push(textOf(bytes, 1))
    if (number !== GRAPH.node) continue
    const node = readNode(bytes)
    nodes.push(node)
    const value = node.attributes.get('value')
    if (node.op === 'Constant' && value)
      constants.set(node.outputs[0] ?? '', bytesOf(value, ATTRIBUTE.tensor))
  }
  return { nodes, constants, outputs }
}

function readNode(bytes: Uint8Array): GraphNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, Uint8Array>()
  for (const f of readFields(bytes)) {
    if (f.bytes === null) continue
    if (f.number === NODE.input) inputs.push(Buffer.from(f.bytes).toString('utf8'))
    if (f.number === NODE.output) outputs.push(Buffer.from(f.bytes).toString('utf8'))
    if (f.number === NODE.attribute) attributes.set(textOf(f.bytes, ATTRIBUTE.name), f.bytes)
  }
  return {
    op: textOf(bytes, NODE.op),
    domain: textOf(bytes, NODE.domain),
    inputs,
    outputs,
    attributes,
    bytes,
  }
}

/** Integer attribute of a node; `otherwise` when it is absent. */
export function intAttribute(node: GraphNode, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name)
  return attribute === undefined ? otherwise : intOf(attribute, ATTRIBUTE.int)
}

/** Float attribute of a node; `otherwise` when it is absent. */
export function floatAttribute(node: GraphNode, name: string, otherwise: number): number {
  const attribute = node.attributes.get(name)
  if (attribute === undefined) return otherwise
  for (const f of readFields(attribute))
    if (f.number === ATTRIBUTE.float) return viewOf(attribute).getFloat32(f.end - 4, true)
  return 0
}

/** Shape and values of a float32 tensor, copied; null for any other type, or when its values are not whole. */
export function floatsOfTensor(
  tensor: Uint8Array,
): { shape: number[]; data: Float32Array<ArrayBuffer> } | null {
  if (intOf(tensor, TENSOR.type) !== FLOAT) return null
  const shape: number[] = []
  let values = new Uint8Array()
  for (const f of readFields(tensor)) {
    if (f.number === TENSOR.dims) shape.push(...(f.bytes ? packedInts(f.bytes) : [f.int ?? 0]))
    if ((f.number === TENSOR.raw || f.number === TENSOR.floats) && f.bytes) values = Uint8Array.from(f.bytes)
  }
  const count = shape.reduce((a, b) => a * b, 1)
  if (values.byteLength !== 4 * count) return null
  const view = viewOf(values)
  return { shape, data: Float32Array.from({ length: count }, (_, i) => view.getFloat32(4 * i, true)) }
}

/** Varints one after the other, as protobuf packs repeated numbers. */
function packedInts(bytes: Uint8Array): number[] {
  const ints: number[] = []
  let value = 0
  let shift = 1
  for (const byte of bytes) {
    value += (byte & 0x7f) * shift
    shift *= 128
    if (byte >= 0x80) continue
    ints.push(value)
    value = 0
    shift = 1
  }
  return ints
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
