import { basename, dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { boxOf, checkSizes, segmentationSchema, shapeOf } from './coco-shapes.ts'
import { cocoImageFinder, jsonFiles, knownFiles, OUTSIDE, splitWords } from './coco-places.ts'
import { notEmpty, readText, stem } from './files.ts'
import type { DatasetReader, FoundBox, FoundItem } from './item.ts'
import { leftOut, noDefect, openTruth } from './left-out.ts'

const id = z.union([z.number(), z.string()])

const cocoSchema = z.looseObject({
  images: z.array(
    z.looseObject({
      id,
      file_name: z.string().min(1),
      width: z.number().nullish(),
      height: z.number().nullish(),
    }),
  ),
  categories: z.array(z.looseObject({ id, name: z.string().min(1) })),
  /** Absent in the image lists of test sets: the images are not annotated. Empty = looked at, nothing there. */
  annotations: z
    .array(
      z.looseObject({
        image_id: id,
        category_id: id,
        /** May be absent or empty where the segmentation says it. */
        bbox: z
          .union([
            z.tuple([z.number(), z.number(), z.number().nonnegative(), z.number().nonnegative()]),
            z.tuple([]),
          ])
          .nullish(),
        segmentation: segmentationSchema.nullish(),
        area: z.unknown().optional(),
        iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).nullish(),
      }),
    )
    .optional(),
})

/**
 * COCO: JSON with images, categories and annotations, boxes as `[x, y, width, height]` px. A few images that are not there
 * are left out and named; where more are missing the set is refused.
 */
export const coco: DatasetReader = {
  format: 'coco',
  recognises: async (dir) => (await knownFiles(dir)).length > 0,
  mayBe: async (dir) => (await jsonFiles(dir)).length > 0,
  async read(dir) {
    const files = await jsonFiles(dir)
    if (files.length === 0)
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected:
          'annotations/*.json, annotations.json, <split>/_annotations.coco.json, or other JSON with images, annotations and categories in the folder',
        actual: 'none',
      })
    const classes: string[] = []
    const items: FoundItem[] = []
    const seen = new Map<string, string>()
    const bare: string[] = []
    const empty: string[] = []
    const missing: string[] = []
    for (const file of files) {
      const data = await parse(file)
      for (const c of data.categories) if (!classes.includes(c.name)) classes.push(c.name)
      const named = `${relative(dir, file)}, ${data.images.length} images`
      if (!data.annotations) bare.push(named)
      else if (data.annotations.length === 0) empty.push(named)
      const found = await toItems(dir, file, data, prefixOf(dir, file, files))
      for (const name of found.missing) missing.push(name)
      for (const item of found.items) {
        const before = seen.get(`${item.split} ${item.image}`)
        if (before !== undefined)
          throw new CodedError('DAT_ANNOTATION', {
            file,
            expected: 'every image of a split in one file',
            actual: `${relative(dir, item.image)} is in ${before} too`,
          })
        seen.set(`${item.split} ${item.image}`, relative(dir, file))
        items.push(item)
      }
    }
    const facts = [
      ...openTruth(bare, dir, 'annotations in every file: images of these are in no rate'),
      ...noDefect(empty, dir, 'annotations in every file, or none where all parts are good ones'),
      ...leftOut(missing, dir, 'every image that the JSON names: these are not there and in no rate'),
    ]
    return { format: 'coco', dir, classes, items: notEmpty(items, dir, 'images in the JSON'), leftOut: facts }
  },
}

async function parse(file: string): Promise<z.infer<typeof cocoSchema>> {
  let value: unknown
  try {
    value = JSON.parse(await readText(file))
  } catch (error) {
    if (error instanceof CodedError) throw error
    throw new CodedError('DAT_ANNOTATION', {
      file,
      expected: 'JSON',
      actual: error instanceof Error ? error.message : String(error),
    })
  }
  const parsed = cocoSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const path = parsed.error.issues[0]?.path ?? []
  if (isDatumaro(value))
    throw new CodedError('DAT_ANNOTATION', {
      file,
      path: path.join('.'),
      expected: FORM,
      actual: 'annotations of Datumaro',
      hint: 'export them as COCO, with the images',
    })
  const form = path.findLast((key) => typeof key === 'string' && key in FORMS)
  const found = path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null)?.[key], value)
  throw new CodedError('DAT_ANNOTATION', {
    file,
    path: path.join('.') || '(document)',
    expected: FORMS[String(form)] ?? FORM,
    actual: JSON.stringify(found)?.slice(0, 80) ?? 'nothing',
  })
}

/** The form that Datumaro keeps its projects in, in the same folder `annotations`. */
const isDatumaro = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'items' in value &&
  'categories' in value &&
  !('images' in value)

const FORM = 'the COCO form: images, categories, annotations'
const ID = 'an id, a number or a text'
/** What is expected of the keys that are looked at. */
const FORMS: Record<string, string> = {
  bbox: 'bbox [x, y, width, height] in px, four numbers, the last two not negative',
  segmentation: 'outlines [[x1, y1, x2, y2, x3, y3 …]], or run lengths {size: [height, width], counts}',
  iscrowd: '0 or 1',
  width: 'a number of px',
  height: 'a number of px',
  id: ID,
  image_id: ID,
  category_id: ID,
  file_name: 'the name of the image file',
  name: 'the name of the class',
}

