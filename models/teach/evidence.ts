import { EigenvalueDecomposition, Matrix as Square } from 'ml-matrix'
import type { SessionPool } from '../runtime/session-pool.ts'
import { takeRows } from './coreset.ts'
import { fitEvidence } from './evidence.kernel.ts'
import { covariance, openForms } from './form.ts'
import type { Form, Patches, SecondMoment } from './form.ts'
import { invertDefinite, whitening } from './linear.kernel.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { sample, seededRandom } from './random.ts'

/** Share of the mean variance added to each direction of a covariance. */
const SHRINKAGE = 0.3
/** Patches of each kind the weights are fitted on, at most. */
const PATCHES = 6_000
/**
 * What evidence weighs beside distance. Evidence alone is better on castings and misses what is unlike the synthetic
 * defects; ADR 0007 has the figures.
 */
const EVIDENCE_SHARE = 0.5

/**
 * Directions in which defects differ from good patches most and least: those that diagonalise both second moments at
 * once, good ones to 1 (Fukunaga, Introduction to Statistical Pattern Recognition, 2.3).
 *
 * @returns [dims][dims], a direction per column, the one in which defects are largest last
 */
export function jointBasis(
  good: SecondMoment,
  defect: SecondMoment,
  dims: number,
): Float32Array<ArrayBuffer> {
  const square = (values: Float64Array): Square => Square.from1DArray(dims, dims, values)
  const white = square(whitening(covariance(good, dims, SHRINKAGE), dims))
  const inWhite = white.mmul(square(covariance(defect, dims, SHRINKAGE))).mmul(white.transpose())
  const { eigenvectorMatrix } = new EigenvalueDecomposition(inWhite, { assumeSymmetric: true })
  return Float32Array.from(white.transpose().mmul(eigenvectorMatrix).to1DArray())
}

/**
 * Fits the form `evidence`: the joint basis, each direction times its weight by logistic regression, so far as it says
 * more than the length of the residual. Both are taken in deviations of the good patches.
 *
 * @param patches good[0] are those of whole good images
 */
export async function evidenceForm(
  moments: { good: SecondMoment; defect: SecondMoment },
  patches: { good: readonly (readonly Patches[])[]; defect: readonly Patches[] },
  { dims, seed, matrices, pool }: EvidenceContext,
): Promise<Form> {
  const random = seededRandom(seed)
  const directions = jointBasis(moments.good, moments.defect, dims)
  const bad = pick(patches.defect, dims, random)
  const rows = [bad, ...patches.good.map((kind) => pick(kind, dims, random))]
  const all = new Float32Array(rows.reduce((n, r) => n + r.length, 0))
  let at = 0
  for (const r of rows) {
    all.set(r, at)
    at += r.length
  }
  const weights = fitEvidence(await matrices.product(all, directions, dims), dims, bad.length / dims, random)
  const basis = directions.map((v, at) => v * (weights[at % dims] ?? 0))
  const good = rows[1] ?? new Float32Array()
  const both = { distance: { kind: 'length' }, evidence: { kind: 'evidence', basis, length: 0 } } as const
  const forms = await openForms(both, dims, pool)
  const { distance, evidence } = await forms.maps(good)
  await forms.close()
  const gain = EVIDENCE_SHARE / deviation(evidence)
  return { kind: 'evidence', basis: basis.map((v) => v * gain), length: 1 / deviation(distance) }
}

function deviation(values: Matrix = new Float32Array()): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length) || 1
}

/** Patches chosen evenly from images, `PATCHES` at most. */
function pick(images: readonly Patches[], dims: number, random: () => number): Matrix {
  const total = images.reduce((n, p) => n + p.cells.length, 0)
  const wanted = new Set(sample(total, PATCHES, random))
  const out = new Float32Array(wanted.size * dims)
  let before = 0
  let at = 0
  for (const { residuals, cells } of images) {
    const mine = cells.filter((_, i) => wanted.has(before + i))
    out.set(takeRows(residuals, dims, mine), at)
    before += cells.length
    at += mine.length * dims
  }
  return out
}

interface EvidenceContext {
  dims: number
  seed: number
  matrices: MatrixSessions
  pool: SessionPool
}

/** Inverse covariance of good residuals, for the distance of Mahalanobis. */
export function mahalanobisForm(good: SecondMoment, dims: number): Form {
  const inverse = covariance(good, dims, SHRINKAGE)
  invertDefinite(inverse, dims)
  return { kind: 'mahalanobis', matrix: Float32Array.from(inverse) }
}
