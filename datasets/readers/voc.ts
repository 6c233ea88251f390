import { basename, join } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { checkSizes } from './coco-shapes.ts'
import {
  filesBelow,
  filesIn,
  foldersIn,
  imagesBelow,
  isFile,
  notEmpty,
  numberedLines,
  readText,
  stem,
} from './files.ts'
import type { DatasetReader, FoundBox, FoundItem } from './item.ts'
import { openTruth } from './left-out.ts'
import { splitNamed } from './splits.ts'
import { unescaped } from './xml-text.ts'

const isXml = (name: string): boolean => name.toLowerCase().endsWith('.xml')

/** Names of folders, compared without case as those of the splits are; `lable` is that of GC10-DET. */
const ANNOTATIONS = ['annotations', 'annotation', 'labels', 'label', 'lable', 'xml']
const IMAGES = ['jpegimages', 'images']

/**
 * Pascal VOC: one XML per image, pixel numbers 1-based and inclusive (VOC2012 development kit, section 8), turned into
 * half-open boxes from 0. Splits from ImageSets/Main where present, or each in a folder of its own. An image without XML
 * is not part of the set. Objects marked difficult are ignored, as `VOCevaldet` of the kit does, and their part is bad all the same. XML beside its image, as LabelImg writes it, and XML and images in sub-folders are read, too.
 */
export const voc: DatasetReader = {
  format: 'voc',
  async recognises(dir) {
    const [place] = await placesIn(dir)
    return place?.xml[0] !== undefined && (await isAnnotation(join(place.notes, place.xml[0])))
  },
  async read(dir) {
    const places = await placesIn(dir)
    if (places.length === 0) {
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: 'a folder of XML (Annotations) and one of images (JPEGImages, images)',
        actual: 'no annotations',
      })
    }
    const items: FoundItem[] = []
    for (const place of places) for (const item of await readPlace(dir, place)) items.push(item)
    const classes = [...new Set(items.flatMap((i) => (i.boxes ?? []).map((b) => b.class)))].sort()
    const difficult = items.filter((i) => i.boxes?.some((b) => b.crowd)).map((i) => i.id)
    return {
      format: 'voc',
      dir,
      classes,
      items: notEmpty(items, dir, 'XML annotations'),
      leftOut: openTruth(
        [...new Set(difficult)],
        dir,
        'no <difficult> objects: those of these images are ignored, as are calls on them; their parts are bad ones',
      ),
    }
  },
}

/** Whether XML is about an image; cameras write settings in such files. What cannot be read may be. */
export async function isAnnotation(xml: string): Promise<boolean> {
  const text = await readText(xml).catch(() => null)
  return text === null || text.trim() === '' || /<(annotations?|object|bndbox)\b/i.test(text)
}

interface Place {
  /** Folder of the split below the data set; empty = the data set itself. */
  level: string
  notes: string
  /** Paths below `notes`. */
  xml: string[]
  images: string
}

/** Where XML lies: in the data set, or else in the folders of its splits. */
async function placesIn(dir: string): Promise<Place[]> {
  const own = await placeIn(dir, '')
  if (own) return [own]
  const levels = (await foldersIn(dir)).filter((f) => splitNamed(f) !== undefined)
  return (await mapInOrder(levels, (level) => placeIn(dir, level))).flatMap((p) => p ?? [])
}

async function placeIn(dir: string, level: string): Promise<Place | null> {
  const at = join(dir, level)
  const folders = await foldersIn(at)
  const [images = at] = named(folders, IMAGES).map((f) => join(at, f))
  for (const name of named(folders, ANNOTATIONS)) {
    const notes = join(at, name)
    const xml = (await filesBelow(notes)).filter(isXml)
    if (xml.length > 0) return { level, notes, xml, images }
  }
  const xml = (await filesIn(at)).filter(isXml)
  return xml.length > 0 ? { level, notes: at, xml, images } : null
}

async function readPlace(dir: string, { level, notes, xml, images }: Place): Promise<FoundItem[]> {
  const imageOf = imageFinder(images, await imagesBelow(images))
  const splits = await readSplits(join(dir, level), new Set(xml.map((f) => stem(basename(f)))))
  const found = await mapInOrder(xml, async (f): Promise<FoundItem[]> => {
    const file = join(notes, f)
    const { boxes, width, height } = parse(await readText(file), file)
    const image = imageOf(stem(f), file)
    if (boxes.length > 0) await checkSizes(boxes, { width, height }, image, file)
    const own = splitNamed(level)
    const within = own === undefined ? (splits.get(stem(basename(f))) ?? ['all']) : [own]
    return within.map((split) => ({ id: join(level, stem(f)), image, split, boxes, defective: null }))
  })
  return found.flat()
}

/**
 * The one image of a stem: of several the one whose sub-folder is that of the XML, or else the one that lies directly in
 * the folder.
 */
