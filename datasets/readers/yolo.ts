import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { CodedError, parseStrict } from '../../contracts/index.ts'
import {
  imagesIn,
  isDirectory,
  isFile,
  mapInOrder,
  notEmpty,
  numberedLines,
  readText,
  stem,
} from './files.ts'
import { imageSize } from './image-size.ts'
import type { DatasetItem, DatasetReader, TrueBox } from './item.ts'

/** Exporters add keys of their own (roboflow, path, license …), so only the known ones are checked. */
const dataSchema = z.looseObject({
  names: z.union([z.array(z.string()), z.record(z.string().regex(/^\d+$/), z.string())]),
  nc: z.number().int().positive().optional(),
  path: z.string().optional(),
  train: z.string().optional(),
  val: z.string().optional(),
  test: z.string().optional(),
})

const DATA_FILES = ['data.yaml', 'data.yml', 'dataset.yaml']

/**
 * YOLO: `data.yaml` with class names, `…/images/x.jpg` and `…/labels/x.txt` with `class cx cy w h` relative to the
 * image (or a polygon, whose bounds are taken). An image without a label file is an image without objects.
 */
export const yolo: DatasetReader = {
  format: 'yolo',
  recognises: async (dir) => (await dataFile(dir)) !== null,
  async read(dir) {
    const file = await dataFile(dir)
    if (file === null)
      throw new CodedError('DAT_LAYOUT', { file: dir, expected: 'data.yaml', actual: 'none' })
    const data = parseStrict(await readText(file), dataSchema, file)
    const classes = Array.isArray(data.names)
      ? data.names
      : Object.entries(data.names)
          .sort(([a], [b]) => Number(a) - Number(b))
          .map(([, v]) => v)
    if (data.nc !== undefined && data.nc !== classes.length) {
      throw new CodedError('DAT_LAYOUT', {
        file,
        path: 'nc',
        expected: `${classes.length}, the number of names`,
        actual: String(data.nc),
      })
    }
    const items: DatasetItem[] = []
    for (const { split, images } of await imageFolders(dir, file, data)) {
      const labels = join(dirname(images), 'labels')
      const found = await imagesIn(images)
      items.push(...(await mapInOrder(found, (f) => toItem(images, labels, f, split, classes))))
    }
    return { format: 'yolo', dir, classes, items: notEmpty(items, dir, 'images beside a labels folder') }
  },
}

async function dataFile(dir: string): Promise<string | null> {
  for (const name of DATA_FILES) if (await isFile(join(dir, name))) return join(dir, name)
  return null
}

/** The folders data.yaml names; exports often carry paths of the machine they came from, then `images/` is taken. */
async function imageFolders(
  dir: string,
  file: string,
  data: z.infer<typeof dataSchema>,
): Promise<{ split: string; images: string }[]> {
  const found: { split: string; images: string }[] = []
  const named: string[] = []
  for (const split of ['train', 'val', 'test'] as const) {
    const path = data[split]
    if (path === undefined) continue
    named.push(path)
    // Roboflow writes `../train/images` for a folder beside data.yaml.
    for (const base of [resolve(dir, data.path ?? '.', path), resolve(dir, path.replace(/^(\.\.\/)+/, ''))]) {
      if (!(await isDirectory(base))) continue
      if (!found.some((f) => f.images === base)) found.push({ split, images: base })
      break
    }
  }
  if (found.length > 0) return found
  const plain = join(dir, 'images')
  if (await isDirectory(plain)) return [{ split: 'all', images: plain }]
  throw new CodedError('DAT_LAYOUT', {
    file,
    expected: `one of the image folders it names (${named.join(', ') || 'none named'}), or images/`,
    actual: 'none of them',
  })
}

async function toItem(
  images: string,
  labels: string,
  f: string,
  split: string,
  classes: string[],
): Promise<DatasetItem> {
  const image = join(images, f)
  const notes = join(labels, `${stem(f)}.txt`)
  const boxes = (await isFile(notes)) ? await readBoxes(notes, image, classes) : []
  const folderName = basename(dirname(images))
  return {
    id: split === 'all' ? f : `${folderName}/${f}`,
    image,
    split,
    boxes,
    defective: null,
  }
}

async function readBoxes(file: string, image: string, classes: string[]): Promise<TrueBox[]> {
  const lines = numberedLines(await readText(file))
  if (lines.length === 0) return []
  const { widthPx, heightPx } = await imageSize(image)
  return lines.map(({ line, text }) => {
    const [index = NaN, ...v] = text.split(/\s+/).map(Number)
    const name = classes[index]
    const polygon = v.length >= 6 && v.length % 2 === 0
    const valid =
      name !== undefined && (v.length === 4 || polygon) && v.every((n) => n >= -1e-6 && n <= 1 + 1e-6)
    if (!valid) {
      throw new CodedError('DAT_ANNOTATION', {
        file,
        line,
        expected: `\`class cx cy w h\` or a polygon, class 0..${classes.length - 1}, numbers 0..1`,
        actual: text.slice(0, 120),
      })
    }
    let [x1, y1, x2, y2] = [0, 0, 0, 0]
    if (polygon) {
      const xs = v.filter((_, n) => n % 2 === 0)
      const ys = v.filter((_, n) => n % 2 === 1)
      ;[x1, y1, x2, y2] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
    } else {
      const [cx = 0, cy = 0, w = 0, h = 0] = v
      ;[x1, y1, x2, y2] = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
    }
    return { class: name, box: [x1 * widthPx, y1 * heightPx, x2 * widthPx, y2 * heightPx] }
  })
}
