import { binomialCdf, binomialSf } from './dist.ts'
import { outside } from './domain.ts'

/** k nonconforming units (or nonconformities) in a sample of size n. */
export interface Sample {
  k: number
  n: number
}

export interface Limits {
  centre: number
  ucl: number
  lcl: number
}

/** Pooled fraction nonconforming, Σk / Σn. */
export function pooled(samples: readonly Sample[]): number {
  let k = 0
  let n = 0
  for (const s of samples) {
    k += s.k
    n += s.n
  }
  if (!(n > 0)) throw outside('pooled', 'at least one inspected unit', n)
  return k / n
}

/** 3σ limits of a fraction for one sample size. Montgomery, Introduction to SQC, 7.2; ISO 7870-2. */
export function pLimits(pBar: number, n: number, sigmaZ = 1): Limits {
  const half = 3 * sigmaZ * Math.sqrt((pBar * (1 - pBar)) / n)
  return { centre: pBar, ucl: Math.min(1, pBar + half), lcl: Math.max(0, pBar - half) }
}

/** The p limits in counts. */
export function npLimits(pBar: number, n: number): Limits {
  const p = pLimits(pBar, n)
  return { centre: p.centre * n, ucl: p.ucl * n, lcl: p.lcl * n }
}

/** 3σ limits of nonconformities per inspection unit of constant size. Montgomery 7.3. */
export function cLimits(cBar: number): Limits {
  const half = 3 * Math.sqrt(cBar)
  return { centre: cBar, ucl: cBar + half, lcl: Math.max(0, cBar - half) }
}

/** 3σ limits of nonconformities per unit for a sample of n units. Montgomery 7.3. */
export function uLimits(uBar: number, n: number): Limits {
  const half = 3 * Math.sqrt(uBar / n)
  return { centre: uBar, ucl: uBar + half, lcl: Math.max(0, uBar - half) }
}

/** (p_i − p̄) / σ_i; 0 where the binomial variance is 0 and the point lies on the centre line. */
export function standardised(s: Sample, pBar: number): number {
  const sigma = Math.sqrt((pBar * (1 - pBar)) / s.n)
  const d = s.k / s.n - pBar
  if (sigma > 0) return d / sigma
  return d === 0 ? 0 : Math.sign(d) * Infinity
}

/**
 * Laney's σ_z: spread of the standardised fractions by the average moving range. Near 1 the binomial model holds;
 * well above 1 the samples differ more than chance allows and the limits must be widened by it. Laney, Quality
 * Engineering 14 (2002). At least two samples.
 */
export function laneySigmaZ(samples: readonly Sample[], pBar: number): number {
  if (samples.length < 2) throw outside('laneySigmaZ', 'two samples or more', samples.length)
  let sum = 0
  let last: number | null = null
  for (const s of samples) {
    const z = standardised(s, pBar)
    if (last !== null) sum += Math.abs(z - last)
    last = z
  }
  return sum / (samples.length - 1) / 1.128
}

/** Trial limits, which samples lie outside, and limits without those samples. */
export interface Revised {
  trial: number
  /** Indexes of the samples left out. */
  out: number[]
  revised: number
}

/**
 * Phase I of a p chart as published: trial centre line over all samples, samples outside *their* limits left out
 * once, centre line recomputed. One pass only: leaving out again and again until all points fit would make any
 * process look stable (Montgomery 7.2.1 keeps a point that falls outside the revised limits without a cause).
 */
export function revisePhaseOne(samples: readonly Sample[]): Revised {
  const trial = pooled(samples)
  const out: number[] = []
  for (const [i, s] of samples.entries()) if (beyond(s, pLimits(trial, s.n))) out.push(i)
  const kept = samples.filter((_, i) => !out.includes(i))
  return { trial, out, revised: kept.length > 0 ? pooled(kept) : trial }
}

/** `above`, `below`, or null when k/n lies on or between the limits. */
export function beyond(s: Sample, limits: Limits): 'above' | 'below' | null {
  const p = s.k / s.n
  // Limits at a whole count differ from k/n by rounding only; such a point is on the limit, not beyond it.
  const slack = 1e-12
  if (p > limits.ucl + slack) return 'above'
  return p < limits.lcl - slack ? 'below' : null
}

/** Exact probability that an in-control sample of n falls outside the limits: the chart's false-alarm rate per point. */
export function pFalseAlarm(pBar: number, n: number, limits: Limits = pLimits(pBar, n)): number {
  const slack = 1e-9
  const high = binomialSf(Math.floor(limits.ucl * n + slack) + 1, n, pBar)
  const low = binomialCdf(Math.ceil(limits.lcl * n - slack) - 1, n, pBar)
  return high + low
}
