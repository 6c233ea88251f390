import type { SqlDatabase } from '../../contracts/index.ts'

/** The image of a recorded part that was judged good. */
export interface GoodPart {
  inspectionId: string
  serial: string
  recipe: string
  view: string
  sha256: string
  /** Its bytes are no longer stored. */
  deleted: boolean
}

export interface GoodPartsQuery {
  station?: string
  lot?: string
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
  /** Only those that a person found good. */
  confirmed?: boolean
  /** Only these inspections. */
  inspections?: string[]
  limit: number
}

/**
 * Images of production parts that count as good: passed, and not found otherwise by a later review; or failed, and
 * found good. Newest first.
 */
export function goodParts(db: SqlDatabase, q: GoodPartsQuery): GoodPart[] {
  const last = `(select r.after from review r where r.inspection_id = i.inspection_id order by r.position desc limit 1)`
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
    .all<{ [K in Exclude<keyof GoodPart, 'deleted'>]: GoodPart[K] } & { deletedAt: string | null }>(
      `select i.inspection_id as inspectionId, i.serial, i.recipe, v.view, v.sha256, m.deleted_at as deletedAt
       from inspection i join inspection_image v on v.position = i.position join image m on m.sha256 = v.sha256
       where i.run_type = 'production' and i.no_verdict is null
         and ${q.confirmed === true ? last : `coalesce(${last}, i.result)`} = 'pass'
         ${when.map((w) => `and ${w}`).join(' ')}
       order by i.position desc, v.view limit ?`,
      ...values,
      q.limit,
    )
    .map(({ deletedAt, ...part }) => ({ ...part, deleted: deletedAt !== null }))
}
