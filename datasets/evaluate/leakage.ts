import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { stem } from '../readers/files.ts'
import type { SplitImage } from '../readers/index.ts'
import { imageOf } from '../readers/open-image.ts'
import { differenceHash, hammingDistance, likeness, particulars, THUMB } from './likeness.kernel.ts'
import type { Leakage } from './result.schema.ts'

export interface LeakageOptions {
  /**
   * Regular expression that finds the workpiece in an image id; its first group (or the whole match) is the name.
   * Default: see `workpieceOf`.
   */
  groupBy?: string
  /** Split that is evaluated; `affected` counts its images. */
  split?: string
  onProgress?: (done: number, total: number) => void
}

type Pair = Leakage['pairs'][number]

/** Hashes further apart are not compared in detail. */
const SIEVE_BITS = 14
/** Correlation of what is particular to two images from which they count as near-duplicates. */
const NEAR_DUPLICATE = 0.97
/** Pairs listed by kind; all are counted. */
const LISTED = 50

/**
 * Looks for images on both sides of a split that show the same thing: the same workpiece by name, the same bytes, or
 * nearly the same picture. Files that cannot be read are left to the evaluation. Keeps 1.3 kB per image.
 *
 * @param items of all splits; an image that is in several is there once for each
 * @returns null when there is only one split
 * @throws CFG_USAGE for a pattern that is no regular expression
 */
export async function findLeakage(
  items: readonly SplitImage[],
  options: LeakageOptions = {},
): Promise<Leakage | null> {
  const splits = [...new Set(items.map((i) => i.split))].sort()
  if (splits.length < 2) return null
  const groups = workpieces(items, options.groupBy)
  let done = 0
  const seen = await mapInOrder(items, async (item) => {
    const out = await look(item)
    options.onProgress?.(++done, items.length)
    return out
  })
  const hashes = seen.map((s) => s?.sha256 ?? null)
  const found = {
    workpiece: sameKey(items, groups),
    copy: sameKey(items, hashes),
    'near-duplicate': nearDuplicates(items, seen),
  }
  const kinds = Object.entries(found) as [Pair['kind'], Found][]
  const touched = new Set(kinds.flatMap(([, f]) => [...f.touched]))
  return {
    images: new Set(items.map((i) => i.id)).size,
    splits,
    groupBy: options.groupBy ?? null,
    affected: new Set(
      items.flatMap((i, n) =>
        touched.has(n) && (options.split === undefined || i.split === options.split) ? i.id : [],
      ),
    ).size,
    coarse: largestGroup(items, groups),
    pairs: kinds.flatMap(([kind, f]) => f.listed.flatMap((hit) => pairOf(items, kind, hit))),
    counts: {
      workpiece: found.workpiece.count,
      copy: found.copy.count,
      'near-duplicate': found['near-duplicate'].count,
    },
  }
}

/** Names of the workpieces; by file name, numbers that count the images of their folder are none. */
function workpieces(items: readonly SplitImage[], pattern?: string): (string | null)[] {
  const group = workpieceOf(pattern)
  const groups = items.map((i) => group(i.id))
  if (pattern !== undefined) return groups
  const series = items.map(({ id, split }) => {
    // A word may stand behind the number, as in `000_regular` of MVTec AD 2.
    const at = /^(.*[\\/])?([^\d\\/]*)(\d{1,15})([-_ ]\p{L}[^\\/]*)?$/u.exec(stem(id).replace(ENDINGS, ''))
    return at && { of: `${split}/${at[1] ?? ''}${at[2]}/${at[4] ?? ''}`, number: Number(at[3]) }
  })
  const numbers = new Map<string, Set<number>>()
  for (const s of series) if (s) numbers.set(s.of, (numbers.get(s.of) ?? new Set<number>()).add(s.number))
  const counting = new Set([...numbers].flatMap(([of, all]) => (isGapless([...all]) ? of : [])))
  return groups.map((g, n) => (counting.has(series[n]?.of ?? '') ? null : g))
}

/** Fewer than that may be consecutive by chance. */
const SHORTEST_SERIES = 3

function isGapless(numbers: readonly number[]): boolean {
  const least = numbers.reduce((a, b) => Math.min(a, b), Infinity)
  const most = numbers.reduce((a, b) => Math.max(a, b), -Infinity)
  return numbers.length >= SHORTEST_SERIES && most - least + 1 === numbers.length
}

/** Endings that copies and augmentations of one picture get: Roboflow's `.rf.<hash>`, `_aug3`, `-copy`, ` (2)`. */
const ENDINGS = /(\.rf\.[0-9a-f]+|[-_ ](aug|copy|flip|rot)\w*|\s*\(\d+\))+$/i

/**
 * Name of the workpiece of an image. Without a pattern it is the file name less the endings of copies, when it can be
 * a serial: at least six letters and digits, with a digit, and not a word and a running number, nor a
 * number padded with zeros. `findLeakage` leaves those out, too, that run without a gap in their folder.
 *
 * @throws CFG_USAGE
 */
