/**
 * What n good parts can promise about the false-call rate (overkill of good parts). Distribution-free: a threshold at
 * the k-th largest of n exchangeable scores is exceeded by a new good part at an unknown rate p, and seeing at most
 * k - 1 exceedances has probability P(Binomial(n, p) <= k - 1). The bound is the p at which that is 1 - confidence
 * (Clopper and Pearson 1934; tolerance limits of Wilks 1941).
 */
export interface FalseCallPromise {
  /** Good parts with a cross-fitted score. */
  parts: number
  /** Of these, at or above the threshold. */
  exceeding: number
  /** exceeding / parts */
  rate: number
  /** Two-sided interval of the rate at `confidence`. */
  interval: readonly [number, number]
  /** One-sided upper bound of the rate at `confidence`: what is promised. */
  promised: number
  confidence: number
}

export interface GoodThreshold {
  threshold: number
  promise: FalseCallPromise
  /** The rate that was asked for. */
  asked: number
  /** Whether the promise reaches it; when not, `neededParts` good parts without an exceedance would. */
  kept: boolean
  neededParts: number
}

/** P(Binomial(n, p) <= k), by summing terms in logarithms. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k >= n || p <= 0) return 1
  if (p >= 1 || k < 0) return 0
  let log = n * Math.log1p(-p)
  let sum = Math.exp(log)
  for (let i = 1; i <= k; i++) {
    log += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p)
    sum += Math.exp(log)
  }
  return Math.min(1, sum)
}

/** The p at which P(Binomial(n, p) <= k) falls to `level`, by bisection. */
function rateWhere(k: number, n: number, level: number): number {
  let low = 0
  let high = 1
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (binomialAtMost(k, n, middle) > level) low = middle
    else high = middle
  }
  return (low + high) / 2
}

export function falseCallPromise(exceeding: number, parts: number, confidence: number): FalseCallPromise {
  const tail = (1 - confidence) / 2
  return {
    parts,
    exceeding,
    rate: exceeding / parts,
    interval: [
      exceeding === 0 ? 0 : rateWhere(exceeding - 1, parts, 1 - tail),
      exceeding === parts ? 1 : rateWhere(exceeding, parts, tail),
    ],
    promised: exceeding === parts ? 1 : rateWhere(exceeding, parts, 1 - confidence),
    confidence,
  }
}

/** Good parts without an exceedance that support `rate` at `confidence`: (1 - rate)^n <= 1 - confidence. */
export const partsNeeded = (rate: number, confidence: number): number =>
  Math.ceil(Math.log(1 - confidence) / Math.log1p(-rate))

/**
 * Threshold from good parts alone: as many of them may lie at or above it as the asked rate allows with confidence;
 * where n is too small for that, none does, and the promise says what n supports.
 *
 * @param scores cross-fitted scores: no image took part in what scored it
 * @param outliers so many of the largest are suspected not to be good: the threshold goes below them, and the promise
 *                 counts them as false calls until someone has looked
 */
export function thresholdFromGood(
  scores: readonly number[],
  asked: number,
  confidence: number,
  outliers = 0,
): GoodThreshold {
  const n = scores.length
  let exceeding = Math.min(outliers, n - 1)
  while (exceeding + 1 < n && falseCallPromise(exceeding + 1, n, confidence).promised <= asked) exceeding += 1
  const promise = falseCallPromise(exceeding, n, confidence)
  return {
    threshold: thresholdAtRank(scores, exceeding),
    promise,
    asked,
    kept: promise.promised <= asked,
    neededParts: partsNeeded(asked, confidence),
  }
}

/**
 * Step above the largest score below the threshold, as a share of its distance from the median: enough for rounding on
 * another machine. The promise holds at the score itself; more would let defects pass and promise nothing.
 */
const STEP = 0.01

/**
 * Threshold that `exceeding` of the scores reach: above the next one by half the gap, so that no part lies on the edge,
 * but by no more than a hundredth of the spread of the upper half, however far the outliers are.
 */
export function thresholdAtRank(scores: readonly number[], exceeding: number): number {
  const falling = scores.toSorted((a, b) => b - a)
  const below = falling[exceeding] ?? falling.at(-1) ?? 0
  const middle = falling[Math.floor(falling.length / 2)] ?? 0
  const gap = exceeding === 0 ? Infinity : ((falling[exceeding - 1] ?? below) - below) / 2
  return below + Math.min(gap, STEP * (below - middle))
}

export interface LabelledScore {
  score: number
  bad: boolean
}

export type ThresholdGoal =
  | { goal: 'false-calls'; rate: number }
  /** Cost of one escape and of one overkill, any unit; `defectShare` of the line, 0..1. */
  | { goal: 'cost'; escapeCost: number; overkillCost: number; defectShare: number }
  /** Highest threshold at which this share of the given defects is found. */
  | { goal: 'recall'; recall: number }

/** Threshold from good and defective parts, between two neighbouring scores. */
export function thresholdFromDefects(
  scores: readonly LabelledScore[],
  goal: Exclude<ThresholdGoal, { goal: 'false-calls' }>,
): number {
  const sorted = scores.toSorted((a, b) => a.score - b.score)
  const bad = sorted.filter((s) => s.bad).length
  const good = sorted.length - bad
  let best = { threshold: -Infinity, loss: Infinity }
  let escapes = 0
  let overkills = good
  for (let i = 0; i <= sorted.length; i++) {
    const below = sorted[i - 1]?.score ?? (sorted[0]?.score ?? 0) - 1
    const above = sorted[i]?.score ?? below
    const loss =
      goal.goal === 'recall'
        ? (bad - escapes) / bad >= goal.recall
          ? overkills
          : Infinity
        : goal.defectShare * (escapes / bad) * goal.escapeCost +
          (1 - goal.defectShare) * (overkills / good) * goal.overkillCost
    if (below < above && loss <= best.loss) best = { threshold: (below + above) / 2, loss }
    if (sorted[i]?.bad === true) escapes += 1
    else overkills -= 1
  }
  return best.threshold
}
