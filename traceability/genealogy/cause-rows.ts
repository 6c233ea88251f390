import {
  CAUSE_FACTORS,
  type CauseFactor,
  type NoVerdictReason,
  type ShiftCalendar,
  type SqlDatabase,
} from '../../contracts/index.ts'
import {
  type CauseQuery,
  FIRST_VERDICT,
  FOUND,
  JUDGED_AT_ALL,
  judgedAgain,
  OWN_SUPPLIER,
} from './first-verdicts.ts'
import { identityMap } from './identity-names.ts'
import { columnsOf } from './json-rows.ts'
import { MetThings } from './met-things.ts'
import { recipeModels } from './recipe-models.ts'
import { decoded, lotName, thingUri } from './things.ts'

/** One thing that a part may be put down to. */
export interface Level {
  factor: CauseFactor
  value: string
  /** Levels are compared within it: a lot with others of the same material, all others within their factor. */
  group: string
}

/** First verdicts of parts that were found good or bad, newest first, and what each is known by. */
export interface CauseRows {
  position: readonly number[]
  at: readonly string[]
  failed: readonly number[]
  /** Judged inconclusive, and not decided by a person since: in none of the rows. */
  undecided: number
  levels: readonly Level[]
  /** Numbers of the levels of row `i`: `of.slice(start[i], start[i + 1])`. */
  of: readonly number[]
  start: readonly number[]
  /**
   * Of the inspections from the oldest one that was looked at on: what nobody judged, by why, and what a station looked at
   * again. With `undecided` and the rows they are all of them.
   */
  unjudged: readonly Unjudged[]
  repeated: number
  /** Inspections of the window that are older, which were not looked at; 0 = none. */
  olderInspections: number
  /** There are older ones that were not looked at. */
  older: boolean
  /** Links of the genealogy that began after the judgement, which they cannot have caused. */
  later: number
  /** Not all links were followed. */
  linksCut: boolean
}

/** Inspections without a verdict for one reason, which no person has given one since. */
export interface Unjudged {
  reason: NoVerdictReason
  n: number
}

interface Judged {
  position: number[]
  unit: string[]
  station: string[]
  shift: string[]
  recipe: string[]
  lot: (string | null)[]
  supplier: (string | null)[]
  at: string[]
  found: string[]
}
const JUDGED = ['position', 'unit', 'station', 'shift', 'recipe', 'lot', 'supplier', 'at', 'found'] as const

/** What the event of an inspection may say beside its columns. */
const TOLD = [
  ['cavity', '$.data.place.cavity'],
  ['fixture', '$.data.place.fixture'],
  ['operator', '$.data.process.operatorRef'],
] as const satisfies readonly (readonly [CauseFactor, string])[]

/** First verdicts of the window, the newest `limit` of them, with everything that is known about each part by then. */
export function causeRows(
  db: SqlDatabase,
  { from = '', to = '9999' }: CauseQuery,
  limit: number,
  shifts: ShiftCalendar | null,
): CauseRows {
  const merged = identityMap(db)
  const j = columnsOf<Judged>(
    db.get(
      `select ${JUDGED.map((c) => `json_group_array(${c}) as ${c}`).join(', ')} from (select i.position, i.unit, i.station, i.shift, i.recipe, i.lot, ${OWN_SUPPLIER} as supplier,
             i.started_at as at, ${FOUND} as found
           from inspection i where i.started_at >= ? and i.started_at < ? and ${FIRST_VERDICT}
           order by i.position desc limit ?)`,
      from,
      to,
      limit + 1,
    ),
  )
  const older = j.position.length > limit
  const again = new Set(judgedAgain(db, merged))
  const seen = j.position.flatMap((position, i) => (i < limit && !again.has(position) ? [i] : []))
  const rows = seen.filter((i) => j.found[i] !== 'inconclusive')
  const column = <T>(of: readonly T[]): T[] => rows.map((i) => of[i] as T)
  const position = column(j.position)
  const at = column(j.at)

  const met = new MetThings(db, merged)
  const stationOf = new Map([...new Set(j.station)].map((s) => [s, met.number(thingUri('station', s))]))
  met.load([...seen.map((i) => j.unit[i] ?? ''), ...[...stationOf.keys()].map((s) => thingUri('station', s))])
  const visits = new Map<number, { station: number; at: string }[]>()
  const units = column(j.unit).map((unit) => met.number(unit))
  // Also where nobody could tell: the part was there.
  for (const i of seen) {
    const unit = met.number(j.unit[i] ?? '')
    const visit = { station: stationOf.get(j.station[i] ?? '') ?? -1, at: j.at[i] ?? '' }
    const own = visits.get(unit)
    if (own === undefined) visits.set(unit, [visit])
    else own.push(visit)
  }

  const book = new LevelBook()
  const hours = new Hours(shifts)
  const models = recipeModels(db)
  const told = toldByEvents(db, position)
  const things = met.uris.map(levelOf)
  const [of, start]: [number[], number[]] = [[], [0]]
  let later = 0
  for (const [n, i] of rows.entries()) {
    const found = new Set<number>()
    const add = (factor: CauseFactor, value: string | null | undefined): void => {
      if (value !== null && value !== undefined && value !== '')
        found.add(book.number({ factor, value, group: factor }))
    }
    const [lot, supplier, recipe] = [j.lot[i], j.supplier[i], j.recipe[i] ?? '']
    add('lot', lot)
    add('supplier', supplier)
    add('station', j.station[i])
    add('shift', j.shift[i])
    add('recipe', recipe)
    for (const { id, version } of models.get(recipe) ?? []) add('model', `${id}@${version}`)
    add('hour', hours.of(at[n] ?? ''))
    for (const [factor, value] of told.get(position[n] ?? -1) ?? []) add(factor, value)
    const judged = { at: at[n] ?? '', position: position[n] ?? 0 }
    const own = (visits.get(units[n] ?? -1) ?? []).filter((v) => v.at <= judged.at)
    later += met.of(units[n] ?? -1, judged, own, (thing) => {
      const level = things[thing] ?? null
      if (level === null) return
      // Its own lot and supplier are factors of their own.
      if (level.factor === 'component' && level.value === lot) return
      if (level.factor === 'componentSupplier' && level.value === supplier) return
      found.add(book.number(level))
    })
    for (const number of found) of.push(number)
    start.push(of.length)
  }
  const failed = column(j.found).map((found) => Number(found === 'fail'))
  const undecided = seen.length - rows.length
  return {
    position,
    at,
    failed,
    undecided,
    ...others(db, [from, to], older ? (j.position[limit - 1] ?? 0) : 0, seen.length),
    levels: book.levels,
    of,
    start,
    older,
    later,
    linksCut: met.cut,
  }
}

