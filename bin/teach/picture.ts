import { readFile } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { renderImage, type TeachPicture } from '../../dashboard/index.ts'
import type { TeachSource } from './ask.ts'
import { allowedPlace, fileName, inspectionOf, type TeachImagePorts } from './images.ts'

/** Enough to see why an image is unlike the others. */
const WIDTH_PX = 320

/** What one run changed in the images of a model. */
export interface TaughtStep {
  source: TeachSource | null
  /** Names of images that it took out. */
  remove: readonly string[]
}

/**
 * The picture of an image that was taught, by its name in the report, small.
 *
 * @param steps of the model from its first run to this one: a name is that of the first image that has it, until one
 *              has it that came after the first was taken out
 * @throws API_NOT_FOUND when none of them has it any more
 */
export async function teachPicture(
  name: string,
  steps: readonly TaughtStep[],
  ports: TeachImagePorts,
): Promise<TeachPicture> {
  let found: Buffer | null = null
  let free = true
  for (const { source, remove } of steps) {
    if (free && source !== null) {
      const own =
        source.from === 'folder'
          ? await inFolder(name, source.dir, ports)
          : await ofPart(basename(name), ports)
      free = own === null
      found = own ?? found
    }
    free ||= remove.includes(name)
  }
  if (found === null)
    throw new CodedError('API_NOT_FOUND', {
      expected: 'an image of this teaching that is still there',
      actual: name,
    })
  const image = await renderImage(found, { widthPx: WIDTH_PX, format: 'webp' })
  return { name, image: `data:image/webp;base64,${image.toString('base64')}` }
}

async function inFolder(name: string, dir: string, { folders }: TeachImagePorts): Promise<Buffer | null> {
  // Where it really lies, as it was named when it was taught.
  const real = await allowedPlace(dir, folders).catch(() => null)
  if (real === null) return null
  const file = join(real, basename(name))
  if (!file.split(sep).join('/').endsWith(`/${name}`)) return null
  const place = await allowedPlace(file, folders).catch(() => null)
  return place === null ? null : readFile(place).catch(() => null)
}

async function ofPart(name: string, { questions, imagePath }: TeachImagePorts): Promise<Buffer | null> {
  const id = inspectionOf(name)
  if (id === null) return null
  const ask = { inspections: [id], limit: 16 }
  // A person may have found it bad since.
  const parts = [...(await questions.goodParts(ask)), ...(await questions.defectiveParts(ask))]
  const part = parts.find((p) => fileName(p) === name && !p.deleted)
  const path = part === undefined ? null : await imagePath(part.sha256)
  return path === null ? null : readFile(path).catch(() => null)
}
