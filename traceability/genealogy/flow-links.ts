import { ORIGIN_KINDS, PACKING_KINDS } from './cycle-guard.ts'
import { END } from './no-end.ts'

const STATION = 'urn:sightline:station:'
const kinds = (list: readonly string[]): string => list.map((k) => `'${k}'`).join(', ')

/** A link is told by one number, which costs a fraction of words: the place of its kind here, and whether it is probable. */
export const KINDS = [...ORIGIN_KINDS, ...PACKING_KINDS, 'judge'] as const
export const PROBABLE = 16
/** Above every such number: the thing that a link is of is told by the same value. */
export const WAYS = 32
const HOW = `case e.certainty when 'certain' then 0 else ${PROBABLE} end
      + case e.kind ${KINDS.map((kind, n) => `when '${kind}' then ${n}`).join(' ')} end as how`
const JUDGE = KINDS.indexOf('judge')
const EDGE = `e.valid_from as since, e.valid_to as until, ${HOW}`
/** Of things at any time; of holders when they overlap a window of them. */
const links = (from: 'child' | 'parent', to: string, of: readonly string[]): string[] => [
  // By its parent an edge is looked for once per kind: nothing was made of most units, which one look tells.
  `
  select t.key as at, e.${to} as uri, ${EDGE}
    from json_each(?1) t cross join edge e on e.${from} = t.value and e.kind in (${kinds(of)})${
      from === 'parent' ? '\n    where exists (select 1 from edge x where x.parent = t.value)' : ''
    }`,
  `
  select f.at, e.${to} as uri, ${EDGE}
    from f cross join edge e on e.${from} = f.uri and e.kind in (${kinds(of)})
    where e.valid_from < f.stop and ifnull(e.valid_to, '${END}') > f.start`,
]

/**
 * One generation of a walk: all links of the things in `?1`, and of the holders in `?2` those that overlap a window of
 * them, as a holder meets many things one after the other. `?3` is how many things `?1` has, `?4` the most links.
 */
const generation = (steps: readonly string[]): string => `
with f (at, uri, start, stop) as materialized (
  select key + ?3, value ->> 0, value ->> 1, value ->> 2 from json_each(?2)
)
select json_group_array(at * ${WAYS} + how) as link, json_group_array(uri) as uri, json_group_array(since) as since,
    json_group_array(until) as until from (${steps.join('\n  union all')}
  limit ?4)`

/**
 * Material flows from a parent to what was made from it, and from a child into the box it was packed in. The plus before
 * a station keeps that step on the index by time.
 */
export const DOWN = generation([
  ...links('parent', 'child', ORIGIN_KINDS),
  ...links('child', 'parent', PACKING_KINDS),
  `
  select f.at, i.unit as uri, i.started_at as since, null as until, ${JUDGE} as how
    from f cross join inspection i
      on +i.station = substr(f.uri, ${STATION.length + 1}) and i.started_at >= f.start and i.started_at < f.stop
    where f.uri glob '${STATION}*'`,
])

const JUDGED = `'${STATION}' || i.station as uri, i.started_at as since, i.started_at || '~' as until, ${JUDGE} as how`
/** The same, against the flow. Of a station one moment: just after it began is before anything later in RFC 3339 text. */
export const UP = generation([
  ...links('child', 'parent', ORIGIN_KINDS),
  ...links('parent', 'child', PACKING_KINDS),
  `
  select t.key as at, ${JUDGED} from json_each(?1) t cross join inspection i on i.unit = t.value`,
  `
  select f.at, ${JUDGED} from f cross join inspection i on i.unit = f.uri`,
])

/** Links, a list for each of their columns. */
export interface Links {
  /** What it is of, by its number, times `WAYS`, and how it is. */
  link: number[]
  uri: string[]
  since: string[]
  until: (string | null)[]
}
