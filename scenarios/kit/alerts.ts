import { uuidv5 } from '../../contracts/index.ts'
import type { AlertDraft, Cause, Evidence, SqlRead, SqlTx } from './io.ts'
import type { I18n } from '../../contracts/index.ts'

export interface Alert {
  id: string
  key: string
  severity: 'info' | 'warn' | 'high'
  title: I18n
  text: I18n
  evidence: Evidence
  state: 'active' | 'cleared'
  raisedAt: string
  clearedAt: string | null
}

/** Raises an alert, or raises it again when it was cleared; an active one stays as it is. */
export function raiseAlert(db: SqlTx, a: AlertDraft, cause: Cause): void {
  db.run(
    `insert into _alerts(key, id, severity, title, body, evidence, state, raised_at)
     values(?, ?, ?, ?, ?, ?, 'active', ?)
     on conflict(key) do update set id = excluded.id, severity = excluded.severity, title = excluded.title,
       body = excluded.body, evidence = excluded.evidence, state = 'active', raised_at = excluded.raised_at,
       cleared_at = null where state = 'cleared'`,
    a.key,
    uuidv5(cause.id, `alert\n${a.key}`),
    a.severity,
    JSON.stringify(a.title),
    JSON.stringify(a.text),
    JSON.stringify(a.evidence),
    cause.time,
  )
}

export function clearAlert(db: SqlTx, key: string, at: string): void {
  db.run(`update _alerts set state = 'cleared', cleared_at = ? where key = ? and state = 'active'`, at, key)
}

/** Newest first. */
export function listAlerts(db: SqlRead, limit: number): Alert[] {
  return db
    .all<
      Record<'key' | 'id' | 'title' | 'body' | 'evidence' | 'raised_at', string> & {
        severity: Alert['severity']
        state: Alert['state']
        cleared_at: string | null
      }
    >(`select * from _alerts order by state, raised_at desc, key limit ?`, limit)
    .map((r) => ({
      id: r.id,
      key: r.key,
      severity: r.severity,
      title: JSON.parse(r.title) as I18n,
      text: JSON.parse(r.body) as I18n,
      evidence: JSON.parse(r.evidence) as Evidence,
      state: r.state,
      raisedAt: r.raised_at,
      clearedAt: r.cleared_at,
    }))
}
