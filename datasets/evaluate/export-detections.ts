import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CodedError, makeFolder } from '../../contracts/index.ts'
import type { EvaluatedImage } from './result.schema.ts'

export interface ExportDetectionsOptions {
  classes: readonly string[]
  /** Detections below are left out; default: all down to the score floor. */
  threshold?: number
  /**
   * `name`: the class as DeepPCB's own script wants it, with `pin-hole`. `number`: 1 for the first class, as in the
   * annotation files.
   */
  type?: 'name' | 'number'
}

/** Class names of the DeepPCB evaluation where they differ from those used here (README, "Benchmarks"). */
const OFFICIAL: Record<string, string> = { pinhole: 'pin-hole' }

/**
 * Writes one `<id>.txt` per image with lines `x1,y1,x2,y2,confidence,type`, whole pixels, no spaces: the form the
 * evaluation script of DeepPCB reads from a zip. An image without detections is an empty file.
 *
 * @throws CFG_USAGE when the folder cannot be made; DAT_ANNOTATION when two images would share a file, or a class has no number
 */
export async function exportDetections(
  dir: string,
  images: readonly EvaluatedImage[],
  options: ExportDetectionsOptions,
): Promise<number> {
  makeFolder(dir)
  const names = new Set<string>()
  for (const image of images) {
    const name = `${basename(image.id)}.txt`
    if (names.has(name))
      throw new CodedError('DAT_ANNOTATION', {
        file: name,
        expected: 'image names that differ',
        actual: `two images named ${basename(image.id)}`,
      })
    names.add(name)
    const lines = image.detections
      .filter((d) => d.score >= (options.threshold ?? -Infinity))
      .map((d) => [...d.box.map(Math.round), d.score.toFixed(6), typeOf(d.class, options)].join(','))
    await writeFile(join(dir, name), lines.map((l) => `${l}\n`).join(''))
  }
  return names.size
}

function typeOf(name: string, options: ExportDetectionsOptions): string {
  if (options.type !== 'number') return OFFICIAL[name] ?? name
  const index = options.classes.indexOf(name)
  if (index >= 0) return String(index + 1)
  throw new CodedError('DAT_ANNOTATION', {
    expected: `a class of ${options.classes.join(', ')}`,
    actual: name,
    hint: 'export class names instead of numbers',
  })
}
