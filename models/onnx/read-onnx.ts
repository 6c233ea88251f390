import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, normalize, sep } from 'node:path'
import { CodedError, asCoded } from '../../contracts/index.ts'
import { checkDepth, EXTERNAL, refuseLfsPointer, TENSORS_IN } from './screen.ts'
import { bytesField, concatFields, readFields } from './wire.ts'

/** onnx.proto3, TensorProto and StringStringEntryProto. */
const TENSOR = { raw: 9, external: 13, location: 14 } as const
const ENTRY = { key: 1, value: 2 } as const

/** Largest protobuf message, bytes. */
const MAX_BYTES = 2 ** 31 - 1

/**
 * Reads an export and brings weights that its exporter laid beside it (`model.onnx.data`, as torch.onnx does) into the
 * model, because no hash of a package covers files outside. Only files in the folder of the export are opened.
 *
 * @throws CFG_MISSING_FILE for the model or a file of weights; MDL_PACKAGE when a tensor points out of the folder or
 *         behind the end of its file, or the whole does not fit into one ONNX file; MDL_LOAD for what is no ONNX model,
 *         or weights that Git LFS did not fetch
 */
export async function readOnnx(onnxFile: string): Promise<Uint8Array> {
  const model = await readFile(onnxFile).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: onnxFile })
  })
  const names = new Set<string>()
  const seek = (kind: string, message: Uint8Array, depth = 0): void => {
    checkDepth(depth)
    for (const field of readFields(message)) {
      const child = TENSORS_IN[kind]?.[field.number]
      if (child === 'tensor' && field.bytes) {
        const place = placeOf(field.bytes)
        if (place) names.add(place.location)
      } else if (child !== undefined && field.bytes) seek(child, field.bytes, depth + 1)
    }
  }
  // what is no model at all is named by the screening that follows
  if (!looksLikeModel(model)) return model
  seek('model', model)
  if (names.size === 0) return model
  const files = new Map<string, Buffer>()
  let total = model.length
  for (const name of names) {
    const file = join(dirname(onnxFile), inside(onnxFile, name))
    const missing = (error: unknown): never => {
      throw asCoded(error, 'CFG_MISSING_FILE', {
        file,
        expected: `the weights of ${onnxFile}`,
        hint: 'copy the model together with the files its exporter wrote beside it',
      })
    }
    total += (await stat(file).catch(missing)).size
    if (total > MAX_BYTES)
      throw new CodedError('MDL_PACKAGE', {
        file: onnxFile,
        expected: `at most ${MAX_BYTES} bytes with its weights`,
        actual: `${total} bytes`,
      })
    const weights = await readFile(file).catch(missing)
    refuseLfsPointer(weights, { file, expected: `the weights of ${onnxFile}` })
    files.set(name, weights)
  }
  const rebuild = (kind: string, message: Uint8Array): Uint8Array<ArrayBuffer> => {
    const parts: Uint8Array[] = []
    for (const field of readFields(message)) {
      const child = TENSORS_IN[kind]?.[field.number]
      if (child === undefined || field.bytes === null) parts.push(message.subarray(field.start, field.end))
      else
        parts.push(
          bytesField(
            field.number,
            child === 'tensor' ? inlined(onnxFile, field.bytes, files) : rebuild(child, field.bytes),
          ),
        )
    }
    return concatFields(parts)
  }
  return rebuild('model', model)
}

/** ModelProto begins with `ir_version` (field 1) or another known field; archives and pickles do not. */
function looksLikeModel(bytes: Uint8Array): boolean {
  try {
    for (const field of readFields(bytes)) if (field.number === 7 && field.bytes !== null) return true
    return false
  } catch {
    return false
  }
}

interface Place {
  location: string
  offset: number
  length: number | null
}

/** Where the bytes of a tensor lie; null when in the tensor itself. */
function placeOf(tensor: Uint8Array): Place | null {
  const entries: Record<string, string> = {}
  let external = false
  for (const field of readFields(tensor)) {
    if (field.number === TENSOR.location && field.int === EXTERNAL) external = true
    if (field.number !== TENSOR.external || field.bytes === null) continue
    const pair = ['', '']
    for (const f of readFields(field.bytes))
      if (f.bytes && (f.number === ENTRY.key || f.number === ENTRY.value))
        pair[f.number - 1] = Buffer.from(f.bytes).toString('utf8')
    entries[pair[0] ?? ''] = pair[1] ?? ''
  }
  if (!external) return null
  const { location = '', offset = '0', length } = entries
  return { location, offset: Number(offset), length: length === undefined ? null : Number(length) }
}

function inlined(onnxFile: string, tensor: Uint8Array, files: ReadonlyMap<string, Buffer>): Uint8Array {
  const place = placeOf(tensor)
  if (place === null) return tensor
  const { location, offset, length } = place
  const file = files.get(location) ?? Buffer.alloc(0)
  const end = length === null ? file.length : offset + length
  if (!(
    Number.isInteger(offset) &&
    Number.isInteger(end) &&
    0 <= offset &&
    offset <= end &&
    end <= file.length
  ))
    throw new CodedError('MDL_PACKAGE', {
      file: join(dirname(onnxFile), location),
      expected: `bytes ${offset} to ${end} of the weights`,
      actual: `${file.length} bytes`,
      hint: 'model and weights are of different exports; export again',
    })
  const kept: Uint8Array[] = []
  for (const field of readFields(tensor))
    if (![TENSOR.raw, TENSOR.external, TENSOR.location].some((n) => n === field.number))
      kept.push(tensor.subarray(field.start, field.end))
  return concatFields([...kept, bytesField(TENSOR.raw, file.subarray(offset, end))])
}

/** @throws MDL_PACKAGE when the location leaves the folder of the model */
function inside(onnxFile: string, location: string): string {
  const path = normalize(location)
  if (location === '' || isAbsolute(location) || path === '..' || path.startsWith(`..${sep}`))
    throw new CodedError('MDL_PACKAGE', {
      file: onnxFile,
      expected: 'weights in the folder of the model',
      actual: `weights at ${JSON.stringify(location)}`,
    })
  return path
}
