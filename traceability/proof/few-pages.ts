import type { SqlDatabase } from '../../contracts/index.ts'

/** Each page of a log is asked for once: a few are kept, in memory that stays in the cache of a core. */
const PAGES_KIB = 500

/** For a connection that reads a whole log in its order. */
export function keepFewPages(db: SqlDatabase): SqlDatabase {
  db.exec(`pragma cache_size = -${PAGES_KIB}`)
  return db
}
