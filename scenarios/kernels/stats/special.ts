import { outside } from './domain.ts'

const EPS = 1e-16
const TINY = 1e-300
/** Both expansions need a multiple of the root of their parameters near the middle of the distribution. */
const maxSteps = (a: number): number => 10_000 + 20 * Math.ceil(Math.sqrt(a))

/** ln Γ(x), x > 0, by the Lanczos series (g = 7, 9 terms; relative error below 1e-13). */
export function lnGamma(x: number): number {
  if (!(x > 0)) throw outside('lnGamma', 'x > 0', x)
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - lnGamma(1 - x)
  const c = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  let sum = 0.9999999999998099
  for (const [i, ci] of c.entries()) sum += ci / (x + i)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum)
}

/**
 * Regularised incomplete gamma functions P(a, x) and Q = 1 − P, each to full relative precision in its own tail:
 * power series below x = a + 1, continued fraction (modified Lentz) above. DLMF 8.7.1 and 8.9.2.
 */
export function gammaPQ(a: number, x: number): { p: number; q: number } {
  if (!(a > 0)) throw outside('gammaPQ', 'a > 0', a)
  if (!(x >= 0)) throw outside('gammaPQ', 'x >= 0', x)
  if (x === 0) return { p: 0, q: 1 }
  if (x === Infinity) return { p: 1, q: 0 }
  const steps = maxSteps(a)
  const scale = Math.exp(a * Math.log(x) - x - lnGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = 1; n < steps && Math.abs(term) > Math.abs(sum) * EPS; n++) {
      term *= x / (a + n)
      sum += term
    }
    const p = sum * scale
    return { p, q: 1 - p }
  }
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let h = d
  for (let n = 1; n < steps; n++) {
    const an = -n * (n - a)
    b += 2
    d = 1 / nonZero(an * d + b)
    c = nonZero(b + an / c)
    h *= d * c
    if (Math.abs(d * c - 1) < EPS * 4) break
  }
  const q = scale * h
  return { p: 1 - q, q }
}

/** Regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22, modified Lentz). */
export function betaI(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0)) throw outside('betaI', 'a > 0 and b > 0', Math.min(a, b))
  if (!(x >= 0 && x <= 1)) throw outside('betaI', '0 <= x <= 1', x)
  if (x === 0 || x === 1) return x
  const front = Math.exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return x < (a + 1) / (a + b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b
}

function fraction(x: number, a: number, b: number): number {
  let c = 1
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1))
  let h = d
  const steps = maxSteps(Math.max(a, b))
  for (let m = 1; m < steps; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / nonZero(1 + even * d)
    c = nonZero(1 + even / c)
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / nonZero(1 + odd * d)
    c = nonZero(1 + odd / c)
    h *= d * c
    if (Math.abs(d * c - 1) < EPS * 4) break
  }
  return h
}

const nonZero = (v: number): number => (Math.abs(v) < TINY ? TINY : v)
