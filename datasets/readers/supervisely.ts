import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import sharp from 'sharp'
import { z } from 'zod'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { checkSizes } from './coco-shapes.ts'
import { filesIn, foldersIn, imagesIn, isDirectory, isFile, notEmpty, readText } from './files.ts'
import type { DatasetReader, FoundBox, FoundItem } from './item.ts'
import { openTruth } from './left-out.ts'
import { outlined } from './outlines.ts'
import { boundsOfRuns, runsOfMask } from './run-lengths.ts'
import { splitOfWord } from './table-images.ts'

const point = z.tuple([z.number(), z.number()])
const annotationSchema = z.looseObject({
  size: z.looseObject({ width: z.number().int().positive(), height: z.number().int().positive() }),
  tags: z.array(z.looseObject({ name: z.string() })).nullish(),
  objects: z.array(
    z.looseObject({
      classTitle: z.string().min(1),
      geometryType: z.string(),
      points: z.looseObject({ exterior: z.array(point) }).nullish(),
      bitmap: z.looseObject({ data: z.string(), origin: point }).nullish(),
    }),
  ),
})
type Annotation = z.infer<typeof annotationSchema>

/**
 * Supervisely (developer.supervisely.com, "Supervisely annotation format"): `meta.json`, and in each folder `img/x.jpg` and
 * `ann/x.jpg.json`; or one such folder. Rectangles, polygons and bitmaps are regions, points and lines are refused. An image
 * without a file in `ann` was not looked at, one without objects has no defect, unless a tag says something of it. A folder named after a split is one.
 */
export const supervisely: DatasetReader = {
  format: 'supervisely',
  recognises: async (dir) => (await partsIn(dir)).length > 0,
  async read(dir) {
    const parts = await partsIn(dir)
    if (parts.length === 0)
      throw new CodedError('DAT_LAYOUT', { file: dir, expected: 'folders img and ann', actual: 'none' })
    const used: string[] = []
    const tagged: string[] = []
    const items = await mapInOrder(parts, async (part) =>
      mapInOrder(await imagesIn(join(dir, part, 'img')), async (f): Promise<FoundItem> => {
        const image = join(dir, part, 'img', f)
        const item = { id: join(part, 'img', f), image, split: splitOfWord(part) ?? 'all', defective: null }
        const file = join(dir, part, 'ann', `${f}.json`)
        if (!(await isFile(file))) return item
        used.push(file)
        const { boxes, tags } = await readOne(file, image)
        if (boxes.length > 0 || tags.length === 0) return { ...item, boxes }
        tagged.push(item.id)
        return item
      }),
    )
    const all = items.flat()
    return {
      format: 'supervisely',
      dir,
      classes: [...new Set(all.flatMap((i) => i.boxes?.map((b) => b.class) ?? []))].sort(),
      items: notEmpty(all, dir, 'images in img'),
      labels: { used, pattern: /\/ann\/[^/]*\.json$/ },
      leftOut: [
        ...openTruth(
          all.flatMap((i) => (i.boxes || tagged.includes(i.id) ? [] : i.id)),
          dir,
          'an annotation for every task, an empty one for good parts: these have none and are in no rate',
        ),
        ...openTruth(
          tagged.sort(),
          dir,
          'regions, or no tag for good parts: tags alone are not read, and these are in no rate',
        ),
      ],
    }
  },
}

/** Folders with images and annotations: of a project, or the data set itself. */
async function partsIn(dir: string): Promise<string[]> {
  const folders = await foldersIn(dir)
  const found = await mapInOrder(['.', ...folders], async (part) => {
    const [img, ann] = [join(dir, part, 'img'), join(dir, part, 'ann')]
    if (!(await isDirectory(img)) || !(await isDirectory(ann))) return []
    return (await filesIn(ann)).some((f) => f.endsWith('.json')) ? [part] : []
  })
  return found.flat()
}

const fault = (place: FoundBox['place'], expected: string, actual: string): CodedError =>
  new CodedError('DAT_ANNOTATION', { ...place, expected, actual })

/** Regions, and the tags of the image that name no split. */
async function readOne(file: string, image: string): Promise<{ boxes: FoundBox[]; tags: string[] }> {
  const text = await readText(file)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fault({ file }, 'JSON', error instanceof Error ? error.message : String(error))
  }
  const { data, error } = annotationSchema.safeParse(value)
  if (error) {
    const [issue] = error.issues
    throw fault(
      { file, path: issue?.path.join('.') ?? '' },
      'size and objects of Supervisely',
      issue?.message ?? 'another document',
    )
  }
  await checkSizes([], data.size, image, file)
  const boxes = await mapInOrder(data.objects, async (o, n) =>
    regionOf(o, data.size, { file, path: `objects.${n}` }),
  )
  const tags = (data.tags ?? []).map((t) => t.name).filter((t) => splitOfWord(t) === undefined)
  return { boxes, tags }
}

async function regionOf(
  { classTitle, geometryType, points, bitmap }: Annotation['objects'][number],
  { width, height }: Annotation['size'],
  place: FoundBox['place'],
): Promise<FoundBox> {
  const outline = points?.exterior ?? []
  const [a, b] = outline
  if (geometryType === 'rectangle' && a && b)
    return {
      class: classTitle,
      // Both corners are pixels of the rectangle.
      box: [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]) + 1, Math.max(a[1], b[1]) + 1],
      place,
    }
  if (geometryType === 'polygon' && outline.length >= 3) return outlined(classTitle, outline, place)
  if (geometryType !== 'bitmap' || !bitmap)
    throw fault(
      place,
      'a rectangle, a polygon of three points or more, or a bitmap',
      `${geometryType} of ${outline.length} points`,
    )
  const [left, top] = bitmap.origin
  const { data, info } = await pixelsOf(bitmap.data).catch((error: unknown) => {
    throw fault(
      place,
      'a bitmap, a PNG in zlib and base64',
      error instanceof Error ? error.message : String(error),
    )
  })
  const inside = new Uint8Array(width * height)
  const last = info.channels - 1
  for (let i = 0; i < info.width * info.height; i++) {
    const [x, y] = [left + (i % info.width), top + Math.floor(i / info.width)]
    // The last channel says what is inside: of RGBA, or of a bitmap of one.
    if ((data[i * info.channels + last] ?? 0) > 0 && x >= 0 && y >= 0 && x < width && y < height)
      inside[y * width + x] = 1
  }
  const runs = runsOfMask(inside, width, height)
  return { class: classTitle, box: boundsOfRuns(runs), runs, place }
}

/** @throws what zlib and libvips do */
const pixelsOf = async (text: string) =>
  sharp(inflateSync(Buffer.from(text, 'base64')), { ignoreIcc: true })
    .raw()
    .toBuffer({ resolveWithObject: true })
