/** A seeded source of uniform numbers in [0, 1). The same seed gives the same sequence on every machine. */
export interface Rng {
  next(): number
  /** Uniform integer in [0, n). */
  int(n: number): number
  /** Standard normal deviate, by the polar method of Marsaglia (1964). */
  normal(): number
  /** An independent stream named by `label`; the parent is not advanced. */
  split(label: string): Rng
}

/** Mulberry32 (T. Ettinger, 2017): 32 bits of state, passes gjrand; for simulation, never for secrets. */
export function mulberry32(seed: number): Rng {
  let state = seed >>> 0
  let spare: number | null = null
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    int: (n) => Math.floor(next() * n),
    normal: () => {
      if (spare !== null) {
        const z = spare
        spare = null
        return z
      }
      for (;;) {
        const u = 2 * next() - 1
        const v = 2 * next() - 1
        const s = u * u + v * v
        if (s > 0 && s < 1) {
          const f = Math.sqrt((-2 * Math.log(s)) / s)
          spare = v * f
          return u * f
        }
      }
    },
    split: (label) => mulberry32((seed ^ hash32(label)) >>> 0),
  }
}

/** FNV-1a, 32 bits, over UTF-16 code units: turns a name into a seed. */
export function hash32(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i)
    h = Math.imul(h, 0x01000193)
  }
  return h >>> 0
}
