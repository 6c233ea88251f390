import { createHash } from 'node:crypto'
import { canonicalJson, CodedError, type SqlDatabase } from '../../contracts/index.ts'
import type { RefReader, RefStatus } from './io.ts'
import type { RefProblem, RefTable } from './parts.ts'

export interface RefVersion {
  version: number
  at: string
  by: string
  sha256: string
  rows: number
}

const DAY_MS = 86_400_000

/** Reference tables of one module: each upload is a new version, the newest one counts. */
export class ReferenceData implements RefReader {
  readonly #db: SqlDatabase
  readonly #tables: Record<string, RefTable>
  readonly #now: () => number
  readonly #cache = new Map<string, Map<string, unknown>>()

  constructor(db: SqlDatabase, tables: Record<string, RefTable>, now: () => number) {
    this.#db = db
    this.#tables = tables
    this.#now = now
  }

  /** @throws API_NOT_FOUND for a table the module does not have */
  table(name: string): RefTable {
    const t = Object.hasOwn(this.#tables, name) ? this.#tables[name] : undefined
    if (!t)
      throw new CodedError('API_NOT_FOUND', {
        expected: Object.keys(this.#tables).join(' | ') || 'no reference tables',
        actual: name,
      })
    return t
  }

  versions(name: string): RefVersion[] {
    this.table(name)
    return this.#db
      .all<{ version: number; at: string; by: string; sha256: string; rows: number }>(
        `select version, at, by, sha256, rows from _ref_version where tbl = ? order by version desc`,
        name,
      )
      .map((v) => ({ ...v }))
  }

  version = (name: string): number => this.versions(name)[0]?.version ?? 0

  status(name: string): RefStatus {
    const newest = this.versions(name)[0]
    if (!newest) return 'missing'
    const maxAge = this.table(name).maxAgeDays
    const stale = maxAge !== undefined && this.#now() - Date.parse(newest.at) > maxAge * DAY_MS
    return stale ? 'stale' : 'ok'
  }

  rows = (name: string): readonly unknown[] => [...this.#rowsOf(name).values()]
  get = (name: string, key: string): unknown => this.#rowsOf(name).get(key)

  rowsOfVersion(name: string, version: number): unknown[] {
    this.table(name)
    return this.#db
      .all<{ json: string }>(
        `select json from _ref where tbl = ? and version = ? order by key`,
        name,
        version,
      )
      .map((r) => JSON.parse(r.json) as unknown)
  }

  /** Checks rows without storing them: schema, unique keys, then the table's own cross-check. */
  validate(name: string, rows: readonly unknown[]): { rows: unknown[]; problems: RefProblem[] } {
    const t = this.table(name)
    const problems: RefProblem[] = []
    const good: unknown[] = []
    const seen = new Map<string, number>()
    for (const [i, raw] of rows.entries()) {
      const parsed = t.row.safeParse(raw)
      if (!parsed.success) {
        for (const issue of parsed.error.issues)
          problems.push(
            problem(name, `row ${i + 1}`, issue.path.join('.'), {
              zh: `第 ${i + 1} 行不符合要求:${issue.message}`,
              en: `Row ${i + 1}: ${issue.message}`,
            }),
          )
        continue
      }
      const key = t.key(parsed.data)
      const first = seen.get(key)
      if (first !== undefined)
        problems.push(
          problem(name, key, undefined, {
            zh: `第 ${i + 1} 行与第 ${first + 1} 行的键重复:${key}`,
            en: `Row ${i + 1} repeats the key of row ${first + 1}: ${key}`,
          }),
        )
      else seen.set(key, i)
      good.push(parsed.data)
    }
    if (problems.length === 0 && t.crossCheck) problems.push(...t.crossCheck(good, this))
    return { rows: good, problems }
  }

  /**
   * Stores a new version. Must run inside a transaction. Call `validate` first.
   *
   * @returns the new version
   */
  replace(name: string, rows: readonly unknown[], by: string): number {
    const t = this.table(name)
    const at = new Date(this.#now()).toISOString()
    const sha256 = createHash('sha256').update(canonicalJson(rows)).digest('hex')
    const newest = this.versions(name)[0]
    const version = (newest?.version ?? 0) + 1
    for (const row of rows)
      this.#db.run(
        `insert into _ref(tbl, version, key, json) values(?, ?, ?, ?)`,
        name,
        version,
        t.key(row),
        JSON.stringify(row),
      )
    this.#db.run(
      `insert into _ref_version(tbl, version, at, by, sha256, rows) values(?, ?, ?, ?, ?, ?)`,
      name,
      version,
      at,
      by,
      sha256,
      rows.length,
    )
    this.#cache.delete(name)
    return version
  }

  /** Forgets cached rows, after a rolled-back transaction. */
  forget(): void {
    this.#cache.clear()
  }

  #rowsOf(name: string): Map<string, unknown> {
    const known = this.#cache.get(name)
    if (known) return known
    const version = this.version(name)
    const t = this.table(name)
    const rows = new Map(this.rowsOfVersion(name, version).map((r) => [t.key(r), r]))
    this.#cache.set(name, rows)
    return rows
  }
}

const problem = (
  table: string,
  key: string,
  field: string | undefined,
  message: RefProblem['message'],
): RefProblem => ({ table, key, ...(field && { field }), message, severity: 'error' })
