import type { I18n, SqlDatabase } from '../../contracts/index.ts'
import { WORDS } from './finding-words.ts'

/** What JavaScript counts exactly ends below 2^53, and so does what a line stores; a larger number ends a check that reads it. */
const LARGEST = 2 ** 53

/** Where numbers stand that no line wrote, a line each; none of a file that cannot be read. */
export function oddNumbers(db: SqlDatabase): I18n[] {
  try {
    return found(db)
  } catch {
    return []
  }
}

function found(db: SqlDatabase): I18n[] {
  const columns = db.all<{ table: string; column: string }>(
    `select t.name as "table", c.name as "column" from sqlite_schema t join pragma_table_info(t.name) c
       where t.type = 'table' and t.name not like 'sqlite_%' and upper(c.type) like '%INT%'`,
  )
  return columns.flatMap(({ table, column }) => {
    const [of, at] = [table, column].map((name) => `"${name.replaceAll('"', '""')}"`)
    const many = db.get<{ n: number }>(
      `select count(*) as n from ${of} where typeof(${at}) = 'integer' and not ${at} between -${LARGEST - 1} and ${LARGEST - 1}`,
    )
    return many && many.n > 0 ? [WORDS.oddNumbers(table, column, many.n)] : []
  })
}
