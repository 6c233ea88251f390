import type { SqlDatabase } from '../../contracts/index.ts'
import { binQuantiles, type ScoreBins } from './score-histogram.ts'
import { loadSeries } from './score-series.ts'

export interface WindowResult {
  at: string
  since: string
  n: number
  psi: number
  psiLimit: number
  d: number
  p: number
  alpha: number
  drift: boolean
}

/** One score of one recipe at one station, as pages show it. */
export interface SeriesReport {
  series: string
  model: string
  recipe: string
  sha256: string
  /** Parts of the reference so far; `to` null = it is still being collected. */
  reference: { n: number; from: string; to: string | null }
  /** Parts in the window that is being filled. */
  window: number
  skipped: number
  /** Newest last. */
  windows: WindowResult[]
  /** Edges of equal bins, and the shares of reference and of the newest parts in them; null before there are both. */
  shape: { edges: number[]; reference: number[]; now: number[]; nowN: number } | null
  /** Newest last; quantiles of all parts of the UTC day. */
  days: { day: string; n: number; q05: number | null; q50: number | null; q95: number | null }[]
}

const SHOWN_WINDOWS = 100
const SHOWN_DAYS = 30
const SHAPE_BINS = 30

/** The newest comparison of each score of a recipe at a station. */
export const lastWindows = (
  db: SqlDatabase,
  station: string,
  sha256: string,
): { series: string; psi: number; d: number; p: number }[] =>
  db
    .all<{ series: string; psi: number; d: number; p: number; at: string }>(
      // SQLite takes the other columns from the row that has the largest time.
      `select series, psi, d, p, max(at) as at from score_window where station = ? and sha256 = ? group by series`,
      station,
      sha256,
    )
    .map(({ series, psi, d, p }) => ({ series, psi, d, p }))

/** Every score that a recipe gives at a station. */
export function watchReport(db: SqlDatabase, station: string, sha256: string): SeriesReport[] {
  return [...loadSeries(db, station, sha256)].map(([series, s]) => {
    const key = [station, sha256, series] as const
    const windows = db
      .all<{
        at: string
        since: string
        n: number
        psi: number
        psiLimit: number
        d: number
        p: number
        alpha: number
        drift: number
      }>(
        `select at, since, n, psi, psi_limit as psiLimit, d, p, alpha, drift from score_window
         where station = ? and sha256 = ? and series = ? order by at desc limit ${SHOWN_WINDOWS}`,
        ...key,
      )
      .map((w) => ({ ...w, drift: w.drift === 1 }))
      .reverse()
    const days = db
      .all<{ day: string; n: number; bins: string }>(
        `select day, n, bins from score_day where station = ? and sha256 = ? and series = ?
         order by day desc limit ${SHOWN_DAYS}`,
        ...key,
      )
      .map(({ day, n, bins }) => {
        const [q05 = null, q50 = null, q95 = null] = binQuantiles(
          JSON.parse(bins) as ScoreBins,
          [0.05, 0.5, 0.95],
        )
        return { day, n, q05, q50, q95 }
      })
      .reverse()
    return {
      series,
      model: s.model,
      recipe: s.recipe,
      sha256,
      reference: { n: s.reference.length, from: s.referenceFrom, to: s.referenceTo },
      window: s.window.length,
      skipped: s.skipped,
      windows,
      shape: shapeOf(s.reference, s.latest),
      days,
    }
  })
}

function shapeOf(reference: readonly number[], now: readonly number[]): SeriesReport['shape'] {
  if (reference.length === 0 || now.length === 0) return null
  const all = [...reference, ...now]
  const [low, high] = [Math.min(...all), Math.max(...all)]
  const width = (high - low || 1) / SHAPE_BINS
  const edges = Array.from({ length: SHAPE_BINS + 1 }, (_, i) => low + i * width)
  const shares = (values: readonly number[]): number[] => {
    const counts = Array<number>(SHAPE_BINS).fill(0)
    for (const v of values) {
      const bin = Math.min(SHAPE_BINS - 1, Math.floor((v - low) / width))
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    return counts.map((c) => c / values.length)
  }
  return { edges, reference: shares(reference), now: shares(now), nowN: now.length }
}
