import { existsSync } from 'node:fs'
import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { keptCheckpoints } from '../proof/kept-proofs.ts'
import { logKeyFile } from '../proof/log-key.ts'
import { userVersion } from './migrations.ts'

/**
 * Refuses a file with nothing in it beside a log that was signed: it was emptied or taken away. Begun anew, a line would
 * go on without its holds and its numbers, and say of every part that it never saw it. Where the log is gone as well, its
 * key tells of it, which is made behind the first tables.
 *
 * @throws TRC_OPEN
 */
export function refuseEmptied(db: SqlDatabase, dataDir: string, file: string): void {
  if (userVersion(db) > 0) return
  if (keptCheckpoints(dataDir).last() === undefined && !existsSync(logKeyFile(dataDir))) return
  throw new CodedError('TRC_OPEN', {
    file,
    expected: 'the records whose events are signed in the log beside it',
    actual: 'a file without any: it was emptied or taken away, or lacks its write-ahead log (-wal)',
    hint: 'put it back, or begin a new data directory and keep this one',
  })
}