export function workpieceOf(pattern?: string): (id: string) => string | null {
  if (pattern === undefined) {
    return (id) => {
      const name = stem(id.split(/[\\/]/).at(-1) ?? id).replace(ENDINGS, '')
      const plain = name.replace(/[^\p{L}\p{N}]/gu, '')
      const counted = /^(\p{L}*\d{1,5}|0\d*)$/u.test(plain)
      return plain.length >= 6 && /\d/.test(plain) && !counted ? name.toLowerCase() : null
    }
  }
  let find: RegExp
  try {
    find = new RegExp(pattern, 'u')
  } catch (error) {
    throw new CodedError('CFG_USAGE', {
      path: '--group-by',
      expected: 'a regular expression whose first group is the workpiece, e.g. `(SN\\d+)_`',
      actual: pattern,
      cause: error,
    })
  }
  return (id) => {
    const m = find.exec(id)
    return m ? (m[1] ?? m[0]) : null
  }
}

interface Look {
  sha256: string
  thumb: Uint8Array
}

async function look(item: SplitImage): Promise<Look | null> {
  try {
    const bytes = await readFile(item.image)
    const thumb = await imageOf(bytes)
      .flatten({ background: '#000' })
      .resize(THUMB, THUMB, { fit: 'fill' })
      .toColourspace('b-w')
      .extractChannel(0)
      .raw()
      .toBuffer()
    return { sha256: createHash('sha256').update(bytes).digest('hex'), thumb }
  } catch {
    return null
  }
}

type Hit = readonly [a: number, b: number, evidence: string | number]

/** Pairs of one kind: all are counted, the first are kept, and which images are in any. */
interface Found {
  count: number
  listed: readonly Hit[]
  touched: ReadonlySet<number>
}

/** Pairs of images of different splits with the same key. A key of the whole set makes as many as there are products. */
function sameKey(items: readonly SplitImage[], keys: readonly (string | null)[]): Found {
  const byKey = new Map<string, Map<string, number[]>>()
  keys.forEach((key, n) => {
    if (key === null) return
    const split = items[n]?.split ?? ''
    const sides = byKey.get(key) ?? new Map<string, number[]>()
    byKey.set(key, sides)
    const side = sides.get(split)
    if (side) side.push(n)
    else sides.set(split, [n])
  })
  let count = 0
  const listed: Hit[] = []
  const touched = new Set<number>()
  for (const [key, bySplit] of byKey) {
    const sides = [...bySplit.values()]
    let before = 0
    for (const side of sides) {
      count += before * side.length
      before += side.length
      if (sides.length > 1) for (const n of side) touched.add(n)
    }
    for (const [a, b] of pairsAcross(sides)) {
      if (listed.length === LISTED) break
      listed.push([a, b, key.slice(0, 64)])
    }
  }
  return { count, listed, touched }
}

function* pairsAcross(sides: readonly (readonly number[])[]): Generator<[number, number]> {
  for (const [k, one] of sides.entries())
    for (const two of sides.slice(k + 1)) for (const a of one) for (const b of two) yield [a, b]
}

function nearDuplicates(items: readonly SplitImage[], seen: readonly (Look | null)[]): Found {
  const n = seen.length
  const size = THUMB * THUMB
  const thumbs = new Uint8Array(n * size)
  const hashes = new Uint32Array(n * 2)
  seen.forEach((s, i) => {
    if (!s) return
    thumbs.set(s.thumb, i * size)
    differenceHash(s.thumb, hashes, i * 2)
  })
  const own = new Float32Array(n * size)
  particulars(thumbs, n, own)
  let count = 0
  const touched = new Set<number>()
  let best: Hit[] = []
  const likest = (): Hit[] => best.sort((x, y) => Number(y[2]) - Number(x[2])).slice(0, LISTED)
  for (let a = 0; a < n; a++) {
    const one = seen[a]
    if (!one) continue
    for (let b = a + 1; b < n; b++) {
      const two = seen[b]
      if (!two || items[a]?.split === items[b]?.split) continue
      if (hammingDistance(hashes, a, hashes, b) > SIEVE_BITS || one.sha256 === two.sha256) continue
      const r = likeness(own, a, b)
      if (r < NEAR_DUPLICATE) continue
      count += 1
      touched.add(a).add(b)
      best.push([a, b, Math.round(r * 1e4) / 1e4])
      if (best.length > 100 * LISTED) best = likest()
    }
  }
  return { count, listed: likest(), touched }
}

function pairOf(items: readonly SplitImage[], kind: Pair['kind'], [a, b, evidence]: Hit): Pair[] {
  const [one, two] = [items[a], items[b]]
  return one && two ? [{ kind, a: one.id, b: two.id, splits: [one.split, two.split], evidence }] : []
}

/** The group with more than half of all images, which is no workpiece. */
function largestGroup(items: readonly SplitImage[], groups: readonly (string | null)[]): Leakage['coarse'] {
  const byId = new Map(items.map((i, n) => [i.id, groups[n] ?? null]))
  const sizes = new Map<string, number>()
  for (const g of byId.values()) if (g !== null) sizes.set(g, (sizes.get(g) ?? 0) + 1)
  for (const [group, images] of sizes) if (images > byId.size / 2) return { group, images }
  return null
}
