import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { CodedError, type WordedFact, type I18n, mapInOrder, toWordedFact } from '../../contracts/index.ts'
import { badPart, type Dataset, type DatasetItem } from './item.ts'

/** Pairs that are named. */
const NAMED = 5

/**
 * DAT_REPEATED for images of a set with the same bytes: each would be asked of a model and counted as a part of its own,
 * and two that say different things of one picture cannot both be right. Files of one size alone are read; one that
 * cannot be read is left to the evaluation.
 */
export async function repeatedImages({ dir, items }: Pick<Dataset, 'dir' | 'items'>): Promise<WordedFact[]> {
  const sizes = await mapInOrder(items, async ({ image }) => (await stat(image).catch(() => null))?.size ?? 0)
  const ofSize = groupsOf(items.map((item, n) => ({ item, key: sizes[n] === 0 ? '' : String(sizes[n]) })))
  const hashed = await mapInOrder(ofSize.flat(), async (item) => ({ item, key: await hashOf(item.image) }))
  const copies = groupsOf(hashed)
  const odd = copies.filter((g) => new Set(g.map(truthOf)).size > 1)
  const alike = copies.filter((g) => !odd.includes(g))
  return [
    ...said(dir, odd.map(oneOfEachFirst), {
      expected: {
        en: 'one truth for each picture: these say different things of the same bytes',
        zh: '每张图像只有一种真实情况:以下图像字节相同而标注不同',
      },
      hint: { en: 'decide which is true, and remove the other', zh: '请确定哪一个正确,并删除另一个' },
    }),
    ...said(dir, alike, {
      expected: {
        en: 'each picture once: copies count as parts of their own, and intervals are too narrow',
        zh: '每张图像只出现一次:副本被当作独立工件计数,置信区间偏窄',
      },
      hint: { en: 'remove the copies', zh: '请删除副本' },
    }),
  ]
}

/**
 * DAT_REPEATED for pictures with the same bytes in two splits, in one of which a model may have been taught with them.
 *
 * @param count pairs in all, of which `pairs` are the first
 */
export function copiesAcross(
  dir: string,
  count: number,
  pairs: readonly { a: string; b: string; splits: readonly string[] }[],
): WordedFact[] {
  if (count === 0) return []
  const named = pairs.slice(0, NAMED).map((p) => `${p.a} = ${p.b} (${p.splits.join(', ')})`)
  const more = count > NAMED ? ' …' : ''
  const error = new CodedError('DAT_REPEATED', {
    file: dir,
    expected: 'no picture in two splits: of a model that was taught with one of them the scores are too good',
    actual: `${count} pairs: ${named.join(', ')}${more}`,
    hint: 'remove the copies from one of the splits',
    zh: {
      expected: '同一图像不在两个划分中:若模型用其中之一示教过,评分会偏高',
      actual: `${count} 对:${named.join(',')}${more}`,
      hint: '请从其中一个划分删除副本',
    },
  })
  return [toWordedFact(error)]
}

/** Groups of two or more items of one key; none of the empty key. */
function groupsOf(keyed: readonly { item: DatasetItem; key: string }[]): DatasetItem[][] {
  const groups = new Map<string, DatasetItem[]>()
  for (const { item, key } of keyed) {
    const group = groups.get(key)
    if (group) group.push(item)
    else if (key !== '') groups.set(key, [item])
  }
  return [...groups.values()].filter((g) => g.length > 1)
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch {
    return ''
  }
  return hash.digest('hex')
}

/** What is said of an image, but for its masks: those are files of their own. */
function truthOf(item: DatasetItem): string {
  const boxes = item.boxes?.map((b) => [b.class, ...b.box].join(' ')).sort()
  return JSON.stringify([badPart(item), item.label ?? null, boxes ?? null])
}

/** A few of many copies are named: those that say different things before their like. */
function oneOfEachFirst(group: readonly DatasetItem[]): DatasetItem[] {
  const first = [...new Map(group.toReversed().map((item) => [truthOf(item), item])).values()].toReversed()
  return [...first, ...group.filter((item) => !first.includes(item))]
}

function said(
  dir: string,
  groups: readonly DatasetItem[][],
  text: { expected: I18n; hint: I18n },
): WordedFact[] {
  if (groups.length === 0) return []
  const images = groups.reduce((n, g) => n + g.length, 0)
  const named = groups.slice(0, NAMED).map((g) =>
    g
      .slice(0, NAMED)
      .map((i) => i.id)
      .join(' = '),
  )
  const error = new CodedError('DAT_REPEATED', {
    file: dir,
    expected: text.expected.en,
    actual: `${images} images of ${groups.length} pictures: ${named.join(', ')}${groups.length > NAMED ? ' …' : ''}`,
    hint: text.hint.en,
    zh: {
      expected: text.expected.zh,
      actual: `${groups.length} 张图片共 ${images} 个文件:${named.join(',')}${groups.length > NAMED ? ' …' : ''}`,
      hint: text.hint.zh,
    },
  })
  return [toWordedFact(error)]
}
