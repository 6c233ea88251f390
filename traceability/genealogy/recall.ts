import { CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { oneUri } from '../epcis/epc.ts'
import { copiedName } from '../export/csv.ts'
import { encodePart, GS1_DOMAIN, type IdentityMap } from '../identity/index.ts'
import { follow, type FlowStart } from './flow.ts'
import { activeHolds, isStation } from './holds.ts'
import { identityMap } from './identity-names.ts'
import type { Place, Whereabouts } from './place.ts'
import { recipeModels } from './recipe-models.ts'
import { isUri, lotName, spelt, thingUri, urisOf } from './things.ts'
import { whereabouts } from './whereabouts.ts'

export interface RecallQuery {
  /** `lot/L7`, `unit/SN1` (also as a component), `supplier/acme`, `recipe/top@4`, `model/pair@2`, `station/st10`, `fixture/F-12`, or a URI. */
  target: string
  /** Window, RFC 3339, half-open: of what was judged (model, recipe) or was at the station. */
  from?: string
  to?: string
  /** Most ways that are followed; more than units, because units in a box are further things. */
  limit?: number
}

export interface RecalledUnit extends Whereabouts {
  /** Reached by certain links; else only by probable ones. */
  certain: boolean
  /** Under a hold at this moment, wherever it is. */
  held: boolean
  /** Its other names, of one that was merged. */
  aliases?: string[]
}

export interface Recall {
  target: string
  /** What the name stood for. */
  of: string[]
  at: string
  certain: number
  probable: number
  /** Units per place. */
  places: Partial<Record<Place, number>>
  /** The bound was reached: the list is not complete. */
  cut: boolean
  units: RecalledUnit[]
}

const LIMIT = 1_000_000

/**
 * Every unit that something suspect went into, and where each is. What was merged is one unit under its canonical name.
 *
 * @throws TRC_NOT_FOUND nothing goes by that name; TRC_GENEALOGY the name is of no known form
 */
export function recall(db: SqlDatabase, query: RecallQuery): Recall {
  const limit = query.limit ?? LIMIT
  const merged = identityMap(db)
  const starts = startsOf(db, query, merged)
  const { nodes, cut } = follow(db, starts, 'down', limit, merged)
  const heldUris = heldNow(db, limit, merged)
  const places: Recall['places'] = {}
  const units: RecalledUnit[] = []
  let certain = 0
  for (const [n, where] of whereabouts(db, nodes, (uri) => heldUris.has(uri), merged).entries()) {
    if (where === null) continue
    const isSure = nodes[n]?.certain === true
    if (isSure) certain += 1
    places[where.place] = (places[where.place] ?? 0) + 1
    const unit: RecalledUnit = Object.assign(where, {
      certain: isSure,
      held: heldUris.has(where.uri) || where.disposition === 'hold',
    })
    if (!merged.isEmpty) {
      const [, ...aliases] = merged.names(unit.uri)
      if (aliases.length > 0) unit.aliases = aliases
    }
    units.push(unit)
  }
  return {
    target: query.target,
    of: starts.length > 5 ? [`${starts.length} units`] : starts.map((s) => s.uri),
    at: new Date().toISOString(),
    certain,
    probable: units.length - certain,
    places,
    cut,
    units,
  }
}

/** Everything under an active hold. */
function heldNow(db: SqlDatabase, limit: number, merged: IdentityMap): Set<string> {
  const targets = activeHolds(db).map((h) => h.target)
  const starts = [
    ...targets.flatMap((t) => (t.startsWith('lot/') ? urisOf(db, t) : [t, oneUri(t)])),
    ...linkedLots(db, targets),
  ].filter((uri) => !isStation(uri))
  if (starts.length === 0) return new Set()
  const { nodes } = follow(
    db,
    starts.map((uri) => ({ uri })),
    'down',
    limit,
    merged,
  )
  return new Set(nodes.map((n) => n.uri))
}

function startsOf(db: SqlDatabase, { target, from, to }: RecallQuery, merged: IdentityMap): FlowStart[] {
  const window = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  const uris = target.includes('/') || isUri(target) ? namedSo(db, target) : named(db, target)
  const starts = uris.flatMap((uri): FlowStart[] => {
    const recipe = nameIn(uri, 'recipe')
    if (recipe !== null) return judgedBy(db, [recipe], from, to)
    const model = nameIn(uri, 'model')
    if (model !== null) return judgedBy(db, recipesWith(db, model), from, to)
    return merged.names(uri).some((name) => isKnown(db, name)) ? [{ uri, ...window }] : []
  })
  const copied = starts.length === 0 ? copiedName(target) : null
  if (copied !== null) return startsOf(db, { target: copied, ...window }, merged)
  if (starts.length === 0)
    throw new CodedError('TRC_NOT_FOUND', {
      expected: 'a lot, unit, supplier, recipe, model, station or fixture that the records know',
      actual: target,
      zh: { expected: '记录中已有的批次、工件、供应商、配方、模型、工位或治具' },
    })
  if (merged.isEmpty) return starts
  const things = starts.map((s) => ({ ...s, uri: merged.canonical(s.uri) }))
  return [...new Map(things.map((s) => [s.uri, s])).values()]
}

/** Also lots that are known from links alone, as the inputs of captured events: a hold by name holds them, too. */
const namedSo = (db: SqlDatabase, target: string): string[] => [
  ...new Set([...urisOf(db, target), ...linkedLots(db, [target])]),
]

function linkedLots(db: SqlDatabase, targets: readonly string[]): string[] {
  const names = targets.filter((t) => t.startsWith('lot/')).map((t) => spelt(t.slice('lot/'.length)))
  if (names.length === 0) return []
  const ends = JSON.stringify(names.map((name) => `/10/${encodePart(name)}`))
  const items = db.all<{ uri: string }>(
    `${linked(LOTS)} and substr(uri, ${LOTS.length + 15}) in (select value from json_each(?))`,
    ends,
  )
  const lots = new Set(names.map((name) => `lot/${name}`))
  const own = db.all<{ uri: string }>(linked(OWN_LOTS)).filter(({ uri }) => lots.has(lotName(uri) ?? ''))
  return [...items, ...own].map((row) => row.uri)
}
/** Before the GTIN-14 of a lot, and before its product where it has none. */
const LOTS = `${GS1_DOMAIN}/01/`
const OWN_LOTS = 'urn:sightline:lot:'
/**
 * What links lead to, from the first such URI to the last one in the order of the database, where strangers may lie between
 * them. From each the next is looked for: a lot has thousands of links, one after the other.
 */
const linked = (head: string): string => `
with recursive last (uri) as (select max(parent) from edge where parent glob '${head}*'),
parents (uri) as (
  select min(parent) from edge where parent glob '${head}*'
  union all
  select (select min(e.parent) from edge e where e.parent > p.uri and e.parent <= (select uri from last))
    from parents p where p.uri is not null
)
select uri from parents where uri glob '${head}*'`

/** A bare name: a lot or a unit, whichever there is. */
const named = (db: SqlDatabase, name: string): string[] => {
  const uris = [...namedSo(db, `lot/${name}`), ...urisOf(db, `unit/${name}`)]
  return uris.length > 0 ? uris : urisOf(db, `supplier/${name}`)
}

function nameIn(uri: string, type: 'recipe' | 'model' | 'station'): string | null {
  const head = thingUri(type, '')
  return uri.startsWith(head) ? decodeURIComponent(uri.slice(head.length)) : null
}

/** Also what is on hold, or was, before any part of it came; that a URI could be that of a lot says nothing. */
function isKnown(db: SqlDatabase, uri: string): boolean {
  const station = nameIn(uri, 'station')
  return (
    db.get(
      `select 1 as found from edge where child = ?1 union all select 1 from edge where parent = ?1
       union all select 1 from identity where uri = ?1 union all select 1 from material_lot where uri = ?1
       union all select 1 from hold where target = ?1
       union all select 1 from (select 1 from inspection where station = ?2 limit 1) limit 1`,
      uri,
      station,
    ) !== undefined
  )
}

function judgedBy(db: SqlDatabase, recipes: readonly string[], from = '', to = '9999'): FlowStart[] {
  return recipes.flatMap((recipe) =>
    db.all<{ uri: string }>(
      'select distinct unit as uri from inspection where recipe = ? and started_at >= ? and started_at < ?',
      recipe,
      from,
      to,
    ),
  )
}

function recipesWith(db: SqlDatabase, model: string): string[] {
  return [...recipeModels(db)]
    .filter(([, models]) =>
      models.some((m) => model === `${m.id}@${m.version}` || model === m.id || model === m.sha256),
    )
    .map(([recipe]) => recipe)
}
