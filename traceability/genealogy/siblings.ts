import { type Shift, type ShiftCalendar, shiftRange, type SqlDatabase } from '../../contracts/index.ts'
import { shortName } from './things.ts'

export const SIBLING_KINDS = ['lot', 'recipe', 'fixture', 'shift', 'minutes'] as const
export type SiblingKind = (typeof SIBLING_KINDS)[number]

/** Units that share something with a unit; itself is not counted. */
export interface SiblingGroup {
  kind: SiblingKind
  /** What is shared: a lot, a recipe, a fixture, a shift, a time. */
  shared: string
  count: number
  /** There are more than were counted. */
  cut: boolean
  /** Nearest in time first, at most as many as asked for. */
  units: { serial: string; uri: string }[]
}

type Last = { station: string; shift: string; recipe: string; started_at: string }

/** Without a calendar a shift is told from the next of the same name by lying within this, ms. */
const SHIFT_MS = 12 * 3_600_000
/** Inspections counted for one group: beyond it the number says no more than `many`. */
const MAX_COUNTED = 10_000
const WINDOW_MS = 10 * 60_000

const shifted = (iso: string, ms: number): string => new Date(Date.parse(iso) + ms).toISOString()

/** Of the unit's last inspection; lots and fixtures from its edges. */
export function siblingsOf(
  db: SqlDatabase,
  unit: string,
  shown: number,
  shifts: ShiftCalendar | null = null,
): SiblingGroup[] {
  const groups: SiblingGroup[] = []
  const parents = db.all<{ parent: string }>(
    `select distinct parent from edge where child = ? and kind = 'associate' order by parent limit 20`,
    unit,
  )
  for (const { parent } of parents) {
    const name = shortName(parent)
    const kind = name.startsWith('lot/') ? 'lot' : /^(fixture|carrier|run)\//.test(name) ? 'fixture' : null
    if (kind === null) continue
    // In the order of the index, so that telling units apart costs nothing.
    const count =
      db.get<{ n: number }>(
        `select count(*) as n from (select distinct child from edge
           where parent = ? and kind = 'associate' and child <> ?)`,
        parent,
        unit,
      )?.n ?? 0
    const units = db.all<{ uri: string; serial: string }>(
      `select distinct d.uri, d.serial from edge e cross join identity d on d.uri = e.child
       where e.parent = ? and e.kind = 'associate' and e.child <> ? limit ?`,
      parent,
      unit,
      shown,
    )
    groups.push({ kind, shared: name, count, cut: false, units })
  }
  const last = db.get<Last>(
    'select station, shift, recipe, started_at from inspection where unit = ? order by position desc limit 1',
    unit,
  )
  if (last === undefined) return groups
  const near = (
    kind: SiblingKind,
    shared: string,
    [from, to]: readonly [string, string],
    condition: string,
    ...values: string[]
  ): void => {
    // Sorted once: `count(distinct)` looks each unit up in a tree of those before it.
    const count =
      db.get<{ n: number }>(
        `select count(*) as n from (select unit from (select unit from inspection
           where started_at >= ? and started_at < ? and unit <> ?${condition} limit ${MAX_COUNTED}) group by unit)`,
        from,
        to,
        unit,
        ...values,
      )?.n ?? 0
    const units = nearest(db, last.started_at, [from, to], unit, condition, values, shown)
    groups.push({ kind, shared, count, cut: count >= MAX_COUNTED, units })
  }
  const around = (ms: number): [string, string] => [
    shifted(last.started_at, -ms),
    shifted(last.started_at, ms),
  ]
  near('recipe', last.recipe, around(SHIFT_MS), ' and recipe = ?', last.recipe)
  const shift = shiftOf(last, shifts)
  if (shift === null) near('shift', last.shift, around(SHIFT_MS), ' and shift = ?', last.shift)
  else {
    const { from, to } = shiftRange(shift)
    near('shift', `${shift.name} ${shift.date}`, [from, to], ' and shift = ?', last.shift)
  }
  // The plus keeps the query on the index by time: a station has many more parts than the window.
  near('minutes', `${last.station} ${last.started_at}`, around(WINDOW_MS), ' and +station = ?', last.station)
  return groups
}

/** Null where the part was judged by another calendar than that of today. */
function shiftOf(last: Last, shifts: ShiftCalendar | null): Shift | null {
  const shift = shifts?.at(Date.parse(last.started_at)) ?? null
  return shift?.name === last.shift ? shift : null
}

function nearest(
  db: SqlDatabase,
  at: string,
  [from, to]: readonly [string, string],
  unit: string,
  condition: string,
  values: readonly string[],
  shown: number,
): SiblingGroup['units'] {
  const side = (range: string, order: string, ...bounds: string[]): { unit: string; started_at: string }[] =>
    db.all(
      `select unit, started_at from inspection where ${range} and unit <> ?${condition}
       order by started_at ${order} limit ?`,
      ...bounds,
      unit,
      ...values,
      shown,
    )
  const found = [
    ...side('started_at >= ? and started_at < ?', 'desc', from, at),
    ...side('started_at >= ? and started_at < ?', 'asc', at, to),
  ]
  const away = (iso: string): number => Math.abs(Date.parse(iso) - Date.parse(at))
  const uris = [
    ...new Set(found.sort((a, b) => away(a.started_at) - away(b.started_at)).map((f) => f.unit)),
  ].slice(0, shown)
  return uris.map((uri) => ({
    uri,
    serial: db.get<{ serial: string }>('select serial from identity where uri = ?', uri)?.serial ?? uri,
  }))
}
