import type { RecipeRef, SqlDatabase, SqlRow, VerdictResult } from '../../contracts/index.ts'

export interface ShadowPart {
  inspectionId: string
  station: string
  /** `id@version` of the recipe in force. */
  active: string
  at: string
  activeResult: VerdictResult
  candidateResult: VerdictResult
  candidateMs: number
  reasons: { zh: string; en: string }[]
}

/** What a shadow said beside one recipe in force. */
export interface ShadowAgreement {
  /** `id@version` of the recipe in force. */
  active: string
  parts: number
  agree: number
  /** matrix[result of the recipe in force][result of the shadow] = parts */
  matrix: Record<VerdictResult, Record<VerdictResult, number>>
  /** Newest first. */
  disagreements: ShadowPart[]
  meanMs: number | null
}

/** Beside the recipe that is in force now; a station may have changed its recipe while the shadow ran. */
export interface ShadowReport extends ShadowAgreement {
  station: string
  /** `id@version` */
  recipe: string
  sha256: string
  since: string
  by: string
  /** Beside the recipes that were in force before, the last one first. */
  earlier: ShadowAgreement[]
}

/** `shadow.running`: 0 it was ended, 1 the next start goes on with it, 2 it runs in a program that has not been stopped. */
const [ENDED, GOES_ON, RUNS] = [0, 1, 2]

/** What shadows saw, kept until another recipe shadows the station. */
export class ShadowReports {
  readonly #db: SqlDatabase
  /** What a shadow is kept as that starts now; its recipe may be loaded only when the program is being stopped. */
  #started = RUNS

  /** @param db prepared by `prepareLife` for counts */
  constructor(db: SqlDatabase) {
    this.#db = db
  }

  /** A station has one shadow; another recipe begins a new report. */
  start(station: string, recipe: RecipeRef, by: string): void {
    if (this.#row(station)?.sha256 !== recipe.sha256)
      this.#db.run(
        'insert or replace into shadow(station, recipe, sha256, since, by, running) values(?, ?, ?, ?, ?, ?)',
        station,
        recipe.id,
        recipe.sha256,
        new Date().toISOString(),
        by,
        ENDED,
      )
    this.#db.run('update shadow set running = ? where station = ?', this.#started, station)
  }

  /** The report stays. */
  stop(station: string): void {
    this.#db.run('update shadow set running = ? where station = ?', ENDED, station)
  }

  /** The program is stopped in order: the next one goes on with what runs. */
  suspend(): void {
    this.#started = GOES_ON
    this.#db.run('update shadow set running = ? where running = ?', GOES_ON, RUNS)
  }

  /**
   * What ran when the program before ended, by station.
   *
   * @returns `lost`: that program was not stopped in order
   */
  left(): { station: string; recipe: string; sha256: string; lost: boolean }[] {
    return this.#db
      .all<{ station: string; recipe: string; sha256: string; running: number }>(
        'select station, recipe, sha256, running from shadow where running <> ?',
        ENDED,
      )
      .map(({ running, ...shadow }) => ({ ...shadow, lost: running === RUNS }))
  }

  add(part: ShadowPart): void {
    const { inspectionId, station, active, at, activeResult, candidateResult, candidateMs, reasons } = part
    this.#db.run(
      `insert into shadow_part(inspection_id, station, active, at, active_result, candidate_result,
       candidate_ms, reasons) values(?, ?, ?, ?, ?, ?, ?, ?)`,
      inspectionId,
      station,
      active,
      at,
      activeResult,
      candidateResult,
      candidateMs,
      JSON.stringify(reasons),
    )
  }

  /**
   * @param inForce `id@version` of the recipe in force; that of the shadow itself once it was activated: then the one
   *                that it shadowed last stands first
   * @param limit   disagreements with each recipe
   */
  report(station: string, inForce: string, limit = 200): ShadowReport | null {
    const row = this.#row(station)
    if (!row) return null
    const { recipe, sha256, since, by } = row
    const seen = this.#db
      .all<{ active: string }>(
        'select active from shadow_count where station = ? group by active order by max(at) desc, active',
        station,
      )
      .map((r) => r.active)
    const first = inForce === recipe ? (seen[0] ?? inForce) : inForce
    const [now, ...earlier] = [first, ...seen.filter((active) => active !== first)].map((active) =>
      this.#agreement(station, active, limit),
    )
    return now === undefined ? null : { station, recipe, sha256, since, by, ...now, earlier }
  }

  #agreement(station: string, active: string, limit: number): ShadowAgreement {
    const none = (): Record<VerdictResult, number> => ({ pass: 0, fail: 0, inconclusive: 0 })
    const matrix = { pass: none(), fail: none(), inconclusive: none() }
    let parts = 0
    let ms = 0
    for (const c of this.#db.all<{ a: string; c: string; n: number; ms: number }>(
      'select active_result a, candidate_result c, n, ms from shadow_count where station = ? and active = ?',
      station,
      active,
    )) {
      matrix[c.a as VerdictResult][c.c as VerdictResult] = c.n
      parts += c.n
      ms += c.ms
    }
    const disagreements = this.#db
      .all<PartRow>(
        `select * from shadow_part where station = ? and active = ? order by at desc, inspection_id desc limit ?`,
        station,
        active,
        limit,
      )
      .map(partOf)
    return {
      active,
      parts,
      agree: matrix.pass.pass + matrix.fail.fail + matrix.inconclusive.inconclusive,
      matrix,
      disagreements,
      meanMs: parts === 0 ? null : ms / parts,
    }
  }

  #row(station: string): ShadowRow | undefined {
    return this.#db.get<ShadowRow>('select * from shadow where station = ?', station)
  }
}

interface ShadowRow extends SqlRow {
  recipe: string
  sha256: string
  since: string
  by: string
}

interface PartRow extends SqlRow {
  inspection_id: string
  station: string
  active: string
  at: string
  active_result: string
  candidate_result: string
  candidate_ms: number
  reasons: string
}

const partOf = (r: PartRow): ShadowPart => ({
  inspectionId: r.inspection_id,
  station: r.station,
  active: r.active,
  at: r.at,
  activeResult: r.active_result as VerdictResult,
  candidateResult: r.candidate_result as VerdictResult,
  candidateMs: r.candidate_ms,
  reasons: JSON.parse(r.reasons) as ShadowPart['reasons'],
})
