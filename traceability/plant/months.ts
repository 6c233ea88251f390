import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { lockFor } from './advisory-lock.ts'

/** Positions of one month lie in [yyyymm × SPAN, next month × SPAN): below 2^53 until the year 900,719. */
export const SPAN = 10_000_000_000
/** Months made ahead of the current one, so that a month begins without a change of the schema. */
const AHEAD = 2

const monthOf = (date: Date): number => date.getUTCFullYear() * 100 + date.getUTCMonth() + 1
const nextMonth = (month: number): number => (month % 100 === 12 ? month + 89 : month + 1)

/** The month by the clock of the database, UTC, as yyyymm. */
function currentMonth(db: SqlDatabase): number {
  const row = db.get<{ month: number }>(
    `select cast(to_char(now() at time zone 'UTC', 'YYYYMM') as bigint) as month`,
  )
  return row?.month ?? monthOf(new Date())
}

/**
 * Makes the partitions of the current month and the next two where they are missing.
 *
 * @returns the current month, yyyymm
 */
export function ensureMonths(db: SqlDatabase): number {
  const current = currentMonth(db)
  let month = current
  const missing: number[] = []
  for (let n = 0; n <= AHEAD; n++) {
    const found = db.get('select 1 as found where to_regclass(?) is not null', `event_${month}`)
    if (found === undefined) missing.push(month)
    month = nextMonth(month)
  }
  if (missing.length > 0) db.transaction(() => makeMonths(db, missing))
  return current
}

/**
 * Inside a transaction; several lines may find the same month missing at once. Each is made beside its table and attached,
 * which waits for nobody who reads: `create … partition of` asks for the table alone (PostgreSQL manual, 5.11.2.2), and
 * whoever reads or writes there would queue behind it until the check of a long log, or a dump, is done.
 */
function makeMonths(db: SqlDatabase, months: readonly number[]): void {
  lockFor(db, 'sightline months')
  const parents = db.all<{ name: string }>(
    `select c.relname as name from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
     where c.relnamespace = cast(current_schema() as regnamespace) order by 1`,
  )
  if (parents.length === 0)
    throw new CodedError('TRC_OPEN', { expected: 'the tables of a plant store', actual: 'none' })
  for (const month of months)
    for (const { name } of parents) {
      const part = `${name}_${month}`
      if (db.get('select 1 as found where to_regclass(?) is not null', part) !== undefined) continue
      db.exec(
        `create table ${part} (like ${name} including defaults including constraints including storage);
         alter table ${name} attach partition ${part}
           for values from (${month * SPAN}) to (${nextMonth(month) * SPAN})`,
      )
    }
}
