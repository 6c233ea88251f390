import type { SessionPool } from '../runtime/session-pool.ts'
import { coreset, takeRows, type Covered } from './coreset.ts'
import type { Embedding, TurnedEmbedding } from './embedding.ts'
import { evidenceForm, mahalanobisForm } from './evidence.ts'
import { addPatches, emptySecondMoment, patchesOf } from './form.ts'
import type { FormKind, Forms, Patches } from './form.ts'
import type { Matrix, MatrixSessions } from './matrix-sessions.ts'
import { MAX_CANDIDATES } from './plan.ts'
import { placeGaussianForm } from './place-gaussian.ts'
import { sample, seededRandom } from './random.ts'
import { bankReference, positionReference } from './reference.ts'
import type { Reference } from './reference.ts'
import { standIns } from './stand-ins.ts'
import { spreadForm, templateReference } from './template.ts'

/** From this share of damaged pixels a cell counts as defective; cells between 0 and it are left out. */
const DEFECTIVE = 0.12
/** Fewer defective patches per dimension than this give no covariance worth having. */
const PATCHES_PER_DIMENSION = 2

/** Which reference, and which form of the residuals, make the score. */
export const METHODS = {
  /** Distance to the nearest good patch (PatchCore), in units of how far apart good patches lie there. */
  bank: { reference: 'bank', form: 'distance' },
  /** The same, and how far in the directions in which defects differ. */
  'bank-evidence': { reference: 'bank', form: 'evidence' },
  /** Mahalanobis distance to the mean of the place (PaDiM with one covariance), for parts in a fixture. */
  position: { reference: 'position', form: 'mahalanobis' },
  /** As `bank-evidence`, with the mean of the place for the nearest good patch. */
  'position-evidence': { reference: 'position', form: 'evidence' },
  /** As `position`, with a covariance of each place (PaDiM). */
  'position-gaussian': { reference: 'position', form: 'gaussian' },
  /** Largest difference of pixels to the median of the good images, in spreads of the place: no backbone. */
  template: { reference: 'template', form: 'spread' },
} as const satisfies Record<string, { reference: ReferenceKind; form: FormKind }>
export type MethodId = keyof typeof METHODS
export type ReferenceKind = 'bank' | 'position' | 'template'

/** A fitted reference and the forms its residuals take. */
export interface Fitted {
  reference: Reference
  forms: Forms
}

export interface FitContext {
  /** Numbers that describe a patch. */
  dims: number
  cells: number
  bankSize: number
  seed: number
  matrices: MatrixSessions
  pool: SessionPool
  checkCancelled(): void
}

/** What a reference is made of. */
export interface ReferenceData {
  good: readonly Embedding[]
  /** Group of each good image: several photographs of one workpiece are of one group. */
  groups: readonly number[]
  /** Chosen of these images and of their turned copies; null where the reference is no bank. */
  bank: ChosenBank | null
}

/** Members of a bank, before it is known which images show the same workpiece. */
export interface ChosenBank {
  /** [candidates][dims] */
  rows: Matrix
  /** Number of the good image each candidate is of, or is of a copy of. */
  source: number[]
  covered: Covered
}

/** @param turned copies that go into the bank with their image */
export async function chooseBank(
  good: readonly Embedding[],
  turned: readonly TurnedEmbedding[],
  { dims, bankSize, seed, matrices, checkCancelled }: FitContext,
): Promise<ChosenBank> {
  const { rows, image } = candidates([...good, ...turned.map((t) => t.embedding)], dims, seed, MAX_CANDIDATES)
  const { covered } = await coreset(rows, dims, bankSize, 0, matrices, checkCancelled)
  const source = Array.from(image, (i) => (i < good.length ? i : (turned[i - good.length]?.source ?? -1)))
  return { rows, source, covered: await covered() }
}

