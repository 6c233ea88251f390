import type { SqlDatabase } from '../../contracts/index.ts'
import { schemaDifferences, standIns } from '../store/schema-check.ts'
import { WORDS } from './finding-words.ts'
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
  for (const difference of differences) findings.add('schema', WORDS.schema(difference))
  for (const statement of absent) db.exec(statement)
  return absent
}
