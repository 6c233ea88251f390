import { createHash, hash } from 'node:crypto'
import { CodedError } from '../../contracts/thread.ts'

export const HASH_BYTES = 32

/** By way of text: Node 20 takes three times as long to hand out a buffer. */
const sha256 = (data: string | Uint8Array): Buffer => Buffer.from(hash('sha256', data, 'hex'), 'hex')

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

/**
 * A Merkle tree that only grows, kept as the roots of its full subtrees, largest first (one per set bit of the
 * size): appending costs one hash per leaf on average, the state 32 bytes per level.
 */
export class CompactRange {
  #size: number
  #nodes: Buffer[]

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
    this.#nodes = []
    for (let at = 0; at < nodes.length; at += HASH_BYTES)
      this.#nodes.push(Buffer.from(nodes.subarray(at, at + HASH_BYTES)))
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    let node: Buffer = Buffer.from(leaf)
    // Each trailing one bit of the size is a full subtree that the new leaf completes to the next level.
    for (let n = this.#size; n % 2 === 1; n = Math.floor(n / 2)) {
      const left = this.#nodes.pop()
      if (left !== undefined) node = nodeHash(left, node)
    }
    this.#nodes.push(node)
    this.#size += 1
  }

  /** Merkle tree hash MTH(D[n]); of the empty tree SHA-256(''). */
  root(): Buffer {
    let hash: Buffer | undefined
    for (let i = this.#nodes.length - 1; i >= 0; i--) {
      const node = this.#nodes[i]
      if (node !== undefined) hash = hash === undefined ? node : nodeHash(node, hash)
    }
    return hash ?? createHash('sha256').digest()
  }

  nodes(): Buffer {
    return Buffer.concat(this.#nodes)
  }
}

function bits(n: number): number {
  let count = 0
  for (let rest = n; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
