/**
 * Rows that a statement answers as one JSON value: handing over one value costs a fraction of handing over every column
 * of many rows. PostgreSQL has parsed it already, and says null for no rows.
 */
export const rowsOf = <Row>(found: unknown): Row[] =>
  (typeof found === 'string' ? JSON.parse(found) : (found ?? [])) as Row[]

/** The same for many rows, as a list for each column. */
export const columnsOf = <Columns extends object>(row: object | undefined): Columns =>
  Object.fromEntries(Object.entries(row ?? {}).map(([name, found]) => [name, rowsOf(found)])) as Columns
