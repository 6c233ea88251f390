import { bankReference, meanOf, positionReference } from './reference.ts'
import type { Reference } from './reference.ts'
import { coreset, takeRows } from './coreset.ts'
import { DISTANCE, addPatches, emptySecondMoment, formMap, precision } from './form.ts'
import type { Form } from './form.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { MAX_CANDIDATES } from './plan.ts'
import { sample, seededRandom } from './random.ts'
import type { DamagedEmbedding, Embedding, TurnedEmbedding } from './embedding.ts'

/** From this share of damaged pixels a cell counts as defective; cells between 0 and it are left out. */
const DEFECTIVE = 0.12
/** Share of the mean variance added to each direction of a covariance. */
const SHRINKAGE = 0.1
/** Fewer defective patches per dimension than this give no covariance worth having. */
const PATCHES_PER_DIMENSION = 2

/** Which reference, and which forms of the residuals, are summed up into one score. */
export const METHODS = {
  /** Distance to the nearest good patch (PatchCore). */
  bank: { reference: 'bank', forms: ['distance'] },
  /** Whether the difference to the nearest good patch is one that good patches have, or one of a defect. */
  'bank-ratio': { reference: 'bank', forms: ['ratio'] },
  /** Both. */
  'bank-both': { reference: 'bank', forms: ['distance', 'ratio'] },
  /** Mahalanobis distance to the mean of the place (PaDiM with one covariance), for parts in a fixture. */
  position: { reference: 'position', forms: ['mahalanobis'] },
  /** As `bank-ratio`, with the mean of the place for the nearest good patch. */
  'position-ratio': { reference: 'position', forms: ['ratio'] },
} as const satisfies Record<string, { reference: ReferenceKind; forms: readonly FormKind[] }>
export type MethodId = keyof typeof METHODS
export type ReferenceKind = 'bank' | 'position'
export type FormKind = 'distance' | 'ratio' | 'mahalanobis'

/** A fitted reference and the forms its residuals take. */
export interface Fitted {
  reference: Reference
  forms: Partial<Record<FormKind, Form>>
}

export interface FitContext {
  dims: number
  cells: number
  bankSize: number
  seed: number
  matrices: MatrixSessions
  checkCancelled(): void
}

/** What is fitted on; no image of it may be scored for statistics or thresholds. */
export interface FitData {
  good: readonly Embedding[]
  damaged: readonly DamagedEmbedding[]
  /** Turned copies that go into the bank with their image; empty when the pose of the parts does not vary. */
  turned: readonly TurnedEmbedding[]
}

/** Fits one kind of reference with all forms the data allow. */
export async function fit(kind: ReferenceKind, data: FitData, context: FitContext): Promise<Fitted> {
  const { dims } = context
  const reference = await referenceOf(kind, data, () => true, context, context.bankSize)
  const moments = await residualMoments(kind, data, context)
  const forms: Fitted['forms'] = { distance: DISTANCE }
  if (moments.good.count >= PATCHES_PER_DIMENSION * dims) {
    const good = precision(moments.good, dims, SHRINKAGE)
    forms.mahalanobis = { matrix: Float32Array.from(good), root: true }
    if (moments.defect.count >= PATCHES_PER_DIMENSION * dims) {
      const defect = precision(moments.defect, dims, SHRINKAGE)
      forms.ratio = { matrix: Float32Array.from(good, (g, i) => g - (defect[i] ?? 0)), root: false }
    }
  }
  return { reference, forms }
}

async function referenceOf(
  kind: ReferenceKind,
  data: Pick<FitData, 'good' | 'turned'>,
  wanted: (image: number) => boolean,
  context: FitContext,
  bankSize: number,
): Promise<Reference> {
  const { dims, cells, matrices } = context
  const good = data.good.filter((_, i) => wanted(i))
  if (kind === 'position') return positionReference(meanOf(good), dims)
  const turned = data.turned.filter((t) => wanted(t.source)).map((t) => t.embedding)
  return bankReference(await buildBank([...good, ...turned], context, bankSize), dims, cells, matrices)
}

/** Coreset of the patches of some images. */
export async function buildBank(
  good: readonly Embedding[],
  { dims, seed, matrices, checkCancelled }: FitContext,
  bankSize: number,
): Promise<Matrix> {
  const { rows } = candidates(good, dims, seed)
  return takeRows(rows, dims, await coreset(rows, dims, bankSize, 0, matrices, checkCancelled))
}

/** Patches the coreset is chosen from, the same number of each image, with their origin. */
export function candidates(
  good: readonly Embedding[],
  dims: number,
  seed: number,
): { rows: Matrix; image: Uint32Array } {
  const random = seededRandom(seed)
  const each = Math.ceil(MAX_CANDIDATES / Math.max(1, good.length))
  const chosen = good.map((e) => sample(e.length / dims, each, random))
  const total = chosen.reduce((n, c) => n + c.length, 0)
  const rows = new Float32Array(total * dims)
  const image = new Uint32Array(total)
  let at = 0
  for (const [i, cells] of chosen.entries()) {
    rows.set(takeRows(good[i] ?? new Float32Array(), dims, cells), at * dims)
    image.fill(i, at, at + cells.length)
    at += cells.length
  }
  return { rows, image }
}

/**
 * Second moments of the residuals of good and of damaged patches. Each half of the images meets a reference made of
 * the other half: residuals to one's own patches would be too small.
 */
async function residualMoments(kind: ReferenceKind, data: FitData, context: FitContext) {
  const { good, damaged } = data
  const { dims, matrices, checkCancelled } = context
  const moments = { good: emptySecondMoment(dims), defect: emptySecondMoment(dims) }
  if (good.length < 2) return moments
  for (const half of [0, 1]) {
    const mine = (i: number): boolean => i % 2 === half
    const reference = await referenceOf(kind, data, (i) => !mine(i), context, Math.ceil(context.bankSize / 2))
    for (const [i, e] of good.entries()) {
      if (!mine(i)) continue
      checkCancelled()
      await addPatches(moments.good, await reference.residuals(e), () => true, dims, matrices)
    }
    for (const { source, embedding, coverage } of damaged) {
      if (!mine(source)) continue
      checkCancelled()
      const r = await reference.residuals(embedding)
      await addPatches(moments.good, r, (cell) => coverage[cell] === 0, dims, matrices)
      await addPatches(moments.defect, r, (cell) => (coverage[cell] ?? 0) >= DEFECTIVE, dims, matrices)
    }
  }
  return moments
}

/** Raw score maps of one image, one per form. */
export async function rawMaps(
  { reference, forms }: Fitted,
  embedding: Embedding,
  dims: number,
  matrices: MatrixSessions,
): Promise<Partial<Record<FormKind, Matrix>>> {
  const residuals = await reference.residuals(embedding)
  const maps: Partial<Record<FormKind, Matrix>> = {}
  for (const kind of ['distance', 'ratio', 'mahalanobis'] as const) {
    const form = forms[kind]
    if (form !== undefined) maps[kind] = await formMap(residuals, form, dims, matrices)
  }
  return maps
}
