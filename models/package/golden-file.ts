import { z } from 'zod'
import { CodedError } from '../../contracts/index.ts'
import type { Pixels } from '../pixels.ts'
import type { RawOutputs, RawTensor } from '../runtime/ort-session.ts'
import { parsePackageJson } from './parse-json.ts'
import { fromPng, toPng } from './png.ts'

/** Images as a caller would give them, and the raw outputs the model had for them when it was packed. */
export interface GoldenVector {
  /** `golden/<n>` */
  name: string
  image: Pixels
  template?: Pixels
  outputs: RawOutputs
}

const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)

/** `golden/<n>.json`; tensors lie beside it, little-endian, row-major. */
const goldenSchema = z.strictObject({
  image: fileName,
  template: fileName.optional(),
  outputs: z.record(
    z.string(),
    z.strictObject({
      dtype: z.enum(['float32', 'int64']),
      shape: z.array(z.number().int().nonnegative()),
      file: fileName,
    }),
  ),
})

/** Files of one golden vector, by name inside the package. */
export async function goldenFiles(
  n: number,
  vector: Omit<GoldenVector, 'name'>,
): Promise<Map<string, Uint8Array>> {
  const id = String(n).padStart(2, '0')
  const files = new Map<string, Uint8Array>()
  const add = (name: string, bytes: Uint8Array): string => {
    files.set(`golden/${name}`, bytes)
    return name
  }
  const header: z.infer<typeof goldenSchema> = {
    image: add(`${id}-image.png`, await toPng(vector.image)),
    ...(vector.template === undefined
      ? {}
      : { template: add(`${id}-template.png`, await toPng(vector.template)) }),
    outputs: {},
  }
  for (const [i, [name, tensor]] of Object.entries(vector.outputs).entries())
    header.outputs[name] = {
      dtype: tensor.data instanceof Float32Array ? 'float32' : 'int64',
      shape: [...tensor.shape],
      file: add(`${id}-output-${i}.bin`, toLittleEndian(tensor.data)),
    }
  add(`${id}.json`, Buffer.from(`${JSON.stringify(header, null, 2)}\n`))
  return files
}

/**
 * Reads the golden vectors among the files of a package.
 *
 * @param files verified bytes by name
 * @throws MDL_PACKAGE when there is none or one is malformed
 */
export async function readGolden(files: ReadonlyMap<string, Uint8Array>): Promise<GoldenVector[]> {
  const names = [...files.keys()].filter((n) => /^golden\/[^/]+\.json$/.test(n)).sort()
  if (names.length === 0)
    throw new CodedError('MDL_PACKAGE', {
      path: 'golden/',
      expected: 'at least one golden vector',
      actual: 'none',
      hint: 'pack the model with golden inputs',
    })
  return Promise.all(names.map((name) => readVector(files, name)))
}

async function readVector(files: ReadonlyMap<string, Uint8Array>, file: string): Promise<GoldenVector> {
  const bytesOf = (name: string): Uint8Array => {
    const bytes = files.get(`golden/${name}`)
    if (bytes === undefined)
      throw new CodedError('MDL_PACKAGE', { file, expected: `golden/${name}`, actual: 'no such file' })
    return bytes
  }
  const header = parsePackageJson(Buffer.from(bytesOf(file.slice(7))).toString('utf8'), goldenSchema, file)
  const outputs: RawOutputs = {}
  for (const [name, o] of Object.entries(header.outputs))
    outputs[name] = fromLittleEndian(bytesOf(o.file), o.dtype, o.shape, `golden/${o.file}`)
  const image = await fromPng(bytesOf(header.image), `golden/${header.image}`)
  const template =
    header.template === undefined
      ? undefined
      : await fromPng(bytesOf(header.template), `golden/${header.template}`)
  return {
    name: file.replace(/\.json$/, ''),
    image,
    ...(template === undefined ? {} : { template }),
    outputs,
  }
}

function toLittleEndian(data: Float32Array | BigInt64Array): Uint8Array {
  const out = Buffer.alloc(data.byteLength)
  data.forEach((v: number | bigint, i: number) => {
    if (typeof v === 'bigint') out.writeBigInt64LE(v, i * 8)
    else out.writeFloatLE(v, i * 4)
  })
  return out
}

function fromLittleEndian(
  bytes: Uint8Array,
  dtype: 'float32' | 'int64',
  shape: number[],
  file: string,
): RawTensor {
  const count = shape.reduce((a, b) => a * b, 1)
  const size = dtype === 'float32' ? 4 : 8
  if (bytes.byteLength !== count * size)
    throw new CodedError('MDL_PACKAGE', {
      file,
      expected: `${count * size} bytes for ${dtype} [${shape.join(', ')}]`,
      actual: `${bytes.byteLength} bytes`,
    })
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const data =
    dtype === 'float32'
      ? Float32Array.from({ length: count }, (_, i) => view.readFloatLE(i * 4))
      : BigInt64Array.from({ length: count }, (_, i) => view.readBigInt64LE(i * 8))
  return { type: dtype, shape, data }
}
