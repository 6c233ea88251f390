import { applyPositions, positionStatistics, topCells, topMean } from './calibration.ts'
import type { PositionStatistics } from './calibration.ts'
import type { DamagedEmbedding, Embedding, Grid, TurnedEmbedding } from './embedding.ts'
import { METHODS, fit, rawMaps } from './fit.ts'
import type { FitContext, FormKind, MethodId, ReferenceKind } from './fit.ts'
import type { Matrix } from './matrix-sessions.ts'

type RawMaps = Partial<Record<FormKind, Matrix>>

/** Raw maps of images by references that were fitted without them. */
export interface HeldOut {
  kind: ReferenceKind
  folds: number
  /** One per good image. */
  good: RawMaps[]
  /** One per damaged copy; the group of its good image. */
  damaged: { maps: RawMaps; fold: number }[]
  /** One per given defect; the groups take turns. */
  defects: { maps: RawMaps; fold: number }[]
}

export interface CrossFitData {
  good: readonly Embedding[]
  damaged: readonly DamagedEmbedding[]
  turned: readonly TurnedEmbedding[]
  defects: readonly Embedding[]
}

/** Splits the good images into groups, and lets each group be scored by what the others teach. */
export async function crossFit(
  kind: ReferenceKind,
  data: CrossFitData,
  folds: number,
  context: FitContext,
): Promise<HeldOut> {
  const { dims, matrices, checkCancelled } = context
  const held: HeldOut = { kind, folds, good: [], damaged: [], defects: [] }
  for (let f = 0; f < folds; f++) {
    const inside = data.good.map((_, i) => i).filter((i) => i % folds !== f)
    const place = new Map(inside.map((i, n) => [i, n]))
    const fitted = await fit(
      kind,
      {
        good: inside.map((i) => data.good[i] ?? new Float32Array()),
        damaged: withSources(data.damaged, place),
        turned: withSources(data.turned, place),
      },
      context,
    )
    const maps = (e: Embedding): Promise<RawMaps> => {
      checkCancelled()
      return rawMaps(fitted, e, dims, matrices)
    }
    for (let i = f; i < data.good.length; i += folds)
      held.good[i] = await maps(data.good[i] ?? new Float32Array())
    for (const [n, d] of data.damaged.entries())
      if (d.source % folds === f) held.damaged[n] = { maps: await maps(d.embedding), fold: f }
    for (let n = f; n < data.defects.length; n += folds)
      held.defects[n] = { maps: await maps(data.defects[n] ?? new Float32Array()), fold: f }
  }
  return held
}

/** The copies whose image is among the places, with the place for their source. */
export const withSources = <T extends { source: number }>(
  copies: readonly T[],
  places: ReadonlyMap<number, number>,
): T[] =>
  copies.flatMap((copy) => {
    const source = places.get(copy.source)
    return source === undefined ? [] : [{ ...copy, source }]
  })

/** How raw maps become one calibrated map: position statistics per form, averaged. */
export interface Calibration {
  perPosition: boolean
  statistics: Partial<Record<FormKind, PositionStatistics>>
}

/** Share of the cells whose mean is the image score. */
export const TOP_SHARE = 0.02

export function calibrate(
  method: MethodId,
  maps: readonly RawMaps[],
  grid: Grid,
  perPosition: boolean,
): Calibration {
  const statistics: Calibration['statistics'] = {}
  for (const form of METHODS[method].forms)
    statistics[form] = positionStatistics(
      maps.flatMap((m) => m[form] ?? []),
      grid.width,
      grid.height,
      perPosition,
    )
  return { perPosition, statistics }
}

/** Calibrated map: mean of the z values of the forms; cells outside the regions taught are `OUTSIDE`. */
export function calibratedMap(
  method: MethodId,
  maps: RawMaps,
  { statistics }: Calibration,
  grid: Grid,
  allowed: Float32Array | null,
): Float32Array<ArrayBuffer> {
  const forms = METHODS[method].forms
  const sum = new Float32Array(grid.width * grid.height)
  for (const form of forms) {
    const map = maps[form]
    const stats = statistics[form]
    if (map === undefined || stats === undefined) continue
    const z = applyPositions(map, stats)
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (z[i] ?? 0) / forms.length
  }
  return allowed === null ? sum : sum.map((v, i) => (allowed[i] === 0 ? OUTSIDE : v))
}

/** Value of cells outside the regions taught: below every threshold. */
export const OUTSIDE = -100

/** Image score: mean of the top share of the allowed cells. */
export const imageScore = (map: Float32Array, allowedCells: number): number =>
  topMean(map, topCells(allowedCells, TOP_SHARE))

export interface HeldOutScores {
  /** One per good image; neither the reference nor the statistics have seen it. */
  good: number[]
  damaged: number[]
  defects: number[]
  /** Largest cell of the map of each good image. */
  goodPeaks: number[]
}

/**
 * Scores of one method. The statistics of a group come from the held-out maps of the other groups, so that an image
 * takes part in nothing that judges it.
 */
export function heldOutScores(
  method: MethodId,
  held: HeldOut,
  grid: Grid,
  perPosition: boolean,
  allowed: Float32Array | null,
): HeldOutScores {
  const cells =
    allowed === null ? grid.width * grid.height : allowed.reduce((n, a) => n + (a === 0 ? 0 : 1), 0)
  const byFold = Array.from({ length: held.folds }, (_, f) => {
    const others = held.good.filter((_m, i) => i % held.folds !== f)
    return calibrate(method, others, grid, perPosition)
  })
  const mapOf = (maps: RawMaps, fold: number): Float32Array =>
    calibratedMap(method, maps, byFold[fold] ?? { perPosition: false, statistics: {} }, grid, allowed)
  const goodMaps = held.good.map((maps, i) => mapOf(maps, i % held.folds))
  const score = ({ maps, fold }: { maps: RawMaps; fold: number }): number =>
    imageScore(mapOf(maps, fold), cells)
  return {
    good: goodMaps.map((m) => imageScore(m, cells)),
    damaged: held.damaged.map(score),
    defects: held.defects.map(score),
    goodPeaks: goodMaps.map((m) => m.reduce((a, b) => Math.max(a, b), -Infinity)),
  }
}
