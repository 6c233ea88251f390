import { HASH_BYTES, nodeHash } from './merkle.ts'

/** The tree of a log as far as a proof needs it. */
export interface TreeHashes {
  /** Root of the perfect subtree over leaves [index·2^level, (index+1)·2^level). */
  node(level: number, index: number): Buffer
}

/**
 * Merkle tree hash of leaves [start, end), as RFC 6962, 2.1 splits them.
 *
 * @param start a multiple of the largest power of two that is not above end - start; end > start
 */
export function rangeHash(tree: TreeHashes, start: number, end: number): Buffer {
  const n = end - start
  const level = Math.log2(n)
  if (Number.isInteger(level)) return tree.node(level, start / n)
  const middle = start + splitOf(n)
  return nodeHash(rangeHash(tree, start, middle), rangeHash(tree, middle, end))
}

/**
 * Merkle audit path of a leaf, RFC 6962, 2.1.1; bottom first.
 *
 * @param index from 0, below `size`
 */
export function inclusionProof(tree: TreeHashes, index: number, size: number): Buffer[] {
  const path = (start: number, end: number): Buffer[] => {
    if (end - start === 1) return []
    const middle = start + splitOf(end - start)
    return index < middle
      ? [...path(start, middle), rangeHash(tree, middle, end)]
      : [...path(middle, end), rangeHash(tree, start, middle)]
  }
  return path(0, size)
}

/** Merkle consistency proof between two sizes of one log, RFC 6962, 2.1.2; empty from 0 and between equal sizes. */
export function consistencyProof(tree: TreeHashes, first: number, second: number): Buffer[] {
  if (first === 0 || first === second) return []
  const sub = (m: number, start: number, end: number, whole: boolean): Buffer[] => {
    if (m === end) return whole ? [] : [rangeHash(tree, start, end)]
    const middle = start + splitOf(end - start)
    return m <= middle
      ? [...sub(m, start, middle, whole), rangeHash(tree, middle, end)]
      : [...sub(m, middle, end, false), rangeHash(tree, start, middle)]
  }
  return sub(first, 0, second, true)
}

/**
 * Whether the audit path leads from the leaf to the root: the algorithm of RFC 9162, 2.1.3.2.
 *
 * @param index from 0
 */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !isHash(leaf) || !proof.every(isHash))
    return false
  let fn = index
  let sn = size - 1
  let hash = leaf
  for (const p of proof) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(p, hash)
      while (!isOdd(fn) && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else hash = nodeHash(hash, p)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && Buffer.compare(hash, root) === 0
}

/**
 * Whether the tree of size `second` only adds to that of size `first`: the algorithm of RFC 9162, 2.1.4.2. Between
 * equal sizes the proof is empty. The empty tree is refused: everything is consistent with it, so that it says nothing.
 */
export function verifyConsistency(
  first: number,
  second: number,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(first) || !isCount(second) || first === 0 || first > second || !proof.every(isHash))
    return false
  if (first === second) return proof.length === 0 && Buffer.compare(firstRoot, secondRoot) === 0
  const [seed, ...rest] = Number.isInteger(Math.log2(first)) ? [firstRoot, ...proof] : proof
  if (seed === undefined || proof.length === 0) return false
  let fn = first - 1
  let sn = second - 1
  while (isOdd(fn)) {
    fn = half(fn)
    sn = half(sn)
  }
  let fr = seed
  let sr = seed
  for (const c of rest) {
    if (sn === 0) return false
    if (isOdd(fn) || fn === sn) {
      fr = nodeHash(c, fr)
      sr = nodeHash(c, sr)
      while (!isOdd(fn) && fn !== 0) {
        fn /= 2
        sn = half(sn)
      }
    } else sr = nodeHash(sr, c)
    fn = half(fn)
    sn = half(sn)
  }
  return sn === 0 && Buffer.compare(fr, firstRoot) === 0 && Buffer.compare(sr, secondRoot) === 0
}

/** Largest power of two below n; n at least 2. */
function splitOf(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

// Sizes may pass 2^32, which the bit operators of the language do not reach.
const half = (n: number): number => Math.floor(n / 2)
const isOdd = (n: number): boolean => n % 2 === 1
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
const isHash = (h: Uint8Array): boolean => h.length === HASH_BYTES
