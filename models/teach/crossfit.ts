import { mapInOrder } from '../../contracts/index.ts'
import { applyPositions, positionStatistics, smoothed, topCells, topMean } from './calibration.ts'
import type { PositionStatistics } from './calibration.ts'
import type { DamagedEmbedding, Embedding, Grid } from './embedding.ts'
import { damagedPatches, fitForms, goodPatches, METHODS, referenceOf } from './fit.ts'
import type { FitContext, FitResiduals, Fitted, MethodId, ReferenceData, ReferenceKind } from './fit.ts'
import { openForms } from './form.ts'
import type { OpenForms, Patches, RawMaps } from './form.ts'
import type { Matrix } from './matrix-sessions.ts'
import { asIfNew } from './place-gaussian.ts'

/** What a reference says of images that take no part in it. */
export interface HeldOut {
  kind: ReferenceKind
  /** Number of the workpiece of each good image. */
  groups: readonly number[]
  /** All parts of the images, or the first ones where they were enough to leave it at that. */
  folds: readonly Fold[]
}

/** Some groups are left out of the forms, too, and judged by what the other groups teach. */
interface Fold {
  /** Maps of all good images. */
  good: RawMaps[]
  /** Whether a good image is left out. */
  out: boolean[]
  damaged: { index: number; maps: RawMaps }[]
  defects: { index: number; maps: RawMaps }[]
}

export interface CrossFitData extends ReferenceData {
  /** What is to be measured. */
  methods: readonly MethodId[]
  damaged: readonly DamagedEmbedding[]
  defects: readonly Embedding[]
}

/** A reference, and the residuals to it of every image as if the image had not been taught. */
export interface CrossFit {
  kind: ReferenceKind
  /** Measures the part `f` of the images by forms fitted on the others. */
  fold(f: number): Promise<Fold>
  /** The reference with forms fitted on all images, and the maps of the good ones: what the model gets. */
  whole(): Promise<{ fitted: Fitted; good: RawMaps[] }>
}

/**
 * Fits one reference, and compares every image with it as if the image had not been taught. The bank is that of the
 * model with the patches of the group of the image masked, not a smaller one of other images: those would make good
 * images look more unusual than new ones are to the model.
 */
export async function openCrossFit(
  kind: ReferenceKind,
  data: CrossFitData,
  folds: number,
  context: FitContext,
): Promise<CrossFit> {
  const { groups, damaged, methods } = data
  const reference = await referenceOf(kind, data, folds, context)
  const residuals = (embedding: Embedding, without?: number): Promise<Matrix> => {
    context.checkCancelled()
    return reference.residuals(embedding, without)
  }
  const { lanes } = context.matrices
  const good = await mapInOrder(
    data.good,
    async (e, i) => {
      const own = await residuals(e, groups[i])
      // a template is compared place by place, and has no second moments
      return kind === 'template' ? unmeasured(own) : goodPatches(own, context)
    },
    lanes,
  )
  const bad = await mapInOrder(
    damaged,
    async ({ embedding, coverage, source }) => {
      const group = groups[source] ?? -1
      const own = await residuals(embedding, group)
      const patches =
        kind === 'template'
          ? { sound: unmeasured(own), broken: unmeasured(own) }
          : await damagedPatches(own, coverage, context)
      return { residuals: own, ...patches, group }
    },
    lanes,
  )
  const defects = await mapInOrder(data.defects, (e) => residuals(e), lanes)
  const maps = (of: readonly Matrix[], forms: OpenForms): Promise<RawMaps[]> =>
    mapInOrder(
      of,
      (r) => {
        context.checkCancelled()
        return forms.maps(r)
      },
      lanes,
    )
  const goodResiduals = good.map((g) => g.residuals)
  return {
    kind,
    async fold(f) {
      const outside = (group: number | undefined): boolean => (group ?? 0) % folds === f
      const inside: FitResiduals = {
        good: good.filter((_, i) => !outside(groups[i])),
        damaged: bad.filter((d) => !outside(d.group)),
      }
      const fitted = await fitForms(kind, inside, methods, context)
      const forms = await openForms(fitted, context.dims, context.pool)
      const some = async (
        all: readonly Matrix[],
        wanted: (i: number) => boolean,
      ): Promise<Fold['defects']> => {
        const chosen = all.map((_, i) => i).filter(wanted)
        const made = await maps(
          chosen.map((i) => all[i] ?? new Float32Array()),
          forms,
        )
        return made.map((m, n) => ({ index: chosen[n] ?? 0, maps: m }))
      }
      const fold = {
        good: asIfNew(await maps(goodResiduals, forms), fitted, groups, (i) => !outside(groups[i])),
        out: groups.map(outside),
        damaged: await some(
          bad.map((d) => d.residuals),
          (i) => outside(bad[i]?.group),
        ),
        defects: await some(defects, (i) => i % folds === f),
      }
      await forms.close()
      return fold
    },
    async whole() {
      const forms = await fitForms(kind, { good, damaged: bad }, methods, context)
      const open = await openForms(forms, context.dims, context.pool)
      const goodMaps = asIfNew(await maps(goodResiduals, open), forms, groups, () => true)
      await open.close()
      return { fitted: { reference, forms }, good: goodMaps }
    },
  }
}

