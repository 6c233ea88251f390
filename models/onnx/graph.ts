import { bytesField, concatFields, floatField, intField, messageField, textField } from './wire.ts'
import type { Field } from './wire.ts'

/**
 * Writes ONNX models (onnx.proto3, IR version 8). Each function returns one encoded message; field numbers are
 * those of onnx.proto3.
 */

/** TensorProto.DataType */
const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const
export type OnnxType = keyof typeof DATA_TYPES

/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7 } as const

export type OnnxAttribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: number[] }
  | { floats: number[] }
  | { tensor: Field }
  | { graph: Field }

/** A value of a graph with its shape: a number is fixed, a string names a free dimension; null = whatever it is. */
export interface OnnxValueInfo {
  name: string
  type: OnnxType
  shape: (number | string)[] | null
}

const OPSET = 17
const IR_VERSION = 8

/** Fields of a ValueInfoProto. */
export function valueInfo(v: OnnxValueInfo): Field[] {
  const dims = v.shape?.map((d) =>
    messageField(1, [typeof d === 'number' ? intField(1, d) : textField(2, d)]),
  )
  const tensorType = messageField(1, [
    intField(1, DATA_TYPES[v.type]),
    ...(dims === undefined ? [] : [messageField(2, dims)]),
  ])
  return [textField(1, v.name), messageField(2, [tensorType])]
}

/** TensorProto. `data` is written as little-endian raw bytes of the given type, length = product of `shape`. */
export function onnxTensor(
  name: string,
  shape: readonly number[],
  data: Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array,
): Field {
  return concatFields([
    ...shape.map((d) => intField(1, d)),
    intField(2, DATA_TYPES[typeOf(data)]),
    textField(8, name),
    bytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ])
}

function typeOf(data: Parameters<typeof onnxTensor>[2]): OnnxType {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Uint8Array) return 'uint8'
  if (data instanceof Int8Array) return 'int8'
  return data instanceof Int32Array ? 'int32' : 'int64'
}

function attribute(name: string, a: OnnxAttribute): Field[] {
  const head = textField(1, name)
  const kind = (k: keyof typeof ATTRIBUTE): Field => intField(20, ATTRIBUTE[k])
  if ('int' in a) return [head, intField(3, a.int), kind('int')]
  if ('float' in a) return [head, floatField(2, a.float), kind('float')]
  if ('string' in a) return [head, textField(4, a.string), kind('string')]
  if ('ints' in a) return [head, ...a.ints.map((i) => intField(8, i)), kind('ints')]
  if ('floats' in a) return [head, ...a.floats.map((f) => floatField(7, f)), kind('floats')]
  if ('tensor' in a) return [head, bytesField(5, a.tensor), kind('tensor')]
  return [head, bytesField(6, a.graph), kind('graph')]
}

/** NodeProto in the default operator domain. */
export function onnxNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, OnnxAttribute> = {},
): Field {
  return concatFields([
    ...inputs.map((i) => textField(1, i)),
    ...outputs.map((o) => textField(2, o)),
    textField(4, op),
    ...Object.entries(attributes).map(([name, a]) => messageField(5, attribute(name, a))),
  ])
}

/** GraphProto. Nodes stand in topological order; `initializers` are the constants they refer to by name. */
export function onnxGraph(graph: {
  name: string
  nodes: readonly Field[]
  initializers: readonly Field[]
  inputs: readonly OnnxValueInfo[]
  outputs: readonly OnnxValueInfo[]
}): Field {
  return concatFields([
    ...graph.nodes.map((n) => bytesField(1, n)),
    textField(2, graph.name),
    ...graph.initializers.map((t) => bytesField(5, t)),
    ...graph.inputs.map((v) => messageField(11, valueInfo(v))),
    ...graph.outputs.map((v) => messageField(12, valueInfo(v))),
  ])
}

/** ModelProto: the bytes of a `.onnx` file. */
export function onnxModel(graph: Field, producer = 'sightline', opset = OPSET): Field {
  return concatFields([
    intField(1, IR_VERSION),
    textField(2, producer),
    bytesField(7, graph),
    messageField(8, [textField(1, ''), intField(2, opset)]),
  ])
}
