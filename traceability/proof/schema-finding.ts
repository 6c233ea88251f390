import type { SqlDatabase } from '../../contracts/index.ts'
import { schemaDifferences, standIns } from '../store/schema-check.ts'
import type { Findings } from './report.ts'

/**
 * Tells what of the schema is not as the program makes it, and lets all else be read: in place of a table that is gone
 * stands an empty one, for this connection.
 *
 * @returns the statements that make those, for other connections that read the same file
 */
export function checkSchema(db: SqlDatabase, findings: Findings): string[] {
  const [differences, absent] = db.transaction(() => {
    const found = schemaDifferences(db)
    return [found, standIns(db, found)]
  })
  for (const { what, type, name } of differences) findings.add('schema', `${what} ${type} ${name}`)
  for (const statement of absent) db.exec(statement)
  return absent
}

/** What SQLite says of one file is enough to know that it is damaged. */
const MAX_DAMAGES = 20

/**
 * Tells where pages are not as SQLite wrote them. Questions go by indexes: one that lacks entries makes recalls and lives
 * incomplete without an error, while every row that it should lead to is as it was signed.
 */
export function checkPages(db: SqlDatabase, findings: Findings): void {
  for (const { integrity_check: said } of db.all<{ integrity_check: string }>(
    `pragma main.integrity_check(${MAX_DAMAGES})`,
  ))
    if (said !== 'ok') findings.add('damaged', said.replaceAll('\n', ' '))
}
