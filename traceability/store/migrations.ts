import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { SCHEMA_1 } from './schema-1.ts'
import { SCHEMA_10 } from './schema-10.ts'
import { SCHEMA_2 } from './schema-2.ts'
import { SCHEMA_3 } from './schema-3.ts'
import { SCHEMA_4 } from './schema-4.ts'
import { SCHEMA_5 } from './schema-5.ts'
import { SCHEMA_6 } from './schema-6.ts'
import { SCHEMA_7 } from './schema-7.ts'
import { SCHEMA_8 } from './schema-8.ts'
import { SCHEMA_9 } from './schema-9.ts'

/** Forward only: the index is the version the script leads to, minus one. A released script never changes. */
export const MIGRATIONS: readonly string[] = [
  SCHEMA_1,
  SCHEMA_2,
  SCHEMA_3,
  SCHEMA_4,
  SCHEMA_5,
  SCHEMA_6,
  SCHEMA_7,
  SCHEMA_8,
  SCHEMA_9,
  SCHEMA_10,
]

export const SCHEMA_VERSION = MIGRATIONS.length

/**
 * Brings the database to the version of this program, each step in its own transaction.
 *
 * @throws TRC_OPEN when the file was written by a newer program
 */
export function migrate(db: SqlDatabase, file: string): void {
  refuseNewer(db, file)
  const found = userVersion(db)
  for (let version = found; version < SCHEMA_VERSION; version++) {
    db.transaction(() => {
      // Two processes may open a fresh directory at once; the second finds the work done.
      if (userVersion(db) !== version) return
      db.exec(MIGRATIONS[version] ?? '')
      db.exec(`pragma user_version = ${version + 1}`)
    })
  }
}

/** What a newer program wrote may mean something else, also to who only reads it. @throws TRC_OPEN */
export function refuseNewer(db: SqlDatabase, file: string): void {
  const found = userVersion(db)
  if (found > SCHEMA_VERSION)
    throw new CodedError('TRC_OPEN', {
      file,
      expected: `schema version ${SCHEMA_VERSION} or older`,
      actual: `version ${found}`,
      hint: 'the data was written by a newer program; run that one',
    })
}

/** Version of the schema of a file; 0 = none of ours. */
export function userVersion(db: SqlDatabase): number {
  return Number(db.get('pragma user_version')?.['user_version'] ?? 0)
}
