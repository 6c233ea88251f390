import { mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { asCoded, CodedError } from '../../contracts/index.ts'
import { renderImage } from '../../dashboard/index.ts'
import { isGoodLabel, isLayoutFolder } from '../../datasets/index.ts'
import { type ConfirmedPart, imageFile } from '../../traceability/query/index.ts'
import { confirmedLabel } from './confirmed-labels.ts'

export interface LabelExport {
  /** Images by class; `good` for good parts. */
  classes: Record<string, number>
  /** Boxes by class. */
  boxes: Record<string, number>
  /** Found bad, and nothing says what it is: left out. */
  unnamed: number
  /** In the folder of their class alone: nothing says where the defect is. */
  unplaced: number
  /** Their image is no longer stored: left out. */
  missing: number
}

const GOOD = 'good'

/** Folders that readers would take for a split or for no class, and what file systems refuse. */
const folderOf = (name: string): string =>
  isLayoutFolder(name)
    ? `%${name}`
    : name.replace(/[%/\\:*?"<>|\p{Cc}]|^\.|[. ]$/gu, (c) => encodeURIComponent(c).replace('.', '%2E'))

/**
 * Confirmed parts as one data set of two layouts: a folder per class, and boxes in the form of COCO (`annotations.json`)
 * of those parts whose defects have a place. Who said so and when is in `provenance.json`. The folder is there whole or
 * not at all, and nothing that was there before is removed but the empty folder.
 *
 * @param dir  not there yet, or empty
 * @param path where an image lies, or null
 * @throws CFG_USAGE for a file, a folder with something in it, or one that cannot be written; TCH_LABELS when nothing is
 *         confirmed, or a defect is named as good parts are; TRC_IMAGE when an image is missing without having been
 *         deleted, or was altered
 */
export async function exportLabels(
  dir: string,
  parts: AsyncIterable<ConfirmedPart>,
  path: (sha256: string) => Promise<string | null>,
): Promise<LabelExport> {
  const there = await readdir(dir).catch((error: unknown) => {
    if (isCode(error, 'ENOENT')) return null
    throw unusable(dir, error)
  })
  if (there !== null && there.length > 0)
    throw new CodedError('CFG_USAGE', { file: dir, expected: EMPTY, actual: `${there.length} entries` })
  const target = there === null ? resolve(dir) : await realpath(dir)
  const draft = `${target}.part`
  try {
    await mkdir(dirname(target), { recursive: true })
    await mkdir(draft)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw unusable(dir, error)
    throw new CodedError('CFG_USAGE', {
      file: draft,
      expected: 'nothing of this name: the export is written there first',
      actual: 'something, perhaps of an export that was cut off',
      hint: 'remove it, or give another folder',
      cause: error,
    })
  }
  try {
    const counts = await write(draft, parts, path)
    if (Object.keys(counts.classes).length === 0)
      throw new CodedError('TCH_LABELS', {
        expected: 'parts that a person found good or bad, of this time',
        actual: `none with an image; ${counts.missing} without one, ${counts.unnamed} found bad without a class`,
        hint: 'review some on the page Review, or on the page of a part',
      })
    try {
      // Refused where something came into it in the meantime.
      if (there !== null) await rmdir(target)
      await rename(draft, target)
    } catch (error) {
      throw unusable(dir, error)
    }
    return counts
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

const EMPTY = 'a folder that is empty, or not there yet'

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

const unusable = (file: string, error: unknown): CodedError =>
  asCoded(error, 'CFG_USAGE', { file, expected: EMPTY })

async function write(
  dir: string,
  parts: AsyncIterable<ConfirmedPart>,
  path: (sha256: string) => Promise<string | null>,
): Promise<LabelExport> {
  const counts: LabelExport = { classes: {}, boxes: {}, unnamed: 0, unplaced: 0, missing: 0 }
  const images: object[] = []
  const annotations: object[] = []
  const provenance: object[] = []
  const ids = new Map<string, number>()
  for await (const part of parts) {
    const { row, review } = part
    const label = confirmedLabel(part)
    if (label.class === undefined) {
      counts.unnamed += 1
      continue
    }
    if (label.class !== null && isGoodLabel(label.class))
      throw new CodedError('TCH_LABELS', {
        path: row.inspectionId,
        expected: 'a class of a defect that is no word for a good part',
        actual: label.class,
      })
    const file = row.image === null ? null : await path(row.image.sha256)
    if (file === null || row.image === null) {
      counts.missing += 1
      continue
    }
    const bytes = await imageFile(file, row.image.sha256)
    const name = label.class ?? GOOD
    const fileName = `${folderOf(name)}/${row.inspectionId}.png`
    await mkdir(join(dir, folderOf(name)), { recursive: true })
    await writeFile(join(dir, fileName), await renderImage(bytes, { widthPx: null, format: 'png' }))
    counts.classes[name] = (counts.classes[name] ?? 0) + 1
    provenance.push({
      file: fileName,
      class: name,
      boxed: label.boxes !== null,
      sha256: row.image.sha256,
      serial: row.serial,
      inspectionId: row.inspectionId,
      station: row.station,
      recipe: row.recipe,
      judgedAt: row.at,
      judged: row.result,
      found: review.after,
      reviewer: review.reviewer,
      reviewedAt: review.at,
      reviewEvent: review.event,
      reason: review.reason,
    })
    if (label.boxes === null) {
      counts.unplaced += 1
      continue
    }
    const image = images.length + 1
    images.push({ id: image, file_name: fileName, width: row.image.widthPx, height: row.image.heightPx })
    for (const { class: of, box } of label.boxes) {
      const [x1, y1, x2, y2] = box
      const category = ids.get(of) ?? ids.size + 1
      ids.set(of, category)
      counts.boxes[of] = (counts.boxes[of] ?? 0) + 1
      annotations.push({
        id: annotations.length + 1,
        image_id: image,
        category_id: category,
        bbox: [x1, y1, x2 - x1, y2 - y1],
        area: (x2 - x1) * (y2 - y1),
        iscrowd: 0,
      })
    }
  }
  const categories = [...ids].map(([name, id]) => ({ id, name }))
  if (images.length > 0)
    await writeFile(join(dir, 'annotations.json'), json({ images, categories, annotations }))
  await writeFile(
    join(dir, 'provenance.json'),
    json({ exportedAt: new Date().toISOString(), images: provenance }),
  )
  return counts
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
