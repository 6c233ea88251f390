import type { ModelDeployed, QEvent, SqlDatabase } from '../../contracts/index.ts'

/** The last change of the recipe of a station that the log tells of; null = it tells of none. */
export function lastDeployed(db: SqlDatabase, station: string): ModelDeployed | null {
  const row = db.get<{ json: string }>(
    `select json from event where subject = ? and type = 'qe.model.deployed.v1' order by position desc limit 1`,
    `station/${station}`,
  )
  return row === undefined ? null : (JSON.parse(row.json) as QEvent<ModelDeployed>).data
}
