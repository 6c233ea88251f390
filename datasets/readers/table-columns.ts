import type { Box } from '../../contracts/index.ts'
import type { WrittenBox } from './item.ts'

/** Names of columns that other programs give them, in small letters; the first that a table has counts. */
export const IMAGE_COLUMNS = [
  'imageid',
  'image_id',
  'image',
  'image_name',
  'filename',
  'file_name',
  'path',
  'file',
  'imagename',
  'image_path',
  'filepath',
  'file_path',
  'img',
  'img_name',
  'img_path',
  '文件名',
  '文件',
  '图片',
  '图片名',
  '图像',
  'name',
  'id',
]
export const LABEL_COLUMNS = [
  'label',
  'class',
  'classid',
  'class_id',
  'class_name',
  'category',
  'target',
  'defect',
  'classname',
  'label_name',
  'labelname',
  'defect_type',
  'defect_class',
  'cls',
  'category_id',
  'category_name',
  'label_id',
  '标签',
  '类别',
  '缺陷',
  '缺陷类型',
  '缺陷类别',
]
export const SPLIT_COLUMNS = ['split', 'subset', 'set']

type Four = readonly [string, string, string, string]

/** Columns of corners x1, y1, x2, y2; beside them a table may have the size of the image, so that they are looked for first. */
const CORNERS: readonly Four[] = [
  ['xmin', 'ymin', 'xmax', 'ymax'],
  ['x_min', 'y_min', 'x_max', 'y_max'],
  ['bbox_xmin', 'bbox_ymin', 'bbox_xmax', 'bbox_ymax'],
  ['x1', 'y1', 'x2', 'y2'],
  ['bbox_x1', 'bbox_y1', 'bbox_x2', 'bbox_y2'],
  ['x0', 'y0', 'x1', 'y1'],
  ['xtl', 'ytl', 'xbr', 'ybr'],
  ['left', 'top', 'right', 'bottom'],
]
const SIZES: readonly Four[] = [
  ['bbox_x', 'bbox_y', 'bbox_width', 'bbox_height'],
  ['bbox_x', 'bbox_y', 'bbox_w', 'bbox_h'],
  ['x', 'y', 'width', 'height'],
  ['x', 'y', 'w', 'h'],
  ['xmin', 'ymin', 'width', 'height'],
  ['x_min', 'y_min', 'width', 'height'],
  ['left', 'top', 'width', 'height'],
]
const CENTRES: readonly Four[] = [
  ['x_center', 'y_center', 'width', 'height'],
  ['x_centre', 'y_centre', 'width', 'height'],
  ['xcenter', 'ycenter', 'width', 'height'],
  ['center_x', 'center_y', 'width', 'height'],
  ['x_center', 'y_center', 'w', 'h'],
  ['xc', 'yc', 'w', 'h'],
  ['cx', 'cy', 'w', 'h'],
  ['cx', 'cy', 'width', 'height'],
]
/** One cell `[x, y, width, height]`, as COCO has it. */
const ONE_CELL = ['bbox', 'box', 'bounding_box']

export interface BoxColumns {
  form: 'corners' | WrittenBox['form']
  columns: readonly string[]
}

/** Of four corners of a quadrangle, of which the first two are no box. */
const THIRD_CORNER = ['x3', 'y3']

/** Where a table has its boxes; null for a table without. */
export function boxColumnsOf(columns: readonly string[]): BoxColumns | null {
  if (THIRD_CORNER.every((c) => columns.includes(c))) return null
  const has = (four: readonly string[]): boolean => four.every((c) => columns.includes(c))
  const forms = [
    ['corners', CORNERS],
    ['centre', CENTRES],
    ['size', SIZES],
  ] as const
  for (const [form, all] of forms) {
    const four = all.find(has)
    if (four !== undefined) return { form, columns: four }
  }
  const one = ONE_CELL.find((c) => columns.includes(c))
  return one === undefined ? null : { form: 'size', columns: [one] }
}

/** What tables have beside classes: sizes, and what a model was sure of. */
const OF_NO_CLASS = /width|height|depth|size|area|conf|score|^$/

/** A table with its columns beside images, boxes and splits that may say a class; nothing where it has none. */
export function unreadColumns(table: string, columns: readonly string[], boxes: BoxColumns): string[] {
  const known = [...IMAGE_COLUMNS, ...SPLIT_COLUMNS, ...boxes.columns]
  const others = columns.filter((c) => !known.includes(c) && !OF_NO_CLASS.test(c))
  return others.length > 0 ? [`${table} (${others.join(', ')})`] : []
}

/** The four texts of the box in a row. */
export const boxTexts = ({ columns }: BoxColumns, cell: (column: string) => string): string[] => {
  const texts = columns.map(cell)
  const [only = ''] = texts
  if (columns.length > 1) return texts
  const inner = only.replace(/^[[(]|[\])]$/g, '').trim()
  return inner === '' ? ['', '', '', ''] : inner.split(/[\s,;]+/)
}

/** Corners from four numbers; null where they are none, or the second corner lies before the first. */
export function boxOfTexts(texts: readonly string[], { form }: BoxColumns): Box | null {
  const [a = NaN, b = NaN, c = NaN, d = NaN] = texts.map((v) => (v.trim() === '' ? NaN : Number(v)))
  if (texts.length !== 4 || ![a, b, c, d].every(Number.isFinite)) return null
  const box: Box =
    form === 'corners'
      ? [a, b, c, d]
      : form === 'size'
        ? [a, b, a + c, b + d]
        : [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
  return box[2] < box[0] || box[3] < box[1] ? null : box
}
