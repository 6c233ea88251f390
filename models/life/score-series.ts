import type { SqlDatabase, SqlRow } from '../../contracts/index.ts'
import { quantile } from './drift.ts'

/** What is kept of one score of one recipe at one station. */
export interface Series {
  recipe: string
  model: string
  reference: number[]
  passed: number[]
  referenceFrom: string
  referenceTo: string | null
  window: number[]
  /** The last window that was compared; empty before. */
  latest: number[]
  windowFrom: string | null
  /** The last window was unlike the reference. */
  drift: boolean
  /** Scores that are no numbers. */
  skipped: number
  /** Outer 5 % of the passed parts of the reference; null while it is being collected. */
  usual: readonly [number, number] | null
}

/** Fewer passed parts say nothing about what is usual. */
const LEAST_PASSED = 40

interface SeriesRow extends SqlRow {
  series: string
  recipe: string
  model: string
  reference: Uint8Array
  passed: Uint8Array
  reference_from: string
  reference_to: string | null
  window: Uint8Array
  latest: Uint8Array
  window_from: string | null
  drift: number
  skipped: number
}

export const freshSeries = (recipe: string, model: string, at: string): Series => ({
  recipe,
  model,
  reference: [],
  passed: [],
  referenceFrom: at,
  referenceTo: null,
  window: [],
  latest: [],
  windowFrom: null,
  drift: false,
  skipped: 0,
  usual: null,
})

function seriesOf(r: SeriesRow): Series {
  const passed = fromBlob(r.passed)
  return {
    recipe: r.recipe,
    model: r.model,
    reference: fromBlob(r.reference),
    passed,
    referenceFrom: r.reference_from,
    referenceTo: r.reference_to,
    window: fromBlob(r.window),
    latest: fromBlob(r.latest),
    windowFrom: r.window_from,
    drift: r.drift === 1,
    skipped: r.skipped,
    usual: r.reference_to === null ? null : usualOf(passed),
  }
}

/** Outer 5 % cut off. */
export function usualOf(passed: readonly number[]): readonly [number, number] | null {
  if (passed.length < LEAST_PASSED) return null
  const sorted = passed.toSorted((a, b) => a - b)
  return [quantile(sorted, 0.025), quantile(sorted, 0.975)]
}

/** By name of the series. */
export const loadSeries = (db: SqlDatabase, station: string, sha256: string): Map<string, Series> =>
  new Map(
    db
      .all<SeriesRow>('select * from score_series where station = ? and sha256 = ?', station, sha256)
      .map((r) => [r.series, seriesOf(r)]),
  )

export function saveSeries(
  db: SqlDatabase,
  [station, sha256]: readonly [string, string],
  series: string,
  s: Series,
): void {
  db.run(
    `insert or replace into score_series(station, sha256, series, recipe, model, reference, passed,
     reference_from, reference_to, window, latest, window_from, drift, skipped)
     values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    station,
    sha256,
    series,
    s.recipe,
    s.model,
    toBlob(s.reference),
    toBlob(s.passed),
    s.referenceFrom,
    s.referenceTo,
    toBlob(s.window),
    toBlob(s.latest),
    s.windowFrom,
    s.drift ? 1 : 0,
    s.skipped,
  )
}

/** Float64, in the byte order of the machine that wrote the file. */
const toBlob = (values: readonly number[]): Uint8Array => new Uint8Array(Float64Array.from(values).buffer)

const fromBlob = (blob: Uint8Array): number[] => [...new Float64Array(blob.slice().buffer)]
