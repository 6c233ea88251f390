import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CodedError, makeFolder } from '../../contracts/index.ts'
import { type CallThreshold, isCalled } from '../metrics/index.ts'
import { filesIn } from '../readers/files.ts'
import type { EvaluatedImage } from './result.schema.ts'

/**
 * `name`: the class as DeepPCB's own script wants it, with `pin-hole`. `number`: 1 for the first class, as in the
 * annotation files.
 */
export type DetectionType = 'name' | 'number'

export interface ExportDetectionsOptions {
  classes: readonly string[]
  /** Only what is called at this threshold; default: all down to the score floor. */
  threshold?: CallThreshold
  type?: DetectionType
}

/** Class names of the DeepPCB evaluation where they differ from those used here (README, "Benchmarks"). */
const OFFICIAL: Record<string, string> = { pinhole: 'pin-hole' }

/**
 * A folder for detections. Files of an evaluation before would be taken for some of this one.
 *
 * @throws CFG_USAGE when it cannot be made, or has text files in it
 */
export async function makeDetectionsFolder(dir: string): Promise<void> {
  makeFolder(dir)
  const old = (await filesIn(dir)).filter((f) => f.endsWith('.txt'))
  if (old.length > 0)
    throw new CodedError('CFG_USAGE', {
      file: dir,
      expected: 'a folder without .txt files, which would be taken for detections of this evaluation',
      actual: `${old.length}, first ${old[0]}`,
    })
}

/**
 * Whether the detections on these images can be written, before anything is judged.
 *
 * @param callable classes that may be called, in the words of the data set
 * @throws CFG_USAGE when two images would share a file, or a class has no number
 */
export function checkExport(
  images: readonly { id: string }[],
  callable: readonly string[],
  options: ExportDetectionsOptions,
): void {
  const names = new Map<string, string>()
  for (const { id } of images) {
    const before = names.get(fileOf(id))
    if (before !== undefined)
      throw new CodedError('CFG_USAGE', {
        path: '--detections',
        expected: 'image names that differ: there is one file of detections for each',
        actual: `${before} and ${id}`,
      })
    names.set(fileOf(id), id)
  }
  for (const name of callable) typeOf(name, options)
}

/**
 * Writes one `<id>.txt` per image with lines `x1,y1,x2,y2,confidence,type`, whole pixels, no spaces: the form the
 * evaluation script of DeepPCB reads from a zip. An image without detections is an empty file.
 *
 * @throws CFG_USAGE when the folder cannot be made, two images would share a file, or a class has no number
 */
export async function exportDetections(
  dir: string,
  images: readonly EvaluatedImage[],
  options: ExportDetectionsOptions,
): Promise<number> {
  makeFolder(dir)
  checkExport(images, [], options)
  const { threshold } = options
  for (const image of images) {
    const lines = image.detections
      .filter((d) => threshold === undefined || isCalled(d, threshold))
      .map((d) => [...d.box.map(Math.round), d.score.toFixed(6), typeOf(d.class, options)].join(','))
    await writeFile(join(dir, fileOf(image.id)), lines.map((l) => `${l}\n`).join(''))
  }
  return images.length
}

const fileOf = (id: string): string => `${basename(id)}.txt`

function typeOf(name: string, options: ExportDetectionsOptions): string {
  if (options.type !== 'number') return OFFICIAL[name] ?? name
  const index = options.classes.indexOf(name)
  if (index >= 0) return String(index + 1)
  throw new CodedError('CFG_USAGE', {
    path: '--detection-type',
    expected: `a class of ${options.classes.join(', ')}`,
    actual: name,
    hint: 'write names instead of numbers',
  })
}
