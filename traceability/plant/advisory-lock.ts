import type { SqlDatabase } from '../../contracts/index.ts'

/** Waits until no other transaction holds the name; freed at the end of the transaction, also when the program dies. */
export function lockFor(db: SqlDatabase, name: string): void {
  db.get('select 1 as locked from (select pg_advisory_xact_lock(hashtextextended(?, 0))) l', name)
}
