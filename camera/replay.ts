import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asCoded, CodedError } from '../contracts/index.ts'
import type { FrameSource } from '../contracts/index.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { pacedSource } from './paced-source.ts'
import type { Picture } from './paced-source.ts'
import { isImageFile, readPicture } from './read-picture.ts'
import type { DecodeImage } from './read-picture.ts'

/** One part of a replay: the tested image and, in paired data sets, its golden template. */
export interface ReplayEntry {
  path: string
  referencePath?: string
}

export interface ReplayOptions {
  station: string
  view: string
  pool: SharedFramePool
  firstTrigger: number
  rate: number | 'max' | 'triggered'
  loop: boolean
  /** Show decoded pixels; null = the bytes of the files. */
  decode: DecodeImage | null
  backPressure: 'wait' | 'miss'
  /** The pictures in their order, or a folder (or one file) to list. */
  from: readonly ReplayEntry[] | string
}

/** Shows image files to the line as if a camera had taken them; always the same ones in the same order. */
export function replaySource(options: ReplayOptions): FrameSource {
  const { from, loop, decode } = options
  let entries: readonly ReplayEntry[] = []

  async function* pictures(): AsyncGenerator<Picture, void, undefined> {
    let index = 0
    do {
      for (const entry of entries) {
        yield {
          source: entry.path,
          cameraCounter: index++,
          fill: (target) => readPicture(target, entry, decode),
        }
      }
    } while (loop && entries.length > 0)
  }

  return pacedSource({
    adapter: 'replay',
    station: options.station,
    view: options.view,
    pool: options.pool,
    firstTrigger: options.firstTrigger,
    rate: options.rate,
    backPressure: options.backPressure,
    open: async () => {
      entries = typeof from === 'string' ? await listImages(from) : from
      if (entries.length === 0) {
        throw new CodedError('CAM_OPEN', {
          ...(typeof from === 'string' && { file: from }),
          expected: 'at least one image file',
          actual: 'none',
          hint: 'images in sub-folders need `dataset:` in the line file',
        })
      }
    },
    pictures,
  })
}

/**
 * The image files of a folder in natural order (`2.png` before `10.png`), or the one file itself. Hidden files are not
 * meant: macOS leaves a `._1.png` beside each `1.png`. A link that leads nowhere is listed and fails when it is read.
 *
 * @throws CAM_OPEN when the path cannot be read
 */
export async function listImages(path: string): Promise<ReplayEntry[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path }]
    const entries = await readdir(path, { withFileTypes: true })
    const named = entries.filter((entry) => !entry.name.startsWith('.') && isImageFile(entry.name))
    const names: string[] = []
    // A pipe or device would be waited for without end.
    for (const entry of named) if (await isFileOrLost(entry)) names.push(entry.name)
    // A fixed locale: the order must not depend on where the line stands. Ties are broken by code unit.
    const natural = new Intl.Collator('en', { numeric: true })
    names.sort((a, b) => natural.compare(a, b) || (a < b ? -1 : 1))
    return names.map((name) => ({ path: join(path, name) }))
  } catch (e) {
    throw asCoded(e, 'CAM_OPEN', { file: path, expected: 'a readable folder or image file' })
  }
}

async function isFileOrLost(entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  const target = await stat(join(entry.parentPath, entry.name)).catch(() => null)
  return target?.isFile() ?? true
}
