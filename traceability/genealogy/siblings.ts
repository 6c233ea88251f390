import { type Shift, type ShiftCalendar, shiftRange, type SqlDatabase } from '../../contracts/index.ts'
import type { IdentityMap } from '../identity/index.ts'
import { shortName } from './things.ts'

const SIBLING_KINDS = ['lot', 'recipe', 'fixture', 'cavity', 'shift', 'minutes'] as const
export type SiblingKind = (typeof SIBLING_KINDS)[number]

/** Units that share something with a unit; itself is not counted, under none of its names. */
export interface SiblingGroup {
  kind: SiblingKind
  /** What is shared: a lot, a recipe, a fixture, a cavity, a shift, a time. */
  shared: string
  count: number
  /** There are more than were counted. */
  cut: boolean
  /** Nearest in time first, at most as many as asked for. */
  units: { serial: string; uri: string }[]
}

type Last = { position: number; station: string; shift: string; recipe: string; started_at: string }

/** Without a calendar a shift is told from the next of the same name by lying within this, ms. */
const SHIFT_MS = 12 * 3_600_000
/** Inspections counted for one group: beyond it the number says no more than `many`. */
const MAX_COUNTED = 10_000
const WINDOW_MS = 10 * 60_000

const shifted = (iso: string, ms: number): string => new Date(Date.parse(iso) + ms).toISOString()

/** As many places for values; one of them is an equality to both databases. */
const places = (values: readonly unknown[]): string => values.map(() => '?').join(', ')

