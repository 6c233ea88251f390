import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { type Box, CodedError } from '../../contracts/index.ts'
import { extent } from '../metrics/extent.kernel.ts'
import { checkSizes } from './coco-shapes.ts'
import { filesBelow, isImage, looseText, notEmpty, readText, stem } from './files.ts'
import { type DatasetReader, type FoundBox, type FoundItem, isGoodLabel } from './item.ts'
import { openTruth } from './left-out.ts'
import { splitNamed } from './splits.ts'

const point = z.tuple([z.number(), z.number()])

const labelmeSchema = z.looseObject({
  shapes: z.array(
    z.looseObject({
      label: z.string().min(1),
      points: z.array(point),
      /** Files of the first versions have none: polygons. */
      shape_type: z.string().nullish(),
    }),
  ),
  imagePath: z.string().min(1),
  imageWidth: z.number().nullish(),
  imageHeight: z.number().nullish(),
  /** Of the whole image: names of `--flags`, each set or not. */
  flags: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).nullish(),
})

/** The image may be in the JSON; what is larger is a file about a whole set. */
const MOST_BYTES = 64e6

/** Corners of the polygon that a circle is taken for; its area is then 0.6 % too small. */
const CORNERS = 32

/**
 * LabelMe (K. Wada, github.com/wkentaro/labelme): one JSON per image, beside it or in a folder of its own, as BSData has
 * them. Polygons, rectangles and circles are regions; points and lines have no area and are refused. An image without JSON
 * is one without a defect, as nobody saves what is not there, and is named; where its split has no JSON at all, nobody has
 * looked. One without shapes is good, unless its flags may say otherwise: then it is named and in no rate. Splits are
 * folders.
 */
export const labelme: DatasetReader = {
  format: 'labelme',
  async recognises(dir) {
    const [first] = (await filesBelow(dir)).filter(isJson)
    if (first === undefined || (await stat(join(dir, first))).size > MOST_BYTES) return false
    // A camera writes JSON in any encoding; one of LabelMe that is not in UTF-8 is refused with that when it is read.
    const value = parsed(looseText(await readFile(join(dir, first)).catch(() => new Uint8Array())))
    return typeof value === 'object' && value !== null && 'shapes' in value && 'imagePath' in value
  },
  async read(dir, { goodLabels } = {}) {
    const files = await filesBelow(dir)
    const images = files.filter(isImage)
    const notes = notEmpty(files.filter(isJson), dir, 'JSON of LabelMe')
    const used = new Map<string, FoundBox[]>()
    const flagged = new Set<string>()
    /** Flags that were named as those of good parts. */
    const good = new Set<string>()
    const imageOf = imageFinder(images)
    for (const f of notes) {
      const file = join(dir, f)
      const { boxes, imagePath, width, height, flags } = await readOne(file)
      const image = imageOf(f, imagePath, file)
      if (used.has(image))
        throw new CodedError('DAT_LAYOUT', {
          file,
          expected: 'one JSON for each image',
          actual: `another of ${image}`,
        })
      await checkSizes(boxes, { width, height }, join(dir, image), file)
      used.set(image, boxes)
      for (const flag of Object.keys(flags ?? {}))
        if (goodLabels && isGoodLabel(flag, goodLabels)) good.add(flag)
      if (boxes.length === 0 && mayBeBad(flags, goodLabels)) flagged.add(image)
    }
    const labelled = new Set([...used.keys()].map(splitOf))
    const items = images.map((id): FoundItem => {
      const item = { id, image: join(dir, id), split: splitOf(id), defective: null }
      return labelled.has(item.split) && !flagged.has(id) ? { ...item, boxes: used.get(id) ?? [] } : item
    })
    const bare = [...new Set(items.map((i) => i.split))].filter((s) => !labelled.has(s))
    return {
      format: 'labelme',
      dir,
      classes: [...new Set([...[...used.values()].flat().map((b) => b.class), ...good])].sort(),
      items,
      leftOut: [
        ...openTruth(
          bare.map((s) => `split ${s}, ${items.filter((i) => i.split === s).length} images`),
          dir,
          'JSON in every split: images of these splits are in no rate',
        ),
        ...openTruth(
          items.filter((i) => i.boxes && !used.has(i.id)).map((i) => i.id),
          dir,
          'JSON for every image, without shapes for good parts: these have none and count as good',
        ),
        ...openTruth(
          [...flagged].sort(),
          dir,
          'regions, or no flag for good parts but one that means good: other flags are not read, and these are in no rate',
          'where there are good parts, name their class with --good',
        ),
      ],
    }
  },
}

