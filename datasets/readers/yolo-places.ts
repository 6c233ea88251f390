import { basename, join, sep } from 'node:path'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import {
  FileNames,
  filesIn,
  foldersIn,
  imagesBelow,
  imagesIn,
  isDirectory,
  isFile,
  numberedLines,
  readText,
  stem,
} from './files.ts'
import { splitNamed } from './splits.ts'
import { splitIn } from './table-images.ts'

const DATA_FILES = ['data.yaml', 'data.yml', 'dataset.yaml']
/** What makes a YAML file of another name the description of a set. */
const NAMES = /^["']?names["']?\s*:/m
const SPLIT = /^["']?(train|val|test)["']?\s*:/m
export const CLASS_LIST = 'classes.txt'
/** Lists of LabelImg and Label Studio, of Darknet and CVAT, and of Roboflow's export for Darknet. */
const CLASS_LISTS = [CLASS_LIST, 'obj.names', 'classes.names', '_darknet.labels']

export const isClassList = (file: string): boolean => CLASS_LISTS.includes(basename(file))

/** What names the classes of a set. @throws DAT_LAYOUT when several files could be it */
export async function dataFile(dir: string): Promise<string | null> {
  const certain = await certainDataFile(dir)
  if (certain !== null) return certain
  const lists = await classLists(dir)
  if (lists.length === 0 || !(await hasLabels(dir))) return null
  const texts = await mapInOrder(lists, async (f) =>
    numberedLines(await readText(f))
      .map((l) => l.text)
      .join('\n'),
  )
  if (new Set(texts).size > 1)
    throw new CodedError('DAT_LAYOUT', {
      file: dir,
      expected: 'one list of classes, or the same in every place',
      actual: lists.join(', '),
    })
  return lists[0] ?? null
}

/** The same where no other layout has such a file: YAML, or a list with labels where LabelImg saves them. @throws DAT_LAYOUT */
export async function certainDataFile(dir: string): Promise<string | null> {
  for (const name of DATA_FILES) if (await isFile(join(dir, name))) return join(dir, name)
  const others: string[] = []
  for (const name of (await filesIn(dir)).filter((f) => /\.ya?ml$/i.test(f))) {
    const text = await readText(join(dir, name)).catch(() => '')
    if (NAMES.test(text) && SPLIT.test(text)) others.push(name)
  }
  if (others.length > 1)
    throw new CodedError('DAT_LAYOUT', {
      file: dir,
      expected: 'data.yaml, or one other file with names and train, val or test',
      actual: others.join(', '),
    })
  if (others[0] !== undefined) return join(dir, others[0])
  const list = join(dir, CLASS_LIST)
  if (!(await isFile(list))) return null
  const apart = (await isDirectory(join(dir, 'images'))) && (await isDirectory(join(dir, 'labels')))
  return apart || (await labelsBeside(dir)) ? list : null
}

/** Whether an image of the folder itself has its label file beside it. */
async function labelsBeside(dir: string): Promise<boolean> {
  const labels = new FileNames()
  for (const f of await imagesIn(dir))
    if ((await labels.find(join(dir, `${stem(f)}.txt`))) !== null) return true
  return false
}

/** In the data set, in a folder of images, labels or a split, or one level below such. */
async function classLists(dir: string): Promise<string[]> {
  const near = (f: string): boolean => splitNamed(f) !== undefined || /^(images|labels)$/i.test(f)
  const first = (await foldersIn(dir)).filter(near)
  const second = await mapInOrder(first, async (f) =>
    (await foldersIn(join(dir, f))).filter(near).map((g) => join(f, g)),
  )
  const found = await mapInOrder(['.', ...first, ...second.flat()], async (at) =>
    (
      await mapInOrder(CLASS_LISTS, async (name) =>
        (await isFile(join(dir, at, name))) ? [join(dir, at, name)] : [],
      )
    ).flat(),
  )
  return found.flat()
}

/** A line of labels: the class, and a box or an outline. */
const LINE = /^\d+(\s+[-+.\de]+){4,}$/i

/** Whether images have label files: the first that says something says where; cameras write text beside images, too. */
async function hasLabels(dir: string): Promise<boolean> {
  let found = false
  const labels = new FileNames()
  for (const f of await imagesBelow(dir)) {
    const file = await labels.find(labelFile(join(dir, f)))
    if (file === null) continue
    found = true
    const [first] = numberedLines(await readText(file).catch(() => '?'))
    if (first !== undefined) return LINE.test(first.text)
  }
  return found
}

/** Where the labels of an image lie: the last folder `images` of its path becomes `labels`, as Ultralytics has it. */
export function labelFile(image: string): string {
  const notes = `${stem(image)}.txt`
  const at = notes.lastIndexOf(`${sep}images${sep}`)
  return at < 0
    ? notes
    : `${notes.slice(0, at)}${sep}labels${sep}${notes.slice(at + sep.length * 2 + 'images'.length)}`
}

/** The split of an image by its folders, `obj_train_data` of CVAT among them. */
export const splitByFolder = (path: string): string =>
  splitIn(path) ?? splitNamed(/(?:^|[/\\])obj_([a-z]+)_data[/\\]/i.exec(path)?.[1] ?? '') ?? 'all'
