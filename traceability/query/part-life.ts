import { type Kysely, sql } from 'kysely'
import {
  type InspectionCompleted,
  type QEvent,
  triggerSubject,
  type VerdictResult,
} from '../../contracts/index.ts'
import { copiedName } from '../export/csv.ts'
import { type IdentityMap, urisIn } from '../identity/index.ts'
import { type PartRow, rowsOfUnits } from './part-rows.ts'
import type { TraceTables } from './tables.ts'

export interface Edge {
  kind: string
  child: string
  parent: string
  certainty: 'certain' | 'probable'
}

/** An entry of a part's timeline. */
export interface LifeEvent {
  position: number
  at: string
  type: string
  subject: string
  result: VerdictResult | null
  inspectionId: string | null
}

export interface PartLife {
  serial: string
  inspections: PartRow[]
  /** Backward to lots and suppliers, forward to what the part was built into. */
  edges: Edge[]
  events: LifeEvent[]
}

/** Generations followed in each direction; a bound, edges may form cycles when they are entered wrongly. */
const MAX_GENERATIONS = 12
const MAX_ROWS = 1_000

/**
 * URIs of the units a name stands for: canonical URI, serial, text of a label as scanned, or GS1 elements in brackets.
 * A serial may be used by several products. One that nobody has may be a cell copied from a spreadsheet.
 */
export async function unitsNamed(k: Kysely<TraceTables>, name: string): Promise<string[]> {
  // Never stored, and refused in a statement.
  if (name.includes('\0')) return []
  const found = await k
    .selectFrom('identity')
    .select('uri')
    .where((e) => e.or([e('uri', 'in', [name, ...urisIn(name)]), e('serial', '=', name)]))
    .union(k.selectFrom('identity_alias').select('uri').where('value', '=', name))
    .execute()
  const copied = found.length === 0 ? copiedName(name) : null
  return copied === null ? found.map((r) => r.uri).sort() : unitsNamed(k, copied)
}

/** Serials that begin with a text: a range of their index, in the order of bytes. */
export async function serialsFrom(k: Kysely<TraceTables>, text: string, limit: number): Promise<string[]> {
  if (text.includes('\0')) return []
  const serial = sql<string>`serial collate binary`
  const found = await k
    .selectFrom('identity')
    .select(serial.as('name'))
    .distinct()
    .where(serial, '>=', text)
    .where(serial, '<', `${text}\u{10ffff}`)
    .orderBy('name')
    .limit(limit)
    .execute()
  return found.map((r) => r.name)
}

/** What was merged, and where the log says so of any of these names. */
export interface Merges {
  merged: IdentityMap
  changes(names: readonly string[]): number[]
}

export async function lifeOf(
  k: Kysely<TraceTables>,
  units: readonly string[],
  { merged, changes }: Merges,
): Promise<PartLife | null> {
  const inspections = await rowsOfUnits(k, units, MAX_ROWS, merged)
  const serial = inspections[0]?.serial
  if (serial === undefined) return null
  return {
    serial,
    inspections,
    edges: await edgesAround(k, units, merged),
    events: await eventsOf(
      k,
      [
        ...new Set(
          inspections.flatMap((i) => [`unit/${i.serial}`, `inspection/${i.inspectionId}`, triggerSubject(i)]),
        ),
      ],
      inspections,
      changes(units),
    ),
  }
}

/** All edges reachable from the units towards parents, and all towards children, as they were stated. */
export async function edgesAround(
  k: Kysely<TraceTables>,
  units: readonly string[],
  merged: IdentityMap,
): Promise<Edge[]> {
  const edges = new Map<string, Edge>()
  for (const [from, to] of [
    ['child', 'parent'],
    ['parent', 'child'],
  ] as const) {
    const seen = new Set(units)
    let frontier = [...units]
    for (let n = 0; n < MAX_GENERATIONS && frontier.length > 0; n++) {
      const next = await k
        .selectFrom('edge')
        .select(['kind', 'child', 'parent', 'certainty'])
        .where(from, 'in', frontier)
        .orderBy('child')
        .orderBy('parent')
        .limit(MAX_ROWS)
        .execute()
      frontier = []
      for (const e of next) {
        edges.set(`${e.kind} ${e.child} ${e.parent}`, { ...e })
        for (const name of merged.names(e[to])) {
          if (!seen.has(name)) frontier.push(name)
          seen.add(name)
        }
      }
    }
  }
  return [...edges.values()]
}

/**
 * Events about the subjects that belong to one of the inspections: another product may use the same serial.
 *
 * @param besides positions of others
 */
export async function eventsOf(
  k: Kysely<TraceTables>,
  subjects: readonly string[],
  inspections: readonly PartRow[],
  besides: readonly number[],
): Promise<LifeEvent[]> {
  const of = new Map(inspections.map((i) => [i.inspectionId, i]))
  const own = k
    .selectFrom('event')
    .select(['position', 'json'])
    .where('position', 'in', [...inspections.map((i) => i.position), ...besides])
  const others = k
    .selectFrom('event')
    .select(['position', 'json'])
    .where('subject', 'in', subjects)
    // As the index has it, which leaves inspections out.
    .where(sql<boolean>`type <> 'qe.inspection.completed.v1'`)
    .orderBy('position')
    .limit(MAX_ROWS)
  // Each for itself: however much was said about a part, none of its inspections is left out.
  const rows = [...(await own.execute()), ...(await others.execute())].sort((a, b) => a.position - b.position)
  const events = rows.map(({ position, json }) => ({ position, event: JSON.parse(json) as QEvent }))
  // Stations of several lines of a plant may have one name, and each its trigger 1.
  const judged = new Map<string, string[]>()
  for (const { event } of events) {
    const { inspectionId } = event.data as { inspectionId?: string }
    const part = event.type === 'qe.inspection.completed.v1' && of.get(inspectionId ?? '')
    if (part) judged.set(triggerSubject(part), [...(judged.get(triggerSubject(part)) ?? []), event.source])
  }
  return events.flatMap(({ position, event }) => {
    if (judged.get(event.subject)?.includes(event.source) === false) return []
    const completed = event.type === 'qe.inspection.completed.v1'
    const data = event.data as Partial<InspectionCompleted> & { after?: VerdictResult }
    const inspectionId = data.inspectionId ?? event.causationid ?? null
    if (inspectionId !== null && !of.has(inspectionId)) return []
    return [
      {
        position,
        at: event.time,
        type: event.type,
        subject: event.subject,
        result: (completed ? data.verdict?.result : data.after) ?? null,
        inspectionId,
      },
    ]
  })
}
