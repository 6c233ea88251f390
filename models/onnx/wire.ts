import { CodedError } from '../../contracts/index.ts'

/**
 * Protocol Buffers wire format, as far as ONNX needs it (protobuf.dev/programming-guides/encoding). A message is
 * a list of encoded fields; an absent field is an empty array.
 */
export type Field = Uint8Array<ArrayBuffer>

const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const text = new TextEncoder()

/** Two's complement 64-bit base-128 varint. */
function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return out
}

export function concatFields(parts: readonly Uint8Array[]): Field {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

const tag = (field: number, wire: number): number[] => varint((field << 3) | wire)

export const intField = (field: number, value: number | bigint): Field =>
  Uint8Array.from([...tag(field, VARINT), ...varint(value)])

export const bytesField = (field: number, bytes: Uint8Array): Field =>
  concatFields([Uint8Array.from([...tag(field, BYTES), ...varint(bytes.length)]), bytes])

export const textField = (field: number, value: string): Field => bytesField(field, text.encode(value))

export const messageField = (field: number, parts: readonly Uint8Array[]): Field =>
  bytesField(field, concatFields(parts))

export function floatField(field: number, value: number): Field {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setFloat32(0, value, true)
  return concatFields([Uint8Array.from(tag(field, FIXED32)), out])
}

/** One decoded field: `int` for varints, `bytes` (a view) for length-delimited ones, neither for fixed-width ones. */
export interface WireField {
  number: number
  /** Where the field lies in the message, tag included. */
  start: number
  end: number
  int: number | null
  bytes: Uint8Array | null
}

/**
 * Walks the fields of one message.
 *
 * @throws MDL_LOAD when the bytes end inside a field or carry a wire type ONNX does not use
 */
export function* readFields(message: Uint8Array): Generator<WireField> {
  let at = 0
  const readVarint = (): number => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at]
      if (byte === undefined) throw broken(at)
      at += 1
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number(BigInt.asIntN(64, value))
    }
    throw broken(at)
  }
  while (at < message.length) {
    const start = at
    const key = readVarint()
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (number < 1) throw broken(at)
    if (wire === VARINT) {
      const int = readVarint()
      yield { number, start, end: at, int, bytes: null }
      continue
    }
    const length = wire === FIXED64 ? 8 : wire === FIXED32 ? 4 : wire === BYTES ? readVarint() : -1
    if (length < 0 || at + length > message.length) throw broken(at)
    const bytes = wire === BYTES ? message.subarray(at, at + length) : null
    at += length
    yield { number, start, end: at, int: null, bytes }
  }
}

/** Copies a message and replaces its fields `number` by what `change` makes of them. */
export function replaceField(
  message: Uint8Array,
  number: number,
  change: (bytes: Uint8Array) => Field,
): Field {
  const parts: Uint8Array[] = []
  for (const field of readFields(message))
    parts.push(
      field.number === number && field.bytes !== null
        ? bytesField(number, change(field.bytes))
        : message.subarray(field.start, field.end),
    )
  return concatFields(parts)
}

/** First sub-message, string or bytes of a field; empty when absent. */
export function bytesOf(message: Uint8Array, number: number): Uint8Array {
  for (const field of readFields(message))
    if (field.number === number && field.bytes !== null) return field.bytes
  return new Uint8Array()
}

/** First integer of a field; 0 when absent. */
export function intOf(message: Uint8Array, number: number): number {
  for (const field of readFields(message)) if (field.number === number && field.int !== null) return field.int
  return 0
}

export const textOf = (message: Uint8Array, number: number): string =>
  Buffer.from(bytesOf(message, number)).toString('utf8')

const broken = (at: number): CodedError =>
  new CodedError('MDL_LOAD', {
    expected: 'an ONNX model (a protobuf ModelProto)',
    actual: `bytes that stop being protobuf at offset ${at}`,
    hint: 'the file is truncated or not an ONNX file',
  })
