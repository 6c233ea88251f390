import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError, asCoded } from '../../contracts/index.ts'
import { checkPackageFolder, refuseForeign } from '../package/output-folder.ts'
import { parsePackageJson } from '../package/parse-json.ts'
import { teachOptionsSchema } from './request.ts'
import type { TeachData } from './teach-data.ts'

/** Folder of the teach data of a package folder. */
export const teachDataDir = (packageDir: string): string => `${packageDir}.teach`

const HEADER = 'teach.json'
const NUMBERS = 'embeddings.bin'

/** Whether a taught package and its data may be written. @throws as `checkPackageFolder` */
export async function checkTaughtFolder(packageDir: string): Promise<void> {
  await refuseForeign(teachDataDir(packageDir), [HEADER, NUMBERS], 'teach data')
  await checkPackageFolder(packageDir)
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const size = z.number().int().positive()
const image = z.strictObject({ name: z.string(), sha256 })

/** `teach.json`; the float32 arrays lie in `embeddings.bin` in the order of its fields, little-endian. */
const headerSchema = z.strictObject({
  format: z.literal('sightline-teach/2'),
  /** SHA-256 of the taught model.onnx. */
  modelSha256: sha256,
  backboneSha256: sha256,
  numbersSha256: sha256,
  options: teachOptionsSchema,
  source: z.strictObject({ widthPx: size, heightPx: size }),
  working: z.strictObject({
    widthPx: size,
    heightPx: size,
    grid: z.strictObject({ width: size, height: size, stridePx: size }),
    tiles: z
      .strictObject({ columns: size, rows: size, widthPx: size, heightPx: size, overlapPx: size })
      .optional(),
  }),
  channels: size,
  dims: size,
  /** Numbers of a cell that a golden template compares; absent where parts do not lie at the same place. */
  planes: size.optional(),
  good: z.array(image).min(2),
  damaged: z.array(z.strictObject({ source: z.number().int().nonnegative() })),
  turned: z.array(z.strictObject({ source: z.number().int().nonnegative() })),
  defects: z.array(image),
})

/** Writes the teach data of a model into a new folder. */
export async function saveTeachData(dir: string, data: TeachData, modelSha256: string): Promise<void> {
  const images = [...data.good, ...data.damaged, ...data.defects]
  const planes = data.good[0]?.planes
  const arrays = [
    data.projection.weights,
    data.projection.bias,
    ...data.good.map((g) => g.embedding),
    ...data.damaged.flatMap((d) => [d.embedding, d.coverage]),
    ...data.turned.map((t) => t.embedding),
    ...data.defects.map((d) => d.embedding),
    ...images.map((d) => d.planes ?? new Float32Array()),
  ]
  const numbers = Buffer.concat(arrays.map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength)))
  const named = ({ name, sha256: hash }: { name: string; sha256: string }) => ({ name, sha256: hash })
  const header: z.infer<typeof headerSchema> = {
    format: 'sightline-teach/2',
    modelSha256,
    backboneSha256: data.backboneSha256,
    numbersSha256: createHash('sha256').update(numbers).digest('hex'),
    options: data.options,
    source: data.source,
    working: data.size,
    channels: data.projection.weights.length / data.projection.dims,
    dims: data.projection.dims,
    ...(planes !== undefined && {
      planes: planes.length / (data.size.grid.width * data.size.grid.height),
    }),
    good: data.good.map(named),
    damaged: data.damaged.map(({ source }) => ({ source })),
    turned: data.turned.map(({ source }) => ({ source })),
    defects: data.defects.map(named),
  }
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, NUMBERS), numbers)
  await writeFile(join(dir, HEADER), `${JSON.stringify(header, null, 2)}\n`)
}

/**
 * Reads the teach data that belong to a model.
 *
 * @throws TCH_DATA when they are missing, damaged, or of another model
 */
export async function loadTeachData(dir: string, modelSha256: string): Promise<TeachData> {
  const read = (name: string): Promise<Buffer> =>
    readFile(join(dir, name)).catch((error: unknown) => {
      throw asCoded(error, 'TCH_DATA', {
        file: join(dir, name),
        hint: 'they are written beside the package when it is taught; without them, teach again from the images',
      })
    })
  const header = parsePackageJson((await read(HEADER)).toString('utf8'), headerSchema, join(dir, HEADER))
  const numbers = await read(NUMBERS)
  if (header.modelSha256 !== modelSha256)
    throw misfit(dir, `teach data of the model ${modelSha256}`, header.modelSha256)
  const actual = createHash('sha256').update(numbers).digest('hex')
  if (actual !== header.numbersSha256) throw misfit(dir, `SHA-256 ${header.numbersSha256}`, actual)
  const { channels, dims, working } = header
  const cells = working.grid.width * working.grid.height
  let at = 0
  const take = (count: number): Float32Array<ArrayBuffer> => {
    const end = at + count * 4
    if (end > numbers.length) throw misfit(dir, `${end} bytes or more`, String(numbers.length))
    const out = new Float32Array(count)
    new Uint8Array(out.buffer).set(numbers.subarray(at, end))
    at = end
    return out
  }
  const data: TeachData = {
    backboneSha256: header.backboneSha256,
    options: header.options,
    source: header.source,
    size: working,
    projection: { dims, weights: take(channels * dims), bias: take(dims) },
    good: header.good.map((g) => ({ ...g, embedding: take(cells * dims) })),
    damaged: header.damaged.map((d) => ({ ...d, embedding: take(cells * dims), coverage: take(cells) })),
    turned: header.turned.map((t) => ({ ...t, embedding: take(cells * dims) })),
    defects: header.defects.map((d) => ({ ...d, embedding: take(cells * dims) })),
  }
  const numbersOfCell = header.planes
  if (numbersOfCell !== undefined)
    for (const image of [...data.good, ...data.damaged, ...data.defects])
      image.planes = take(cells * numbersOfCell)
  return data
}

const misfit = (file: string, expected: string, actual: string): CodedError =>
  new CodedError('TCH_DATA', { file, expected, actual, hint: 'teach again from the images' })
