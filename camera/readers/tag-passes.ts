/** One sight of a tag as the reader reports it. */
export interface TagSight {
  /** Hexadecimal digits of the EPC bank. */
  epc: string
  antenna: number | null
  rssiDbm: number | null
  atMs: number
  /** Sights that the reader has put together. */
  count: number
}

/** A tag that went by once. */
export interface TagPass extends TagSight {
  firstMs: number
  lastMs: number
}

/**
 * One event per pass: a tag is seen many times while it goes by, and has passed when it is not seen for `windowMs`.
 * `atMs`, antenna and signal are those of the strongest sight. While the reader is gone no tag is seen to leave: one that
 * is seen within `windowMs` of its return is in the same pass. Pure: time comes with the calls.
 */
export class TagPasses {
  readonly #windowMs: number
  readonly #minRssiDbm: number
  readonly #emit: 'first' | 'pass'
  readonly #present = new Map<string, TagPass>()
  /** Of those, the passes that were handed out. */
  readonly #told = new Set<string>()
  /** No tag that is present was seen last before this, ms: until it is too long ago, none has passed. */
  #seenSinceMs = Infinity
  #blind = false

  constructor(options: { windowMs: number; minRssiDbm: number; emit: 'first' | 'pass' }) {
    this.#windowMs = options.windowMs
    this.#minRssiDbm = options.minRssiDbm
    this.#emit = options.emit
  }

  /** The reader is gone. */
  lost(): void {
    this.#blind = true
  }

  /** The reader is back: what stood before it when it was lost may stand there still. */
  back(nowMs: number): void {
    if (!this.#blind) return
    this.#blind = false
    for (const pass of this.#present.values()) pass.lastMs = nowMs
    this.#seenSinceMs = nowMs
  }

  /** Passes that this sight begins (`first`) or shows to be over (`pass`). */
  see(sight: TagSight): TagPass[] {
    this.back(sight.atMs)
    if (sight.rssiDbm !== null && sight.rssiDbm < this.#minRssiDbm) return []
    const over = this.over(sight.atMs)
    const known = this.#present.get(sight.epc)
    if (known === undefined) {
      const pass = { ...sight, firstMs: sight.atMs, lastMs: sight.atMs }
      this.#present.set(sight.epc, pass)
      this.#seenSinceMs = Math.min(this.#seenSinceMs, sight.atMs)
      if (this.#emit === 'pass') return over
      this.#told.add(sight.epc)
      return [...over, { ...pass }]
    }
    known.lastMs = Math.max(known.lastMs, sight.atMs)
    known.count += sight.count
    if ((sight.rssiDbm ?? -Infinity) > (known.rssiDbm ?? -Infinity)) {
      known.rssiDbm = sight.rssiDbm
      known.antenna = sight.antenna
      known.atMs = sight.atMs
    }
    return over
  }

  /** Passes that are over at `nowMs`, oldest first; to be asked now and then. Empty under `first`. */
  over(nowMs: number): TagPass[] {
    // Asked at every sight: looking through all tags each time would take the longer the more there are.
    if (nowMs - this.#seenSinceMs <= this.#windowMs) return []
    const done = [...this.#present.values()].filter((p) => nowMs - p.lastMs > this.#windowMs)
    const untold = done.filter(({ epc }) => !this.#told.has(epc)).sort((a, b) => a.firstMs - b.firstMs)
    for (const { epc } of done)
      if (this.#blind) this.#told.add(epc)
      else {
        this.#present.delete(epc)
        this.#told.delete(epc)
      }
    this.#seenSinceMs = Infinity
    for (const { epc, lastMs } of this.#present.values())
      // Of what is told nothing ends while nothing is seen.
      if (!this.#blind || !this.#told.has(epc)) this.#seenSinceMs = Math.min(this.#seenSinceMs, lastMs)
    return untold
  }
}
