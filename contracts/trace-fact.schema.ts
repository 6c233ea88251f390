import { z } from 'zod'
import { UNIT_DISPOSITIONS, VERDICTS } from './verdict.ts'

const isoTime = z.iso.datetime({ precision: 3 })
const CERTAINTIES = ['certain', 'probable'] as const

/**
 * Characters of a thing: a canonical URI has two names of 128 characters, each of which is up to 9 where it is no letter of
 * ASCII.
 */
export const THING_LENGTH = 2_400
export const THING = new RegExp(`^[^\\0\\s][^\\0]{0,${THING_LENGTH - 1}}$`)

/** Halves of surrogate pairs have no place in a URI. */
const HALF = /^\P{Cs}*$/u
/** No column of text holds one. */
const WITHOUT_NUL = [/^[^\0]*$/, 'text without NUL'] as const
/**
 * A canonical URI, or a short name such as `unit/SN1`, `lot/L7`, `pallet/P1`, `supplier/acme`; as it was read, since what
 * a code says may be spelt in any way (`genealogy/things.ts`).
 */
const thing = z.string().regex(THING, `1 to ${THING_LENGTH} characters`).regex(HALF, 'whole characters')
/**
 * One spelling of each name that is given: programs write `ü` as one character (NFC) or as two (NFD), and a blank behind
 * a name is seen by nobody.
 */
const name = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(128)
  .regex(HALF, 'whole characters')
  .regex(...WITHOUT_NUL)
const text = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(...WITHOUT_NUL)
const quantity = {
  quantity: z.number().positive().optional(),
  uom: z
    .string()
    .min(1)
    .max(16)
    .regex(...WITHOUT_NUL)
    .optional(),
}

/** What every fact says: `id` makes a repeated delivery harmless, `by` names who states it. */
const base = {
  id: z.uuid(),
  at: isoTime,
  by: z
    .string()
    .trim()
    .min(1)
    .max(128)
    .regex(...WITHOUT_NUL),
  /** Id of the fact that this one corrects: its effect is taken back, the event stays. */
  supersedes: z.uuid().optional(),
  /** A demonstration states it, nothing of the kind happened. */
  simulated: z.boolean().optional(),
}
const certainty = z.enum(CERTAINTIES).default('certain')

/**
 * A fact about the life of parts and material beside inspections, one link per fact. Names are resolved to canonical
 * URIs when it is recorded; a fact is never changed, only superseded.
 */
export const traceFactSchema = z.discriminatedUnion('kind', [
  /** A unit gets its identity. */
  z.strictObject({
    ...base,
    kind: z.literal('commission'),
    unit: thing,
    product: name,
    lot: name.optional(),
  }),
  /** A lot of a product arrives from a supplier. */
  z.strictObject({
    ...base,
    kind: z.literal('receive'),
    lot: name,
    product: name,
    supplier: name,
    reference: z
      .string()
      .max(128)
      .regex(...WITHOUT_NUL)
      .optional(),
    ...quantity,
  }),
  /** `child` is packed in `parent` at `at`, until a `disaggregate`. */
  z.strictObject({ ...base, kind: z.literal('aggregate'), child: thing, parent: thing, certainty }),
  z.strictObject({ ...base, kind: z.literal('disaggregate'), child: thing, parent: thing }),
  /** `child` was made from `parent`. */
  z.strictObject({
    ...base,
    kind: z.literal('transform'),
    child: thing,
    parent: thing,
    certainty,
    ...quantity,
  }),
  /** `child` has `parent` in it or on it, from `from` (absent = `at`) to `to` (absent = for good). */
  z.strictObject({
    ...base,
    kind: z.literal('associate'),
    child: thing,
    parent: thing,
    certainty,
    from: isoTime.optional(),
    to: isoTime.optional(),
    ...quantity,
  }),
  z.strictObject({ ...base, kind: z.literal('rework'), unit: thing, reason: text }),
  /** Judged again by a person or another machine; a station's own second look is an inspection. */
  z.strictObject({
    ...base,
    kind: z.literal('reinspect'),
    unit: thing,
    result: z.enum(VERDICTS),
    reason: text.optional(),
  }),
  /** A person decides what becomes of the unit; stands until the unit is inspected again. */
  z.strictObject({
    ...base,
    kind: z.literal('dispose'),
    unit: thing,
    disposition: z.enum(UNIT_DISPOSITIONS),
    reason: text,
    /** The inspection that was looked at: refused when the unit has been inspected since. Absent = the last one. */
    inspection: z.uuid().optional(),
    /**
     * Id of the decision about that inspection that was in force when it was looked at, null where there was none: refused
     * when another one is. Absent = whichever is.
     */
    over: z.uuid().nullable().optional(),
  }),
  z.strictObject({ ...base, kind: z.literal('hold'), target: thing, reason: text }),
  z.strictObject({ ...base, kind: z.literal('release'), target: thing, reason: text }),
  z.strictObject({
    ...base,
    kind: z.literal('ship'),
    child: thing,
    shipment: name,
    customer: name.optional(),
    order: name.optional(),
  }),
  /** What was shipped came back from `customer` and is at `place`; of a shipment everything in it. A later `ship` ships it again. */
  z.strictObject({
    ...base,
    kind: z.literal('return'),
    target: thing,
    customer: name.optional(),
    place: text.optional(),
    reason: text.optional(),
  }),
  z.strictObject({ ...base, kind: z.literal('use'), target: thing, place: text.optional() }),
  z.strictObject({
    ...base,
    kind: z.literal('complain'),
    target: thing,
    reason: text,
    customer: name.optional(),
  }),
  /** Takes a fact back without putting another in its place. */
  z.strictObject({ ...base, kind: z.literal('retract'), supersedes: z.uuid(), reason: text }),
])
export type TraceFact = z.infer<typeof traceFactSchema>
export type TraceFactKind = TraceFact['kind']

