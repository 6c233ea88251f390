import { orderOf } from './pixel-bins.kernel.ts'

/** Rates of good images between which the curves are integrated, and number of thresholds (AUPIMO's own defaults). */
export interface OverlapLimits {
  low: number
  high: number
  thresholds: number
}

const AUPIMO_LIMITS: OverlapLimits = { low: 1e-5, high: 1e-4, thresholds: 300_000 }

/** Values of good images kept: enough for a rate of 1e-4 up to 10^10 pixels. */
const TAIL = 1 << 20
/** Defect pixels kept exactly; beyond, every list is halved. */
const MOST_DEFECT_PIXELS = 1 << 25

interface DefectImage {
  id: string
  pixels: number
  /** Rising; every `stride`-th of the values. */
  values: Float32Array
  stride: number
}

export interface OverlapScore {
  /** Mean over the images with defects. */
  mean: number
  perImage: { id: string; value: number }[]
  /** Thresholds inside the limits. */
  points: number
}

/**
 * Per-image overlap: J. Bertoldo et al., "AUPIMO", BMVC 2024, as anomalib computes it. The share of each defect
 * that is called, over the mean false-call rate of the good images on a log axis, thresholds evenly between the lowest
 * and the highest score of the good images.
 *
 * Only the highest scores of the good images matter, so only those are kept; and the scores on defects.
 */
export class PerImageOverlap {
  readonly #limits: OverlapLimits
  #tail = new Float32Array(2 * TAIL)
  /** 1 / pixels of its image, for each value in the tail. */
  #weights = new Float64Array(2 * TAIL)
  #kept = 0
  /** Values below were dropped. */
  #cut = -Infinity
  #lowest = Infinity
  #highest = -Infinity
  #goodImages = 0
  #defects: DefectImage[] = []
  #defectPixels = 0

  constructor(limits: OverlapLimits = AUPIMO_LIMITS) {
    this.#limits = limits
  }

  addGood(values: Float32Array): void {
    this.#goodImages++
    const weight = 1 / values.length
    for (const v of values) {
      if (v < this.#lowest) this.#lowest = v
      if (v > this.#highest) this.#highest = v
      if (v < this.#cut) continue
      if (this.#kept === this.#tail.length) this.#trim()
      this.#tail[this.#kept] = v
      this.#weights[this.#kept++] = weight
    }
  }

  /** @param region per pixel 0 = good, else a defect */
  addDefective(id: string, values: Float32Array, region: Int32Array): void {
    const inside = values.filter((_, i) => region[i] !== 0).sort()
    this.#defects.push({ id, pixels: inside.length, values: inside, stride: 1 })
    this.#defectPixels += inside.length
    while (this.#defectPixels > MOST_DEFECT_PIXELS) {
      this.#defectPixels = 0
      for (const d of this.#defects) {
        d.values = d.values.filter((_, i) => (d.values.length - 1 - i) % 2 === 0)
        d.stride *= 2
        this.#defectPixels += d.values.length
      }
    }
  }

  /**
   * Null without good or defective images, where one good pixel is a higher rate than the lower limit, or where fewer than
   * 31 thresholds lie inside the limits (as anomalib).
   */
  score(): OverlapScore | null {
    if (this.#goodImages === 0 || this.#defects.length === 0 || !(this.#highest > this.#lowest)) return null
    const range = this.#range()
    if (range === null) return null
    const { from, to, rates } = range
    // Falling thresholds are rising rates; a rate of 0 has no logarithm.
    const used: { threshold: number; log: number }[] = []
    for (let i = to; i >= from; i--) {
      const rate = rates[i - from] ?? 0
      if (rate > 0) used.push({ threshold: this.#threshold(i), log: Math.log(rate) })
    }
    if (used.length <= 30) return null
    const whole = Math.log(this.#limits.high / this.#limits.low)
    const perImage = this.#defects.map((d) => ({ id: d.id, value: overlapArea(d, used) / whole }))
    for (const p of perImage) p.value = Math.min(1, Math.max(0, p.value))
    const mean = perImage.reduce((a, p) => a + p.value, 0) / perImage.length
    return { mean, perImage, points: used.length }
  }

  /** The i-th threshold: evenly from the lowest to the highest good score, both halves from their end (torch.linspace). */
  #threshold(i: number): number {
    const last = this.#limits.thresholds - 1
    const step = (this.#highest - this.#lowest) / last
    return i < this.#limits.thresholds / 2 ? this.#lowest + step * i : this.#highest - step * (last - i)
  }

  /** Thresholds whose rates are nearest to the limits, and the rate at each between them. */
  #range(): { from: number; to: number; rates: Float64Array } | null {
    const order = orderOf(this.#tail.subarray(0, Math.min(this.#kept, 2 * TAIL)), this.#kept)
    const falling: number[] = []
    let at = order.length - 1
    let rate = 0
    let from = 0
    let to = 0
    let best = { low: Infinity, high: Infinity }
    for (let i = this.#limits.thresholds - 1; i >= 0; i--) {
      const t = this.#threshold(i)
      if (t < this.#cut) return null
      for (; at >= 0 && (this.#tail[order[at] ?? 0] ?? 0) >= t; at--)
        rate += this.#weights[order[at] ?? 0] ?? 0
      const mean = rate / this.#goodImages
      // Not even the highest good score is rare enough: part of the range would count as nothing called.
      if (falling.length === 0 && mean > this.#limits.low) return null
      falling.push(mean)
      // Of equally near ones the lowest threshold.
      if (Math.abs(mean - this.#limits.low) <= best.low)
        [best, to] = [{ ...best, low: Math.abs(mean - this.#limits.low) }, i]
      if (Math.abs(mean - this.#limits.high) <= best.high)
        [best, from] = [{ ...best, high: Math.abs(mean - this.#limits.high) }, i]
      else if (mean > this.#limits.high) break
    }
    if (from >= to) return null
    const first = this.#limits.thresholds - 1
    const rates = Float64Array.from({ length: to - from + 1 }, (_, k) => falling[first - from - k] ?? 0)
    return { from, to, rates }
  }

  #trim(): void {
    const order = orderOf(this.#tail, this.#kept)
    const top = order.subarray(order.length - TAIL)
    const values = Float32Array.from(top, (i) => this.#tail[i] ?? 0)
    const weights = Float64Array.from(top, (i) => this.#weights[i] ?? 0)
    this.#tail.set(values)
    this.#weights.set(weights)
    this.#kept = TAIL
    this.#cut = values[0] ?? -Infinity
  }
}

/** Integral of the called share over the logarithm of the rate, trapezoids. */
function overlapArea(d: DefectImage, used: readonly { threshold: number; log: number }[]): number {
  let at = d.values.length - 1
  let area = 0
  let before = { share: 0, log: NaN }
  for (const { threshold, log } of used) {
    while (at >= 0 && (d.values[at] ?? 0) >= threshold) at--
    const called = Math.min(d.pixels, (d.values.length - 1 - at) * d.stride)
    const share = called / d.pixels
    if (!Number.isNaN(before.log)) area += ((log - before.log) * (share + before.share)) / 2
    before = { share, log }
  }
  return area
}
