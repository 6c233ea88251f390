import { dirname, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import { CodedError, mapInOrder, parseStrict } from '../../contracts/index.ts'
import { extent } from '../metrics/extent.kernel.ts'
import {
  FileNames,
  imagesBelow,
  isDirectory,
  isFile,
  notEmpty,
  numberedLines,
  readText,
  requireFile,
} from './files.ts'
import { imageSize } from './image-size.ts'
import type { DatasetReader, FoundBox, FoundItem } from './item.ts'
import { leftOut, openTruth } from './left-out.ts'
import {
  certainDataFile,
  CLASS_LIST,
  dataFile,
  isClassList,
  labelFile,
  splitByFolder,
} from './yolo-places.ts'

/** A folder of images, a list of image paths (`.txt`), or several of these. */
const placesSchema = z.union([z.string(), z.array(z.string())])

/** Classes may be numbers: `[0, 1]` of digits. */
const nameSchema = z.union([z.string(), z.number().transform(String)])

/**
 * Exporters add keys of their own (roboflow, path, license …), so only the known ones are checked. A key without a value
 * is as if it were not there: Ultralytics' own files have `test: # test images (optional)`.
 */
const dataSchema = z.looseObject({
  names: z.union([z.array(nameSchema), z.record(z.string().regex(/^\d+$/), nameSchema)]),
  nc: z.number().int().positive().nullish(),
  path: z.string().nullish(),
  train: placesSchema.nullish(),
  val: placesSchema.nullish(),
  test: placesSchema.nullish(),
  /** Of pose estimation: so many key points with two or three numbers each stand behind the box. */
  kpt_shape: z.tuple([z.number().int().positive(), z.number().int().positive()]).nullish(),
})

/** Label files lie in a folder `labels`, if they are not beside their image. */
const LABEL = /\/labels\/(?:.*\/)?(?!classes\.txt$)[^/]*\.txt$/i

/**
 * YOLO: `data.yaml` (or one other YAML file with the same keys) with class names, or a list with one a line: `classes.txt` as LabelImg and Label Studio write it, `obj.names` of Darknet (`yolo-places.ts`), `…/images/…/x.jpg` and `…/labels/…/x.txt` with `class cx cy w h` relative to
 * the image (or a polygon, as for segments and oriented boxes, whose bounds are the box; key points behind a box are left aside). An image without a label file is an image without objects, unless its
 * split has none at all: then nobody has looked. A set without any label file is refused.
 */
export const yolo: DatasetReader = {
  format: 'yolo',
  recognises: async (dir) => (await certainDataFile(dir)) !== null,
  mayBe: async (dir) => (await dataFile(dir)) !== null,
  async read(dir) {
    const file = await dataFile(dir)
    if (file === null)
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: `data.yaml or ${CLASS_LIST}`,
        actual: 'none',
      })
    const data = await readData(file)
    // `{0: a, 2: b}` has no class 1: the key counts, not the place.
    const names = new Map(Object.entries(data.names).map(([n, name]) => [Number(n), name]))
    const classes = [...new Set([...names].sort(([m], [n]) => m - n).map(([, name]) => name))]
    if (typeof data.nc === 'number' && data.nc !== names.size) {
      throw new CodedError('DAT_LAYOUT', {
        file,
        path: 'nc',
        expected: `${names.size}, the number of names`,
        actual: String(data.nc),
      })
    }
    const [keyPoints = 0, perPoint = 0] = data.kpt_shape ?? []
    const keyNumbers = keyPoints * perPoint
    const found = await findImages(dir, file, data)
    const images = notEmpty(found.images, dir, 'images beside a labels folder')
    const labelNames = new FileNames()
    const notes = await mapInOrder(images, ({ image }) => labelNames.find(labelFile(image)))
    if (notes.every((path) => path === null)) {
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: `label files such as ${labelFile(images[0]?.image ?? '')}`,
        actual: `none for ${images.length} images`,
      })
    }
    const labelled = new Set(images.flatMap(({ split }, n) => (notes[n] ? split : [])))
    const items = await mapInOrder(images, async ({ image, split }, n): Promise<FoundItem> => {
      const path = notes[n] ?? null
      const item = { id: relative(dir, image), image, split, defective: null }
      if (path !== null) return { ...item, boxes: await readBoxes(path, image, names, keyNumbers) }
      return labelled.has(split) ? { ...item, boxes: [] } : item
    })
    const labels = { used: notes.flatMap((path) => path ?? []), pattern: LABEL }
    const bare = [...new Set(items.map((i) => i.split))].filter((s) => !labelled.has(s))
    const count = (split: string): number => items.filter((i) => i.split === split).length
    const imagesOf = new Map<string, Set<string>>()
    items.forEach(({ image }, n) => {
      const path = notes[n] ?? null
      if (path !== null) imagesOf.set(path, (imagesOf.get(path) ?? new Set()).add(image))
    })
    const shared = items.filter((_, n) => (imagesOf.get(notes[n] ?? '')?.size ?? 0) > 1)
    const without = items.filter((i, n) => notes[n] === null && labelled.has(i.split))
    return {
      format: 'yolo',
      dir,
      classes,
      items,
      labels,
      leftOut: [
        ...openTruth(
          bare.map((s) => `split ${s}, ${count(s)} images`),
          dir,
          'label files in every split, empty ones for good parts: images of these splits are in no rate',
        ),
        ...openTruth(
          without.map((i) => i.id),
          dir,
          'a label file for every image, empty ones for good parts: these have none and count as good',
        ),
        ...openTruth(
          [...new Set(shared.map((i) => i.id))],
          dir,
          'a label file for each image: these differ in their ending alone, and what is labelled counts for each',
        ),
        ...leftOut(found.missing, file, 'every folder and list that it names'),
      ],
    }
  },
}

