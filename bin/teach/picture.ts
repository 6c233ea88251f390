import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CodedError } from '../../contracts/index.ts'
import { renderImage, type TeachPicture } from '../../dashboard/index.ts'
import type { TeachSource } from './ask.ts'
import { allowedPlace, fileName, inspectionOf, type TeachImagePorts } from './images.ts'

/** Enough to see why an image is unlike the others. */
const WIDTH_PX = 320

/**
 * The picture of an image that was taught, by its name in the report, small.
 *
 * @param sources of the run and of those whose model it changed
 * @throws API_NOT_FOUND when none of them has it any more
 */
export async function teachPicture(
  name: string,
  sources: readonly TeachSource[],
  ports: TeachImagePorts,
): Promise<TeachPicture> {
  for (const source of sources) {
    const found =
      source.from === 'folder' ? await inFolder(name, source.dir, ports) : await ofPart(name, ports)
    if (found === null) continue
    const image = await renderImage(found, { widthPx: WIDTH_PX, format: 'webp' })
    return { name, image: `data:image/webp;base64,${image.toString('base64')}` }
  }
  throw new CodedError('API_NOT_FOUND', {
    expected: 'an image of this teaching that is still there',
    actual: name,
  })
}

async function inFolder(name: string, dir: string, { folders }: TeachImagePorts): Promise<Buffer | null> {
  if (name !== basename(name)) return null
  const place = await allowedPlace(join(dir, name), folders).catch(() => null)
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
