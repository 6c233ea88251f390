import type { SqlDatabase } from '../../contracts/index.ts'
import type { GoneLink } from '../store/waiting-links.ts'

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