/** What else the window holds beside the first verdicts that were `seen`, from a position of the log on. */
function others(
  db: SqlDatabase,
  range: readonly [from: string, to: string],
  oldest: number,
  seen: number,
): Pick<CauseRows, 'unjudged' | 'repeated' | 'olderInspections'> {
  const window = 'i.started_at >= ? and i.started_at < ?'
  const all = db.get<{ n: number; older: number }>(
    `select count(*) as n, coalesce(sum(case when i.position < ? then 1 else 0 end), 0) as older from inspection i where ${window}`,
    oldest,
    ...range,
  )
  const unjudged = db.all<Unjudged & Record<string, string | number>>(
    `select i.no_verdict as reason, count(*) as n from inspection i
       where ${window} and i.position >= ? and not ${JUDGED_AT_ALL} group by i.no_verdict order by n desc, reason`,
    ...range,
    oldest,
  )
  const olderInspections = all?.older ?? 0
  const unseen = (all?.n ?? 0) - olderInspections - seen
  return { unjudged, olderInspections, repeated: unseen - unjudged.reduce((sum, u) => sum + u.n, 0) }
}

class LevelBook {
  readonly levels: Level[] = []
  readonly #numbers = new Map<string, number>()

  number(level: Level): number {
    const key = `${level.factor} ${level.group} ${level.value}`
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.levels.push(level) - 1
      this.#numbers.set(key, number)
    }
    return number
  }
}

const HELD = /^urn:sightline:(fixture|carrier|run):([^:]+)$/
const ASSET = /^https:\/\/id\.gs1\.org\/8003\/([^/]+)$/

/** What a thing of the genealogy is a factor of; null = of none. */
function levelOf(uri: string): Level | null {
  const lot = lotName(uri)
  if (lot !== null)
    return { factor: 'component', value: lot.slice(4), group: uri.slice(0, uri.search(/[/:][^/:]*$/)) }
  const of = (factor: CauseFactor, value: string): Level => ({
    factor,
    value: decoded(value),
    group: factor,
  })
  const supplier = /^urn:sightline:supplier:([^:]+)$/.exec(uri)?.[1]
  if (supplier !== undefined) return of('componentSupplier', supplier)
  const held = HELD.exec(uri)
  if (held?.[1] !== undefined && held[2] !== undefined && held[1] in CAUSE_FACTORS)
    return of(held[1] as CauseFactor, held[2])
  const asset = ASSET.exec(uri)?.[1]
  return asset === undefined ? null : of('carrier', asset)
}

/** What events say of a part's place and operator. */
function toldByEvents(db: SqlDatabase, position: readonly number[]): Map<number, [CauseFactor, string][]> {
  const told = TOLD.map(([, path]) => `json_extract(json, '${path}')`)
  const columns = columnsOf<Record<string, (string | null)[]>>(
    db.get(
      `select json_group_array(position) as at, ${told.map((_, n) => `json_group_array(t${n}) as t${n}`).join(', ')} from (select position, ${told.map((one, n) => `${one} as t${n}`).join(', ')} from event
           where position >= ? and position <= ? and type = 'qe.inspection.completed.v1'
             and coalesce(${told.join(', ')}) is not null)`,
      position.at(-1) ?? 0,
      position[0] ?? -1,
    ),
  )
  return new Map(
    columns['at']?.map((at, row) => [
      Number(at),
      TOLD.flatMap(([factor], n): [CauseFactor, string][] => {
        const value = columns[`t${n}`]?.[row]
        return typeof value === 'string' ? [[factor, value]] : []
      }),
    ]),
  )
}

/** Hours of the day where the line stands; without a calendar of shifts, of UTC. */
class Hours {
  readonly #clock: Intl.DateTimeFormat
  readonly #known = new Map<number, string>()

  constructor(shifts: ShiftCalendar | null) {
    const timeZone = shifts?.spec.timeZone ?? 'UTC'
    this.#clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' })
  }

  of(iso: string): string {
    // Offsets of time zones are whole quarters of an hour.
    const quarter = Math.floor(Date.parse(iso) / 900_000)
    let hour = this.#known.get(quarter)
    if (hour === undefined) {
      hour = `${this.#clock.format(quarter * 900_000)}:00`
      this.#known.set(quarter, hour)
    }
    return hour
  }
}
