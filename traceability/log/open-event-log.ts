import { join } from 'node:path'
import { openSql } from '../store/open-sql.ts'
import { SqliteEventLog } from './event-log.ts'

/**
 * Opens the log of a data directory for reading.
 *
 * @param wake the `onAppend` of the store of this process, when there is one
 * @throws TRC_OPEN when no store has been opened there yet
 */
export function openEventLog(dataDir: string, wake?: (listener: () => void) => () => void): SqliteEventLog {
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  return new SqliteEventLog(db, wake ?? null)
}
