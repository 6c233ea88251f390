/** Seeded random numbers; the same on every machine. */
export interface Rng {
  /** 0 ≤ x < 1 */
  next(): number
  /** lo ≤ x < hi */
  range(lo: number, hi: number): number
  /** lo ≤ n ≤ hi */
  int(lo: number, hi: number): number
  chance(p: number): boolean
  pick<T>(items: readonly T[]): T
  /** Mean 0, standard deviation 1: sum of twelve uniforms, so that no transcendental function is involved. */
  normal(): number
  /** An independent stream that does not disturb this one. */
  fork(salt: number): Rng
}

/** mulberry32 (T. Ettinger, public domain): 32-bit integer arithmetic only. */
export function createRng(seed: number): Rng {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    next,
    range: (lo, hi) => lo + next() * (hi - lo),
    int: (lo, hi) => lo + Math.floor(next() * (hi - lo + 1)),
    chance: (p) => next() < p,
    pick: (items) => {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new RangeError('pick from an empty list')
      return item
    },
    normal: () => {
      let sum = -6
      for (let n = 0; n < 12; n++) sum += next()
      return sum
    },
    fork: (salt) => createRng(mixSeed(seed, salt)),
  }
}

/** One seed out of two (murmur3 finaliser), for streams per board, per product, per purpose. */
export function mixSeed(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) | 0
}
