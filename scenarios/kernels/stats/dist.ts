import { outside } from './domain.ts'
import { betaI, gammaPQ } from './special.ts'

/** Φ(z), with full relative precision in the lower tail: Φ(−z) = Q(1/2, z²/2) / 2. */
export function normalCdf(z: number): number {
  const { p, q } = gammaPQ(0.5, (z * z) / 2)
  return z < 0 ? q / 2 : 0.5 + p / 2
}

/** z with Φ(z) = p, 0 < p < 1; absolute error below 1e-9. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw outside('normalQuantile', '0 < p < 1', p)
  if (p > 0.5) return -normalQuantile(1 - p)
  return invert((z) => normalCdf(z), p, -40, 0)
}

/** P(X <= x) of the chi-square distribution with `df` degrees of freedom. */
export const chi2Cdf = (x: number, df: number): number => (x <= 0 ? 0 : gammaPQ(df / 2, x / 2).p)

/** P(T <= t) of Student's t with `df` degrees of freedom. */
export function tCdf(t: number, df: number): number {
  const tail = betaI(df / (df + t * t), df / 2, 0.5) / 2
  return t < 0 ? tail : 1 - tail
}

/** P(F <= f) with `df1` and `df2` degrees of freedom. */
export const fCdf = (f: number, df1: number, df2: number): number =>
  f <= 0 ? 0 : betaI((df1 * f) / (df1 * f + df2), df1 / 2, df2 / 2)

/** x with I_x(a, b) = p. */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(p >= 0 && p <= 1)) throw outside('betaQuantile', '0 <= p <= 1', p)
  return p === 0 || p === 1 ? p : invert((x) => betaI(x, a, b), p, 0, 1)
}

/** P(X <= k) of the binomial distribution with n trials of probability p. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (!(p >= 0 && p <= 1)) throw outside('binomialCdf', '0 <= p <= 1', p)
  const whole = Math.floor(k)
  if (whole < 0) return 0
  return whole >= n ? 1 : betaI(1 - p, n - whole, whole + 1)
}

/** P(X >= k): the upper tail in its own right, since 1 − cdf loses the digits of a small tail. */
export function binomialSf(k: number, n: number, p: number): number {
  const whole = Math.ceil(k)
  if (whole <= 0) return 1
  return whole > n ? 0 : betaI(p, whole, n - whole + 1)
}

/** P(X <= k) of the Poisson distribution with mean λ. */
export function poissonCdf(k: number, lambda: number): number {
  const whole = Math.floor(k)
  if (whole < 0) return 0
  return lambda === 0 ? 1 : gammaPQ(whole + 1, lambda).q
}

/** Bisection on an increasing function: slow, but it cannot leave the bracket. */
function invert(cdf: (x: number) => number, p: number, low: number, high: number): number {
  let a = low
  let b = high
  for (let i = 0; i < 200; i++) {
    const mid = (a + b) / 2
    if (mid === a || mid === b) break
    if (cdf(mid) < p) a = mid
    else b = mid
  }
  return (a + b) / 2
}
