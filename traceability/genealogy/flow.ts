import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { ORIGIN_KINDS, PACKING_KINDS } from './cycle-guard.ts'
import { holderSql } from './things.ts'

/** Where a walk begins; the window (RFC 3339, half-open) limits what a holder held. */
export interface FlowStart {
  uri: string
  from?: string
  to?: string
}

/** One thing reached; `certain` when one way to it has certain links only. */
export interface FlowNode {
  uri: string
  /** Links on the shortest way. */
  depth: number
  certain: boolean
}

export interface Flow {
  nodes: FlowNode[]
  /** The bound was reached: there is more. */
  cut: boolean
}

/** Generations followed; a bound, real products have fewer. */
const MAX_DEPTH = 16
const STATION = 'urn:sightline:station:'
const kinds = (list: readonly string[]): string => list.map((k) => `'${k}'`).join(', ')

/**
 * Material flows from a parent to what was made from it, and from a child into the box it was packed in. Time windows
 * are kept: what sat in a holder (box, station, carrier, oven run) counts only for what the holder met while it did;
 * what went into a product stays there. A unit that a station judged met what was on the station at that moment.
 *
 * The plus before a station keeps that step on the index by time.
 *
 * Columns: uri, links so far, window in which the material is there, whether all links are certain.
 */
const DOWN = `
with recursive flow (uri, depth, start, stop, certain) as (
  select value ->> 'uri', 0, value ->> 'from', value ->> 'to', 1 from json_each(?1)
  union
  select e.child, f.depth + 1, max(f.start, e.valid_from),
      case when ${holderSql('e.child')} then ifnull(e.valid_to, '9999') else '9999' end,
      min(f.certain, e.certainty = 'certain')
    from flow f cross join edge e on e.parent = f.uri and e.kind in (${kinds(ORIGIN_KINDS)})
    where f.depth < ${MAX_DEPTH} and max(f.start, e.valid_from) < min(f.stop, ifnull(e.valid_to, '9999'))
  union
  select e.parent, f.depth + 1, max(f.start, e.valid_from),
      case when ${holderSql('e.parent')} then ifnull(e.valid_to, '9999') else '9999' end,
      min(f.certain, e.certainty = 'certain')
    from flow f cross join edge e on e.child = f.uri and e.kind in (${kinds(PACKING_KINDS)})
    where f.depth < ${MAX_DEPTH} and max(f.start, e.valid_from) < min(f.stop, ifnull(e.valid_to, '9999'))
  union
  select i.unit, f.depth + 1, i.started_at, '9999', f.certain
    from flow f cross join inspection i
      on +i.station = substr(f.uri, ${STATION.length + 1}) and i.started_at >= f.start and i.started_at < f.stop
    where f.depth < ${MAX_DEPTH} and f.uri glob '${STATION}*'
  limit ?2
)
select uri, min(depth) as depth, max(certain) as certain, count(*) as ways from flow group by uri`

/** The same, against the flow. */
const UP = `
with recursive flow (uri, depth, start, stop, certain) as (
  select value ->> 'uri', 0, value ->> 'from', value ->> 'to', 1 from json_each(?1)
  union
  select e.parent, f.depth + 1,
      case when ${holderSql('e.parent')} then max(f.start, e.valid_from) else '' end,
      min(f.stop, ifnull(e.valid_to, '9999')), min(f.certain, e.certainty = 'certain')
    from flow f cross join edge e on e.child = f.uri and e.kind in (${kinds(ORIGIN_KINDS)})
    where f.depth < ${MAX_DEPTH} and max(f.start, e.valid_from) < min(f.stop, ifnull(e.valid_to, '9999'))
  union
  select e.child, f.depth + 1,
      case when ${holderSql('e.child')} then max(f.start, e.valid_from) else '' end,
      min(f.stop, ifnull(e.valid_to, '9999')), min(f.certain, e.certainty = 'certain')
    from flow f cross join edge e on e.parent = f.uri and e.kind in (${kinds(PACKING_KINDS)})
    where f.depth < ${MAX_DEPTH} and max(f.start, e.valid_from) < min(f.stop, ifnull(e.valid_to, '9999'))
  union
  -- One moment: just after it began is before anything later in RFC 3339 text.
  select '${STATION}' || i.station, f.depth + 1, i.started_at, i.started_at || '~', f.certain
    from flow f cross join inspection i on i.unit = f.uri and i.started_at < f.stop
    where f.depth < ${MAX_DEPTH}
  limit ?2
)
select uri, min(depth) as depth, max(certain) as certain, count(*) as ways from flow group by uri`

/**
 * Everything the material of `starts` went into (`down`), or everything they were made of (`up`), the starts included,
 * nearest first.
 *
 * @param limit most ways that are followed; the answer says when it was reached
 */
export function follow(
  db: SqlDatabase,
  starts: readonly FlowStart[],
  direction: 'up' | 'down',
  limit: number,
): Flow {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new CodedError('TRC_BINDING', { expected: 'a limit of at least 1', actual: String(limit) })
  const given = starts.map(({ uri, from = '', to = '9999' }) => ({ uri, from, to }))
  const rows = db.all<{ uri: string; depth: number; certain: number; ways: number }>(
    direction === 'down' ? DOWN : UP,
    JSON.stringify(given),
    limit,
  )
  const ways = rows.reduce((sum, r) => sum + r.ways, 0)
  return {
    nodes: rows
      .map(({ uri, depth, certain }) => ({ uri, depth, certain: certain === 1 }))
      .sort((a, b) => a.depth - b.depth || (a.uri < b.uri ? -1 : 1)),
    cut: ways >= limit,
  }
}
