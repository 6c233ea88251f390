import { crossEntropy, fitTemperature } from './calibration.ts'
import type { Scale } from './cross-fit.ts'
import { foldsOf } from './cross-fit.ts'
import type { PatchSet } from './patch-set.ts'
import type { SegmentHead } from './segment-model.ts'
import { type LabelledRows, type LinearHead, logitsOf, softmaxFitter } from './softmax-regression.ts'
import type { TensorFlow } from './tensorflow.ts'
import { classGradient, fitTwoLayer } from './two-layer.ts'

/** A way to make a head. */
export type Method = { kind: 'linear'; penalty: number } | { kind: 'two-layer' }

/** What patches of images not seen say about a way to make a head. */
export interface MethodScore {
  method: Method
  temperature: number
  /** Mean negative log likelihood per patch, after calibration. */
  loss: number
  /** Per class, background first: patches in both, over patches in either of truth and answer. */
  iou: number[]
}

export interface SegmentFitOptions {
  /** Background included. */
  classes: number
  /** Class of each image that counts for spreading the folds. */
  kinds: readonly number[]
  seed: number
  signal?: AbortSignal
  onProgress?: (done: number, of: number) => void
}

const FOLDS = 3
const PENALTIES = [1e-2, 1e-3, 1e-4]
/** Patches of one image are alike: the last digits of the optimum say nothing about the next image. */
const PRECISION = 1e-3
const HIDDEN = 96
const ROUNDS = 12
/** Weight of a class is its share of patches to this power: between "as common as it is" (0) and "all alike" (-1). */
const BALANCE = -0.5

/** Every way to make a head, judged by images it was not taught with: cross-validation over images. */
export async function compareMethods(
  tf: TensorFlow,
  set: PatchSet,
  { classes, kinds, seed, signal, onProgress }: SegmentFitOptions,
): Promise<MethodScore[]> {
  const folds = Math.min(FOLDS, kinds.length)
  const fold = foldsOf(kinds, folds, seed)
  const methods: Method[] = [
    ...PENALTIES.map((penalty) => ({ kind: 'linear' as const, penalty })),
    { kind: 'two-layer' },
  ]
  const unseen = methods.map(() => ({
    logits: [] as Float64Array[],
    labels: [] as number[],
    stands: [] as number[],
  }))
  let done = 0
  for (let k = 0; k < folds; k++) {
    const inside = rowsWhere(set, (i) => fold[set.image[i] ?? 0] !== k)
    const outside = rowsWhere(set, (i) => fold[set.image[i] ?? 0] === k && set.view[i] === 0)
    const scale = scaleOfRows(set, inside)
    const test = standardRows(set, outside, scale, classes)
    await fitEach(
      tf,
      standardRows(set, inside, scale, classes),
      methods,
      { classes, seed, ...(signal && { signal }) },
      (n, head) => {
        const u = unseen[n]
        for (const row of logitsOfHead(head, test.values)) u?.logits.push(row)
        for (const i of outside) {
          u?.labels.push(set.labels[i] ?? 0)
          u?.stands.push(set.stands[i] ?? 1)
        }
        onProgress?.(++done, folds * methods.length)
      },
    )
  }
  return methods.map((method, n) => {
    const { logits, labels, stands } = unseen[n] ?? { logits: [], labels: [], stands: [] }
    const temperature = fitTemperature(logits, labels, stands)
    return {
      method,
      temperature,
      loss: crossEntropy(logits, labels, temperature, stands),
      iou: overlapPerClass(logits, labels, stands, classes),
    }
  })
}

/** The head on all images. */
export async function fitSegments(
  tf: TensorFlow,
  set: PatchSet,
  method: Method,
  { classes, seed, signal }: SegmentFitOptions,
): Promise<{ head: SegmentHead; scale: Scale }> {
  const rows = rowsWhere(set, () => true)
  const scale = scaleOfRows(set, rows)
  const found: SegmentHead[] = []
  await fitEach(
    tf,
    standardRows(set, rows, scale, classes),
    [method],
    { classes, seed, ...(signal && { signal }) },
    (_, head) => found.push(head),
  )
  const [head] = found
  if (!head) throw new Error('no head was fitted')
  return { head, scale }
}

