import { createHash } from 'node:crypto'
import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CodedError, asCoded, mapInOrder } from '../../contracts/index.ts'
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
  await mkdir(dir, { recursive: true })
  const numbersSha256 = await writeNumbers(join(dir, NUMBERS), arrays)
  const named = ({ name, sha256: hash }: { name: string; sha256: string }) => ({ name, sha256: hash })
  const header: z.infer<typeof headerSchema> = {
    format: 'sightline-teach/2',
    modelSha256,
    backboneSha256: data.backboneSha256,
    numbersSha256,
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
  await writeFile(join(dir, HEADER), `${JSON.stringify(header, null, 2)}\n`)
}

/** One array after the other: together they may be more than can be hashed, or read, at once (2 GiB). */
async function writeNumbers(path: string, arrays: readonly Float32Array[]): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  try {
    for (const { buffer, byteOffset, byteLength } of arrays) {
      const bytes = new Uint8Array(buffer, byteOffset, byteLength)
      hash.update(bytes)
      await file.writeFile(bytes)
    }
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

const unread =
  (file: string) =>
  (error: unknown): never => {
    throw asCoded(error, 'TCH_DATA', {
      file,
      hint: 'they are written beside the package when it is taught; without them, teach again from the images',
    })
  }

async function readHeader(dir: string): Promise<z.infer<typeof headerSchema>> {
  const file = join(dir, HEADER)
  return parsePackageJson(await readFile(file, 'utf8').catch(unread(file)), headerSchema, file)
}

/** SHA-256 of the backbone of the model that the teach data are of. @throws TCH_DATA when they are missing */
export const taughtBackbone = async (dir: string): Promise<string> => (await readHeader(dir)).backboneSha256

/**
 * Reads the teach data that belong to a model.
 *
 * @throws TCH_DATA when they are missing, damaged, or of another model
 */
export async function loadTeachData(dir: string, modelSha256: string): Promise<TeachData> {
  const header = await readHeader(dir)
  if (header.modelSha256 !== modelSha256)
    throw misfit(dir, `teach data of the model ${modelSha256}`, header.modelSha256)
  const file = await open(join(dir, NUMBERS)).catch(unread(join(dir, NUMBERS)))
  try {
    const hash = createHash('sha256')
    const { size: length } = await file.stat()
    let at = 0
    const take = async (count: number): Promise<Float32Array<ArrayBuffer>> => {
      const end = at + count * 4
      if (end > length) throw misfit(dir, `${end} bytes or more`, String(length))
      const out = new Float32Array(count)
      const bytes = new Uint8Array(out.buffer)
      for (let done = 0; done < bytes.length;) {
        const { bytesRead } = await file.read(bytes, done, bytes.length - done)
        if (bytesRead === 0) throw misfit(dir, `${end} bytes or more`, String(at + done))
        done += bytesRead
      }
      hash.update(bytes)
      at = end
      return out
    }
    const data = await takeData(header, take)
    if (at !== length) throw misfit(dir, `${at} bytes`, String(length))
    const actual = hash.digest('hex')
    if (actual !== header.numbersSha256) throw misfit(dir, `SHA-256 ${header.numbersSha256}`, actual)
    return data
  } finally {
    await file.close()
  }
}

/** The arrays in the order in which they are written. */
async function takeData(
  { channels, dims, working, ...header }: z.infer<typeof headerSchema>,
  take: (count: number) => Promise<Float32Array<ArrayBuffer>>,
): Promise<TeachData> {
  const cells = working.grid.width * working.grid.height
  const each = <T extends object>(list: readonly T[]) =>
    mapInOrder(list, async (one) => ({ ...one, embedding: await take(cells * dims) }), 1)
  const data: TeachData = {
    backboneSha256: header.backboneSha256,
    options: header.options,
    source: header.source,
    size: working,
    projection: { dims, weights: await take(channels * dims), bias: await take(dims) },
    good: await each(header.good),
    damaged: await mapInOrder(
      header.damaged,
      async (d) => ({ ...d, embedding: await take(cells * dims), coverage: await take(cells) }),
      1,
    ),
    turned: await each(header.turned),
    defects: await each(header.defects),
  }
  const numbersOfCell = header.planes
  if (numbersOfCell !== undefined)
    for (const image of [...data.good, ...data.damaged, ...data.defects])
      image.planes = await take(cells * numbersOfCell)
  return data
}

const misfit = (file: string, expected: string, actual: string): CodedError =>
  new CodedError('TCH_DATA', {
    file,
    expected,
    actual,
    hint: 'teach again from the images',
    zh: { expected: '完整且匹配的示教数据', hint: '请用图像重新示教' },
  })