/** What the store says about a recorded fact. */
export interface FactAck {
  id: string
  /** Of its event in the log. */
  position: number
  /** The same fact was recorded before; nothing was written. */
  repeated: boolean
}

/** Where a hold that came from elsewhere was placed, or released. */
const holdOriginSchema = z.strictObject({
  /** Log in which a person stated it: that of a line, or `plant`. */
  log: z.string().min(1).max(128),
  /** Id of the hold where it was placed; its copies on other lines have ids of their own. */
  hold: z.uuid(),
  /** When it was stated there. */
  at: z.string().min(1),
})
export type HoldOrigin = z.infer<typeof holdOriginSchema>

const who = { by: z.string(), supersedes: z.uuid().optional(), simulated: z.boolean().optional() }
const amount = { quantity: z.number().optional(), uom: z.string().optional() }

/** GS1/EPCIS-style genealogy fact. */
export const traceLinkedSchema = z.strictObject({
  kind: z.enum(['commission', 'aggregate', 'disaggregate', 'transform', 'associate']),
  child: z.string(),
  parent: z.string(),
  certainty: z.enum(CERTAINTIES),
  /** Of a commission: URI of the lot of the unit, where one was named. */
  lot: z.string().optional(),
  ...amount,
  /** Window in which the link holds; absent = from the time of the event, for good. */
  validFrom: isoTime.optional(),
  validTo: isoTime.optional(),
  by: z.string().optional(),
  supersedes: z.uuid().optional(),
  simulated: z.boolean().optional(),
})
export type TraceLinked = z.infer<typeof traceLinkedSchema>

/** Event types of the facts that are no plain link. */
export const FACT_EVENT_DATA = {
  'ext.receipt.posted.v1': z.strictObject({
    ...who,
    lot: z.string(),
    product: z.string(),
    supplier: z.string(),
    reference: z.string().optional(),
    ...amount,
  }),
  'qe.unit.reworked.v1': z.strictObject({ ...who, unit: z.string(), reason: z.string() }),
  'qe.unit.reinspected.v1': z.strictObject({
    ...who,
    unit: z.string(),
    result: z.enum(VERDICTS),
    reason: z.string().optional(),
  }),
  'qe.unit.dispositioned.v1': z.strictObject({
    ...who,
    unit: z.string(),
    disposition: z.enum(UNIT_DISPOSITIONS),
    reason: z.string(),
    /** The last inspection of the unit when it was decided; absent for a unit that was never inspected. */
    inspection: z.uuid().optional(),
  }),
  'qe.hold.placed.v1': z.strictObject({
    ...who,
    target: z.string(),
    reason: z.string(),
    origin: holdOriginSchema.optional(),
  }),
  'qe.hold.released.v1': z.strictObject({
    ...who,
    target: z.string(),
    hold: z.uuid(),
    reason: z.string(),
    origin: holdOriginSchema.optional(),
    /** Another hold of the same target stays in force: who released this one elsewhere did not know of it. */
    stillHeld: z.literal(true).optional(),
  }),
  'ext.shipment.moved.v1': z.strictObject({
    ...who,
    child: z.string(),
    shipment: z.string(),
    customer: z.string().optional(),
    order: z.string().optional(),
  }),
  'ext.return.received.v1': z.strictObject({
    ...who,
    target: z.string(),
    customer: z.string().optional(),
    place: z.string().optional(),
    reason: z.string().optional(),
    /** Shipments and boxes that it was in until then, as far as the records said; absent of a correction. */
    from: z.array(z.string()).optional(),
  }),
  'ext.service.recorded.v1': z.strictObject({ ...who, target: z.string(), place: z.string().optional() }),
  'ext.complaint.received.v1': z.strictObject({
    ...who,
    target: z.string(),
    reason: z.string(),
    customer: z.string().optional(),
  }),
  'qe.trace.retracted.v1': z.strictObject({ ...who, supersedes: z.uuid(), reason: z.string() }),
} as const
