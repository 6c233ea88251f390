import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { filesIn, foldersIn, imagesBelow, inside, isDirectory, isFile, within } from './files.ts'
import { splitNamed } from './splits.ts'
import { imageFinder } from './table-images.ts'

/** Paths that start at a root, on a drive or above the file. */
export const OUTSIDE = /^([a-z]:|[\\/])|(^|[\\/])\.\.([\\/]|$)/i

/** As a word of its own, years and more behind: no split of `interval`, `latest` or `strain`. */
const SPLIT = /(?<![a-z])(?:mini)?(train|val|test)(?:ing|id|idation|val|set|s)?(?![a-z])/gi

/** The splits that a path names. */
export const splitWords = (path: string): string[] =>
  [...path.matchAll(SPLIT)].map((m) => String(m[1]).toLowerCase())

/** The JSON of a set: where COCO and Roboflow have it, or else whatever has its keys (`result.json` of Label Studio, `labels.json`). */
export async function jsonFiles(dir: string): Promise<string[]> {
  const known = await knownFiles(dir)
  return known.length > 0 ? known : otherFiles(dir)
}

/** The JSON where COCO and Roboflow have it. */
export async function knownFiles(dir: string): Promise<string[]> {
  const found: string[] = []
  const folder = join(dir, 'annotations')
  if (await isDirectory(folder))
    for (const f of onlyInstances(await filesIn(folder))) found.push(join(folder, f))
  for (const at of ['.', 'train', 'valid', 'val', 'test'])
    for (const name of ['annotations.json', '_annotations.coco.json'])
      if (await isFile(join(dir, at, name))) found.push(join(dir, at, name))
  return found
}

/** COCO files captions and keypoints of the same images beside the instances. */
function onlyInstances(files: readonly string[]): string[] {
  const json = files.filter((f) => f.endsWith('.json'))
  const instances = json.filter((f) => f.startsWith('instances'))
  return instances.length > 0 ? instances : json
}

async function otherFiles(dir: string): Promise<string[]> {
  const levels = (await foldersIn(dir)).filter((f) => splitNamed(f) !== undefined)
  const files = await mapInOrder(['.', ...levels], async (level) =>
    (await filesIn(join(dir, level))).filter((f) => /\.json$/i.test(f)).map((f) => join(dir, level, f)),
  )
  const sets = await mapInOrder(files.flat(), async (f) => ((await isCoco(f)) ? [f] : []))
  return sets.flat()
}

/** A string of V8 holds no more. */
const MOST_BYTES = 5e8

async function isCoco(file: string): Promise<boolean> {
  try {
    if ((await stat(file)).size > MOST_BYTES) return false
    const value: unknown = JSON.parse((await readFile(file, 'utf8')).replace(/^\ufeff/, ''))
    const has = (key: string): boolean => Array.isArray((value as Record<string, unknown> | null)?.[key])
    return has('images') && has('annotations') && has('categories')
  } catch {
    return false
  }
}

/**
 * Tools disagree where images lie: the usual places are tried in order, then any place below where it is the only one of
 * its name. Paths may be those of the machine where they were written; nothing outside the data set is looked at.
 */
export async function cocoImageFinder(
  dir: string,
  file: string,
  split: string,
): Promise<(name: string) => Promise<string>> {
  const suffix = /_([a-z]+\d{4})\.json$/i.exec(file)?.[1]
  const roots = [
    dirname(file),
    dir,
    join(dir, 'images'),
    join(dir, split),
    join(dir, 'images', split),
    ...(suffix === undefined ? [] : [join(dir, suffix), join(dir, 'images', suffix)]),
  ]
  // `val2017` has names of its own, which those of `train2017` may be, too.
  const images = (await imagesBelow(dir)).filter((f) => {
    const words = splitWords(dirname(f))
    return split === 'all' || words.length === 0 || words.includes(split)
  })
  const below = imageFinder({ file, split: split === 'all' ? undefined : split, ownFolder: true }, images)
  return async (name) => {
    const places = roots
      .map((root) => resolve(root, name))
      .filter((path) => !isAbsolute(name) && within(dir, path))
    for (const path of places) if (await isFile(path)) return path
    try {
      return join(dir, below(name))
    } catch (error) {
      const none = error instanceof CodedError && error.detail.actual === 'none'
      if (!none) throw error
      // Nowhere inside: says so. A path of another machine is looked for by its name.
      if (places.length === 0 && !isAbsolute(name)) inside(dir, name, file)
      throw new CodedError('DAT_LAYOUT', {
        file,
        expected: `the image ${name} in ${roots.join(', ')}, or anywhere below`,
        actual: 'none',
      })
    }
  }
}
