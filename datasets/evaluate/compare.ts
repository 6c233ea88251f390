import {
  drawCounts,
  mcnemarExact,
  quantileOf,
  rocArea,
  averagePrecision,
  type RankSteps,
} from '../metrics/index.ts'
import { isCalled, matchImage } from '../metrics/index.ts'
import { createRng } from '../sample-line/rng.ts'
import type { Comparison, EvaluatedImage, EvaluationResult } from './result.schema.ts'

export interface CompareOptions {
  resamples?: number
  seed?: number
}

/** A number of a whole data set that can be taken with each image counted so many times. Null where it is undefined. */
export type Statistic = (counts: Float64Array) => number | null

export interface PairedDifference {
  value: number
  other: number
  difference: number
  interval: [number, number]
  p: number
}

/**
 * Paired bootstrap (B. Efron, R. Tibshirani 1993, chapter 13): images are drawn with replacement, both judges are
 * scored on the same draw. Percentile interval; two-sided p with the observed data counted as one more resample.
 *
 * @returns per statistic; null where either is undefined on the data themselves
 */
export function pairedBootstrap(
  n: number,
  statistics: readonly (readonly [Statistic, Statistic])[],
  resamples: number,
  seed: number,
): (PairedDifference | null)[] {
  const whole = new Float64Array(n).fill(1)
  const observed = statistics.map(([a, b]) => [a(whole), b(whole)] as const)
  const drawn = statistics.map(() => new Float64Array(resamples))
  const used = statistics.map(() => 0)
  const rng = createRng(seed)
  const counts = new Float64Array(n)
  for (let r = 0; r < resamples; r++) {
    drawCounts(rng.next, counts)
    statistics.forEach(([a, b], s) => {
      const [x, y] = [a(counts), b(counts)]
      const list = drawn[s]
      // A draw without bad parts, say, has no such number.
      if (list && x !== null && y !== null) list[used[s] ?? 0] = x - y
      if (x !== null && y !== null) used[s] = (used[s] ?? 0) + 1
    })
  }
  return observed.map(([value, other], s) => {
    const sorted = drawn[s]?.slice(0, used[s]).sort()
    if (value === null || other === null || !sorted || sorted.length === 0) return null
    const low = sorted.filter((d) => d <= 0).length
    const high = sorted.filter((d) => d >= 0).length
    return {
      value,
      other,
      difference: value - other,
      interval: [quantileOf(sorted, 0.025), quantileOf(sorted, 0.975)],
      p: Math.min(1, (2 * (Math.min(low, high) + 1)) / (sorted.length + 1)),
    }
  })
}

/** Compares two evaluations of the same images. */
export function compareResults(
  a: EvaluationResult,
  b: EvaluationResult,
  { resamples = 2_000, seed = 1 }: CompareOptions = {},
): Comparison {
  const pairs: [string, Statistic, Statistic][] = []
  const add = (name: string, make: (r: EvaluationResult) => Statistic): void => {
    pairs.push([name, make(a), make(b)])
  }
  if (a.ranking && b.ranking) {
    add('AUROC', ({ images }) => ranked(images, rocArea))
    add('AUPR', ({ images }) => ranked(images, averagePrecision))
  }
  if (a.detection && b.detection) {
    add('mAP', meanAp)
    add('defects missed', (r) => missedShare(r))
  }
  if (a.judgement && b.judgement) {
    add('escape', ({ images }) => wrongShare(images, true))
    add('overkill', ({ images }) => wrongShare(images, false))
  }
  if (a.classification && b.classification) add('accuracy', ({ images }) => accuracy(images))
  const done = pairedBootstrap(
    a.images.length,
    pairs.map(([, x, y]) => [x, y] as const),
    resamples,
    seed,
  )
  return {
    other: b.recipe.id,
    otherModels: b.models.map((m) => `${m.id} ${m.version}`),
    threshold: a.threshold,
    otherThreshold: b.threshold,
    images: a.images.length,
    resamples,
    seed,
    differences: done.flatMap((d, n) => (d ? [{ metric: pairs[n]?.[0] ?? '', ...d }] : [])),
    flips: flips(a.images, b.images),
  }
}

function flips(a: readonly EvaluatedImage[], b: readonly EvaluatedImage[]): Comparison['flips'] {
  const right = (i: EvaluatedImage): boolean => i.verdict === (i.defective === true ? 'fail' : 'pass')
  const rows = a.flatMap((x, n) => {
    const y = b[n]
    return y && x.defective !== null ? [{ id: x.id, one: right(x), two: right(y) }] : []
  })
  if (rows.length === 0) return null
  const onlyThis = rows.filter((r) => r.one && !r.two).length
  const onlyOther = rows.filter((r) => !r.one && r.two).length
  return {
    onlyThis,
    onlyOther,
    p: mcnemarExact(onlyThis, onlyOther),
    ids: rows.filter((r) => r.one !== r.two).map((r) => r.id),
  }
}

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null)

