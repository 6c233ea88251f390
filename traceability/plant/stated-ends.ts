import type { SqlDatabase } from '../../contracts/index.ts'
import { settle } from '../store/returned.ts'
import type { GoneLink } from '../store/kept-links.ts'

/** A link whose end was taken back. */
export type OpenAgain = Pick<GoneLink, 'child' | 'parent' | 'kind' | 'valid_from'>

/** What another line was told to have ended, too, ends there, though this one took its end back. */
export function endStated(plant: SqlDatabase, links: readonly OpenAgain[], log: string): void {
  for (const { child, parent, kind, valid_from } of links) {
    if (kind !== 'aggregate') continue
    const end = plant.get<{ position: number; at: string }>(
      `select t.position, t.at from trace_fact t join event v on v.position = t.position
         where t.subject = ? and t.kind = 'disaggregate' and t.superseded_by is null and t.at >= ? and v.log <> ?
           and json_extract(v.json, '$.data.parent') = ? order by t.at, t.position limit 1`,
      child,
      valid_from,
      log,
      parent,
    )
    if (end === undefined) continue
    plant.run(
      `update edge set valid_to = ?, closed_by = ?
         where child = ? and parent = ? and kind = ? and valid_from = ? and valid_to is null`,
      end.at,
      end.position,
      child,
      parent,
      kind,
      valid_from,
    )
  }
}

/**
 * One line ships and another takes back: what came along in the stretch, or was made then because nothing was in the way
 * any more, ends with the first return that any of them stated.
 */
export function settleReturns(
  source: SqlDatabase,
  plant: SqlDatabase,
  { after, end }: { after: number; end: number },
  open: readonly OpenAgain[],
): void {
  const moved = source.all<{ uri: string }>(
    `select subject as uri from trace_fact where position > ?1 and position <= ?2 and kind in ('ship', 'return')
     union select child as uri from edge where position > ?1 and position <= ?2 and kind = 'aggregate'
     union select parent as uri from edge where position > ?1 and position <= ?2 and kind = 'ship'
     union select child as uri from link_waiting where op = 'open' and made_by > ?1 and made_by <= ?2`,
    after,
    end,
  )
  const away = open.filter(({ kind }) => kind === 'ship' || kind === 'aggregate')
  settle(plant, [
    ...new Set([
      ...moved.map((row) => row.uri),
      ...away.flatMap((l) => (l.kind === 'ship' ? [l.child, l.parent] : [l.child])),
    ]),
  ])
}
