import { readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { filesIn, imagesBelow, isImage, notEmpty, readText } from './files.ts'
import { imageSize } from './image-size.ts'
import { type DatasetReader, type FoundBox, type FoundItem, isGoodLabel } from './item.ts'
import { openTruth } from './left-out.ts'
import { outlined } from './outlines.ts'
import { imageFinder, splitIn } from './table-images.ts'

const number = z.number()
const labels = z.array(z.string()).min(1)
/** Percent of the image; a turn, degrees clockwise, is about the upper left corner. */
const rectangle = z.looseObject({
  x: number,
  y: number,
  width: number.nonnegative(),
  height: number.nonnegative(),
  rotation: number.nullish(),
  rectanglelabels: labels,
})
const polygon = z.looseObject({ points: z.array(z.tuple([number, number])).min(3), polygonlabels: labels })
const choices = z.looseObject({ choices: labels })
const result = z.looseObject({ type: z.string(), value: z.looseObject({}).nullish() })

const tasksSchema = z.array(
  z.looseObject({
    id: z.union([number, z.string()]).optional(),
    data: z.record(z.string(), z.unknown()),
    annotations: z.array(z.looseObject({ was_cancelled: z.boolean().nullish(), result: z.array(result) })),
  }),
)

/** What has no region, or is said beside one. */
const BESIDE = ['textarea', 'number', 'rating', 'relation', 'pairwise', 'datetime']
const MOST_BYTES = 5e8

/**
 * JSON of Label Studio (labelstud.io, "Export annotations"): one file of tasks, images in or below the folder under the
 * name of their upload, with or without the eight characters before it. Rectangles and polygons are regions, one choice is
 * the class of an image; brushes, ellipses and points are refused. A task without an annotation was not looked at, one with
 * an empty annotation has no defect.
 */
export const labelStudio: DatasetReader = {
  format: 'label-studio',
  recognises: async (dir) => (await exportIn(dir)) !== null,
  async read(dir, { goodLabels } = {}) {
    const file = await exportIn(dir)
    if (file === null)
      throw new CodedError('DAT_LAYOUT', { file: dir, expected: 'JSON of Label Studio', actual: 'none' })
    const { data: tasks, error } = tasksSchema.safeParse(JSON.parse(await readText(file)))
    if (error)
      throw fault(
        file,
        error.issues[0]?.path.join('.') ?? '',
        'tasks of Label Studio with data and annotations',
        error.issues[0]?.message ?? 'another document',
      )
    const images = await imagesBelow(dir)
    const imageOf = uploadFinder(file, images)
    const seen = new Map<string, number>()
    const items = await mapInOrder(tasks, async (task, n): Promise<FoundItem> => {
      const id = imageOf(task.data, n)
      if (seen.has(id))
        throw fault(file, `${n}`, 'one task for each image', `${id} in task ${seen.get(id)} too`)
      seen.set(id, n)
      const item = { id, image: join(dir, id), split: splitIn(id) ?? 'all', defective: null }
      const [own, ...others] = task.annotations.flatMap((a, k) =>
        a.was_cancelled ? [] : [{ k, all: a.result }],
      )
      if (own === undefined) return item
      if (others.length > 0)
        throw fault(file, `${n}.annotations`, 'one annotation of each task', `${others.length + 1}`)
      const at = `${n}.annotations.${own.k}.result`
      const size = await imageSize(item.image).catch(() => ({ widthPx: 1, heightPx: 1 }))
      const boxes = own.all.flatMap((r, k) => regionOf(r, size, { file, path: `${at}.${k}` }))
      const said = own.all.flatMap((r, k) => (r.type === 'choices' ? choicesIn(r, file, `${at}.${k}`) : []))
      const [label, ...more] = said
      if (more.length > 0) throw fault(file, at, 'one choice for each image', said.join(', '))
      return label === undefined
        ? { ...item, boxes }
        : { ...item, label, defective: !isGoodLabel(label, goodLabels), ...(boxes.length > 0 && { boxes }) }
    })
    const open = items.filter((i) => i.label === undefined && i.boxes === undefined)
    return {
      format: 'label-studio',
      dir,
      classes: [...new Set(items.flatMap((i) => i.label ?? i.boxes?.map((b) => b.class) ?? []))].sort(),
      items: notEmpty(items, dir, 'tasks'),
      leftOut: openTruth(
        open.map((i) => i.id),
        dir,
        'an annotation for every task, an empty one for good parts: these have none and are in no rate',
      ),
    }
  },
}

const fault = (file: string, path: string, expected: string, actual: string): CodedError =>
  new CodedError('DAT_ANNOTATION', { file, path, expected, actual: actual.slice(0, 120) })

/** The one file of tasks. @throws DAT_LAYOUT for several */
async function exportIn(dir: string): Promise<string | null> {
  const files = (await filesIn(dir)).filter((f) => /\.json$/i.test(f)).map((f) => join(dir, f))
  const found = (await mapInOrder(files, async (f) => ((await isExport(f)) ? [f] : []))).flat()
  if (found.length > 1)
    throw new CodedError('DAT_LAYOUT', {
      file: dir,
      expected: 'one export of Label Studio',
      actual: found.map((f) => basename(f)).join(', '),
    })
  return found[0] ?? null
}

async function isExport(file: string): Promise<boolean> {
  try {
    if ((await stat(file)).size > MOST_BYTES) return false
    const value: unknown = JSON.parse((await readFile(file, 'utf8')).replace(/^\ufeff/, ''))
    const [first] = Array.isArray(value) ? (value as unknown[]) : []
    return typeof first === 'object' && first !== null && 'data' in first && 'annotations' in first
  } catch {
    return false
  }
}

/** Where uploads lie on the server: the number is that of the project. */
const UPLOAD = /^data\/upload\/\d+\//

/** Uploads get eight characters before their name; local files are named in the query. */
function uploadFinder(
  file: string,
  images: readonly string[],
): (data: Record<string, unknown>, task: number) => string {
  const imageOf = imageFinder({ file, split: undefined, ownFolder: true }, images)
  const known = new Set(images.map((f) => basename(f).toLowerCase()))
  return (data, task) => {
    const places = Object.values(data).flatMap((v) => (typeof v === 'string' ? placeIn(v) : []))
    const [place] = places.filter((p) => isImage(p))
    if (place === undefined) throw fault(file, `${task}.data`, 'the place of an image', JSON.stringify(data))
    const bare = place.replace(UPLOAD, '').replace(/(^|\/)[0-9a-f]{8}-([^/]+)$/i, '$1$2')
    return imageOf(known.has(basename(place).toLowerCase()) ? place.replace(UPLOAD, '') : bare)
  }
}

function placeIn(text: string): string[] {
  try {
    const url = new URL(text, 'http://x/')
    return [decodeURIComponent(url.searchParams.get('d') ?? url.pathname).replace(/^\//, '')]
  } catch {
    return []
  }
}

/** @throws DAT_ANNOTATION for another form: without its class the part would count as a good one */
function choicesIn({ value }: z.infer<typeof result>, file: string, path: string): string[] {
  const { data } = choices.safeParse(value)
  if (data) return data.choices
  throw fault(file, path, 'choices, a list of texts', JSON.stringify(value) ?? 'none')
}

function regionOf(
  { type, value }: z.infer<typeof result>,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  place: { file: string; path: string },
): FoundBox[] {
  if (type === 'choices' || BESIDE.includes(type)) return []
  const px = (x: number, y: number): [number, number] => [(x / 100) * widthPx, (y / 100) * heightPx]
  const box = rectangle.safeParse(value).data
  if (type === 'rectanglelabels' && box) {
    const [name = ''] = box.rectanglelabels
    const [[x1, y1], [w, h]] = [px(box.x, box.y), px(box.width, box.height)]
    const turn = ((box.rotation ?? 0) * Math.PI) / 180
    if (turn === 0) return [{ class: name, box: [x1, y1, x1 + w, y1 + h], place }]
    const corner = (dx: number, dy: number): [number, number] => [
      x1 + dx * Math.cos(turn) - dy * Math.sin(turn),
      y1 + dx * Math.sin(turn) + dy * Math.cos(turn),
    ]
    return [outlined(name, [corner(0, 0), corner(w, 0), corner(w, h), corner(0, h)], place)]
  }
  const outline = polygon.safeParse(value).data
  if (type === 'polygonlabels' && outline)
    return [
      outlined(
        outline.polygonlabels[0] ?? '',
        outline.points.map(([x, y]) => px(x, y)),
        place,
      ),
    ]
  throw fault(
    place.file,
    place.path,
    'rectanglelabels, polygonlabels or choices',
    `${type} ${JSON.stringify(value)}`,
  )
}
