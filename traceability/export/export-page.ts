import type { SqlDatabase, SqlValue } from '../../contracts/index.ts'
import { COLUMNS, type ExportKind } from './columns.ts'

export interface ExportAsk {
  what: ExportKind
  /** Window, RFC 3339, half-open: by start of judging; events by their time. */
  from?: string
  to?: string
  /** Where the page before ended; absent = from the beginning. */
  after?: ExportCursor
}
interface ExportCursor {
  at: string
  position: number
}
export interface ExportPage {
  rows: SqlValue[][]
  /** Where the next page goes on; null = there is none. */
  next: ExportCursor | null
}

/** Inspections, or events, to a page: one page and what is made of it is all that is held in memory. */
const PAGE = 1_000

/** Next rows in order of time, as far as they are recorded now. */
export function exportPage(db: SqlDatabase, ask: ExportAsk): ExportPage {
  return ask.what === 'events' ? eventPage(db, ask) : partPage(db, ask)
}

const listOf = (what: ExportKind): string => COLUMNS[what].map((c) => `${c.sql} as "${c.name}"`).join(', ')

const rowsOf = (what: ExportKind, rows: readonly Record<string, SqlValue>[]): SqlValue[][] =>
  rows.map((row) => COLUMNS[what].map((c) => row[c.name] ?? null))

function partPage(db: SqlDatabase, { what, from = '', to = '9999', after }: ExportAsk): ExportPage {
  const start = after ?? { at: from, position: -1 }
  const page = db.all<{ position: number; at: string }>(
    `select position, started_at as at from inspection
     where started_at >= ? and started_at < ? and (started_at > ? or position > ?)
     order by started_at, position limit ${PAGE}`,
    start.at,
    to,
    start.at,
    start.position,
  )
  const last = page.at(-1)
  const join =
    what === 'inspections'
      ? ''
      : ` join ${what === 'defects' ? 'defect' : 'measurement'} d on d.position = i.position`
  const rows = db.all(
    `select ${listOf(what)} from json_each(?) v cross join inspection i on i.position = cast(v.value as bigint)${join}
     order by i.started_at, i.position${join === '' ? '' : ', d.n'}`,
    JSON.stringify(page.map((p) => p.position)),
  )
  return { rows: rowsOf(what, rows), next: page.length < PAGE || last === undefined ? null : last }
}

/** In the order of the log; times of events need not follow it. */
function eventPage(db: SqlDatabase, { from = '', to = '9999', after }: ExportAsk): ExportPage {
  const rows = db.all<Record<string, SqlValue> & { position: number; time: string }>(
    `select ${listOf('events')} from event e where e.position > ? and e.time >= ? and e.time < ?
     order by e.position limit ${PAGE}`,
    after?.position ?? -1,
    from,
    to,
  )
  const last = rows.at(-1)
  return {
    rows: rowsOf('events', rows),
    next: rows.length < PAGE || last === undefined ? null : { at: last.time, position: last.position },
  }
}
