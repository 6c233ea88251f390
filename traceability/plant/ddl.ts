/** Tables that get one partition per month: all that grow with every part, keyed by the position of their event. */
const BY_MONTH = ['event', 'inspection', 'defect', 'measurement', 'carrier_read', 'inspection_image']
const GROWS = new RegExp(`^(${BY_MONTH.join('|')})(_\\d+)?$`)

/**
 * A schema script of the embedded store as PostgreSQL takes it: types renamed, options of SQLite dropped. Its triggers
 * are left out; the guard of the log is in `schema-plant.ts`.
 *
 * @param partitioned partition what grows by ranges of `position`. PostgreSQL keeps no unique key over partitions that
 *   does not hold the partition key, and no foreign key is needed where every row is derived from a checked log.
 */
export function scriptForPostgres(script: string, partitioned: boolean): string {
  let sql = script
    .replace(/--[^\n]*/g, '')
    .replace(/create trigger[\s\S]*?\bend;/g, '')
    .replace(/\) strict(, without rowid)?;/g, ');')
    .replace(/\) without rowid;/g, ');')
    .replace(/\binteger\b/g, 'bigint')
    .replace(/\breal\b/g, 'double precision')
    .replace(/\bblob\b/g, 'bytea')
    .replace(/\bx'([0-9a-f]*)'/g, `'\\x$1'::bytea`)
  if (!partitioned) return sql
  sql = sql.replace(/ references \w+ \(\w+\)/g, '')
  sql = sql.replace(/create table (\w+) \(([\s\S]*?)\n\);/g, (whole, name: string, body: string) => {
    if (!GROWS.test(name)) return whole
    const columns = body
      .replace(/,\s*unique \([^)]*\)/g, '')
      .replace(/ unique(?=[\s,])/g, '')
      .trimEnd()
    return `create table ${name} (${columns}\n) partition by range (position);`
  })
  return sql.replace(/create unique index (\w+) on (\w+)/g, (whole, index: string, table: string) =>
    GROWS.test(table) ? `create index ${index} on ${table}` : whole,
  )
}