function imageFinder(dir: string, files: readonly string[]): (path: string, wantedBy: string) => string {
  const byStem = new Map<string, string[]>()
  for (const f of files) {
    const list = byStem.get(stem(basename(f)))
    if (list) list.push(f)
    else byStem.set(stem(basename(f)), [f])
  }
  return (path, wantedBy) => {
    const all = byStem.get(basename(path)) ?? []
    const alike = all.filter((f) => stem(f) === path)
    const direct = all.filter((f) => f === basename(f))
    const [image, ...others] = alike.length > 0 ? alike : direct.length > 0 ? direct : all
    if (image !== undefined && others.length === 0) return join(dir, image)
    throw new CodedError('DAT_LAYOUT', {
      file: wantedBy,
      expected: `one image ${basename(path)} in ${dir}`,
      actual: all.length === 0 ? 'none' : all.join(', '),
    })
  }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Those of the folders that have one of the names, in the order of these. */
const named = (folders: readonly string[], names: readonly string[]): string[] =>
  names.flatMap((name) => folders.filter((f) => f.toLowerCase() === name))

/** Splits of each name. Lines are names, which may have blanks in them, alone or with -1, 0 or 1 of a class behind. */
async function readSplits(dir: string, known: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const splits = new Map<string, string[]>()
  for (const split of ['train', 'val', 'test']) {
    const file = join(dir, 'ImageSets', 'Main', `${split}.txt`)
    if (!(await isFile(file))) continue
    for (const { text } of numberedLines(await readText(file))) {
      const forms = [text, text.replace(/\s+-?[01]$/, ''), stem(text)]
      const name = forms.find((f) => known.has(f)) ?? text
      const before = splits.get(name) ?? []
      if (!before.includes(split)) splits.set(name, [...before, split])
    }
  }
  return splits
}

/** A tag without sub-elements; what is not written is not there. */
const textOf = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}(?:\\s[^>]*)?>\\s*([^<]*?)\\s*</${name}\\s*>`).exec(xml)?.[1]
const numberOf = (xml: string, name: string): number => Number(textOf(xml, name) || NaN)

/** Comments and the bodies of elements that are not looked at, lines kept. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

const CVAT = 'that of CVAT for images 1.1 is read as annotations.xml in the folder of the set'

/** VOC files are flat and written by tools, so the few tags needed are found by name; anything odd is an error. */
function parse(document: string, file: string): { boxes: FoundBox[]; width?: number; height?: number } {
  const xml = document.replace(/<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>/g, (all, text?: string) =>
    text === undefined ? blank(all) : escaped(text),
  )
  const lineOf = (index: number): number => xml.slice(0, index).split('\n').length
  const fault = (index: number, expected: string, actual: string, hint?: string): CodedError =>
    new CodedError('DAT_ANNOTATION', { file, line: lineOf(index), expected, actual, ...(hint && { hint }) })
  if (/<annotations[\s>]/.test(xml))
    throw fault(0, 'an <annotation> document for each image', 'one <annotations> for all, as of CVAT', CVAT)
  if (!/<annotation[\s>]/.test(xml) || !/<\/annotation\s*>/.test(xml))
    throw fault(0, 'a complete <annotation> document', xml.slice(0, 60).trim())
  const boxes: FoundBox[] = []
  for (const object of xml.matchAll(/<object(?:\s[^>]*)?(?<!\/)>([\s\S]*?)<\/object\s*>/g)) {
    // Parts (head, hand …) have names and boxes of their own, and so have attributes names, as CVAT writes them.
    const body = (object[1] ?? '').replace(/<(part|attributes)(?:\s[^>]*)?(?<!\/)>[\s\S]*?<\/\1\s*>/g, blank)
    const name = textOf(body, 'name')
    const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((t) => numberOf(body, t)) as [
      number,
      number,
      number,
      number,
    ]
    if (name === undefined || name === '') throw fault(object.index, '<name> in every <object>', 'none')
    const count = body.match(/<bndbox(?:\s[^>]*)?(?<!\/)>/g)?.length ?? 0
    if (count > 1) throw fault(object.index, 'one <bndbox> in every <object>', String(count))
    if (![x1, y1, x2, y2].every(Number.isFinite) || x2 < x1 || y2 < y1)
      throw fault(object.index, 'numbers xmin ≤ xmax, ymin ≤ ymax in <bndbox>', [x1, y1, x2, y2].join(' '))
    // A negative start is cut with what else is over the edge.
    boxes.push({
      class: unescaped(name),
      box: [x1 - 1, y1 - 1, x2, y2],
      place: { file, line: lineOf(object.index) },
      ...(/^(1|true)$/i.test(textOf(body, 'difficult') ?? '') ? { crowd: true } : {}),
    })
  }
  const opened = xml.match(/<object[\s/>]/g)?.length ?? 0
  if (opened !== boxes.length)
    throw fault(
      xml.lastIndexOf('<object'),
      'every <object> closed',
      `${opened} opened, ${boxes.length} closed`,
    )
  const size = /<size[\s>]([\s\S]*?)<\/size\s*>/.exec(xml)?.[1] ?? ''
  const [width, height] = [numberOf(size, 'width'), numberOf(size, 'height')]
  return { boxes, ...(width > 0 && height > 0 && { width, height }) }
}
