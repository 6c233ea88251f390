/** Levels offered, with the two-sided normal quantile of each. */
const Z = { 0.9: 1.6448536269514722, 0.95: 1.959963984540054, 0.99: 2.5758293035489004 } as const
export type Confidence = keyof typeof Z

/**
 * Score interval of a share: E. B. Wilson, JASA 22 (1927) 209.
 *
 * @param k events, 0..n
 * @returns [0, 1] when n = 0
 */
export function wilson(k: number, n: number, confidence: Confidence = 0.95): [number, number] {
  if (n === 0) return [0, 1]
  const z = Z[confidence]
  const p = k / n
  const mid = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  return [k === 0 ? 0 : Math.max(0, mid - half), k === n ? 1 : Math.min(1, mid + half)]
}

/**
 * Exact interval of a share: C. Clopper, E. Pearson, Biometrika 26 (1934) 404, by quantiles of the beta distribution.
 *
 * @returns [0, 1] when n = 0
 */
export function clopperPearson(k: number, n: number, confidence: Confidence = 0.95): [number, number] {
  if (n === 0) return [0, 1]
  const tail = (1 - confidence) / 2
  return [k === 0 ? 0 : betaQuantile(tail, k, n - k + 1), k === n ? 1 : betaQuantile(1 - tail, k + 1, n - k)]
}

/** x with I_x(a, b) = p, by bisection: monotone, so it cannot miss. */
function betaQuantile(p: number, a: number, b: number): number {
  let lo = 0
  let hi = 1
  for (let n = 0; n < 200 && hi - lo > 1e-15 * hi; n++) {
    const mid = (lo + hi) / 2
    if (incompleteBeta(mid, a, b) < p) lo = mid
    else hi = mid
  }
  return (lo + hi) / 2
}

/** Regularised incomplete beta function I_x(a, b): continued fraction of DLMF 8.17.22 by the modified Lentz method. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0
  if (x >= 1) return 1
  // The fraction converges fast below the mean; above it the symmetry I_x(a,b) = 1 - I_(1-x)(b,a) is used.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a)
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b))
  const tiny = 1e-300
  let c = 1
  let d = 1 - ((a + b) * x) / (a + 1)
  d = 1 / (Math.abs(d) < tiny ? tiny : d)
  let fraction = d
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 + even * d
    d = 1 / (Math.abs(d) < tiny ? tiny : d)
    c = 1 + even / c
    if (Math.abs(c) < tiny) c = tiny
    fraction *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 + odd * d
    d = 1 / (Math.abs(d) < tiny ? tiny : d)
    c = 1 + odd / c
    if (Math.abs(c) < tiny) c = tiny
    const step = d * c
    fraction *= step
    if (Math.abs(step - 1) < 1e-16) break
  }
  return (front * fraction) / a
}

/** ln B(a, b). With one small whole argument as a sum, because the difference of large ln Γ loses its digits. */
function logBeta(a: number, b: number): number {
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  if (!Number.isInteger(small) || small > 10_000) return logGamma(a) + logGamma(b) - logGamma(a + b)
  let sum = -Math.log(large)
  for (let n = 1; n < small; n++) sum += Math.log(n / (large + n))
  return sum
}

/** ln Γ(x) for x > 0: recurrence up to 15, then Stirling's series (DLMF 5.11.1). */
function logGamma(x: number): number {
  let shift = 0
  let z = x
  while (z < 15) {
    shift += Math.log(z)
    z++
  }
  const r = 1 / (z * z)
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / z
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift
}
