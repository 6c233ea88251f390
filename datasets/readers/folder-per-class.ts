import { dirname, join, relative } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { foldersIn, imagesBelow, imagesIn, notEmpty } from './files.ts'
import { isGoodLabel, type FoundItem, type DatasetReader } from './item.ts'
import { openTruth } from './left-out.ts'
import { splitNamed } from './splits.ts'
import { tablesIn } from './table.ts'
import { isLayoutFolder } from './unread-labels.ts'

/** Folders in those of classes that hold masks, heights and other pictures of the same parts. */
export const OF_SOMETHING_ELSE = /mask|truth|label|^(gt|rgb|xyz|depth)$/i
const NAME_IT = 'where there are good parts, name their folder with --good'

/** `<class>/*.jpg`, or `<split>/<class>/*.jpg`. */
export const folderPerClass: DatasetReader = {
  format: 'folder-per-class',
  async recognises(dir) {
    const folders = await foldersIn(dir)
    if (folders.length < 2) return false
    const splits = folders.filter((f) => splitNamed(f) !== undefined)
    // Any of them: an empty folder of a class tells nothing.
    const filled = await mapInOrder(splits.length > 0 ? splits : folders, async (f) =>
      splits.length > 0 ? foldersIn(join(dir, f)) : imagesIn(join(dir, f)),
    )
    return filled.some((list) => list.length > 0)
  },
  /** Where one means good parts the others are classes, however deep their images lie: by day, by shift … */
  async mayBe(dir) {
    const folders = await foldersIn(dir)
    if (folders.length < 2 || !folders.some((f) => isGoodLabel(f))) return false
    const inside = (await imagesBelow(dir)).map((f) => dirname(f).split(/[/\\]/))
    return inside.length > 0 && !inside.flat().some((f) => OF_SOMETHING_ELSE.test(f) || splitNamed(f))
  },
  async read(dir, options = {}) {
    const folders = await foldersIn(dir)
    const split = folders.filter((f) => splitNamed(f) !== undefined)
    if (split.length > 0 && split.length < folders.length) {
      throw new CodedError('DAT_LAYOUT', {
        file: dir,
        expected: 'either class folders or split folders (train, val, test) at the top',
        actual: `both: ${folders.join(', ')}`,
      })
    }
    const levels = split.length > 0 ? split.map((s) => [s, splitNamed(s) ?? 'all']) : [['', 'all']]
    const items: FoundItem[] = []
    for (const [level = '', name = 'all'] of levels) {
      for (const label of await foldersIn(join(dir, level))) {
        for (const f of await imagesBelow(join(dir, level, label))) {
          const id = join(level, label, f)
          items.push({
            id,
            image: join(dir, id),
            split: name,
            label,
            defective: !isGoodLabel(label, options.goodLabels),
          })
        }
      }
    }
    // One that cannot be read would not count, either.
    const tables = (await tablesIn(dir).catch(() => [])).map((t) => relative(dir, t.file))
    const classes = [...new Set(items.map((i) => i.label ?? ''))].sort()
    return {
      format: 'folder-per-class',
      dir,
      classes,
      items: notEmpty(items, dir, 'images in folders named after their class'),
      leftOut: [
        ...openTruth(
          items.some((i) => i.defective === false) ? [] : classes,
          dir,
          'a folder whose name means a good part: every part counts as bad',
          NAME_IT,
        ),
        ...openTruth(
          tables,
          dir,
          'no table beside folders of classes: the folders count',
          'where the table is what is true: --dataset table',
        ),
      ],
    }
  },
}

async function classFolders(dir: string): Promise<string[]> {
  if (!(await folderPerClass.recognises(dir))) return []
  const folders = await foldersIn(dir)
  const splits = folders.filter((f) => splitNamed(f) !== undefined)
  const below = await mapInOrder(splits, (f) => foldersIn(join(dir, f)))
  return [...new Set(splits.length > 0 ? below.flat() : folders)]
}

/** Whether folders say which parts are good: of other programs, too, there are tables of images and classes. */
export const foldersSayGood = async (dir: string): Promise<boolean> =>
  (await classFolders(dir)).some((f) => isGoodLabel(f))

/** Whether folders say more than tables: of good parts, or where tables name no classes. */
export async function foldersBeforeTables(dir: string): Promise<boolean> {
  const classes = await classFolders(dir)
  if (classes.some((f) => isGoodLabel(f))) return true
  if (classes.length === 0 || classes.some(isLayoutFolder)) return false
  return (await tablesIn(dir)).every((t) => t.label === '')
}

/** @throws DAT_LAYOUT where folders may be classes as well as what tables beside them say */
export async function refuseFoldersAndTables(dir: string): Promise<void> {
  const classes = await classFolders(dir)
  if (classes.length === 0 || classes.some(isLayoutFolder)) return
  const tables = (await tablesIn(dir)).map((t) => relative(dir, t.file))
  throw new CodedError('DAT_LAYOUT', {
    file: dir,
    expected: 'classes either in a table or by folders',
    actual: `folders ${classes.slice(0, NAMED).join(', ')}; ${tables.join(', ')}`,
    hint: 'name what is true: --dataset table, or --dataset folder-per-class',
  })
}

const NAMED = 8