async function readData(file: string): Promise<z.infer<typeof dataSchema>> {
  const text = await readText(file)
  if (!isClassList(file)) return parseStrict(text, dataSchema, file)
  return { names: numberedLines(text).map((l) => l.text) }
}

/**
 * The images data.yaml names; exports often carry paths of the machine they came from, then `images/` is taken.
 * An image named for two splits is in both.
 */
async function findImages(
  dir: string,
  file: string,
  data: z.infer<typeof dataSchema>,
): Promise<{ images: { split: string; image: string }[]; missing: string[] }> {
  const images: { split: string; image: string }[] = []
  const named: string[] = []
  const missing: string[] = []
  for (const split of ['train', 'val', 'test'] as const) {
    const inSplit = new Set<string>()
    for (const place of [data[split] ?? []].flat()) {
      named.push(place)
      const at = await locate(dir, data.path ?? '.', place)
      if (at === null) missing.push(`${split}: ${place}`)
      else for (const image of await imagesAt(at, dir)) inSplit.add(image)
    }
    for (const image of inSplit) images.push({ split, image })
  }
  if (missing.length < named.length) return { images, missing }
  const apart = join(dir, 'images')
  const plain = (await isDirectory(apart)) ? apart : dir
  if (plain === apart || isClassList(file)) {
    const all = await imagesBelow(plain)
    return { images: all.map((f) => ({ split: splitByFolder(f), image: join(plain, f) })), missing: [] }
  }
  throw new CodedError('DAT_LAYOUT', {
    file,
    expected: `one of the image folders it names (${named.join(', ') || 'none named'}), or images/`,
    actual: 'none of them',
  })
}

async function locate(dir: string, base: string, place: string): Promise<string | null> {
  const [from, path] = [base, place].map((p) => p.replaceAll('\\', '/')) as [string, string]
  // Roboflow writes `../train/images` for a folder beside data.yaml.
  for (const at of [resolve(dir, from, path), resolve(dir, path.replace(/^(\.\.\/)+/, ''))])
    if ((await isDirectory(at)) || (at.endsWith('.txt') && (await isFile(at)))) return at
  return null
}

/** Absolute paths of the images of a folder and its sub-folders, or of a list. @throws DAT_LAYOUT */
async function imagesAt(place: string, dir: string): Promise<string[]> {
  if (!place.endsWith('.txt')) return (await imagesBelow(place)).map((f) => join(place, f))
  return mapInOrder(numberedLines(await readText(place)), async ({ line, text }) => {
    const path = text.replaceAll('\\', '/')
    for (const base of [dir, dirname(place)])
      if (await isFile(resolve(base, path))) return resolve(base, path)
    return await requireFile(resolve(dir, path), place, line)
  })
}

async function readBoxes(
  file: string,
  image: string,
  names: ReadonlyMap<number, string>,
  keyNumbers: number,
): Promise<FoundBox[]> {
  const lines = numberedLines(await readText(file))
  if (lines.length === 0) return []
  // Judging it says what is wrong with the image; until then its defects count, wherever they are.
  const { widthPx, heightPx } = await imageSize(image).catch(() => ({ widthPx: 1, heightPx: 1 }))
  return lines.map(({ line, text }) => {
    const [index = NaN, ...all] = text.split(/\s+/).map(Number)
    const name = names.get(index)
    const v = keyNumbers > 0 && all.length === 4 + keyNumbers ? all.slice(0, 4) : all
    const polygon = keyNumbers === 0 && v.length >= 6 && v.length % 2 === 0
    const valid =
      name !== undefined && (v.length === 4 || polygon) && v.every((n) => n >= -1e-6 && n <= 1 + 1e-6)
    if (!valid) {
      throw new CodedError('DAT_ANNOTATION', {
        file,
        line,
        expected: `\`class cx cy w h\` or a polygon of three points or more (no angle, no score), class ${[...names.keys()].join(', ')}, numbers 0..1`,
        actual: text.slice(0, 120),
      })
    }
    let [x1, y1, x2, y2] = [0, 0, 0, 0]
    if (polygon) {
      ;[x1, x2] = extent(v.filter((_, n) => n % 2 === 0))
      ;[y1, y2] = extent(v.filter((_, n) => n % 2 === 1))
    } else {
      const [cx = 0, cy = 0, w = 0, h = 0] = v
      ;[x1, y1, x2, y2] = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
    }
    const share = (v: number): number => Math.min(1, Math.max(0, v))
    return {
      class: name,
      place: { file, line },
      box: [x1 * widthPx, y1 * heightPx, x2 * widthPx, y2 * heightPx],
      ...(polygon
        ? { polygons: [v.map((at, n) => share(at) * (n % 2 === 0 ? widthPx : heightPx))] }
        : { written: { form: 'centre' } }),
    }
  })
}
