/**
 * Scores of good and bad things in falling order, one step per distinct score (or per bin). Every curve and area of a
 * ranking follows from it, so that equal scores are always one step.
 */
export interface RankSteps {
  /** Falling. */
  score: Float64Array
  /** Number of good things at this step. */
  good: Float64Array
  /** Number of bad things at this step. */
  bad: Float64Array
  /** 1 where the step is a bin that holds several scores. */
  mixed?: Uint8Array
}

export interface OperatingPoint {
  /** Called bad from this score on. */
  threshold: number
  /** Bad things called bad. */
  detected: number
  /** Good things called bad. */
  falseCalls: number
}

/** @param scores no NaN; @param bad same length */
export function stepsOf(scores: ArrayLike<number>, bad: ArrayLike<boolean | number>): RankSteps {
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  const score = new Float64Array(order.length)
  const good = new Float64Array(order.length)
  const wrong = new Float64Array(order.length)
  let n = 0
  for (const i of order) {
    if (n === 0 || scores[i] !== score[n - 1]) score[n++] = scores[i]!
    if (bad[i]) wrong[n - 1]!++
    else good[n - 1]!++
  }
  return { score: score.subarray(0, n), good: good.subarray(0, n), bad: wrong.subarray(0, n) }
}

export function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}

/**
 * Area under the ROC curve: the chance that a bad thing scores above a good one, ties counting half (Mann-Whitney).
 *
 * @returns NaN when one kind is missing
 */
export function rocArea({ good, bad }: RankSteps): number {
  let above = 0
  let area = 0
  for (let n = 0; n < good.length; n++) {
    area += good[n]! * (above + bad[n]! / 2)
    above += bad[n]!
  }
  return area / (above * sum(good))
}

/**
 * Average precision: precision at each step times the gain in recall, no interpolation (scikit-learn,
 * `average_precision_score`). Inside a bin of several scores the bad things are taken to lie evenly among the good
 * ones: the k-th of b stands at place k (d + 1) / (b + 1) of d, the mean of all orders.
 *
 * @returns NaN without bad things
 */
export function averagePrecision({ good, bad, mixed }: RankSteps): number {
  let hits = 0
  let called = 0
  let area = 0
  for (let n = 0; n < good.length; n++) {
    const more = bad[n]!
    const d = more + good[n]!
    if (mixed?.[n] === 1) {
      const stride = (d + 1) / (more + 1)
      for (let k = 1; k <= more; k++) area += (hits + k) / (called + k * stride)
    } else if (more > 0) area += (more * (hits + more)) / (called + d)
    hits += more
    called += d
  }
  return area / hits
}

/** The point of highest F1 (equal to Dice); of equal ones the highest threshold. Null without bad things. */
export function bestF1Point({ score, good, bad }: RankSteps): (OperatingPoint & { f1: number }) | null {
  const all = sum(bad)
  if (all === 0) return null
  let detected = 0
  let falseCalls = 0
  let best: (OperatingPoint & { f1: number }) | null = null
  for (let n = 0; n < score.length; n++) {
    detected += bad[n]!
    falseCalls += good[n]!
    const f1 = (2 * detected) / (detected + falseCalls + all)
    if (!best || f1 > best.f1) best = { threshold: score[n]!, detected, falseCalls, f1 }
  }
  return best
}

/** The lowest threshold at which at most this share of the good is called bad. Detects nothing at Infinity. */
export function atFalseCallRate({ score, good, bad }: RankSteps, rate: number): OperatingPoint {
  const allowed = rate * sum(good)
  const point = { threshold: Infinity, detected: 0, falseCalls: 0 }
  for (let n = 0; n < score.length && point.falseCalls + good[n]! <= allowed; n++) {
    point.falseCalls += good[n]!
    point.detected += bad[n]!
    point.threshold = score[n]!
  }
  return point
}

/** The highest threshold that lets no bad thing pass. Null without bad things. */
export function atFullRecall({ score, good, bad }: RankSteps): OperatingPoint | null {
  const all = sum(bad)
  if (all === 0) return null
  let detected = 0
  let falseCalls = 0
  let n = 0
  while (detected < all) {
    detected += bad[n]!
    falseCalls += good[n]!
    n++
  }
  return { threshold: score[n - 1]!, detected, falseCalls }
}

/** Points (false-call rate, detection rate) from (0, 0) to (1, 1). */
export function rocCurve({ good, bad }: RankSteps): [number, number][] {
  return cumulative(good, bad, sum(good), sum(bad))
}

/** Points (recall, precision), one per step. */
export function precisionRecallCurve({ good, bad }: RankSteps): [number, number][] {
  const all = sum(bad)
  const points: [number, number][] = []
  let hits = 0
  let called = 0
  for (let n = 0; n < good.length; n++) {
    hits += bad[n]!
    called += good[n]! + bad[n]!
    points.push([hits / all, hits / called])
  }
  return points
}

/**
 * Per-region overlap over the false-call rate of pixels (P. Bergmann et al., IJCV 129 (2021) 1038): mean over the
 * defect regions of the share called, from (0, 0) to (1, 1).
 *
 * @param share sum of 1 / (size of its region) over the defect pixels of the step
 */
export const proCurve = (
  good: Float64Array,
  share: Float64Array,
  regions: number,
): [x: number, y: number][] => cumulative(good, share, sum(good), regions)

function cumulative(x: Float64Array, y: Float64Array, allX: number, allY: number): [x: number, y: number][] {
  const points: [number, number][] = [[0, 0]]
  let sumX = 0
  let sumY = 0
  for (let n = 0; n < x.length; n++) {
    sumX += x[n]!
    sumY += y[n]!
    points.push([sumX / allX, sumY / allY])
  }
  return points
}

/**
 * Mean height of a curve from x = 0 to `limit`: trapezoids, the last one cut off at the limit by interpolation.
 * With the PRO curve and 0.3 this is AUPRO.
 */
export function areaUpTo(points: readonly (readonly [number, number])[], limit: number): number {
  let area = 0
  for (let n = 1; n < points.length; n++) {
    const [x1, y1] = points[n - 1]!
    const [x2, y2] = points[n]!
    if (x2 <= limit) area += ((x2 - x1) * (y1 + y2)) / 2
    else {
      const y = y1 + ((y2 - y1) * (limit - x1)) / (x2 - x1)
      return (area + ((limit - x1) * (y1 + y)) / 2) / limit
    }
  }
  return area / limit
}

/**
 * At most about `most` points of a curve for drawing and for files: points that move by less than 1 / `most` of the
 * axis are left out; the first and the last stay.
 */
export function thinCurve(points: readonly [number, number][], most = 400): [number, number][] {
  const kept: [number, number][] = []
  for (const [n, p] of points.entries()) {
    const last = kept.at(-1)
    if (!last || n === points.length - 1 || Math.abs(p[0] - last[0]) + Math.abs(p[1] - last[1]) >= 2 / most)
      kept.push(p)
  }
  return kept
}
