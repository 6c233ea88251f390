import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { CodedError } from '../../contracts/index.ts'
import { renderImage } from '../../dashboard/index.ts'
import { NOTHING_WRITTEN } from '../../models/index.ts'
import type { Questions, TaughtPart } from '../../traceability/query/index.ts'
import type { DefectSource, TeachSource } from './ask.ts'

export interface TeachImagePorts {
  questions: Pick<Questions, 'goodParts' | 'defectiveParts'>
  /** Absolute path of a stored image, or null. */
  imagePath(sha256: string): string | null | Promise<string | null>
  /** Folders whose images may be taught. */
  folders: readonly string[]
}

/** What is taught from: a folder, and how many recorded parts had no image any more. */
export interface GatheredImages {
  dir: string
  images: number | null
  withoutImage: number
}

/** Parts that are looked at to choose some that lie far apart. */
const MOST_LOOKED_AT = 5_000

/** What is gathered: which of the recorded parts, and so many at least. */
export interface Wanted {
  are: 'good' | 'defective'
  least: number
}
const KNOWN = {
  good: 'parts that passed or that a person found good',
  defective: 'parts that a person found bad',
}
const KNOWN_ZH = { good: '判定合格或人工认定合格的工件', defective: '人工认定不合格的工件' }

/**
 * Brings the images of recorded parts together in `dir`, pixel for pixel; a folder of the user stays where it is.
 *
 * @throws TCH_IMAGES for parts that are not known to be such, and for too few; API_REQUEST for a folder that is not allowed
 */
export async function gatherImages(
  source: TeachSource | DefectSource,
  wanted: Wanted,
  dir: string,
  ports: TeachImagePorts,
  signal: AbortSignal,
): Promise<GatheredImages> {
  if (source.from === 'folder')
    return { dir: await allowedPlace(source.dir, ports.folders), images: null, withoutImage: 0 }
  const found = await partsOf(source, wanted, ports.questions)
  await mkdir(dir, { recursive: true })
  let images = 0
  let withoutImage = 0
  for (const part of found) {
    if (signal.aborted) throw new CodedError('TCH_CANCELLED', NOTHING_WRITTEN)
    const path = part.deleted ? null : await ports.imagePath(part.sha256)
    const bytes = path === null ? null : await readFile(path).catch(() => null)
    if (bytes === null) {
      withoutImage += 1
      continue
    }
    await writeFile(join(dir, fileName(part)), await renderImage(bytes, { widthPx: null, format: 'png' }))
    images += 1
    // One after the other, and the line in between.
    await breathe()
  }
  if (images < wanted.least)
    throw new CodedError('TCH_IMAGES', {
      expected: `${wanted.least} or more ${KNOWN[wanted.are]}, whose images are stored`,
      actual: `${images}, and ${withoutImage} without an image`,
      hint: 'choose another time, lot or station',
      zh: {
        expected: `${wanted.least} 件以上已存有图像的${KNOWN_ZH[wanted.are]}`,
        actual: `${images} 件,另有 ${withoutImage} 件没有图像`,
        hint: '请选择其他时间、批次或工位',
      },
    })
  return { dir, images, withoutImage }
}

/** The image of a recorded part is named by its inspection. */
export const fileName = ({ inspectionId, view }: Pick<TaughtPart, 'inspectionId' | 'view'>): string =>
  `${inspectionId}${view === '' ? '' : `.${view.replace(/[^\w-]/g, '_')}`}.png`
const NAMED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.)/
/** The inspection that such a name says, or null. */
export const inspectionOf = (name: string): string | null => NAMED.exec(name)?.[0] ?? null

async function partsOf(
  source: Exclude<TeachSource | DefectSource, { from: 'folder' }>,
  { are }: Wanted,
  questions: TeachImagePorts['questions'],
): Promise<TaughtPart[]> {
  const ask = are === 'good' ? questions.goodParts : questions.defectiveParts
  if (source.from === 'parts') {
    const { inspections } = source
    const found = await ask({ inspections, limit: inspections.length * 16 })
    const known = new Set(found.map((p) => p.inspectionId))
    const others = inspections.filter((id) => !known.has(id))
    if (others.length > 0)
      throw new CodedError('TCH_IMAGES', {
        expected: `inspections of ${KNOWN[are]}`,
        actual: `${others.length} others: ${others.slice(0, 5).join(', ')}`,
        hint: 'review them first, or leave them out',
        zh: {
          expected: `${KNOWN_ZH[are]}的检测`,
          actual: `${others.length} 件其他的: ${others.slice(0, 5).join(', ')}`,
          hint: '请先复核,或将其去掉',
        },
      })
    return found
  }
  const { from: _from, images, since, until, ...rest } = source
  const all = await ask({
    ...rest,
    ...(since !== undefined && { from: since }),
    ...(until !== undefined && { to: until }),
    limit: MOST_LOOKED_AT,
  })
  const stored = all.filter((p) => !p.deleted)
  return stored.length < images ? all : spread(stored, images)
}

/** So many of them, evenly over the time: neighbours on a line are alike. */
export const spread = <T>(all: readonly T[], n: number): T[] =>
  all.length <= n ? [...all] : Array.from({ length: n }, (_, i) => all[Math.floor((i * all.length) / n)] as T)

/** Where it really lies. @throws API_REQUEST when that is in no folder that the line file allows */
export async function allowedPlace(
  place: string,
  allowed: readonly string[],
  path = 'source.dir',
): Promise<string> {
  const refuse = (actual: string): CodedError =>
    new CodedError('API_REQUEST', {
      path,
      expected: `what lies in ${allowed.join(', ') || 'one that `teach.folders` of the line file names'}`,
      actual,
    })
  // Links are followed first: what counts is where the images lie.
  const real = await realpath(resolve(place)).catch(() => null)
  if (real === null) throw refuse(`${place}: there is none`)
  for (const root of allowed) {
    const base = await realpath(root).catch(() => null)
    if (base === null) continue
    const way = relative(base, real)
    if (way === '' || (!way.startsWith('..') && !isAbsolute(way))) return real
  }
  throw refuse(place)
}