/** The split that a file is named after, or its folder inside the data set. */
function splitOf(dir: string, file: string): string {
  const words = splitWords(relative(dir, file))
  return ['train', 'val', 'test'].find((split) => words.includes(split)) ?? 'all'
}

/** @throws DAT_ANNOTATION for two categories of one id: defects would get the name of another class */
function namesOf({ categories }: z.infer<typeof cocoSchema>, file: string): Map<string, string> {
  const names = new Map<string, string>()
  categories.forEach(({ id, name }, n) => {
    const before = names.get(String(id)) ?? name
    if (before !== name)
      throw new CodedError('DAT_ANNOTATION', {
        file,
        path: `categories.${n}.id`,
        expected: 'an id of its own for every category',
        actual: `${id} for ${before} and ${name}`,
      })
    names.set(String(id), name)
  })
  return names
}

/** Roboflow names the JSON of every split alike. */
const shortName = (dir: string, file: string): string =>
  resolve(dirname(file)) === resolve(dir) || basename(dirname(file)) === 'annotations'
    ? stem(basename(file))
    : basename(dirname(file))

/** What tells the images of one file from those of another: the short name, or the whole path where that is another's too. */
const prefixOf = (dir: string, file: string, files: readonly string[]): string =>
  files.filter((f) => shortName(dir, f) === shortName(dir, file)).length > 1
    ? stem(relative(dir, file))
    : shortName(dir, file)

/** Share of the images of a file that may be missing, or one: with more the archive was not unpacked as it should be. */
const MISSING_SHARE = 0.1

/** @throws DAT_LAYOUT with the first image that is not there where too many are, or all */
async function toItems(
  dir: string,
  file: string,
  data: z.infer<typeof cocoSchema>,
  prefix: string,
): Promise<{ items: FoundItem[]; missing: string[] }> {
  const split = splitOf(dir, file)
  const names = namesOf(data, file)
  const byImage = new Map<string, FoundBox[]>()
  const files = new Set<string>()
  data.images.forEach((i, n) => {
    if (files.has(i.file_name))
      throw new CodedError('DAT_ANNOTATION', {
        file,
        path: `images.${n}.file_name`,
        expected: 'every image once',
        actual: `${i.file_name} again`,
      })
    files.add(i.file_name)
    if (byImage.has(String(i.id)))
      throw new CodedError('DAT_ANNOTATION', {
        file,
        path: `images.${n}.id`,
        expected: 'an id of its own for every image',
        actual: `${i.id} again`,
      })
    byImage.set(String(i.id), [])
  })
  data.annotations?.forEach((a, n) => {
    const boxes = byImage.get(String(a.image_id))
    const name = names.get(String(a.category_id))
    if (!boxes || name === undefined) {
      throw new CodedError('DAT_ANNOTATION', {
        file,
        path: `annotations.${n}`,
        expected: 'image_id and category_id that exist',
        actual: `image_id ${a.image_id}, category_id ${a.category_id}`,
      })
    }
    const shape = shapeOf(a.segmentation, { file, path: `annotations.${n}.segmentation` })
    boxes.push({
      class: name,
      box: boxOf(a.bbox, shape, { file, path: `annotations.${n}.bbox` }),
      place: { file, path: `annotations.${n}` },
      // The area of an outline says nothing of its box.
      written: {
        form: 'size',
        ...(typeof a.area === 'number' && !shape.polygons && !shape.runs && { areaPx: a.area }),
      },
      ...shape,
      ...(a.iscrowd ? { crowd: true } : {}),
    })
  })
  const imageOf = await cocoImageFinder(dir, file, split)
  const missing: { n: number; name: string; error: CodedError }[] = []
  const found = await mapInOrder(data.images, async (i, n): Promise<FoundItem[]> => {
    const boxes = byImage.get(String(i.id)) ?? []
    const image = await imageOf(i.file_name.replaceAll('\\', '/')).catch((error: unknown) => {
      if (!(error instanceof CodedError && error.detail.actual === 'none')) throw error
      missing.push({ n, name: i.file_name, error })
    })
    if (image === undefined) return []
    if (boxes.length > 0) await checkSizes(boxes, i, image, file)
    return [
      {
        // A path of another machine is no name of an image here.
        id: `${prefix}/${OUTSIDE.test(i.file_name) ? relative(dir, image) : i.file_name}`,
        image,
        split,
        ...(data.annotations ? { boxes } : {}),
        defective: null,
      },
    ]
  })
  // Several are looked for at a time.
  const [first] = missing.sort((a, b) => a.n - b.n)
  const most = Math.max(1, MISSING_SHARE * data.images.length)
  if (first && (missing.length > most || missing.length === data.images.length))
    throw new CodedError('DAT_LAYOUT', {
      ...first.error.detail,
      actual: missing.length === 1 ? 'none' : `none; ${missing.length - 1} more are not there`,
    })
  return { items: found.flat(), missing: missing.map(({ name }) => name).sort() }
}
