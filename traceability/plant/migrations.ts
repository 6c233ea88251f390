import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { MIGRATIONS } from '../store/migrations.ts'
import { COMPAT, missingInCompat } from './compat.ts'
import { scriptForPostgres } from './ddl.ts'
import { lockFor } from './advisory-lock.ts'
import { ensureMonths } from './months.ts'
import {
  LOG_GUARD,
  SCHEMA_PLANT,
  SCHEMA_PLANT_2,
  SCHEMA_PLANT_3,
  SCHEMA_PLANT_4,
  SCHEMA_PLANT_5,
  SCHEMA_PLANT_6,
} from './schema-plant.ts'

/** `line`: the store of one line, as the embedded one. `plant`: many lines, by month. */
export type StoreKind = 'line' | 'plant'

/** Scripts of the embedded store that were there when the stores on PostgreSQL began; later ones follow theirs. */
const FIRST = 4
/** Those before the third script that only a plant has. */
const SECOND = 5
/** Those before the fourth one. */
const THIRD = 6
/** Those before the ones that follow; the seventh and eighth are of tables that stay with the line (`NOT_REPLICATED`). */
const FOURTH = 8
/** Those before the fifth script that only a plant has. */
const FIFTH = 9
/** Those before the sixth one. */
const SIXTH = 10

/**
 * Forward only: the index is the version the script leads to, minus one. A released script never changes. What changes
 * nothing that lines share is none of a plant: lines that are still on the program before could not write there any more.
 */
export function scriptsOf(kind: StoreKind): string[] {
  const plant = kind === 'plant'
  const store = MIGRATIONS.map((script) => scriptForPostgres(script, plant))
  return [
    ...store.slice(0, FIRST),
    LOG_GUARD,
    ...(plant ? [SCHEMA_PLANT, SCHEMA_PLANT_2] : []),
    ...store.slice(FIRST, SECOND),
    ...(plant ? [SCHEMA_PLANT_3] : []),
    ...store.slice(SECOND, THIRD),
    ...(plant ? [SCHEMA_PLANT_4] : store.slice(THIRD, FOURTH)),
    ...store.slice(FOURTH, FIFTH),
    ...(plant ? [SCHEMA_PLANT_5] : []),
    ...store.slice(FIFTH, SIXTH),
    ...(plant ? [SCHEMA_PLANT_6] : []),
    ...store.slice(SIXTH),
  ]
}

/**
 * What is stated in Chinese has no place in another encoding: a store there would take a log until the first such text.
 *
 * @throws TRC_OPEN
 */
export function refuseEncoding(db: SqlDatabase): void {
  const actual = db.get<{ server_encoding: string }>('show server_encoding')?.server_encoding
  if (actual === 'UTF8') return
  throw new CodedError('TRC_OPEN', {
    expected: 'a database of encoding UTF8',
    actual: actual ?? 'one of no encoding',
    hint: "make one: create database … encoding 'UTF8' locale 'C' template template0",
  })
}

/**
 * Brings the schema to the version of this program: the scripts of the embedded store one by one, and what only
 * PostgreSQL has. Each step is one transaction; several programs may do it at once.
 *
 * @param schema made when it is not there
 * @param upTo version to stop at; a test looks at each
 * @throws TRC_OPEN when the schema was written by a newer program, or is one of the other kind; when it would be a new one
 *   in a database that is not of UTF-8
 */
export function migratePostgres(db: SqlDatabase, schema: string, kind: StoreKind, upTo?: number): void {
  checkSchemaName(schema)
  const step = (work: () => void): void =>
    db.transaction(() => {
      lockFor(db, 'sightline migration')
      work()
    })
  step(() => {
    db.exec(`${COMPAT}; set local search_path to ${schema}`)
    db.exec(`create schema if not exists ${schema};
      create table if not exists ${schema}.schema_version (kind text primary key, version bigint not null)`)
    if (versionOf(db, schema) === undefined) refuseEncoding(db)
  })
  const scripts = scriptsOf(kind)
  const found = versionOf(db, schema)
  refuseOthers(found, kind, schema, scripts.length)
  for (let v = found?.version ?? 0; v < (upTo ?? scripts.length); v++)
    step(() => {
      // Two programs may start at once; the second finds the work done.
      if ((versionOf(db, schema)?.version ?? 0) !== v) return
      db.exec(scripts[v] ?? '')
      db.exec('delete from schema_version')
      db.run('insert into schema_version (kind, version) values (?, ?)', kind, v + 1)
    })
  if (kind === 'plant') ensureMonths(db)
}

/**
 * Who only asks changes nothing: it may be a newer program than the lines that write, or a role that may only read.
 *
 * @throws TRC_OPEN when the schema is not of the version of this program, or is one of the other kind
 */
export function refuseOtherVersions(db: SqlDatabase, schema: string, kind: StoreKind): void {
  const newest = scriptsOf(kind).length
  const found = versionOf(db, schema)
  refuseOthers(found, kind, schema, newest)
  const missing = missingInCompat(db)
  if (found?.version === newest && missing.length === 0) return
  throw new CodedError('TRC_OPEN', {
    expected: `schema version ${newest}`,
    actual: `version ${found?.version ?? 0}${missing.length === 0 ? '' : ` without ${missing.join(', ')}`}`,
    hint: 'the lines write by an older program: ask with that one, or bring them up to date, which migrates the store',
  })
}

/** @throws CFG_INVALID */
export function checkSchemaName(schema: string): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(schema))
    throw new CodedError('CFG_INVALID', {
      path: 'schema',
      expected: 'lower-case letters, digits and underscores',
      actual: schema,
    })
}

type Found = { kind: string; version: number }

const versionOf = (db: SqlDatabase, schema: string): Found | undefined =>
  db.get<Found>(`select kind, version from ${schema}.schema_version`)

/** @throws TRC_OPEN */
function refuseOthers(found: Found | undefined, kind: StoreKind, schema: string, newest: number): void {
  if (found === undefined) return
  if (found.kind !== kind)
    throw new CodedError('TRC_OPEN', {
      expected: `a schema of a ${kind} store`,
      actual: `${schema} holds a ${found.kind} store`,
      hint: 'name another schema',
    })
  if (found.version > newest)
    throw new CodedError('TRC_OPEN', {
      expected: `schema version ${newest} or older`,
      actual: `version ${found.version}`,
      hint: 'the data was written by a newer program; run that one',
    })
}
