import type { ScoredPart, SqlDatabase, WatchSpec } from '../../contracts/index.ts'
import { compareScores, type DriftStatistics } from './drift.ts'
import { addScore, type ScoreBins } from './score-histogram.ts'
import { freshSeries, loadSeries, saveSeries, type Series, usualOf } from './score-series.ts'

/** One raw score of one part. */
export interface Score {
  /** `tool.name` of an image score, or the tool whose highest finding it is. */
  series: string
  /** `id@version` of the model, or the tool's name when it is none. */
  model: string
  value: number
}

/** The last window said something else than the one before. */
export interface DriftChange {
  station: string
  recipe: string
  sha256: string
  series: string
  drift: boolean
  at: string
  psi: number
  d: number
  p: number
}

/** Bounds what a classifier of a thousand classes would write. */
const MAX_SERIES = 24
const KEEP_WINDOWS = 500
const KEEP_DAYS = 400

/**
 * Raw scores per station, recipe, series and day, and their drift: the first parts of a recipe are its reference, and
 * each window of parts after them is compared with it once, so that no part counts twice.
 */
export class ScoreWatch {
  readonly #db: SqlDatabase
  readonly #spec: WatchSpec
  readonly #stats: DriftStatistics
  readonly #recipes = new Map<string, Map<string, Series>>()
  readonly #touched = new Map<string, { key: readonly [string, string]; series: Set<string> }>()
  readonly #days = new Map<string, ScoreBins>()

  /** @param db prepared by `prepareLife` for counts; `take` and `flush` belong into one transaction of it */
  constructor(db: SqlDatabase, spec: WatchSpec, stats: DriftStatistics) {
    this.#db = db
    this.#spec = spec
    this.#stats = stats
  }

  /** Whether a score is out of the usual; null while the reference is not complete. */
  unusual(part: ScoredPart, scores: readonly Score[]): boolean | null {
    const known = this.#series(part.station, part.recipeSha256)
    let seen = false
    for (const { series, value } of scores) {
      const usual = known.get(series)?.usual
      if (!usual) continue
      seen = true
      if (value < usual[0] || value > usual[1]) return true
    }
    return seen ? false : null
  }

  take(part: ScoredPart, scores: readonly Score[]): DriftChange[] {
    const { station, recipeSha256: sha256, recipe } = part
    const known = this.#series(station, sha256)
    const changes: DriftChange[] = []
    for (const { series, model, value } of scores) {
      let s = known.get(series)
      if (!s) {
        if (known.size >= MAX_SERIES) continue
        s = freshSeries(recipe, model, part.at)
        known.set(series, s)
      }
      this.#touch(station, sha256, series)
      if (!Number.isFinite(value)) {
        s.skipped += 1
        continue
      }
      addScore(this.#day(station, sha256, series, part.at.slice(0, 10)), value)
      if (s.referenceTo === null) this.#collect(s, part, value)
      else {
        s.windowFrom ??= part.at
        s.window.push(value)
        if (s.window.length >= this.#spec.windowParts)
          changes.push(...this.#close(station, sha256, series, s, known.size, part.at))
      }
    }
    return changes
  }

  /** Writes what was taken since the last call. */
  flush(): void {
    for (const { key, series: names } of this.#touched.values())
      for (const name of names) {
        const s = this.#series(...key).get(name)
        if (s) saveSeries(this.#db, key, name, s)
      }
    this.#touched.clear()
    for (const [key, bins] of this.#days) {
      const [station, sha256, series, day] = JSON.parse(key) as [string, string, string, string]
      const n = Object.values(bins).reduce((sum, c) => sum + c, 0)
      this.#db.run(
        'insert or replace into score_day(station, sha256, series, day, n, bins) values(?, ?, ?, ?, ?, ?)',
        station,
        sha256,
        series,
        day,
        n,
        JSON.stringify(bins),
      )
      this.#prune('score_day', 'day', KEEP_DAYS, [station, sha256, series])
    }
    this.#days.clear()
  }

  /** After a rollback: what is in memory is not what is on disk. */
  forget(): void {
    this.#recipes.clear()
    this.#touched.clear()
    this.#days.clear()
  }

  /** A new reference, from the next parts on. Returns the series it concerns. */
  restart(station: string, sha256: string, at: string): string[] {
    const known = this.#series(station, sha256)
    for (const [name, s] of known) {
      known.set(name, { ...freshSeries(s.recipe, s.model, at), skipped: s.skipped })
      this.#touch(station, sha256, name)
    }
    this.flush()
    return [...known.keys()]
  }

  #collect(s: Series, part: ScoredPart, value: number): void {
    s.reference.push(value)
    if (part.result === 'pass') s.passed.push(value)
    if (s.reference.length < this.#spec.referenceParts) return
    s.referenceTo = part.at
    s.usual = usualOf(s.passed)
  }

  #close(
    station: string,
    sha256: string,
    series: string,
    s: Series,
    family: number,
    at: string,
  ): DriftChange[] {
    // Bonferroni: the false-alarm rate is that of the recipe, however many scores it has.
    const alpha = this.#spec.falseAlarm / family
    const r = compareScores(s.reference, s.window, alpha, this.#stats)
    this.#db.run(
      `insert or replace into score_window(station, sha256, series, at, since, n, psi, psi_limit, d, p, alpha, drift)
       values(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      station,
      sha256,
      series,
      at,
      s.windowFrom ?? at,
      s.window.length,
      r.psi,
      r.psiLimit,
      r.d,
      r.p,
      alpha,
      r.drift ? 1 : 0,
    )
    this.#prune('score_window', 'at', KEEP_WINDOWS, [station, sha256, series])
    s.latest = s.window
    s.window = []
    s.windowFrom = null
    if (s.drift === r.drift) return []
    s.drift = r.drift
    const { drift, psi, d, p } = r
    return [{ station, recipe: s.recipe, sha256, series, drift, at, psi, d, p }]
  }

  #series(station: string, sha256: string): Map<string, Series> {
    const key = `${station} ${sha256}`
    let known = this.#recipes.get(key)
    if (known) return known
    known = loadSeries(this.#db, station, sha256)
    this.#recipes.set(key, known)
    return known
  }

  #day(station: string, sha256: string, series: string, day: string): ScoreBins {
    const key = JSON.stringify([station, sha256, series, day])
    let bins = this.#days.get(key)
    if (bins) return bins
    const row = this.#db.get<{ bins: string }>(
      'select bins from score_day where station = ? and sha256 = ? and series = ? and day = ?',
      station,
      sha256,
      series,
      day,
    )
    bins = row ? (JSON.parse(row.bins) as ScoreBins) : {}
    this.#days.set(key, bins)
    return bins
  }

  #touch(station: string, sha256: string, series: string): void {
    const at = this.#touched.get(`${station} ${sha256}`)
    if (at) at.series.add(series)
    else this.#touched.set(`${station} ${sha256}`, { key: [station, sha256], series: new Set([series]) })
  }

  #prune(table: string, column: string, keep: number, key: readonly [string, string, string]): void {
    this.#db.run(
      `delete from ${table} where station = ?1 and sha256 = ?2 and series = ?3 and ${column} <
       (select ${column} from ${table} where station = ?1 and sha256 = ?2 and series = ?3
        order by ${column} desc limit 1 offset ${keep})`,
      ...key,
    )
  }
}
