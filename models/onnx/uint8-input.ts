import { CodedError } from '../../contracts/index.ts'
import { onnxNode, onnxTensor, valueInfo } from './graph.ts'
import { screenOnnx } from './screen.ts'
import { bytesField, concatFields, messageField, readFields } from './wire.ts'
import type { Field } from './wire.ts'

export interface Uint8InputSpec {
  /** Name of the float32 NCHW input of the model as it is. */
  input: string
  /** Name of the uint8 NHWC input it gets; must not be used in the graph. */
  image: string
  channels: 1 | 3
  /** Per channel in the model's order, in grey levels 0..255: the model sees (level - mean) / std. */
  mean: number[]
  std: number[]
  /** Channel order the model was trained with; images come as RGB. */
  order: 'rgb' | 'bgr'
}

/** The oldest operator set whose Sub and Div broadcast as numpy does, and the IR where constants are not inputs. */
const MIN_OPSET = 7
const MIN_IR = 4
const FLOAT = 1

/** Prefix of the names added to the graph. */
const OWN = 'sightline_input_'

/**
 * Gives a float32 NCHW model the input this project feeds: uint8 NHWC, normalised inside the graph. The rest of
 * the file is kept byte for byte.
 *
 * @returns bytes of the new model
 * @throws MDL_LOAD when `model` is no ONNX model; MDL_PACKAGE when the input is missing, not float32 with four
 *         dimensions, or the model is too old to extend
 */
export function withUint8Input(model: Uint8Array, spec: Uint8InputSpec): Field {
  screenOnnx(model)
  checkSpec(spec)
  checkVersions(model)
  return rewrite(model, 7, (graph) => rewriteGraph(graph, spec))
}

/** Copies a message and replaces its one field `number` by what `change` makes of it. */
function rewrite(message: Uint8Array, number: number, change: (bytes: Uint8Array) => Field): Field {
  const parts: Uint8Array[] = []
  for (const field of readFields(message))
    parts.push(
      field.number === number && field.bytes !== null
        ? bytesField(number, change(field.bytes))
        : message.subarray(field.start, field.end),
    )
  return concatFields(parts)
}

function rewriteGraph(graph: Uint8Array, spec: Uint8InputSpec): Field {
  const NODE = 1
  const INITIALIZER = 5
  const INPUT = 11
  const head: Field[] = prelude(spec).map((node) => bytesField(NODE, node))
  const constants = normalisation(spec).map((tensor) => bytesField(INITIALIZER, tensor))
  const rest: Uint8Array[] = []
  let found = false
  for (const field of readFields(graph)) {
    const replaced = field.number === INPUT && field.bytes !== null && textOf(field.bytes, 1) === spec.input
    if (!replaced) {
      rest.push(graph.subarray(field.start, field.end))
      continue
    }
    found = true
    const [n, , h, w] = floatShape(field.bytes ?? new Uint8Array(), spec)
    const shape = [n ?? 'n', h ?? 'h', w ?? 'w', spec.channels]
    rest.push(messageField(INPUT, valueInfo({ name: spec.image, type: 'uint8', shape })))
  }
  if (!found) throw misfit(`an input ${spec.input}`, 'none of this name')
  return concatFields([...head, ...constants, ...rest])
}

function prelude({ image, input, order, channels }: Uint8InputSpec): Field[] {
  const [planar, float, ordered, centred] = ['planar', 'float', 'ordered', 'centred'].map((n) => OWN + n) as [
    string,
    string,
    string,
    string,
  ]
  const swapped = order === 'bgr' && channels === 3
  return [
    onnxNode('Transpose', [image], [planar], { perm: { ints: [0, 3, 1, 2] } }),
    onnxNode('Cast', [planar], [float], { to: { int: FLOAT } }),
    ...(swapped ? [onnxNode('Gather', [float, `${OWN}order`], [ordered], { axis: { int: 1 } })] : []),
    onnxNode('Sub', [swapped ? ordered : float, `${OWN}mean`], [centred]),
    onnxNode('Div', [centred, `${OWN}std`], [input]),
  ]
}

function normalisation({ mean, std, order, channels }: Uint8InputSpec): Field[] {
  const shape = [1, channels, 1, 1]
  return [
    onnxTensor(`${OWN}mean`, shape, Float32Array.from(mean)),
    onnxTensor(`${OWN}std`, shape, Float32Array.from(std)),
    ...(order === 'bgr' && channels === 3
      ? [onnxTensor(`${OWN}order`, [3], BigInt64Array.of(2n, 1n, 0n))]
      : []),
  ]
}

function checkSpec({ mean, std, channels }: Uint8InputSpec): void {
  if (mean.length !== channels || std.length !== channels || std.some((s) => !(s > 0)))
    throw misfit(
      `${channels} means and ${channels} positive deviations`,
      `mean [${mean.join(', ')}], std [${std.join(', ')}]`,
    )
}

function checkVersions(model: Uint8Array): void {
  let ir = 0
  let opset = 0
  for (const field of readFields(model)) {
    if (field.number === 1) ir = field.int ?? 0
    if (field.number === 8 && field.bytes !== null && textOf(field.bytes, 1) === '')
      opset = intOf(field.bytes, 2)
  }
  if (ir < MIN_IR || opset < MIN_OPSET)
    throw misfit(
      `IR version ${MIN_IR} and operator set ${MIN_OPSET} or newer`,
      `IR ${ir}, operator set ${opset}`,
    )
}

/** Dimensions of a float32 ValueInfoProto of rank 4; null where the size is free without a name. */
function floatShape(value: Uint8Array, spec: Uint8InputSpec): (number | string | null)[] {
  const tensor = bytesOf(bytesOf(value, 2), 1)
  const dims: (number | string | null)[] = []
  for (const field of readFields(bytesOf(tensor, 2))) {
    if (field.number !== 1 || field.bytes === null) continue
    const fixed = intOf(field.bytes, 1)
    dims.push(fixed > 0 ? fixed : textOf(field.bytes, 2) || null)
  }
  const channels = dims[1]
  if (intOf(tensor, 1) !== FLOAT || dims.length !== 4)
    throw misfit(
      'a float32 input [n, channels, height, width]',
      `element type ${intOf(tensor, 1)}, ${dims.length} dimensions`,
    )
  if (typeof channels === 'number' && channels !== spec.channels)
    throw misfit(`${spec.channels} channels`, `${channels} in the graph`)
  return dims
}

function bytesOf(message: Uint8Array, number: number): Uint8Array {
  for (const field of readFields(message))
    if (field.number === number && field.bytes !== null) return field.bytes
  return new Uint8Array()
}

function intOf(message: Uint8Array, number: number): number {
  for (const field of readFields(message)) if (field.number === number && field.int !== null) return field.int
  return 0
}

const textOf = (message: Uint8Array, number: number): string =>
  Buffer.from(bytesOf(message, number)).toString('utf8')

const misfit = (expected: string, actual: string): CodedError =>
  new CodedError('MDL_PACKAGE', { path: 'model.onnx', expected, actual })
