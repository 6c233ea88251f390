export interface Leaf {
  /** Leaf hash as text, one character per byte. */
  hash: string
  /** Place in the log, from 1. */
  position: number
}

/** Leaves of a block between two places where the sequences agree. */
export interface Block {
  /** Gone from here. */
  signed: Leaf[]
  /** Standing here instead. */
  actual: Leaf[]
}

export interface Alignment {
  /** Leaves at the end of the signed sequence without a counterpart: a cut tail. Counted, the first is given. */
  cut: { first: Leaf; count: number } | null
  /** First leaf behind the end of the signed sequence, which no signature covers. */
  tail: Leaf | null
  /** Where the sequences part for more than `MAX_WINDOW` leaves. */
  diverged: { signed: Leaf; actual: Leaf } | null
}

/** Leaves looked ahead in order to find where two sequences meet again; about 100 bytes of memory each. */
const FIRST_WINDOW = 256
export const MAX_WINDOW = 65_536

/**
 * Where two sequences of leaf hashes differ, in constant memory. Leaf hashes of different events differ, so that the
 * sequences are in step again at the nearest common hash.
 */
export function alignLeaves(
  signed: Iterator<Leaf>,
  actual: Iterator<Leaf>,
  onBlock: (block: Block) => void,
): Alignment {
  const s = new Ahead(signed)
  const a = new Ahead(actual)
  for (;;) {
    const x = s.peek(0)
    const y = a.peek(0)
    if (x === null || y === null) return { cut: x && { first: x, count: s.drain() }, tail: y, diverged: null }
    if (x.hash === y.hash) {
      s.take(1)
      a.take(1)
      continue
    }
    const meet = meeting(s, a)
    if (meet === null) return { cut: null, tail: null, diverged: { signed: x, actual: y } }
    onBlock({ signed: s.take(meet.s), actual: a.take(meet.a) })
  }
}

/** How far each must be skipped until both show the same hash, or one ends. */
function meeting(s: Ahead, a: Ahead): { s: number; a: number } | null {
  for (let window = FIRST_WINDOW; window <= MAX_WINDOW; window *= 4) {
    const at = new Map<string, number>()
    const sLength = s.fill(window)
    const aLength = a.fill(window)
    for (let i = 0; i < sLength; i++) at.set(s.peek(i)?.hash ?? '', i)
    let best: { s: number; a: number } | null = null
    for (let j = 0; j < aLength && (best === null || j < best.s + best.a); j++) {
      const i = at.get(a.peek(j)?.hash ?? '')
      if (i !== undefined && (best === null || i + j < best.s + best.a)) best = { s: i, a: j }
    }
    if (best !== null) return best
    const both = Math.min(sLength, aLength)
    // One of them ends without meeting the other again: what stands in each other's place is told, the rest is tail.
    if (sLength < window || aLength < window) {
      if (window === MAX_WINDOW || (sLength < window && aLength < window)) return { s: both, a: both }
    }
  }
  return null
}

class Ahead {
  readonly #stream: Iterator<Leaf>
  #buffer: Leaf[] = []
  #from = 0
  #ended = false

  constructor(stream: Iterator<Leaf>) {
    this.#stream = stream
  }

  peek(i: number): Leaf | null {
    this.fill(i + 1)
    return this.#buffer[this.#from + i] ?? null
  }

  /** Reads ahead; the number of leaves there are, at most `n`. */
  fill(n: number): number {
    while (!this.#ended && this.#buffer.length - this.#from < n) {
      const item = this.#stream.next()
      if (item.done === true) this.#ended = true
      else this.#buffer.push(item.value)
    }
    return Math.min(n, this.#buffer.length - this.#from)
  }

  take(n: number): Leaf[] {
    const taken = this.#buffer.slice(this.#from, this.#from + n)
    this.#from += n
    if (this.#from >= 4_096) {
      this.#buffer = this.#buffer.slice(this.#from)
      this.#from = 0
    }
    return taken
  }

  /** Reads to the end; how many there were. */
  drain(): number {
    let count = 0
    for (; this.peek(0) !== null; count += 1) this.take(1)
    return count
  }
}
