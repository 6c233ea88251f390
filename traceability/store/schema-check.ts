import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { MIGRATIONS, refuseNewer, SCHEMA_VERSION, userVersion } from './migrations.ts'
import { openSql } from './open-sql.ts'
import { sqliteError } from './sqlite-errors.ts'

/** How the schema of a file differs from that of a file which the migrations made. */
export interface SchemaDifference {
  type: string
  name: string
  what: 'missing' | 'altered' | 'foreign'
  /** As the migrations made it; null where they made none of this name. */
  sql: string | null
}

type Row = { type: string; name: string; sql: string | null }

/** What SQLite makes by itself: the indexes behind keys, and the statistics of `analyze`. */
const BY_ITSELF = /^sqlite_(sequence|stat[0-9])$/

/**
 * Tables, views, indexes and triggers that are not as the migrations up to the version of the file make them. Read in the
 * transaction of the caller, as far as there is one. A file without a version is compared with the newest.
 */
export function schemaDifferences(db: SqlDatabase): SchemaDifference[] {
  const made = madeBy(userVersion(db))
  const found = objectsOf(db)
  const differences: SchemaDifference[] = []
  for (const [key, { type, name, sql }] of made) {
    const other = found.get(key)
    if (other === undefined) differences.push({ type, name, what: 'missing', sql })
    else if (plain(other.sql) !== plain(sql)) differences.push({ type, name, what: 'altered', sql })
  }
  for (const [key, { type, name }] of found)
    if (!made.has(key)) differences.push({ type, name, what: 'foreign', sql: null })
  return differences
}

/**
 * Puts back what keeps the records or finds them: a guard, an index, a view. Whatever may have changed what is judged, or
 * lacks rows that nothing here can make again, is not written on.
 *
 * @returns what was put back, or null
 * @throws TRC_SCHEMA for a foreign or altered trigger, and for a table that is gone or altered; TRC_OPEN for what a newer
 *   program wrote
 */
export function keepSchema(db: SqlDatabase, file: string): CodedError | null {
  refuseNewer(db, file)
  if (userVersion(db) === 0 || schemaDifferences(db).length === 0) return null
  return db.transaction(() => {
    // Once more: another program may have brought the file up to date just now.
    const found = schemaDifferences(db)
    const grave = found.filter(isGrave)
    if (grave.length > 0)
      throw new CodedError('TRC_SCHEMA', {
        file,
        expected: `the tables and triggers of schema version ${userVersion(db)}`,
        actual: named(grave),
        hint: 'somebody altered the database: keep a copy, run `sightline verify`, then drop a trigger that is none of this program, and take what is gone from a backup',
      })
    const lost = found.filter(({ sql }) => sql !== null)
    for (const difference of lost) putBack(db, difference, file)
    if (lost.length === 0) return null
    return new CodedError('TRC_SCHEMA', {
      file,
      actual: `${named(lost)}; put back`,
      hint: 'somebody altered the database: run `sightline verify`, which says whether records were altered too',
    })
  })
}

/** As people read them: `foreign trigger x, missing index y`. */
const named = (differences: readonly SchemaDifference[]): string =>
  differences.map(({ what, type, name }) => `${what} ${type} ${name}`).join(', ')

/** A foreign table, view or index changes no row of ours. */
const isGrave = ({ type, what }: SchemaDifference): boolean =>
  (type === 'trigger' && what !== 'missing') || (type === 'table' && what !== 'foreign')

function putBack(db: SqlDatabase, { type, name, what, sql }: SchemaDifference, file: string): void {
  try {
    if (what === 'altered') db.exec(`drop ${type} ${name}`)
    db.exec(sql ?? '')
  } catch (error) {
    const { code, detail } = sqliteError(error, 'TRC_SCHEMA', file)
    throw new CodedError(code === 'TRC_DISK_FULL' ? code : 'TRC_SCHEMA', {
      file,
      expected: `the ${type} ${name}`,
      actual: `${what}, and it cannot be put back: ${detail.actual ?? ''}`,
      hint: 'run `sightline verify`, which says what is altered; restore the file from a backup',
      cause: error,
    })
  }
}

/**
 * Empty tables and views, for this connection alone, in place of those that are gone or lack a column: everything else
 * can be asked as always.
 */
export function standIns(db: SqlDatabase, differences: readonly SchemaDifference[]): string[] {
  const made = differences.flatMap(({ type, name, sql }) =>
    (type === 'table' || type === 'view') && sql !== null ? [{ name, sql }] : [],
  )
  if (made.length === 0) return []
  const reference = freshOf(userVersion(db))
  try {
    return made
      .filter(({ name }) => {
        const has = columnsOf(db, name)
        return columnsOf(reference, name).some((column) => !has.includes(column))
      })
      .map(({ sql }) => sql.replace(/^create /i, 'create temp '))
  } finally {
    reference.close()
  }
}

function columnsOf(db: SqlDatabase, table: string): string[] {
  try {
    return db.all<{ name: string }>('select name from pragma_table_info(?)', table).map((row) => row.name)
  } catch {
    // A view of what is not there.
    return []
  }
}

function madeBy(version: number): Map<string, Row> {
  const reference = freshOf(version)
  try {
    return objectsOf(reference)
  } finally {
    reference.close()
  }
}

/** A file as the migrations make it, in memory. */
function freshOf(version: number): SqlDatabase {
  const db = openSql(':memory:', { synchronous: 'normal' })
  for (const script of MIGRATIONS.slice(0, version === 0 ? SCHEMA_VERSION : version)) db.exec(script)
  return db
}

function objectsOf(db: SqlDatabase): Map<string, Row> {
  const rows = db.all<Row>('select type, name, sql from sqlite_schema order by rowid')
  return new Map(
    rows
      .filter(({ type, name, sql }) => !(type === 'index' && sql === null) && !BY_ITSELF.test(name))
      .map((row) => [`${row.type} ${row.name}`, row]),
  )
}

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\w+|[^\s\w]/g

/** Without what means nothing: blanks, comments, quotes around names, capitals outside of texts. */
function plain(sql: string | null): string {
  const tokens = (sql ?? '').match(TOKEN) ?? []
  return tokens
    .filter((token) => !token.startsWith('--') && !token.startsWith('/*'))
    .map((token) => (token.startsWith("'") ? token : token.replace(/^"(\w+)"$/, '$1').toLowerCase()))
    .join(' ')
}