/** Of the unit's last inspection; lots and fixtures from its edges. */
export function siblingsOf(
  db: SqlDatabase,
  unit: string,
  shown: number,
  merged: IdentityMap,
  shifts: ShiftCalendar | null = null,
): SiblingGroup[] {
  const groups: SiblingGroup[] = []
  const self = merged.names(unit)
  const once = new Once(db, merged)
  const parents = db.all<{ parent: string }>(
    `select distinct parent from edge where child in (${places(self)}) and kind = 'associate'
       order by parent limit 20`,
    ...self,
  )
  for (const parent of new Set(parents.map((p) => merged.canonical(p.parent)))) {
    const name = shortName(parent)
    const kind = name.startsWith('lot/') ? 'lot' : /^(fixture|carrier|run)\//.test(name) ? 'fixture' : null
    if (kind === null) continue
    const of = merged.names(parent)
    const theirs = `from edge e where e.parent in (${places(of)}) and e.kind = 'associate'
      and e.child not in (${places(self)})`
    // In the order of the index, so that telling units apart costs nothing.
    const count =
      db.get<{ n: number }>(
        `select count(*) as n from (select distinct e.child ${theirs} ${kind === 'fixture' ? `limit ${MAX_COUNTED}` : ''})`,
        ...of,
        ...self,
      )?.n ?? 0
    const units = db.all<{ uri: string }>(
      `select distinct e.child as uri from edge e cross join identity d on d.uri = e.child
       where ${theirs.slice(theirs.indexOf('e.parent'))} order by e.child limit ?`,
      ...of,
      ...self,
      once.asked(shown),
    )
    groups.push({
      kind,
      shared: name,
      count: count - once.twice('e.child', theirs, [...of, ...self]),
      cut: kind === 'fixture' && count >= MAX_COUNTED,
      units: once.named(
        units.map((u) => u.uri),
        shown,
      ),
    })
  }
  const last = db.get<Last>(
    `select position, station, shift, recipe, started_at from inspection where unit in (${places(self)})
       order by position desc limit 1`,
    ...self,
  )
  if (last === undefined) return groups
  const near = (
    kind: SiblingKind,
    shared: string,
    [from, to]: readonly [string, string],
    condition: string,
    ...values: string[]
  ): void => {
    const others = `unit not in (${places(self)})${condition}`
    const theirs = `from inspection where started_at >= ? and started_at < ? and ${others}`
    const told = [from, to, ...self, ...values]
    // Sorted once: `count(distinct)` looks each unit up in a tree of those before it.
    const count =
      db.get<{ n: number }>(
        `select count(*) as n from (select unit from (select unit ${theirs} limit ${MAX_COUNTED}) group by unit)`,
        ...told,
      )?.n ?? 0
    const units = nearest(db, last.started_at, [from, to], others, [...self, ...values], once.asked(shown))
    groups.push({
      kind,
      shared,
      count: count - once.twice('unit', theirs, told),
      cut: count >= MAX_COUNTED,
      units: once.named(units, shown),
    })
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
  for (const kind of ['cavity', 'fixture'] as const) {
    const here = samePlace(db, last, kind, self, once, shown)
    if (here === null) continue
    const known = groups.find((g) => g.kind === kind && g.shared === here.shared)
    if (known === undefined) groups.push(here)
    else if (here.count >= known.count) Object.assign(known, here)
    // All of them by the genealogy, the nearest by the events.
    else if (here.count > 0) known.units = here.units
  }
  // The plus keeps the query on the index by time: a station has many more parts than the window.
  near('minutes', `${last.station} ${last.started_at}`, around(WINDOW_MS), ' and +station = ?', last.station)
  return groups
}

/** Parts on either side among which those of one cavity or fixture are looked for: no column has it, the events do. */
const PLACE_NEAR = 200

/** Of the parts judged nearest at the station, those with the same cavity or fixture. */
function samePlace(
  db: SqlDatabase,
  { position, station, started_at }: Last,
  kind: 'cavity' | 'fixture',
  self: readonly string[],
  once: Once,
  shown: number,
): SiblingGroup | null {
  const at = `json_extract(e.json, '$.data.place.${kind}')`
  const shared = db.get<{ at: string | null }>(
    `select ${at} as at from event e where e.position = ?`,
    position,
  )?.at
  if (typeof shared !== 'string') return null
  const side = (range: string, order: string): { unit: string; at: string | null }[] =>
    db.all(
      `select n.unit, ${at} as at from (select position, unit, started_at from inspection
         where ${range} and +station = ? order by started_at ${order} limit ${PLACE_NEAR}) n
       join event e on e.position = n.position order by n.started_at ${order}`,
      started_at,
      shifted(started_at, order === 'desc' ? -SHIFT_MS : SHIFT_MS),
      station,
    )
  const sides = [
    side('started_at < ? and started_at >= ?', 'desc'),
    side('started_at >= ? and started_at < ?', 'asc'),
  ]
  const units = sides.flat().filter((n) => n.at === shared && !self.includes(n.unit))
  const named = once.named(
    units.map((n) => n.unit),
    units.length,
  )
  return {
    kind,
    shared: `${kind}/${shared}`,
    count: named.length,
    cut: sides.some((s) => s.length === PLACE_NEAR),
    units: named.slice(0, shown),
  }
}

/** Null where the part was judged by another calendar than that of today. */
function shiftOf(last: Last, shifts: ShiftCalendar | null): Shift | null {
  const shift = shifts?.at(Date.parse(last.started_at)) ?? null
  return shift?.name === last.shift ? shift : null
}

/** URIs of the units that were judged nearest in time to a moment, on either side of it. */
function nearest(
  db: SqlDatabase,
  at: string,
  [from, to]: readonly [string, string],
  others: string,
  values: readonly string[],
  shown: number,
): string[] {
  const side = (range: string, order: string, ...bounds: string[]): { unit: string; started_at: string }[] =>
    db.all(
      `select unit, started_at from inspection where ${range} and ${others}
       order by started_at ${order} limit ?`,
      ...bounds,
      ...values,
      shown,
    )
  const found = [
    ...side('started_at >= ? and started_at < ?', 'desc', from, at),
    ...side('started_at >= ? and started_at < ?', 'asc', at, to),
  ]
  const away = (iso: string): number => Math.abs(Date.parse(iso) - Date.parse(at))
  return found.sort((a, b) => away(a.started_at) - away(b.started_at)).map((f) => f.unit)
}

/** Counts and names units that were merged once. */
class Once {
  readonly #db: SqlDatabase
  readonly #merged: IdentityMap
  readonly #names: string

  constructor(db: SqlDatabase, merged: IdentityMap) {
    this.#db = db
    this.#merged = merged
    this.#names = JSON.stringify(merged.groups().flat())
  }

  /** As many names as to find so many units among them: few have more than two. */
  asked(shown: number): number {
    return this.#merged.isEmpty ? shown : 2 * shown
  }

  /** How many of those that a query finds are further names of units that it finds anyway. */
  twice(column: string, found: string, values: readonly string[]): number {
    if (this.#merged.isEmpty) return 0
    const names = this.#db.all<{ uri: string }>(
      `select distinct ${column} as uri ${found} and ${column} in (select value from json_each(?))`,
      ...values,
      this.#names,
    )
    return names.length - new Set(names.map((n) => this.#merged.canonical(n.uri))).size
  }

  named(names: readonly string[], shown: number): SiblingGroup['units'] {
    const serial = (uri: string): string | undefined =>
      this.#db.get<{ serial: string }>('select serial from identity where uri = ?', uri)?.serial
    return [...new Set(names.map((name) => this.#merged.canonical(name)))].slice(0, shown).map((uri) => ({
      uri,
      serial: this.#merged.names(uri).flatMap((name) => serial(name) ?? [])[0] ?? uri,
    }))
  }
}
