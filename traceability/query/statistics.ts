import type { NoVerdictReason, SqlDatabase } from '../../contracts/index.ts'
import type { ResultCount, RunningTotals } from '../store/running-totals.ts'

export interface StationCounters {
  station: string
  /** Judged: pass, fail and inconclusive; a trigger without a verdict is in `noVerdict` alone. */
  inspected: number
  pass: number
  fail: number
  /** Judged inconclusive by a rule; no-verdicts are not in here. */
  inconclusive: number
  /** Reason → count; reasons that did not occur are absent. */
  noVerdict: Partial<Record<NoVerdictReason, number>>
}

/** Inspections started at or after `sinceIso`; absent = all. Every attempt counts. */
export function stationCounters(
  db: SqlDatabase,
  totals: RunningTotals,
  sinceIso: string | undefined,
): StationCounters[] {
  const counts =
    sinceIso === undefined
      ? totals.read()
      : db.all<ResultCountRow>(
          `select station, result, no_verdict as noVerdict, count(*) as count from inspection
           where started_at >= ? group by station, result, no_verdict`,
          sinceIso,
        )
  const stations = new Map<string, StationCounters>()
  for (const c of counts) {
    const s = stations.get(c.station) ?? {
      station: c.station,
      inspected: 0,
      pass: 0,
      fail: 0,
      inconclusive: 0,
      noVerdict: {},
    }
    if (c.noVerdict !== null) {
      const reason = c.noVerdict as NoVerdictReason
      s.noVerdict[reason] = (s.noVerdict[reason] ?? 0) + c.count
    } else {
      s.inspected += c.count
      s[c.result as 'pass' | 'fail' | 'inconclusive'] += c.count
    }
    stations.set(c.station, s)
  }
  return [...stations.values()].sort((a, b) => (a.station < b.station ? -1 : 1))
}

type ResultCountRow = { [K in keyof ResultCount]: ResultCount[K] }

/** Condemned findings per class over the whole history; like RunningTotals, counts only what is new. */
export class DefectTotals {
  readonly #db: SqlDatabase
  readonly #counts = new Map<string, number>()
  #upTo = 0

  constructor(db: SqlDatabase) {
    this.#db = db
  }

  read(): { class: string; count: number }[] {
    const rows = this.#db.all<{ class: string; count: number; last: number }>(
      'select class, count(*) as count, max(position) as last from defect where position > ? group by class',
      this.#upTo,
    )
    for (const r of rows) {
      this.#counts.set(r.class, (this.#counts.get(r.class) ?? 0) + r.count)
      this.#upTo = Math.max(this.#upTo, r.last)
    }
    return byCount([...this.#counts].map(([name, count]) => ({ class: name, count })))
  }
}

/** Most frequent first. */
export function defectsSince(db: SqlDatabase, sinceIso: string): { class: string; count: number }[] {
  return byCount(
    db.all<{ class: string; count: number }>(
      `select d.class, count(*) as count from inspection i join defect d on d.position = i.position
       where i.started_at >= ? group by d.class`,
      sinceIso,
    ),
  )
}

const byCount = (rows: { class: string; count: number }[]): { class: string; count: number }[] =>
  rows
    .map((r) => ({ class: r.class, count: r.count }))
    .sort((a, b) => b.count - a.count || (a.class < b.class ? -1 : 1))
