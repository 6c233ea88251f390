/** Count, mean and sum of squared deviations: enough to merge, and to give variance without cancellation. */
export interface Moments {
  n: number
  mean: number
  m2: number
}

export const noMoments = (): Moments => ({ n: 0, mean: 0, m2: 0 })

/** Adds one value in place. Welford, Technometrics 4 (1962). */
export function addValue(m: Moments, x: number): void {
  m.n += 1
  const d = x - m.mean
  m.mean += d / m.n
  m.m2 += d * (x - m.mean)
}

/** Moments of both samples together. Chan, Golub & LeVeque (1979). */
export function mergeMoments(a: Moments, b: Moments): Moments {
  const n = a.n + b.n
  if (n === 0) return noMoments()
  const d = b.mean - a.mean
  return { n, mean: a.mean + (d * b.n) / n, m2: a.m2 + b.m2 + (d * d * a.n * b.n) / n }
}

/** Sample variance (divisor n − 1); null below two values. */
export const variance = (m: Moments): number | null => (m.n < 2 ? null : m.m2 / (m.n - 1))
