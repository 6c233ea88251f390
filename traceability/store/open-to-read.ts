import type { SqlDatabase } from '../../contracts/index.ts'
import { refuseNewer } from './migrations.ts'
import { openSql } from './open-sql.ts'

/** The records of a data directory, read only. @throws TRC_OPEN, also for what a newer program wrote */
export function openToRead(file: string): SqlDatabase {
  const db = openSql(file, { synchronous: 'normal', readOnly: true })
  try {
    refuseNewer(db, file)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}
