import type { SqlDatabase } from '../../contracts/index.ts'

/** What SQLite says of one file is enough to know that it is damaged. */
const MAX_DAMAGES = 20

/**
 * Where pages are not as SQLite wrote them. Questions go by indexes: one that lacks entries makes recalls and lives
 * incomplete without an error, while every row that it should lead to is as it was signed.
 */
export const damagedPages = (db: SqlDatabase): string[] =>
  db
    .all<{ integrity_check: string }>(`pragma main.integrity_check(${MAX_DAMAGES})`)
    .map(({ integrity_check: said }) => said.replaceAll('\n', ' '))
    .filter((said) => said !== 'ok')