/** A ranking with each image counted so many times; sorted once. */
function ranked(images: readonly EvaluatedImage[], area: (s: RankSteps) => number): Statistic {
  const order = images
    .map((i, n) => ({ n, score: i.score, bad: i.defective }))
    .filter((i) => i.score !== null && i.bad !== null)
    .sort((x, y) => (y.score ?? 0) - (x.score ?? 0))
  const step: number[] = []
  order.forEach((i, k) =>
    step.push(k === 0 ? 0 : (step[k - 1] ?? 0) + Number(i.score !== order[k - 1]?.score)),
  )
  const size = (step.at(-1) ?? -1) + 1
  const steps = { score: new Float64Array(size), good: new Float64Array(size), bad: new Float64Array(size) }
  return (counts) => {
    steps.good.fill(0)
    steps.bad.fill(0)
    order.forEach((i, k) => {
      const list = i.bad === true ? steps.bad : steps.good
      const at = step[k] ?? 0
      list[at] = (list[at] ?? 0) + (counts[i.n] ?? 0)
    })
    return finite(area(steps))
  }
}

function share(wanted: (i: EvaluatedImage) => boolean, of: (i: EvaluatedImage) => boolean) {
  return (images: readonly EvaluatedImage[]): Statistic => {
    const all = Float64Array.from(images, (i) => Number(of(i)))
    const hit = Float64Array.from(images, (i) => Number(of(i) && wanted(i)))
    return (counts) => {
      let k = 0
      let n = 0
      for (let i = 0; i < counts.length; i++) {
        k += (hit[i] ?? 0) * (counts[i] ?? 0)
        n += (all[i] ?? 0) * (counts[i] ?? 0)
      }
      return n === 0 ? null : k / n
    }
  }
}

const wrongShare = (images: readonly EvaluatedImage[], bad: boolean): Statistic =>
  share(
    (i) => i.verdict === (bad ? 'pass' : 'fail'),
    (i) => i.defective === bad,
  )(images)

const accuracy = share(
  (i) => i.called === i.label,
  (i) => i.label !== null,
)

function missedShare({ images, threshold, detection }: EvaluationResult): Statistic {
  const rows = images.map((i) => {
    const truths = i.truths ?? []
    const called = i.detections.filter((d) => isCalled(d, threshold))
    const found = new Set(matchImage(truths, called, detection?.iouAbove ?? 0, false))
    const counting = truths.flatMap((t, n) => (t.crowd ? [] : n))
    return [counting.length, counting.filter((n) => !found.has(n)).length] as const
  })
  return (counts) => {
    let all = 0
    let missed = 0
    rows.forEach(([t, m], i) => {
      all += t * (counts[i] ?? 0)
      missed += m * (counts[i] ?? 0)
    })
    return all === 0 ? null : missed / all
  }
}

/** Mean of the AP per class by the protocol of `scoreDetections`, matched once. */
function meanAp({ images, dataset, detection }: EvaluationResult): Statistic {
  const perClass = new Map(
    dataset.classes.map((c) => [c, [] as { n: number; score: number; hit: boolean }[]]),
  )
  images.forEach((i, n) => {
    const matched = matchImage(i.truths ?? [], i.detections, detection?.iouAbove ?? 0, true)
    i.detections.forEach((d, k) => {
      if (i.truths?.[matched[k] ?? -1]?.crowd) return
      perClass.get(d.class)?.push({ n, score: d.score, hit: (matched[k] ?? -1) >= 0 })
    })
  })
  const truths = dataset.classes.map((c) =>
    Float64Array.from(images, (i) => (i.truths ?? []).filter((t) => t.class === c && !t.crowd).length),
  )
  const calls = dataset.classes.map((c) => (perClass.get(c) ?? []).sort((x, y) => y.score - x.score))
  return (counts) => {
    const aps: number[] = []
    truths.forEach((t, c) => {
      const positives = t.reduce((a, v, i) => a + v * (counts[i] ?? 0), 0)
      if (positives > 0) aps.push(weightedAp(calls[c] ?? [], counts, positives))
    })
    return aps.length === 0 ? null : aps.reduce((x, y) => x + y, 0) / aps.length
  }
}

/** Area under the precision envelope, each call counted as often as its image was drawn. */
function weightedAp(
  calls: readonly { n: number; hit: boolean }[],
  counts: Float64Array,
  positives: number,
): number {
  const precision = new Float64Array(calls.length)
  let right = 0
  let all = 0
  calls.forEach(({ n, hit }, k) => {
    const w = counts[n] ?? 0
    all += w
    if (hit) right += w
    precision[k] = all === 0 ? 0 : right / all
  })
  let envelope = 0
  let area = 0
  for (let k = calls.length - 1; k >= 0; k--) {
    envelope = Math.max(envelope, precision[k] ?? 0)
    const call = calls[k]
    if (call?.hit) area += envelope * (counts[call.n] ?? 0)
  }
  return area / positives
}
