import { PerImageOverlap, type OverlapLimits, type OverlapScore } from './per-image-overlap.ts'
import { countAbove, regionPeaks } from './pixel-bins.kernel.ts'
import { PixelRanking } from './pixel-ranking.ts'
import {
  areaUpTo,
  averagePrecision,
  bestF1Point,
  precisionRecallCurve,
  proCurve,
  rocArea,
  rocCurve,
  sum,
  thinCurve,
} from './ranking.kernel.ts'
import { recallBySize, type SizeBin } from './sizes.ts'
import type { TruthRegions } from './truth-regions.ts'

/** How well a score map finds the defect pixels of the masks. Null where it cannot be said. */
export interface PixelScore {
  images: number
  defectiveImages: number
  regions: number
  /** False = more pixels than are ranked exactly; they were counted in bins. */
  exact: boolean
  auroc: number | null
  aupr: number | null
  f1Max: { value: number; threshold: number } | null
  /** Per-region overlap up to a false-call rate of `limit`. */
  aupro: { value: number; limit: number } | null
  aupimo: (OverlapScore & { low: number; high: number }) | null
  /** At the threshold of the map, all pixels together. */
  at: { threshold: number; iou: number | null; dice: number | null }
  /** Defect regions whose highest score reaches the threshold of findings, by longer side. */
  recallBySize: { px: SizeBin[]; mm: SizeBin[] | null }
  roc: [number, number][]
  pr: [number, number][]
  pro: [number, number][]
}

export interface PixelOptions {
  /** Score from which a pixel is called. */
  mapThreshold: number
  /** Score a region must reach to be found, unless an image has its own. */
  findingThreshold: number
  mmPerPx?: number
  exactPixels?: number
  overlap?: OverlapLimits
}

/** False-call rate up to which AUPRO is taken (Bergmann et al. 2021). */
const AUPRO_LIMIT = 0.3

/** Collects the score maps of a data set, one image at a time; memory does not grow with the number of good pixels. */
export class PixelScorer {
  readonly #options: PixelOptions
  readonly #ranking: PixelRanking
  readonly #overlap: PerImageOverlap
  readonly #above = new Float64Array(2)
  readonly #regions: { sizePx: number; found: boolean }[] = []
  #images = 0
  #defective = 0
  #defectPixels = 0

  constructor(options: PixelOptions) {
    this.#options = options
    this.#ranking = new PixelRanking(options.exactPixels)
    this.#overlap = new PerImageOverlap(options.overlap)
  }

  /**
   * @param values score per pixel of the image
   * @param truth its defect regions, none on a good part
   */
  add(
    id: string,
    values: Float32Array,
    truth: TruthRegions,
    findingThreshold = this.#options.findingThreshold,
  ): void {
    this.#images++
    this.#ranking.add(values, truth.labels, truth.shares)
    countAbove(values, truth.labels, values.length, this.#options.mapThreshold, this.#above)
    if (truth.regions.length === 0) return this.#overlap.addGood(values)
    this.#defective++
    this.#overlap.addDefective(id, values, truth.labels)
    const peaks = new Float64Array(truth.regions.length + 1).fill(-Infinity)
    regionPeaks(values, truth.labels, values.length, peaks)
    truth.regions.forEach(({ sizePx, areaPx }, n) => {
      this.#defectPixels += areaPx
      this.#regions.push({ sizePx, found: (peaks[n + 1] ?? -Infinity) >= findingThreshold })
    })
  }

  /** Null before any image. */
  score(): PixelScore | null {
    if (this.#images === 0) return null
    const { mapThreshold, mmPerPx, overlap } = this.#options
    const steps = this.#ranking.steps()
    const both = sum(steps.bad) > 0 && sum(steps.good) > 0
    const pro = both ? proCurve(steps.good, steps.share, this.#regions.length) : []
    const best = bestF1Point(steps)
    const aupimo = this.#overlap.score()
    const [hits = 0, falseCalls = 0] = this.#above
    const union = this.#defectPixels + falseCalls
    const sized = (scale: number): SizeBin[] =>
      recallBySize(this.#regions.map((r) => ({ size: r.sizePx * scale, found: r.found })))
    return {
      images: this.#images,
      defectiveImages: this.#defective,
      regions: this.#regions.length,
      exact: this.#ranking.exact,
      auroc: both ? rocArea(steps) : null,
      aupr: both ? averagePrecision(steps) : null,
      f1Max: both && best ? { value: best.f1, threshold: best.threshold } : null,
      // Shares of regions add up to 1 only nearly.
      aupro: both ? { value: Math.min(1, areaUpTo(pro, AUPRO_LIMIT)), limit: AUPRO_LIMIT } : null,
      aupimo: aupimo && { ...aupimo, low: overlap?.low ?? 1e-5, high: overlap?.high ?? 1e-4 },
      at: {
        threshold: mapThreshold,
        iou: union === 0 ? null : hits / union,
        dice: union === 0 ? null : (2 * hits) / (this.#defectPixels + hits + falseCalls),
      },
      recallBySize: { px: sized(1), mm: mmPerPx === undefined ? null : sized(mmPerPx) },
      roc: both ? thinCurve(rocCurve(steps)) : [],
      pr: both ? thinCurve(precisionRecallCurve(steps)) : [],
      pro: thinCurve(pro),
    }
  }
}
