import type { I18n, SqlDatabase } from '../../contracts/index.ts'
import { isDamaged } from '../store/sqlite-errors.ts'
import { WORDS } from './finding-words.ts'

/** What SQLite says of one file is enough to know that it is damaged. */
const MAX_DAMAGES = 20

/**
 * Where pages are not as SQLite wrote them. Questions go by indexes: one that lacks entries makes recalls and lives
 * incomplete without an error, while every row that it should lead to is as it was signed.
 */
export const damagedPages = (db: SqlDatabase): string[] =>
  db
    .all<{ integrity_check: string }>(`pragma main.integrity_check(${MAX_DAMAGES})`)
    .map(({ integrity_check: said }) => said.replaceAll('\n', ' '))
    .filter((said) => said !== 'ok')

/** The same of a file at which a check broke off; none where it was not for damage. */
export function pagesThatBroke(db: SqlDatabase): string[] {
  try {
    return damagedPages(db)
  } catch (error) {
    return isDamaged(error) ? [error.detail.actual ?? error.message] : []
  }
}

/** Stretches of events that are told apart at most. */
const MAX_STRETCHES = 20
/** Positions that are read in one go. */
const PIECE = 256

/** What cannot be read of the log, where a check broke off at pages that are damaged. */
export interface Unreadable {
  position: number
  detail: I18n
}

/** Stretches of positions where the table of events cannot be read, each as short as it can be told. */
export function unreadableEvents(db: SqlDatabase): Unreadable[] {
  const numberOf = (sql: string): number => valueOf(() => db.get<{ n: number | null }>(sql)?.n) ?? 0
  const last =
    numberOf('select max(position) as n from event') ||
    numberOf('select size as n from log_tree where id = 1')
  const stretches: { from: number; to: number }[] = []
  const read = (from: number, to: number): void => {
    if (stretches.length > MAX_STRETCHES || isReadable(db, from, to)) return
    const before = stretches.at(-1)
    if (from < to) {
      const middle = Math.floor((from + to) / 2)
      read(from, middle)
      read(middle + 1, to)
    } else if (before?.to === from - 1) before.to = to
    else stretches.push({ from, to })
  }
  for (let from = 1; from <= last; from += PIECE) read(from, Math.min(last, from + PIECE - 1))
  return stretches.map(({ from, to }) => ({
    position: from,
    detail: WORDS.unreadable(from, to),
  }))
}

/** All columns are looked at, which leads through all their pages; a stretch looks at the event behind it, too. */
const isReadable = (db: SqlDatabase, from: number, to: number): boolean =>
  valueOf(() =>
    from === to
      ? db.all('select * from event where position = ?', from)
      : db.all('select * from event where position between ? and ?', from, to),
  ) !== null

function valueOf<T>(ask: () => T): T | null {
  try {
    return ask()
  } catch {
    return null
  }
}
