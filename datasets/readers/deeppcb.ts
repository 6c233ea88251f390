import { join } from 'node:path'
import { type Box, CodedError, mapInOrder } from '../../contracts/index.ts'
import {
  filesIn,
  foldersIn,
  inside,
  isDirectory,
  isFile,
  notEmpty,
  numberedLines,
  readText,
  requireFile,
} from './files.ts'
import type { DatasetReader, FoundBox, FoundItem } from './item.ts'

/** Type numbers 1..6 of DeepPCB, in order. */
const DEEPPCB_CLASSES = ['open', 'short', 'mousebite', 'spur', 'copper', 'pinhole'] as const

/** List files and the splits they stand for; `trainval.txt` is the name in the original repository. */
const LISTS: [file: string, split: string][] = [
  ['train.txt', 'train'],
  ['trainval.txt', 'train'],
  ['val.txt', 'val'],
  ['test.txt', 'test'],
]

/**
 * DeepPCB (S. Tang et al., arXiv 1902.06197): aligned pairs. Lists name `<id>.jpg`, which stands for `<id>_test.jpg`
 * and `<id>_temp.jpg`, and the annotation file with lines `x1 y1 x2 y2 type`. Without lists the folders are walked.
 */
export const deeppcb: DatasetReader = {
  format: 'deeppcb',
  async recognises(dir) {
    return (await foldersIn(dir)).some((f) => /^group\d+$/.test(f))
  },
  async read(dir) {
    const listed: Entry[] = []
    for (const [name, split] of LISTS) {
      const file = join(dir, name)
      if (!(await isFile(file))) continue
      for (const { line, text } of numberedLines(await readText(file))) {
        const [image, notes, ...rest] = text.split(/\s+/)
        if (image === undefined || notes === undefined || rest.length > 0 || !image.endsWith('.jpg')) {
          throw new CodedError('DAT_LAYOUT', {
            file,
            line,
            expected: '`<image>.jpg <annotation>.txt`',
            actual: text,
          })
        }
        inside(dir, image, file, line)
        inside(dir, notes, file, line)
        listed.push({ image, notes, split, by: file, line })
      }
    }
    const entries = listed.length > 0 ? listed : await walk(dir)
    const seen = new Map<string, Entry>()
    for (const e of entries) {
      const before = seen.get(e.image)
      if (before) {
        throw new CodedError('DAT_LAYOUT', {
          file: e.by,
          ...(e.line === undefined ? {} : { line: e.line }),
          expected: 'every pair listed once',
          actual: `${e.image} is in ${before.by} too`,
        })
      }
      seen.set(e.image, e)
    }
    return {
      format: 'deeppcb',
      dir,
      classes: [...DEEPPCB_CLASSES],
      items: await mapInOrder(notEmpty(entries, dir, 'group*/NNNNN/*_test.jpg'), (e) => toItem(dir, e)),
      labels: { used: entries.map((e) => join(dir, e.notes)), pattern: /_not\/[^/]*\.txt$/ },
    }
  },
}

interface Entry {
  image: string
  notes: string
  split: string
  by: string
  line?: number
}

async function walk(dir: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const group of (await foldersIn(dir)).filter((f) => f.startsWith('group'))) {
    for (const sub of (await foldersIn(join(dir, group))).filter((f) => !f.endsWith('_not'))) {
      if (!(await isDirectory(join(dir, group, `${sub}_not`)))) {
        throw new CodedError('DAT_LAYOUT', {
          file: join(dir, group),
          expected: `a folder ${sub}_not with annotations beside ${sub}`,
          actual: 'none',
        })
      }
      for (const f of await filesIn(join(dir, group, sub))) {
        if (!f.endsWith('_test.jpg')) continue
        const id = f.slice(0, -'_test.jpg'.length)
        entries.push({
          image: join(group, sub, `${id}.jpg`),
          notes: join(group, `${sub}_not`, `${id}.txt`),
          split: 'all',
          by: join(dir, group, sub),
        })
      }
    }
  }
  return entries
}

async function toItem(dir: string, e: Entry): Promise<FoundItem> {
  const base = join(dir, e.image.slice(0, -'.jpg'.length))
  const image = await requireFile(`${base}_test.jpg`, e.by, e.line)
  const reference = await requireFile(`${base}_temp.jpg`, e.by, e.line)
  const boxes = await readBoxes(await requireFile(join(dir, e.notes), e.by, e.line))
  return {
    id: e.image.slice(0, -'.jpg'.length),
    image,
    reference,
    split: e.split,
    boxes,
    defective: boxes.length > 0,
  }
}

async function readBoxes(file: string): Promise<FoundBox[]> {
  return numberedLines(await readText(file)).map(({ line, text }) => {
    const v = text.split(/[\s,]+/).map(Number)
    const [x1 = NaN, y1 = NaN, x2 = NaN, y2 = NaN, type = NaN] = v
    const name = DEEPPCB_CLASSES[type - 1]
    if (v.length !== 5 || !v.every(Number.isFinite) || x2 <= x1 || y2 <= y1 || name === undefined) {
      throw new CodedError('DAT_ANNOTATION', {
        file,
        line,
        expected: '`x1 y1 x2 y2 type` with x1 < x2, y1 < y2, type 1..6',
        actual: text,
      })
    }
    const box: Box = [x1, y1, x2, y2]
    return { class: name, box, place: { file, line } }
  })
}
