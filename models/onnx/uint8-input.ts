import { CodedError } from '../../contracts/index.ts'
import { onnxNode, onnxTensor, valueInfo } from './graph.ts'
import { ANTIALIAS_OPSET, antialiasedResize, scaledSize } from './scaling.ts'
import type { ScaledTo } from './scaling.ts'
import { screenOnnx } from './screen.ts'
import {
  bytesField,
  bytesOf,
  concatFields,
  intOf,
  messageField,
  readFields,
  replaceField,
  textOf,
} from './wire.ts'
import type { Field } from './wire.ts'

export interface Uint8InputSpec {
  /** Name of the input of the model as it is: NCHW or NHWC, of floats or of whole grey levels (uint8). */
  input: string
  /** Name of the uint8 NHWC input it gets; must not be used in the graph. */
  image: string
  channels: 1 | 3
  /** Per channel in the model's order, in grey levels 0..255: the model sees (level - mean) / std. */
  mean: number[]
  std: number[]
  /** Channel order the model was trained with; images come as RGB. */
  order: 'rgb' | 'bgr'
  /**
   * Size that images of any size are scaled to inside the graph, in float and antialiased, as torchvision scales float
   * tensors; null = the input has the size of the model.
   */
  scaledTo?: ScaledTo | null
  /** The border is repeated inside the graph: this many px on each axis in all, the smaller half left and above. */
  paddedPx?: number
}

/** The oldest operator set whose Sub and Div broadcast as numpy does, and the IR where constants are not inputs. */
const MIN_OPSET = 7
const MIN_IR = 4
/** The oldest whose Pad takes its widths as an input. */
const PAD_OPSET = 11
/** TensorProto.DataType */
const FLOAT = 1
const UINT8 = 2
/** What the input of a model may be made of, and how the others are called. */
const ELEMENTS = [FLOAT, UINT8, 10, 11, 16]
const ELEMENT_NAMES =
  'undefined float32 uint8 int8 uint16 int16 int32 int64 string bool float16 float64 uint32 uint64'.split(' ')

/** Prefix of the names added to the graph. */
const OWN = 'sightline_input_'

/**
 * Gives a model the input this project feeds: uint8 NHWC, normalised inside the graph in float32. The rest of the file
 * is kept byte for byte.
 *
 * @returns bytes of the new model
 * @throws MDL_LOAD when `model` is no ONNX model; MDL_PACKAGE when the input is missing, no image of
 *         floats or bytes, or the model is too old to extend
 */
export function withUint8Input(model: Uint8Array, spec: Uint8InputSpec): Field {
  screenOnnx(model)
  checkSpec(spec)
  const opset = checkVersions(model)
  if (spec.scaledTo && opset < ANTIALIAS_OPSET)
    throw misfit(
      `operator set ${ANTIALIAS_OPSET} or newer to scale inside the graph`,
      `operator set ${opset}`,
    )
  if (spec.paddedPx && opset < PAD_OPSET)
    throw misfit(`operator set ${PAD_OPSET} or newer to repeat the border`, `operator set ${opset}`)
  return replaceField(model, 7, (graph) => rewriteGraph(graph, spec))
}

function rewriteGraph(graph: Uint8Array, spec: Uint8InputSpec): Field {
  const NODE = 1
  const INITIALIZER = 5
  const INPUT = 11
  const constants = normalisation(spec).map((tensor) => bytesField(INITIALIZER, tensor))
  const rest: Uint8Array[] = []
  let head: Field[] | null = null
  for (const field of readFields(graph)) {
    const replaced = field.number === INPUT && field.bytes !== null && textOf(field.bytes, 1) === spec.input
    if (!replaced) {
      rest.push(graph.subarray(field.start, field.end))
      continue
    }
    const { type, dims } = imageShape(field.bytes ?? new Uint8Array(), spec)
    head = prelude(spec, type, channelsLast(dims)).map((node) => bytesField(NODE, node))
    const [n] = dims
    const [h, w] = channelsLast(dims) ? dims.slice(1, 3) : dims.slice(2)
    const shape = spec.scaledTo
      ? [n ?? 'n', `${OWN}h`, `${OWN}w`, spec.channels]
      : [n ?? 'n', h ?? 'h', w ?? 'w', spec.channels]
    rest.push(messageField(INPUT, valueInfo({ name: spec.image, type: 'uint8', shape })))
  }
  if (head === null) throw misfit(`an input ${spec.input}`, 'none of this name')
  return concatFields([...head, ...constants, ...rest])
}

/** Whether an image of these dimensions is NHWC, as Keras and TensorFlow have it; what is open counts as NCHW. */
export function channelsLast([, second, , fourth]: readonly (number | string | null)[]): boolean {
  const isChannels = (d: number | string | null | undefined): boolean => d === 1 || d === 3
  return isChannels(fourth) && !isChannels(second)
}