/** @param folds parts of the cross-fit */
export async function referenceOf(
  kind: ReferenceKind,
  { good, groups, bank }: ReferenceData,
  folds: number,
  context: FitContext,
): Promise<Reference> {
  const { dims, cells, matrices, checkCancelled } = context
  if (kind === 'template') return templateReference(good, groups, dims, folds)
  if (bank === null) return positionReference(good, groups, dims)
  const { rows, covered } = bank
  const origins = bank.source.map((i) => groups[i] ?? -1)
  const { chosen } = covered
  return bankReference(
    {
      members: takeRows(rows, dims, chosen),
      groups: chosen.map((i) => origins[i] ?? -1),
      standIns: await standIns(rows, origins, covered, dims, matrices, checkCancelled),
    },
    dims,
    cells,
    context,
  )
}

/**
 * A coreset of the patches of some images, to compare it with others of its kind: [members][dims].
 *
 * @param most rows it is chosen from
 */
export async function smallBank(
  images: readonly Embedding[],
  { dims, seed, matrices, checkCancelled }: FitContext,
  bankSize: number,
  most: number,
): Promise<Matrix> {
  const { rows } = candidates(images, dims, seed, most)
  const { chosen } = await coreset(rows, dims, bankSize, 0, matrices, checkCancelled)
  return takeRows(rows, dims, chosen)
}

/** Patches a coreset is chosen from, the same number of each image and about `most` in all, with their origin. */
function candidates(
  good: readonly Embedding[],
  dims: number,
  seed: number,
  most: number,
): { rows: Matrix; image: Uint32Array } {
  const random = seededRandom(seed)
  const each = Math.ceil(most / Math.max(1, good.length))
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

/** A damaged image: its patches beside the damage, and those at it. */
export interface DamagedPatches {
  sound: Patches
  broken: Patches
}

/** Residuals of images to a reference in which they take no part. */
export interface FitResiduals {
  good: readonly Patches[]
  damaged: readonly DamagedPatches[]
}

export const goodPatches = (
  residuals: Matrix,
  { dims, matrices }: Pick<FitContext, 'dims' | 'matrices'>,
): Promise<Patches> => patchesOf(residuals, indices(residuals.length / dims), dims, matrices)

/** @param coverage [cells], share of damaged pixels */
export async function damagedPatches(
  residuals: Matrix,
  coverage: Float32Array,
  { dims, matrices }: Pick<FitContext, 'dims' | 'matrices'>,
): Promise<DamagedPatches> {
  const where = (wanted: (share: number) => boolean): Promise<Patches> =>
    patchesOf(
      residuals,
      indices(coverage.length).filter((i) => wanted(coverage[i] ?? 0)),
      dims,
      matrices,
    )
  return { sound: await where((share) => share === 0), broken: await where((share) => share >= DEFECTIVE) }
}

/**
 * The forms that the methods of this reference take, so far as the residuals allow; a covariance of each place only for
 * a method that is wanted.
 */
export async function fitForms(
  kind: ReferenceKind,
  { good, damaged }: FitResiduals,
  methods: readonly MethodId[],
  context: FitContext,
): Promise<Forms> {
  const { dims, cells } = context
  context.checkCancelled()
  const whole = (): Matrix[] => good.map((g) => g.residuals)
  if (kind === 'template') return { spread: spreadForm(whole()) }
  const moments = { good: emptySecondMoment(dims), defect: emptySecondMoment(dims) }
  const sound = damaged.map((d) => d.sound)
  const broken = damaged.map((d) => d.broken)
  addPatches(moments.good, [...good, ...sound])
  addPatches(moments.defect, broken)
  const forms: Forms = kind === 'bank' ? { distance: { kind: 'length' } } : {}
  if (moments.good.count < PATCHES_PER_DIMENSION * dims) return forms
  if (kind === 'position') {
    forms.mahalanobis = mahalanobisForm(moments.good, dims)
    if (methods.includes('position-gaussian')) forms.gaussian = placeGaussianForm(whole(), dims, cells)
  }
  if (moments.defect.count >= PATCHES_PER_DIMENSION * dims)
    forms.evidence = await evidenceForm(moments, { good: [good, sound], defect: broken }, context)
  return forms
}

const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
