import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { stem } from '../readers/files.ts'
import type { Dataset, DatasetItem } from '../readers/index.ts'
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
 * @param dataset with all its splits
 * @returns null when there is only one split
 * @throws CFG_USAGE for a pattern that is no regular expression
 */
export async function findLeakage(dataset: Dataset, options: LeakageOptions = {}): Promise<Leakage | null> {
  const { items } = dataset
  const splits = [...new Set(items.map((i) => i.split))].sort()
  if (splits.length < 2) return null
  const group = workpieceOf(options.groupBy)
  const groups = items.map((i) => group(i.id))
  let done = 0
  const seen = await mapInOrder(items, async (item) => {
    const out = await look(item)
    options.onProgress?.(++done, items.length)
    return out
  })
  const found = collectPairs(items, [
    { kind: 'workpiece', pairs: sameKey(items, groups) },
    {
      kind: 'copy',
      pairs: sameKey(
        items,
        seen.map((s) => s?.sha256 ?? null),
      ),
    },
    { kind: 'near-duplicate', pairs: nearDuplicates(items, seen) },
  ])
  return {
    images: items.length,
    splits,
    groupBy: options.groupBy ?? null,
    affected: affected(items, found.all, options.split),
    pairs: found.listed,
    counts: found.counts,
  }
}

/** Endings that copies and augmentations of one picture get: Roboflow's `.rf.<hash>`, `_aug3`, `-copy`, ` (2)`. */
const ENDINGS = /(\.rf\.[0-9a-f]+|[-_ ](aug|copy|flip|rot)\w*|\s*\(\d+\))+$/i

/**
 * Name of the workpiece of an image. Without a pattern it is the file name less the endings of copies, when it can be
 * a serial: at least six letters and digits, with a digit, and not a word and a running number.
 *
 * @throws CFG_USAGE
 */
export function workpieceOf(pattern?: string): (id: string) => string | null {
  if (pattern === undefined) {
    return (id) => {
      const name = stem(id.split(/[\\/]/).at(-1) ?? id).replace(ENDINGS, '')
      const plain = name.replace(/[^\p{L}\p{N}]/gu, '')
      const counted = /^\p{L}*\d{1,5}$/u.test(plain)
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

async function look(item: DatasetItem): Promise<Look | null> {
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

/** Pairs of images of different splits with the same key. */
function sameKey(items: readonly DatasetItem[], keys: readonly (string | null)[]): Hit[] {
  const byKey = new Map<string, number[]>()
  keys.forEach((key, n) => {
    if (key === null) return
    const list = byKey.get(key)
    if (list) list.push(n)
    else byKey.set(key, [n])
  })
  const pairs: Hit[] = []
  for (const [key, list] of byKey) {
    for (const [k, a] of list.entries())
      for (const b of list.slice(k + 1))
        if (items[a]?.split !== items[b]?.split) pairs.push([a, b, key.slice(0, 64)])
  }
  return pairs
}

function nearDuplicates(items: readonly DatasetItem[], seen: readonly (Look | null)[]): Hit[] {
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
  const pairs: Hit[] = []
  for (let a = 0; a < n; a++) {
    const one = seen[a]
    if (!one) continue
    for (let b = a + 1; b < n; b++) {
      const two = seen[b]
      if (!two || items[a]?.split === items[b]?.split) continue
      if (hammingDistance(hashes, a, hashes, b) > SIEVE_BITS || one.sha256 === two.sha256) continue
      const r = likeness(own, a, b)
      if (r >= NEAR_DUPLICATE) pairs.push([a, b, Math.round(r * 1e4) / 1e4])
    }
  }
  return pairs.sort((x, y) => Number(y[2]) - Number(x[2]))
}

function collectPairs(
  items: readonly DatasetItem[],
  kinds: readonly { kind: Pair['kind']; pairs: readonly Hit[] }[],
): { listed: Pair[]; all: readonly Hit[]; counts: Leakage['counts'] } {
  const counts: Leakage['counts'] = { workpiece: 0, copy: 0, 'near-duplicate': 0 }
  const listed: Pair[] = []
  for (const { kind, pairs } of kinds) {
    counts[kind] = pairs.length
    for (const [a, b, evidence] of pairs.slice(0, LISTED)) {
      const [one, two] = [items[a], items[b]]
      if (one && two) listed.push({ kind, a: one.id, b: two.id, splits: [one.split, two.split], evidence })
    }
  }
  return { listed, all: kinds.flatMap((k) => k.pairs), counts }
}

function affected(items: readonly DatasetItem[], pairs: readonly Hit[], split?: string): number {
  const hit = new Set<number>()
  for (const [a, b] of pairs)
    for (const n of [a, b]) if (split === undefined || items[n]?.split === split) hit.add(n)
  return hit.size
}
