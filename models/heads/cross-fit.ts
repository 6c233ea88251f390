import { sample, seededRandom } from '../teach/random.ts'
import { calibrationError, crossEntropy, fitTemperature } from './calibration.ts'
import { type LabelledRows, type LinearHead, logitsOf, softmaxFitter } from './softmax-regression.ts'
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
  temperature: number
  /** Class each part was given by a head that had not seen it. */
  predicted: number[]
  /** Mean negative log likelihood of parts not seen, after calibration. */
  loss: number
  /** Expected calibration error of parts not seen, by a temperature from the parts of the other folds. */
  calibrationError: number
}

export interface HeadOptions {
  classes: number
  seed: number
  signal?: AbortSignal
  onProgress?: (done: number, of: number) => void
}

const FOLDS = 5
/** From strong to weak, so that each optimum is near the one before. */
const PENALTIES = [1e-1, 1e-2, 1e-3, 1e-4]
/** Log loss by which mirror images must harm to be left out. */
const MIRROR_MARGIN = 0.02

/** The folds are stratified: each class is spread over all of them, from where the one before ended, so that few parts are too. */
export function foldsOf(labels: readonly number[], folds: number, seed: number): number[] {
  const random = seededRandom(seed)
  const fold = Array<number>(labels.length).fill(0)
  let placed = 0
  for (const c of new Set(labels)) {
    const of = labels.flatMap((l, i) => (l === c ? [i] : []))
    sample(of.length, of.length, random).forEach((k) => (fold[of[k] ?? 0] = placed++ % folds))
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
  const { classes, signal } = options
  const labels = parts.map((p) => p.label)
  const counts = Array.from({ length: classes }, (_, c) => labels.filter((l) => l === c).length)
  const folds = Math.min(FOLDS, ...counts)
  const fold = foldsOf(labels, folds, options.seed)
  const total = 2 * PENALTIES.length * folds
  let done = 0

  async function attempts(mirrored: boolean): Promise<CrossFit[]> {
    const logits = PENALTIES.map((): Float64Array[] => [])
    for (let k = 0; k < folds; k++) {
      const inside = parts.filter((_, i) => fold[i] !== k)
      const scale = scaleOf(inside.map((p) => p.features))
      const outside = parts.flatMap((p, i) => (fold[i] === k ? [i] : []))
      const unseen = joined(outside.map((i) => standardised(parts[i]?.features ?? new Float32Array(), scale)))
      const fitter = softmaxFitter(tf, rowsOf(inside, scale, mirrored, classes), classes)
      try {
        let from: LinearHead | undefined
        for (const [n, penalty] of PENALTIES.entries()) {
          from = await fitter.fit({ penalty, ...(from && { from }), ...(signal && { signal }) })
          logitsOf(from, unseen).forEach((row, r) => {
            const list = logits[n]
            if (list) list[outside[r] ?? 0] = row
          })
          options.onProgress?.(++done, total)
        }
      } finally {
        fitter.close()
      }
    }
    return PENALTIES.map((penalty, n) => judged(penalty, mirrored, logits[n] ?? [], labels, fold, folds))
  }

  const plain = (await attempts(false)).reduce(better)
  const mirrored = (await attempts(true)).reduce(better)
  // More views of a part seldom harm; where they do, it shows beyond the noise of the estimate.
  return mirrored.loss < plain.loss + MIRROR_MARGIN ? mirrored : plain
}

function judged(
  penalty: number,
  mirrored: boolean,
  logits: readonly Float64Array[],
  labels: readonly number[],
  fold: readonly number[],
  folds: number,
): CrossFit {
  const temperature = fitTemperature(logits, labels)
  const others = Array.from({ length: folds }, (_, k) => {
    const of = labels.flatMap((__, i) => (fold[i] === k ? [] : [i]))
    return fitTemperature(
      of.flatMap((i) => logits[i] ?? []),
      of.map((i) => labels[i] ?? 0),
    )
  })
  return {
    penalty,
    mirrored,
    temperature,
    predicted: logits.map((row) => row.indexOf(Math.max(...row))),
    loss: crossEntropy(logits, labels, temperature),
    calibrationError: calibrationError(
      logits,
      labels,
      fold.map((k) => others[k] ?? 1),
    ),
  }
}

const better = (a: CrossFit, b: CrossFit): CrossFit => (b.loss < a.loss ? b : a)

/** The head on all parts, by what cross-validation chose. */
export async function fitAll(
  tf: TensorFlow,
  parts: readonly Labelled[],
  { penalty, mirrored }: CrossFit,
  { classes, signal }: HeadOptions,
): Promise<{ head: LinearHead; scale: Scale }> {
  const scale = scaleOf(parts.map((p) => p.features))
  const fitter = softmaxFitter(tf, rowsOf(parts, scale, mirrored, classes), classes)
  try {
    return { head: await fitter.fit({ penalty, ...(signal && { signal }) }), scale }
  } finally {
    fitter.close()
  }
}

function rowsOf(parts: readonly Labelled[], scale: Scale, mirrored: boolean, classes: number): LabelledRows {
  const all = parts.flatMap((p) =>
    [p.features, ...(mirrored ? p.mirrored : [])].map((features) => ({ features, label: p.label })),
  )
  const counts = new Map<number, number>()
  for (const { label } of all) counts.set(label, (counts.get(label) ?? 0) + 1)
  return {
    values: joined(all.map(({ features }) => standardised(features, scale))),
    features: scale.mean.length,
    labels: all.map(({ label }) => label),
    weights: all.map(({ label }) => all.length / (classes * (counts.get(label) ?? 1))),
  }
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const size = rows[0]?.length ?? 0
  const all = new Float32Array(rows.length * size)
  rows.forEach((row, i) => all.set(row, i * size))
  return all
}

function scaleOf(rows: readonly Float32Array[]): Scale {
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
