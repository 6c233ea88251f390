import type { SqlDatabase } from '../../contracts/index.ts'

/** The image of a recorded part that is known to be good, or to be bad. */
export interface TaughtPart {
  inspectionId: string
  serial: string
  recipe: string
  view: string
  sha256: string
  /** Its bytes are no longer stored. */
  deleted: boolean
}

export interface TaughtPartsQuery {
  station?: string
  lot?: string
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
  /** Only these inspections. */
  inspections?: string[]
  limit: number
}

/** What a person said last; null where nobody did, or took it back. */
const LAST = `(select case when json_extract(e.json, '$.data.retracts') is null then r.after end
  from review r join event e on e.position = r.position
  where r.inspection_id = i.inspection_id order by r.position desc limit 1)`

/**
 * Images of production parts that count as good: passed, and not found otherwise by a later review; or failed, and
 * found good. Newest first.
 */
export const goodParts = (db: SqlDatabase, q: TaughtPartsQuery & { confirmed?: boolean }): TaughtPart[] =>
  partsThat(db, q.confirmed === true ? `${LAST} = 'pass'` : `coalesce(${LAST}, i.result) = 'pass'`, q)

/** Images of production parts that a person found bad, whatever the line said. Newest first. */
export const defectiveParts = (db: SqlDatabase, q: TaughtPartsQuery): TaughtPart[] =>
  partsThat(db, `${LAST} = 'fail'`, q)

function partsThat(db: SqlDatabase, condition: string, q: TaughtPartsQuery): TaughtPart[] {
  const when: string[] = []
  const values: (string | number)[] = []
  const add = (sql: string, value: string | undefined): void => {
    if (value === undefined) return
    when.push(sql)
    values.push(value)
  }
  add('i.station = ?', q.station)
  add('i.lot = ?', q.lot)
  add('i.started_at >= ?', q.from)
  add('i.started_at < ?', q.to)
  if (q.inspections !== undefined)
    add(
      'i.inspection_id in (select v.value from json_each(?) v)',
      JSON.stringify([...new Set(q.inspections)]),
    )
  return db
    .all<{ [K in Exclude<keyof TaughtPart, 'deleted'>]: TaughtPart[K] } & { deletedAt: string | null }>(
      `select i.inspection_id as inspectionId, i.serial, i.recipe, v.view, v.sha256, m.deleted_at as deletedAt
       from inspection i join inspection_image v on v.position = i.position join image m on m.sha256 = v.sha256
       where i.run_type = 'production' and i.no_verdict is null
         and ${condition}
         ${when.map((w) => `and ${w}`).join(' ')}
       order by i.position desc, v.view limit ?`,
      ...values,
      q.limit,
    )
    .map(({ deletedAt, ...part }) => ({ ...part, deleted: deletedAt !== null }))
}
