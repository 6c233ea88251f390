import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { foldersIn, inside, isDirectory, isFile, notEmpty, readText, requireFile } from './files.ts'
import { type DatasetReader, type FoundItem } from './item.ts'
import { leftOut, turnedImages } from './left-out.ts'
import { checkMaskSizes, invertedMasks } from './mask-sizes.ts'

const entry = z.looseObject({
  anomaly_class: z.string().min(1),
  image_path: z.string().min(1),
  mask_path: z.string().min(1).nullish(),
})
const splitsSchema = z.looseObject({
  meta: z.looseObject({ normal_class: z.string().min(1) }),
  train: z.array(entry),
  test: z.array(entry),
})

/** Folder of the splits of every product, which is published within another of the same name. */
const JSONS = 'realiad_jsons'

/**
 * Real-IAD (C. Wang et al., CVPR 2024, arXiv 2403.12580), one product: `audiojack/OK/S0001/x.jpg`, `audiojack/NG/BX/S0002/y.jpg`
 * and `y.png`, with the JSON that names splits and classes, `realiad_jsons/audiojack.json` beside or above the product, or
 * `audiojack.json` in or beside it. A part has five views, and a defect that one does not show makes no bad image of it:
 * the class of the JSON counts, not the folder. Without that JSON the layout is `masks-beside`.
 */
export const realIad: DatasetReader = {
  format: 'real-iad',
  taught: 'train',
  recognises: async (dir) =>
    (await isDirectory(join(dir, 'OK'))) &&
    (await foldersIn(join(dir, 'OK'))).some((f) => /^S\d+$/.test(f)) &&
    (await jsonOf(dir)) !== null,
  async read(dir) {
    const file = await jsonOf(dir)
    if (file === null)
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: `${placesOf(dir).join(' or ')}`,
        actual: 'none',
      })
    const data = await parse(file)
    const named = (['train', 'test'] as const).flatMap((split) => data[split].map((e) => ({ split, ...e })))
    const seen = new Set<string>()
    const items = await mapInOrder(named, async (e): Promise<FoundItem> => {
      const id = e.image_path.replaceAll('\\', '/')
      const bad = e.anomaly_class !== data.meta.normal_class
      if (seen.has(id))
        throw new CodedError('DAT_LAYOUT', { file, expected: 'every image once', actual: `${id} again` })
      seen.add(id)
      const image = await requireFile(inside(dir, id, file), file)
      const mask =
        bad && e.mask_path
          ? await requireFile(inside(dir, e.mask_path.replaceAll('\\', '/'), file), file)
          : null
      return {
        id,
        image,
        split: e.split,
        label: e.anomaly_class,
        defective: bad,
        ...(mask !== null && { mask }),
      }
    })
    const bare = items.filter((i) => i.defective && i.mask === undefined).map((i) => i.id)
    return {
      format: 'real-iad',
      dir,
      classes: [...new Set(items.flatMap((i) => i.label ?? []))].sort(),
      items: notEmpty(items, dir, `images in ${file}`),
      leftOut: [
        ...turnedImages(await checkMaskSizes(items), dir),
        ...(await invertedMasks(items, dir)),
        ...leftOut(
          bare,
          dir,
          'a mask for every image with a defect; those without are in no score of pixels',
        ),
      ],
    }
  },
}

function placesOf(dir: string): string[] {
  const name = `${basename(dir)}.json`
  const above = [dirname(dir), dirname(dirname(dir))]
  return [
    join(dir, name),
    join(dirname(dir), name),
    ...above.flatMap((at) => [join(at, JSONS, name), join(at, JSONS, JSONS, name)]),
  ]
}

async function jsonOf(dir: string): Promise<string | null> {
  for (const place of placesOf(dir)) if (await isFile(place)) return place
  return null
}

async function parse(file: string): Promise<z.infer<typeof splitsSchema>> {
  const text = await readText(file)
  try {
    return splitsSchema.parse(JSON.parse(text))
  } catch (error) {
    const issue = error instanceof z.ZodError ? error.issues[0] : undefined
    throw new CodedError('DAT_ANNOTATION', {
      file,
      path: issue?.path.join('.') ?? '(document)',
      expected:
        'the JSON of Real-IAD: meta.normal_class, train and test with anomaly_class, image_path and mask_path',
      actual: issue?.message ?? (error instanceof Error ? error.message : String(error)),
    })
  }
}