async function fitEach(
  tf: TensorFlow,
  rows: WeightedRows,
  methods: readonly Method[],
  { classes, seed, signal }: { classes: number; seed: number; signal?: AbortSignal },
  onHead: (n: number, head: SegmentHead) => void,
): Promise<void> {
  const fitter = softmaxFitter(tf, rows, classes)
  try {
    let from: LinearHead | undefined
    for (const [n, method] of methods.entries()) {
      if (method.kind === 'two-layer') {
        const { values, features, labels, weights } = rows
        const count = labels.length
        const gradientOf = classGradient(classes, labels, weights)
        const head = await fitTwoLayer(
          tf,
          { values, features, count, outputs: classes, gradientOf },
          { hidden: HIDDEN, rounds: ROUNDS, seed, ...(signal && { signal }) },
        )
        onHead(n, { kind: 'two-layer', ...head, out: asCommon(head.out, rows.excess) })
        continue
      }
      from = await fitter.fit({
        penalty: method.penalty,
        precision: PRECISION,
        ...(from && { from }),
        ...(signal && { signal }),
      })
      onHead(n, { kind: 'linear', out: asCommon(from, rows.excess) })
    }
  } finally {
    fitter.close()
  }
}

/**
 * Takes the weights of the classes back out of a head that was fitted with them: they make rare classes heard while it
 * learns, and would make it call them too often. A weight multiplies the odds of its class, so its logarithm comes off
 * the bias (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2).
 */
const asCommon = (head: LinearHead, excess: readonly number[]): LinearHead => ({
  ...head,
  bias: head.bias.map((b, c) => b - Math.log(excess[c] ?? 1)),
})

function logitsOfHead(head: SegmentHead, values: Float32Array): Float64Array[] {
  if (head.kind === 'linear') return logitsOf(head.out, values)
  const inner = logitsOf(head.hidden, values)
  const joined = new Float32Array(inner.length * head.hidden.classes)
  inner.forEach((row, i) =>
    joined.set(
      row.map((v) => Math.max(0, v)),
      i * row.length,
    ),
  )
  return logitsOf(head.out, joined)
}

function rowsWhere(set: PatchSet, wanted: (row: number) => boolean): number[] {
  const rows: number[] = []
  for (let i = 0; i < set.count; i++) if (wanted(i)) rows.push(i)
  return rows
}

export function scaleOfRows(
  { values, features }: Pick<PatchSet, 'values' | 'features'>,
  rows: readonly number[],
): Scale {
  const mean = new Float64Array(features)
  const squares = new Float64Array(features)
  for (const r of rows)
    for (let f = 0; f < features; f++) {
      const v = values[r * features + f] ?? 0
      mean[f] = (mean[f] ?? 0) + v / rows.length
      squares[f] = (squares[f] ?? 0) + (v * v) / rows.length
    }
  const deviation = squares.map((s, f) => Math.sqrt(Math.max(0, s - (mean[f] ?? 0) ** 2)))
  // A feature that hardly varies must not become noise of great weight.
  const typical = deviation.reduce((a, b) => a + b, 0) / Math.max(1, features)
  return {
    mean: Float32Array.from(mean),
    deviation: Float32Array.from(deviation, (d) => d + 0.05 * typical + 1e-6),
  }
}

interface WeightedRows extends LabelledRows {
  /** Weight of each class beyond its share of the patches. */
  excess: number[]
}

function standardRows(
  set: PatchSet,
  rows: readonly number[],
  { mean, deviation }: Scale,
  classes: number,
): WeightedRows {
  const { features } = set
  const values = new Float32Array(rows.length * features)
  const shares = new Float64Array(classes)
  rows.forEach((r, n) => {
    for (let f = 0; f < features; f++)
      values[n * features + f] = ((set.values[r * features + f] ?? 0) - (mean[f] ?? 0)) / (deviation[f] ?? 1)
    const label = set.labels[r] ?? 0
    shares[label] = (shares[label] ?? 0) + (set.stands[r] ?? 1)
  })
  const excess = Array.from(shares, (s) => Math.max(1, s) ** BALANCE)
  const raw = rows.map((r) => (set.stands[r] ?? 1) * (excess[set.labels[r] ?? 0] ?? 1))
  const mean1 = raw.reduce((a, b) => a + b, 0) / Math.max(1, raw.length)
  const labels = rows.map((r) => set.labels[r] ?? 0)
  return { values, features, labels, weights: raw.map((w) => w / mean1), excess }
}

function overlapPerClass(
  logits: readonly Float64Array[],
  labels: readonly number[],
  stands: readonly number[],
  classes: number,
): number[] {
  const both = new Float64Array(classes)
  const either = new Float64Array(classes)
  logits.forEach((row, i) => {
    const given = row.indexOf(Math.max(...row))
    const truth = labels[i] ?? 0
    const n = stands[i] ?? 1
    either[truth] = (either[truth] ?? 0) + n
    if (given === truth) both[truth] = (both[truth] ?? 0) + n
    else either[given] = (either[given] ?? 0) + n
  })
  return Array.from(both, (b, c) => b / Math.max(1e-9, either[c] ?? 0))
}
