import { basename, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import {
  filesIn,
  imagesBelow,
  isDirectory,
  isFile,
  notEmpty,
  numberedLines,
  readText,
  stem,
} from './files.ts'
import type { DatasetItem, DatasetReader, TrueBox } from './item.ts'

const isXml = (name: string): boolean => name.toLowerCase().endsWith('.xml')

const ANNOTATIONS = ['Annotations', 'annotations']
const IMAGES = ['JPEGImages', 'images', 'IMAGES']

/**
 * Pascal VOC: one XML per image, pixel numbers 1-based and inclusive (VOC2012 development kit, section 8), turned into
 * half-open boxes from 0. Splits from ImageSets/Main where present. An image without XML is not part of the set. XML
 * beside its image, as LabelImg writes it, and images in sub-folders are read, too.
 */
export const voc: DatasetReader = {
  format: 'voc',
  async recognises(dir) {
    const notes = await firstOf(dir, ANNOTATIONS)
    return (await filesIn(notes ?? dir)).some(isXml)
  },
  async read(dir) {
    const notes = (await firstOf(dir, ANNOTATIONS)) ?? ((await filesIn(dir)).some(isXml) ? dir : null)
    const images = (await firstOf(dir, IMAGES)) ?? notes
    if (notes === null || images === null) {
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: `a folder of XML (${ANNOTATIONS.join(', ')}) and one of images (${IMAGES.join(', ')})`,
        actual: notes === null ? 'no annotations' : 'no images',
      })
    }
    const imageOf = imageFinder(images, await imagesBelow(images))
    const splits = await readSplits(dir)
    const xml = (await filesIn(notes)).filter(isXml)
    const items = await mapInOrder(xml, async (f): Promise<DatasetItem> => {
      const file = join(notes, f)
      const image = imageOf(stem(f), file)
      const boxes = parseBoxes(await readText(file), file)
      return { id: stem(f), image, split: splits.get(stem(f)) ?? 'all', boxes, defective: null }
    })
    const classes = [...new Set(items.flatMap((i) => (i.boxes ?? []).map((b) => b.class)))].sort()
    return { format: 'voc', dir, classes, items: notEmpty(items, dir, 'XML annotations') }
  },
}

/** The one image of a stem; one that lies directly in the folder comes before those deeper in. */
function imageFinder(dir: string, files: readonly string[]): (stem: string, wantedBy: string) => string {
  const byStem = new Map<string, string[]>()
  for (const f of files) {
    const list = byStem.get(stem(basename(f)))
    if (list) list.push(f)
    else byStem.set(stem(basename(f)), [f])
  }
  return (name, wantedBy) => {
    const all = byStem.get(name) ?? []
    const direct = all.filter((f) => f === basename(f))
    const [image, ...others] = direct.length > 0 ? direct : all
    if (image !== undefined && others.length === 0) return join(dir, image)
    throw new CodedError('DAT_LAYOUT', {
      file: wantedBy,
      expected: `one image ${name} in ${dir}`,
      actual: all.length === 0 ? 'none' : all.join(', '),
    })
  }
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const unescaped = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|apos);/g, (_, e: string) => ENTITIES[e] ?? '')

async function firstOf(dir: string, names: readonly string[]): Promise<string | null> {
  for (const n of names) if (await isDirectory(join(dir, n))) return join(dir, n)
  return null
}

async function readSplits(dir: string): Promise<Map<string, string>> {
  const splits = new Map<string, string>()
  for (const split of ['train', 'val', 'test']) {
    const file = join(dir, 'ImageSets', 'Main', `${split}.txt`)
    if (!(await isFile(file))) continue
    for (const { text } of numberedLines(await readText(file)))
      splits.set(text.split(/\s+/)[0] ?? text, split)
  }
  return splits
}

/** VOC files are flat and written by tools, so the few tags needed are found by name; anything odd is an error. */
function parseBoxes(xml: string, file: string): TrueBox[] {
  const lineAt = (index: number): number => xml.slice(0, index).split('\n').length
  const fault = (index: number, expected: string, actual: string): CodedError =>
    new CodedError('DAT_ANNOTATION', { file, line: lineAt(index), expected, actual })
  if (!/<annotation[\s>]/.test(xml) || !xml.includes('</annotation>'))
    throw fault(0, 'a complete <annotation> document', xml.slice(0, 60).trim())
  const boxes: TrueBox[] = []
  for (const object of xml.matchAll(/<object>([\s\S]*?)<\/object>/g)) {
    const body = object[1] ?? ''
    // Parts (head, hand …) have boxes of their own; the first bndbox is the object's.
    const tag = (name: string): string | undefined =>
      new RegExp(`<${name}>\\s*([^<]*?)\\s*</${name}>`).exec(body)?.[1]
    const name = tag('name')
    const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((t) => Number(tag(t) ?? NaN)) as [
      number,
      number,
      number,
      number,
    ]
    if (name === undefined || name === '') throw fault(object.index, '<name> in every <object>', 'none')
    if (![x1, y1, x2, y2].every(Number.isFinite) || x2 < x1 || y2 < y1)
      throw fault(object.index, 'numbers xmin ≤ xmax, ymin ≤ ymax in <bndbox>', [x1, y1, x2, y2].join(' '))
    boxes.push({ class: unescaped(name), box: [Math.max(0, x1 - 1), Math.max(0, y1 - 1), x2, y2] })
  }
  const opened = xml.match(/<object>/g)?.length ?? 0
  if (opened !== boxes.length)
    throw fault(
      xml.lastIndexOf('<object>'),
      'every <object> closed',
      `${opened} opened, ${boxes.length} closed`,
    )
  return boxes
}
