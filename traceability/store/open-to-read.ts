import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { refuseNewer, SCHEMA_VERSION, userVersion } from './migrations.ts'
import { openSql } from './open-sql.ts'
import { lacksTable } from './sqlite-errors.ts'

/** A recall of 20,000 units goes through some 40 MB, and with room for less each page of it is read anew each time. */
const PAGES_KIB = 64_000

/**
 * The records of a data directory, read only. What an older program wrote is read as it is, and what asks for more than
 * there was then is told so.
 *
 * @throws TRC_OPEN, also for what a newer program wrote
 */
export function openToRead(file: string): SqlDatabase {
  const db = openSql(file, { synchronous: 'normal', readOnly: true })
  try {
    db.exec(`pragma cache_size = -${PAGES_KIB}`)
    refuseNewer(db, file)
    const found = userVersion(db)
    return found === 0 || found === SCHEMA_VERSION ? db : ofOlder(db, file, found)
  } catch (error) {
    db.close()
    throw error
  }
}

/** Without a word of its own, what is lacking would look like damage. */
function ofOlder(db: SqlDatabase, file: string, found: number): SqlDatabase {
  const told = <T>(ask: () => T): T => {
    try {
      return ask()
    } catch (error) {
      if (!lacksTable(error)) throw error
      throw new CodedError('TRC_OPEN', {
        file,
        expected: `schema version ${SCHEMA_VERSION}`,
        actual: `version ${found}`,
        hint: 'an older program wrote this; start the line once with this one, which brings the records up to date',
        cause: error,
      })
    }
  }
  return {
    exec: (sql) => told(() => db.exec(sql)),
    run: (sql, ...values) => told(() => db.run(sql, ...values)),
    insert: (...rows) => told(() => db.insert(...rows)),
    get: (sql, ...values) => told(() => db.get(sql, ...values)),
    all: (sql, ...values) => told(() => db.all(sql, ...values)),
    transaction: (work) => db.transaction(work),
    close: () => db.close(),
  }
}