const splitOf = (id: string): string =>
  dirname(id)
    .split(/[/\\]/)
    .flatMap((f) => splitNamed(f) ?? [])[0] ?? 'all'

const isJson = (name: string): boolean => name.toLowerCase().endsWith('.json')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Finds the image beside the JSON, or the one that it names, wherever it lies. @throws DAT_LAYOUT for none and for several */
function imageFinder(images: readonly string[]): (json: string, imagePath: string, file: string) => string {
  const byStem = grouped(images, stem)
  const byName = grouped(images, (f) => basename(f))
  const level = (f: string): string => dirname(f).split(/[/\\]/)[0] ?? ''
  return (json, imagePath, file) => {
    const name = basename(imagePath.replaceAll('\\', '/'))
    const alike = byName.get(name) ?? []
    const near = alike.filter((f) => level(f) === level(json))
    const [image, ...others] = [byStem.get(stem(json)) ?? [], near, alike].find((l) => l.length > 0) ?? []
    if (image !== undefined && others.length === 0) return image
    throw new CodedError('DAT_LAYOUT', {
      file,
      path: 'imagePath',
      expected: `one image ${name}`,
      actual: image === undefined ? 'none' : [image, ...others].join(', '),
    })
  }
}

function grouped(files: readonly string[], keyOf: (file: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const f of files) {
    const group = groups.get(keyOf(f))
    if (group) group.push(f)
    else groups.set(keyOf(f), [f])
  }
  return groups
}

type Flags = z.infer<typeof labelmeSchema>['flags']

/** Whether flags are set that do not mean a good part, or one that does is there and is not set. */
function mayBeBad(flags: Flags, good: readonly string[] | undefined): boolean {
  const all = Object.entries(flags ?? {})
  const ofGood = all.filter(([name]) => isGoodLabel(name, good))
  if (all.some(([name, set]) => set === true && !isGoodLabel(name, good))) return true
  return ofGood.length > 0 && ofGood.every(([, set]) => set !== true)
}

async function readOne(file: string): Promise<{
  boxes: FoundBox[]
  imagePath: string
  width?: number | null
  height?: number | null
  flags: Flags
}> {
  const text = await readText(file)
  const { data, error } = labelmeSchema.safeParse(parsed(text))
  if (error) {
    const [issue] = error.issues
    throw new CodedError('DAT_ANNOTATION', {
      file,
      path: issue?.path.join('.') ?? '',
      expected: 'JSON of LabelMe with shapes and imagePath',
      actual: issue?.message ?? 'another document',
    })
  }
  const boxes = data.shapes.map((s, n) => shapeBox(s, { file, path: `shapes.${n}` }))
  return {
    boxes,
    imagePath: data.imagePath,
    width: data.imageWidth ?? null,
    height: data.imageHeight ?? null,
    flags: data.flags,
  }
}

/** @throws DAT_ANNOTATION for a shape without area */
function shapeBox(
  { label, points, shape_type }: z.infer<typeof labelmeSchema>['shapes'][number],
  place: { file: string; path: string },
): FoundBox {
  const type = shape_type ?? 'polygon'
  const outline = outlineOf(type, points)
  if (outline === null)
    throw new CodedError('DAT_ANNOTATION', {
      ...place,
      expected: 'a polygon of three points or more, a rectangle or a circle of two',
      actual: `${type} of ${points.length} points`,
      hint: type === 'mask' ? 'export the masks as polygons' : 'draw a region around the defect',
    })
  const [x1, x2] = extent(outline.map(([x]) => x))
  const [y1, y2] = extent(outline.map(([, y]) => y))
  const box: Box = [x1, y1, x2, y2]
  return { class: label, box, place, ...(type !== 'rectangle' && { polygons: [outline.flat()] }) }
}

function outlineOf(type: string, points: [number, number][]): [number, number][] | null {
  if (type === 'polygon' && points.length >= 3) return points
  const [a, b] = points
  if (a === undefined || b === undefined) return null
  if (type === 'rectangle') return points
  if (type !== 'circle' || points.length !== 2) return null
  // Centre, and a point of the rim.
  const radiusPx = Math.hypot(b[0] - a[0], b[1] - a[1])
  return Array.from({ length: CORNERS }, (_, n) => {
    const angleRad = (2 * Math.PI * n) / CORNERS
    return [a[0] + radiusPx * Math.cos(angleRad), a[1] + radiusPx * Math.sin(angleRad)]
  })
}
