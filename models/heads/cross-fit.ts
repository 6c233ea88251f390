import { sample, seededRandom } from '../teach/random.ts'
import {
  crossEntropy,
  fitSoftmax,
  fitTemperature,
  type LabelledRows,
  type LinearHead,
  logitsOf,
} from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'

/** One labelled part: its features, and those of its mirror images, which may be taught but never test. */
export interface Labelled {
  features: Float32Array
  mirrored: readonly Float32Array[]
  label: number
}

/** Standardisation of every feature: (value - mean) / deviation. */
export interface Scale {
  mean: Float32Array
  deviation: Float32Array
}

export interface CrossFit {
  penalty: number
  mirrored: boolean
  steps: number
  temperature: number
  /** Class each part was given by a head that had not seen it. */
  predicted: number[]
  /** Mean negative log likelihood of parts not seen, after calibration. */
  loss: number
}

export interface HeadOptions {
  classes: number
  seed: number
  signal?: AbortSignal
  onProgress?: (done: number, of: number) => void
}

const FOLDS = 5
const PENALTIES = [1e-3, 1e-2, 1e-1]
const STEPS = 400

/** The folds are stratified: each class is spread over all of them. */
export function foldsOf(labels: readonly number[], folds: number, seed: number): number[] {
  const random = seededRandom(seed)
  const fold = Array<number>(labels.length).fill(0)
  for (const c of new Set(labels)) {
    const of = labels.flatMap((l, i) => (l === c ? [i] : []))
    sample(of.length, of.length, random).forEach((k, n) => (fold[of[k] ?? 0] = n % folds))
  }
  return fold
}

/**
 * Chooses penalty and mirroring by parts that the head has not seen, and calibrates on the same parts: k-fold
 * cross-validation, k = 5 or as many as the rarest class has parts.
 */
export async function crossFit(
  tf: TensorFlow,
  parts: readonly Labelled[],
  options: HeadOptions,
): Promise<CrossFit> {
  const labels = parts.map((p) => p.label)
  const counts = Array.from({ length: options.classes }, (_, c) => labels.filter((l) => l === c).length)
  const folds = Math.min(FOLDS, ...counts)
  const fold = foldsOf(labels, folds, options.seed)
  const total = (PENALTIES.length + 1) * folds
  let done = 0

  const attempt = async (penalty: number, mirrored: boolean): Promise<CrossFit> => {
    const logits: Float64Array[] = []
    let steps = 0
    for (let k = 0; k < folds; k++) {
      const scale = scaleOf(parts.filter((_, i) => fold[i] !== k).map((p) => p.features))
      const inside = rowsOf(
        parts.filter((_, i) => fold[i] !== k),
        scale,
        mirrored,
        options.classes,
      )
      const outside = parts.flatMap((p, i) => (fold[i] === k ? [i] : []))
      const watch = rowsOf(
        outside.flatMap((i) => parts[i] ?? []),
        scale,
        false,
        options.classes,
      )
      const fit = await fitSoftmax(tf, inside, {
        classes: options.classes,
        penalty,
        steps: STEPS,
        watch,
        ...(options.signal && { signal: options.signal }),
      })
      logitsOf(fit.head, watch.rows).forEach((row, n) => (logits[outside[n] ?? 0] = row))
      steps += fit.steps / folds
      options.onProgress?.(++done, total)
    }
    const temperature = fitTemperature(logits, labels)
    const predicted = logits.map((row) => row.indexOf(Math.max(...row)))
    return {
      penalty,
      mirrored,
      steps: Math.max(1, Math.round(steps)),
      temperature,
      predicted,
      loss: crossEntropy(logits, labels, temperature),
    }
  }

  let best = await attempt(PENALTIES[0] ?? 0, false)
  for (const penalty of PENALTIES.slice(1)) best = better(best, await attempt(penalty, false))
  // More views of a part seldom harm; where they do, it shows beyond the noise of the estimate.
  const mirrored = await attempt(best.penalty, true)
  return mirrored.loss < best.loss + MIRROR_MARGIN ? mirrored : best
}

/** Log loss by which mirror images must harm to be left out. */
const MIRROR_MARGIN = 0.02

const better = (a: CrossFit, b: CrossFit): CrossFit => (b.loss < a.loss ? b : a)

/** The head on all parts, by what cross-validation chose. */
export async function fitAll(
  tf: TensorFlow,
  parts: readonly Labelled[],
  chosen: CrossFit,
  options: HeadOptions,
): Promise<{ head: LinearHead; scale: Scale }> {
  const scale = scaleOf(parts.map((p) => p.features))
  const rows = rowsOf(parts, scale, chosen.mirrored, options.classes)
  const { head } = await fitSoftmax(tf, rows, {
    classes: options.classes,
    penalty: chosen.penalty,
    steps: chosen.steps,
    ...(options.signal && { signal: options.signal }),
  })
  return { head, scale }
}

function rowsOf(parts: readonly Labelled[], scale: Scale, mirrored: boolean, classes: number): LabelledRows {
  const all = parts.flatMap((p) =>
    [p.features, ...(mirrored ? p.mirrored : [])].map((features) => ({ features, label: p.label })),
  )
  const counts = new Map<number, number>()
  for (const { label } of all) counts.set(label, (counts.get(label) ?? 0) + 1)
  return {
    rows: all.map(({ features }) => standardised(features, scale)),
    labels: all.map(({ label }) => label),
    weights: all.map(({ label }) => all.length / (classes * (counts.get(label) ?? 1))),
  }
}

export function scaleOf(rows: readonly Float32Array[]): Scale {
  const size = rows[0]?.length ?? 0
  const mean = new Float32Array(size)
  const deviation = new Float32Array(size)
  for (let f = 0; f < size; f++) {
    let sum = 0
    let squares = 0
    for (const row of rows) {
      const v = row[f] ?? 0
      sum += v
      squares += v * v
    }
    const m = sum / rows.length
    mean[f] = m
    deviation[f] = Math.sqrt(Math.max(0, squares / rows.length - m * m))
  }
  // A feature that hardly varies must not become noise of great weight.
  const typical = deviation.reduce((a, b) => a + b, 0) / Math.max(1, size)
  for (let f = 0; f < size; f++) deviation[f] = (deviation[f] ?? 0) + 0.05 * typical + 1e-6
  return { mean, deviation }
}

const standardised = (row: Float32Array, { mean, deviation }: Scale): Float32Array =>
  row.map((v, f) => (v - (mean[f] ?? 0)) / (deviation[f] ?? 1))
