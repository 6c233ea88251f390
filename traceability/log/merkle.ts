import { createHash, hash } from 'node:crypto'
import { CodedError } from '../../contracts/thread.ts'

export const HASH_BYTES = 32

/** One character per byte: Node 20 takes three times as long to hand out a buffer. */
const sha256Text = (data: string | Uint8Array): string => hash('sha256', data, 'binary')
const sha256 = (data: string | Uint8Array): Buffer => Buffer.from(sha256Text(data), 'latin1')

/** Leaf hash SHA-256(0x00 || data): RFC 6962, 2.1. */
export function leafHash(data: string | Uint8Array): Buffer {
  if (typeof data === 'string') return sha256(`\0${data}`)
  return createHash('sha256').update('\0').update(data).digest()
}

const pair = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1)

/** Node hash SHA-256(0x01 || left || right): RFC 6962, 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES)
    return createHash('sha256').update('\u0001').update(left).update(right).digest()
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return sha256(pair)
}

/** One per bit of a size that a number can tell, and the leaf that is being added. */
const MAX_NODES = 54

/**
 * A Merkle tree that only grows, kept as the roots of its full subtrees, largest first (one per set bit of the
 * size): appending costs one hash per leaf on average, the state 32 bytes per level.
 */
export class CompactRange {
  #size: number
  /** One behind the other, so that both sides of a node are copied at once. */
  readonly #nodes = Buffer.alloc(MAX_NODES * HASH_BYTES)
  /** Bytes of them. */
  #end: number

  /** @throws TRC_OPEN when the nodes do not belong to a tree of this size */
  constructor(size = 0, nodes: Uint8Array = new Uint8Array(0)) {
    const expected = bits(size) * HASH_BYTES
    if (nodes.length !== expected) {
      throw new CodedError('TRC_OPEN', {
        expected: `${expected} bytes of tree state for ${size} leaves`,
        actual: `${nodes.length} bytes`,
        hint: 'the log state is damaged; restore the database from a backup',
      })
    }
    this.#size = size
    this.#nodes.set(nodes)
    this.#end = nodes.length
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    let at = this.#end
    // What has another length is no leaf hash: it counts as that of no event, and the root tells.
    this.#nodes.set(leaf.length === HASH_BYTES ? leaf : leafHash(leaf), at)
    // Each trailing one bit of the size is a full subtree that the new leaf completes to the next level.
    for (let n = this.#size; n % 2 === 1; n = Math.floor(n / 2)) {
      at -= HASH_BYTES
      pair.set(this.#nodes.subarray(at, at + 2 * HASH_BYTES), 1)
      this.#nodes.write(sha256Text(pair), at, 'latin1')
    }
    this.#end = at + HASH_BYTES
    this.#size += 1
  }

  /** Merkle tree hash MTH(D[n]); of the empty tree SHA-256(''). */
  root(): Buffer {
    if (this.#end === 0) return createHash('sha256').digest()
    let at = this.#end - HASH_BYTES
    let root: Buffer = Buffer.from(this.#nodes.subarray(at, this.#end))
    while (at > 0) {
      at -= HASH_BYTES
      root = nodeHash(this.#nodes.subarray(at, at + HASH_BYTES), root)
    }
    return root
  }

  nodes(): Buffer {
    return Buffer.from(this.#nodes.subarray(0, this.#end))
  }
}

function bits(n: number): number {
  let count = 0
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