function prelude(spec: Uint8InputSpec, type: number, last: boolean): Field[] {
  const { image, input, order, channels, scaledTo, paddedPx } = spec
  const constant = (name: string): string => OWN + name
  /** op, further inputs, attributes: each takes what the one before gives. */
  const steps: [string, string[], Parameters<typeof onnxNode>[3]][] = [
    ['Transpose', [], { perm: { ints: [0, 3, 1, 2] } }],
    ['Cast', [], { to: { int: FLOAT } }],
    ...(scaledTo ? [antialiasedResize(constant('sizes'))] : []),
    ...(paddedPx ? [['Pad', [constant('pads')], { mode: { string: 'edge' } }] as (typeof steps)[0]] : []),
    ...(order === 'bgr' && channels === 3
      ? [['Gather', [constant('order')], { axis: { int: 1 } }] as (typeof steps)[0]]
      : []),
    ['Sub', [constant('mean')], {}],
    ['Div', [constant('std')], {}],
    ...(last ? [['Transpose', [], { perm: { ints: [0, 2, 3, 1] } }] as (typeof steps)[0]] : []),
    ...(type === FLOAT ? [] : [['Cast', [], { to: { int: type } }] as (typeof steps)[0]]),
  ]
  const name = (n: number): string => (n === 0 ? image : n === steps.length ? input : `${OWN}${n}`)
  return steps.map(([op, further, attributes], n) =>
    onnxNode(op, [name(n), ...further], [name(n + 1)], attributes),
  )
}

function normalisation({ mean, std, order, channels, scaledTo, paddedPx = 0 }: Uint8InputSpec): Field[] {
  const shape = [1, channels, 1, 1]
  const before = BigInt(Math.floor(paddedPx / 2))
  const after = BigInt(Math.ceil(paddedPx / 2))
  return [
    onnxTensor(`${OWN}mean`, shape, Float32Array.from(mean)),
    onnxTensor(`${OWN}std`, shape, Float32Array.from(std)),
    ...(scaledTo ? [scaledSize(`${OWN}sizes`, channels, scaledTo)] : []),
    ...(paddedPx > 0
      ? [onnxTensor(`${OWN}pads`, [8], BigInt64Array.of(0n, 0n, before, before, 0n, 0n, after, after))]
      : []),
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

function checkVersions(model: Uint8Array): number {
  let ir = 0
  const opset = opsetOf(model)
  for (const field of readFields(model)) if (field.number === 1) ir = field.int ?? 0
  if (ir < MIN_IR || opset < MIN_OPSET)
    throw misfit(
      `IR version ${MIN_IR} and operator set ${MIN_OPSET} or newer`,
      `IR ${ir}, operator set ${opset}`,
    )
  return opset
}

/** The default domain: no name, or its own (onnx/onnx, docs/IR.md, "Operator Sets"). */
const DEFAULT_DOMAIN = ['', 'ai.onnx']

/** Operator set of the default domain; 0 when the model names none. */
export function opsetOf(model: Uint8Array): number {
  for (const field of readFields(model))
    if (field.number === 8 && field.bytes !== null && DEFAULT_DOMAIN.includes(textOf(field.bytes, 1)))
      return intOf(field.bytes, 2)
  return 0
}

/** Element type and dimensions of a ValueInfoProto of rank 4; null where the size is free without a name. */
function imageShape(
  value: Uint8Array,
  spec: Uint8InputSpec,
): { type: number; dims: (number | string | null)[] } {
  const tensor = bytesOf(bytesOf(value, 2), 1)
  const dims: (number | string | null)[] = []
  for (const field of readFields(bytesOf(tensor, 2))) {
    if (field.number !== 1 || field.bytes === null) continue
    const fixed = intOf(field.bytes, 1)
    dims.push(fixed > 0 ? fixed : textOf(field.bytes, 2) || null)
  }
  const channels = dims[channelsLast(dims) ? 3 : 1]
  const type = intOf(tensor, 1)
  if (!ELEMENTS.includes(type) || dims.length !== 4)
    throw misfit(
      'a float32 (or float16, bfloat16, float64, uint8) input [n, channels, height, width]',
      `${ELEMENT_NAMES[type] ?? `element type ${type}`} [${dims.map((d) => d ?? 'any').join(', ')}]`,
    )
  if (type === UINT8 && (spec.mean.some((m) => m !== 0) || spec.std.some((s) => s !== 1)))
    throw misfit(
      'mean 0 and std 1, since the input takes whole grey levels (uint8)',
      `mean [${spec.mean.join(', ')}], std [${spec.std.join(', ')}]`,
    )
  if (typeof channels === 'number' && channels !== spec.channels)
    throw misfit(`${spec.channels} channels`, `${channels} in the graph`)
  return { type, dims }
}

const misfit = (expected: string, actual: string): CodedError =>
  new CodedError('MDL_PACKAGE', { path: 'model.onnx', expected, actual })
