/** Numbers in [0, 1) from a seed, the same on every machine: mulberry32 (Ettinger 2017, public domain). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `count` different indices below `n`, in random order (Fisher and Yates); all of them when there are fewer. */
export function sample(n: number, count: number, random: () => number): number[] {
  const all = Array.from({ length: n }, (_, i) => i)
  const most = Math.min(count, n)
  for (let i = 0; i < most; i++) {
    const j = i + Math.floor(random() * (n - i))
    const v = all[i] ?? 0
    all[i] = all[j] ?? 0
    all[j] = v
  }
  return all.slice(0, most)
}