const unmeasured = (residuals: Matrix): Patches => ({ residuals, cells: [], gram: new Float32Array() })

/** The copies whose image is among the places, with the place for their source. */
export const withSources = <T extends { source: number }>(
  copies: readonly T[],
  places: ReadonlyMap<number, number>,
): T[] =>
  copies.flatMap((copy) => {
    const source = places.get(copy.source)
    return source === undefined ? [] : [{ ...copy, source }]
  })

/** How a raw map becomes a calibrated one. */
export interface Calibration {
  perPosition: boolean
  statistics: PositionStatistics
}

/** Share of the cells whose mean is the image score. */
export const TOP_SHARE = 0.02

export function calibrate(
  method: MethodId,
  maps: readonly RawMaps[],
  grid: Grid,
  perPosition: boolean,
): Calibration {
  const { form } = METHODS[method]
  const chosen = maps.flatMap((m) => m[form] ?? [])
  return { perPosition, statistics: positionStatistics(chosen, grid.width, grid.height, perPosition) }
}

/** Calibrated map, of all cells. */
export const calibratedMap = (
  method: MethodId,
  maps: RawMaps,
  { statistics }: Calibration,
): Float32Array<ArrayBuffer> => applyPositions(maps[METHODS[method].form] ?? new Float32Array(), statistics)

/** Value of cells outside the regions taught: below every threshold. */
export const OUTSIDE = -100

/** Image score: mean of the top share of the allowed cells. */
export function imageScore(map: Float32Array, allowed: Float32Array | null): number {
  if (allowed === null) return topMean(map, topCells(map.length, TOP_SHARE))
  const inside = map.filter((_, i) => allowed[i] !== 0)
  return topMean(inside, topCells(inside.length, TOP_SHARE))
}

export interface HeldOutScores {
  /** By the number of the good image; neither the reference, the forms nor the statistics have seen it. */
  good: number[]
  damaged: number[]
  defects: number[]
  /** Largest cell of the smoothed map of each good image. */
  goodPeaks: number[]
}

/**
 * Scores of one method. The statistics for a fold come from the maps of the other images by the same forms, so that an
 * image takes part in nothing that judges it.
 */
export function heldOutScores(
  method: MethodId,
  folds: HeldOut['folds'],
  grid: Grid,
  perPosition: boolean,
  allowed: Float32Array | null,
): HeldOutScores {
  const scores: HeldOutScores = { good: [], damaged: [], defects: [], goodPeaks: [] }
  for (const fold of folds) {
    const others = fold.good.filter((_, i) => fold.out[i] !== true)
    const calibration = calibrate(method, others, grid, perPosition)
    const mapOf = (maps: RawMaps): Float32Array => calibratedMap(method, maps, calibration)
    for (const [i, maps] of fold.good.entries()) {
      if (fold.out[i] !== true) continue
      const map = mapOf(maps)
      scores.good[i] = imageScore(map, allowed)
      const where = smoothed(map, grid, allowed, OUTSIDE)
      scores.goodPeaks[i] = where.reduce((a, b) => Math.max(a, b), -Infinity)
    }
    for (const { index, maps } of fold.damaged) scores.damaged[index] = imageScore(mapOf(maps), allowed)
    for (const { index, maps } of fold.defects) scores.defects[index] = imageScore(mapOf(maps), allowed)
  }
  return scores
}
