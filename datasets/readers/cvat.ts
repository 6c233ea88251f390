import { basename, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { checkSizes } from './coco-shapes.ts'
import { imagesBelow, isFile, notEmpty, readText } from './files.ts'
import { type DatasetReader, type FoundBox, type FoundItem, isGoodLabel } from './item.ts'
import { openTruth } from './left-out.ts'
import { outlined } from './outlines.ts'
import { boundsOfRuns, runsOfMask } from './run-lengths.ts'
import { splitNamed } from './splits.ts'
import { type Element, elementsIn } from './xml-elements.ts'

const FILE = 'annotations.xml'

/**
 * CVAT for images 1.1 (docs.cvat.ai, "XML annotation format"): one `annotations.xml` with an `<image>` for each, images in
 * `images/` or elsewhere below. Boxes (turned ones by their corners), polygons and masks are regions, a tag is the class of
 * an image; what has no area is refused. The subset of a project is the split. An image without shapes was looked at and
 * has no defect.
 */
export const cvat: DatasetReader = {
  format: 'cvat',
  recognises: async (dir) =>
    (await isFile(join(dir, FILE))) &&
    /<annotations[\s>]/.test(await readText(join(dir, FILE)).catch(() => '')),
  async read(dir, { goodLabels } = {}) {
    const file = join(dir, FILE)
    const found = imagesOf(await readText(file), file)
    const imageOf = finder(dir, file, await imagesBelow(dir))
    const seen = new Set<string>()
    const items = await mapInOrder(found, async ({ element, shapes }): Promise<FoundItem> => {
      const { attributes, line } = element
      const image = imageOf(attributes.get('name') ?? '', attributes.get('subset'), line)
      if (seen.has(image)) throw fault(file, line, 'every image once', `${image} again`)
      seen.add(image)
      const tags = shapes.filter((s) => s.name === 'tag').map((s) => s.attributes.get('label') ?? '')
      const boxes = shapes.filter((s) => s.name !== 'tag').map((s) => regionOf(s, file, attributes))
      const [width, height] = ['width', 'height'].map((a) => Number(attributes.get(a) ?? NaN))
      await checkSizes(boxes, { width, height }, join(dir, image), file)
      const [label, ...more] = tags
      if (more.length > 0) throw fault(file, line, 'one tag for each image, if any', tags.join(', '))
      return {
        id: image,
        image: join(dir, image),
        split: splitNamed(attributes.get('subset') ?? '') ?? 'all',
        ...(label === undefined
          ? { boxes, defective: null }
          : { label, defective: !isGoodLabel(label, goodLabels), ...(boxes.length > 0 && { boxes }) }),
      }
    })
    const bare = items.filter((i) => i.boxes?.length === 0).map((i) => i.id)
    return {
      format: 'cvat',
      dir,
      classes: [...new Set(items.flatMap((i) => i.label ?? i.boxes?.map((b) => b.class) ?? []))].sort(),
      items: notEmpty(items, dir, `<image> in ${FILE}`),
      leftOut: openTruth(
        bare.length === items.length ? bare : [],
        dir,
        'shapes or tags: without any, every part counts as good',
      ),
    }
  },
}

const fault = (file: string, line: number, expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('DAT_ANNOTATION', {
    file,
    line,
    expected,
    actual: actual.slice(0, 120),
    ...(hint && { hint }),
  })

const SHAPES = ['box', 'polygon', 'mask', 'tag', 'polyline', 'points', 'ellipse', 'cuboid', 'skeleton']

/** @throws DAT_ANNOTATION for a document of tracks, one that is cut off, and none of CVAT for images */
function imagesOf(text: string, file: string): { element: Element; shapes: Element[] }[] {
  const lines = text.split('\n').length
  if (!/<\/annotations\s*>\s*$/.test(text))
    throw fault(file, lines, 'a complete <annotations> document', 'its end is missing')
  const images: { element: Element; shapes: Element[] }[] = []
  for (const element of elementsIn(text, ['image', 'track', ...SHAPES])) {
    const at = images.at(-1)
    if (element.name === 'image') images.push({ element, shapes: [] })
    else if (element.name === 'track' || at === undefined)
      throw fault(
        file,
        element.line,
        '<image> with its shapes',
        `<${element.name}>`,
        'export the task as "CVAT for images 1.1"',
      )
    else at.shapes.push(element)
  }
  return images
}

/** @throws DAT_ANNOTATION for what has no area, and for numbers that are none */
function regionOf(
  { name, attributes, line }: Element,
  file: string,
  image: ReadonlyMap<string, string>,
): FoundBox {
  const place = { file, line }
  const label = attributes.get('label') ?? ''
  const number = (a: string): number => Number(attributes.get(a) || NaN)
  if (label === '') throw fault(file, line, 'label of every shape', 'none')
  if (name === 'box') {
    const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN] = ['xtl', 'ytl', 'xbr', 'ybr'].map(number)
    const turn = (Number(attributes.get('rotation') ?? 0) * Math.PI) / 180
    if (![x1, y1, x2, y2, turn].every(Number.isFinite) || x2 < x1 || y2 < y1)
      throw fault(file, line, 'numbers xtl ≤ xbr, ytl ≤ ybr', [x1, y1, x2, y2].join(' '))
    if (turn === 0) return { class: label, box: [x1, y1, x2, y2], place }
    const [cx, cy, cos, sin] = [(x1 + x2) / 2, (y1 + y2) / 2, Math.cos(turn), Math.sin(turn)]
    const corners: [number, number][] = [
      [x1, y1],
      [x2, y1],
      [x2, y2],
      [x1, y2],
    ]
    return outlined(
      label,
      corners.map(([x, y]) => [cx + (x - cx) * cos - (y - cy) * sin, cy + (x - cx) * sin + (y - cy) * cos]),
      place,
    )
  }
  if (name === 'polygon') {
    const points = (attributes.get('points') ?? '').split(';').map((p) => p.split(',').map(Number))
    if (points.length < 3 || !points.every((p) => p.length === 2 && p.every(Number.isFinite)))
      throw fault(file, line, 'three points or more, x,y;x,y …', attributes.get('points') ?? 'none')
    return outlined(label, points as [number, number][], place)
  }
  if (name === 'mask') return maskOf(label, attributes, image, place)
  throw fault(file, line, '<box>, <polygon>, <mask> or <tag>', `<${name}>`, 'draw a region around the defect')
}

/** Runs along the rows of a window of the image, the first outside; those of an image go down its columns. */
function maskOf(
  label: string,
  attributes: ReadonlyMap<string, string>,
  image: ReadonlyMap<string, string>,
  place: { file: string; line: number },
): FoundBox {
  const [left = NaN, top = NaN, width = NaN, height = NaN] = ['left', 'top', 'width', 'height'].map((a) =>
    Number(attributes.get(a) || NaN),
  )
  const [widthPx = NaN, heightPx = NaN] = ['width', 'height'].map((a) => Number(image.get(a) || NaN))
  const counts = (attributes.get('rle') ?? '').split(',').map(Number)
  const whole = [left, top, width, height, widthPx, heightPx, ...counts].every(
    (n) => Number.isInteger(n) && n >= 0,
  )
  const total = counts.reduce((a, b) => a + b, 0)
  if (!whole || total !== width * height || left + width > widthPx || top + height > heightPx)
    throw fault(
      place.file,
      place.line,
      `runs (rle) that fill the width × height of the mask, inside its image`,
      `${total} px for ${width} × ${height} at ${left}, ${top} of ${widthPx} × ${heightPx}`,
    )
  const inside = new Uint8Array(widthPx * heightPx)
  let at = 0
  counts.forEach((length, n) => {
    for (let i = at; n % 2 === 1 && i < at + length; i++)
      inside[(top + Math.floor(i / width)) * widthPx + left + (i % width)] = 1
    at += length
  })
  const runs = runsOfMask(inside, widthPx, heightPx)
  return { class: label, box: boundsOfRuns(runs), runs, place }
}

/** CVAT names images by their path in the task; an export has them in `images/`, one of a project below its subset. */
function finder(
  dir: string,
  file: string,
  images: readonly string[],
): (name: string, subset: string | undefined, line: number) => string {
  const byName = new Map<string, string[]>()
  for (const f of images) {
    const alike = byName.get(basename(f))
    if (alike) alike.push(f)
    else byName.set(basename(f), [f])
  }
  return (written, subset, line) => {
    const name = written.replaceAll('\\', '/')
    const ends = (f: string, end: string): boolean => f === end || f.endsWith(`/${end}`)
    const all = name === '' ? [] : (byName.get(basename(name)) ?? []).filter((f) => ends(f, name))
    const own = all.filter((f) => subset !== undefined && ends(f, `${subset}/${name}`))
    const direct = all.filter((f) => f === name || f === `images/${name}`)
    const [image, ...others] = [own, direct, all].find((l) => l.length > 0) ?? []
    if (image !== undefined && others.length === 0) return image
    throw new CodedError('DAT_LAYOUT', {
      file,
      line,
      expected: `one image ${name || 'with a name'} in or below ${dir}`,
      actual: image === undefined ? 'none' : all.join(', '),
    })
  }
}
