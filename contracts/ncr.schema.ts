import { z } from 'zod'
import { THING, THING_LENGTH } from './trace-fact.schema.ts'
import { SEVERITIES } from './verdict.ts'

const isoTime = z.iso.datetime({ precision: 3 })
const text = z.string().trim().min(1, 'a text').max(500, 'at most 500 characters')
const name = z.string().trim().min(1, 'a name').max(128, 'at most 128 characters')
/** A short name such as `lot/L7`, `supplier/acme`, `model/pcb-pair@1.0.0`, or a canonical URI. */
const thing = z.string().regex(THING, `1 to ${THING_LENGTH} characters`)
const date = z.iso.date('a day, e.g. 2026-01-31')
const count = z.number().int().nonnegative()
const maybe = z.number().nullable()

/** Where a cause lies: the six branches of an Ishikawa diagram (5M1E, 人机料法环测). */
export const NCR_CATEGORIES = ['man', 'machine', 'material', 'method', 'measurement', 'environment'] as const
export type NcrCategory = (typeof NCR_CATEGORIES)[number]

/** What is to be done next, in this order, and the two ends. */
export const NCR_STATES = [
  'contain',
  'cause',
  'act',
  'verify',
  'release',
  'close',
  'closed',
  'withdrawn',
] as const
export type NcrState = (typeof NCR_STATES)[number]

/** What may be compared before and after; as in the ranking of causes. */
export const NCR_FACTORS = ['lot', 'supplier', 'station', 'shift', 'recipe', 'model'] as const

/** First judgements after a countermeasure against those before it. */
export const ncrComparisonSchema = z.strictObject({
  n: count,
  bad: count,
  beforeN: count,
  beforeBad: count,
  /** Judged inconclusive and not decided by a person, after it and before: in none of the counts. Absent in old ones. */
  undecided: count.optional(),
  beforeUndecided: count.optional(),
  /** Share of bad parts after over that before, with its 95 % interval; null where one of them is 0. */
  ratio: maybe,
  low: maybe,
  high: maybe,
  method: z.enum(['fisher', 'chi-square']),
  /** Two-sided. */
  p: z.number(),
})
export type NcrComparison = z.infer<typeof ncrComparisonSchema>

/** What the comparison is of: parts judged in `from`..`change` and `change`..`to`. */
const ncrScope = {
  /** When the countermeasure took effect. */
  change: isoTime,
  from: isoTime.optional(),
  to: isoTime.optional(),
  /** Defect class; absent = whatever fails a part. */
  class: z.string().min(1).max(128).optional(),
  /** Only parts of this lot, supplier, station, shift, recipe or model. */
  within: z.strictObject({ factor: z.enum(NCR_FACTORS), value: z.string().min(1).max(256) }).optional(),
}

const what = {
  title: text,
  severity: z.enum(SEVERITIES),
  targets: z.array(thing).min(1, 'at least one thing it is about').max(200),
  evidence: z.strictObject({
    inspections: z.array(z.uuid()).max(200).default([]),
    classes: z.array(z.string().min(1).max(128)).max(50).default([]),
  }),
}
const containment = { holds: z.array(z.uuid()).max(200), note: text.optional() }
const cause = { category: z.enum(NCR_CATEGORIES), whys: z.array(text).min(1, 'at least one why').max(9) }
const action = { action: z.uuid(), text, owner: name, due: date }
const verification = {
  ...ncrScope,
  effective: z.boolean(),
  reason: text,
  /** Why it counts as effective although the comparison does not show it. */
  despite: text.optional(),
}

const step = { id: z.uuid(), by: name }
const of = { ...step, ncr: z.string().regex(/^[a-z0-9][a-z0-9-]{0,250}$/, 'the id of a report') }

/** What is asked about the effect of a report's actions; the comparison is made where the records are. */
const ncrVerifyAskSchema = z.strictObject({ ...of, kind: z.literal('verify'), ...verification })

const others = [
  z.strictObject({
    ...step,
    kind: z.literal('open'),
    ...what,
    evidence: what.evidence.default({ inspections: [], classes: [] }),
  }),
  /** Corrects what the report is about; what is not given stays. */
  z.strictObject({
    ...of,
    kind: z.literal('amend'),
    title: what.title.optional(),
    severity: what.severity.optional(),
    targets: what.targets.optional(),
    evidence: what.evidence.optional(),
    reason: text,
  }),
  /** The holds that contain it; none needs a note that says why. */
  z.strictObject({ ...of, kind: z.literal('contain'), ...containment }),
  z.strictObject({ ...of, kind: z.literal('cause'), ...cause }),
  /** A corrective action; the same `action` again corrects it. */
  z.strictObject({ ...of, kind: z.literal('act'), ...action }),
  z.strictObject({ ...of, kind: z.literal('done'), action: z.uuid(), note: text }),
  z.strictObject({ ...of, kind: z.literal('drop'), action: z.uuid(), note: text }),
  z.strictObject({ ...of, kind: z.literal('close'), reason: text }),
  z.strictObject({ ...of, kind: z.literal('reopen'), reason: text }),
  z.strictObject({ ...of, kind: z.literal('withdraw'), reason: text }),
] as const

/**
 * One step of a nonconformance report. A step is never changed: the same kind again says it anew, and both stay in the
 * log. `id` makes a repeated delivery harmless, `by` names who answers for it.
 */
export const ncrStepSchema = z.discriminatedUnion('kind', [
  ...others,
  ncrVerifyAskSchema.extend({ comparison: ncrComparisonSchema }),
])
export type NcrStep = z.infer<typeof ncrStepSchema>
export type NcrStepKind = NcrStep['kind']

/** The same, as people and other programs send it. */
export const ncrStepAskSchema = z.discriminatedUnion('kind', [...others, ncrVerifyAskSchema])
export type NcrStepAsk = z.infer<typeof ncrStepAskSchema>

export interface NcrAck {
  ncr: string
  /** Of its event in the log. */
  position: number
  /** The same step was recorded before; nothing was written. */
  repeated: boolean
}

const who = { ncr: z.string(), by: z.string() }
const reason = { ...who, reason: z.string() }

export const NCR_EVENT_DATA = {
  'qe.ncr.opened.v1': z.strictObject({ ...who, ...what }),
  'qe.ncr.amended.v1': z.strictObject({ ...who, ...what, reason: z.string() }),
  'qe.ncr.contained.v1': z.strictObject({ ...who, ...containment }),
  'qe.ncr.cause.stated.v1': z.strictObject({ ...who, ...cause }),
  'qe.ncr.action.stated.v1': z.strictObject({ ...who, ...action }),
  'qe.ncr.action.done.v1': z.strictObject({ ...who, action: z.uuid(), note: z.string() }),
  'qe.ncr.action.dropped.v1': z.strictObject({ ...who, action: z.uuid(), note: z.string() }),
  'qe.ncr.verified.v1': z.strictObject({ ...who, ...verification, comparison: ncrComparisonSchema }),
  'qe.ncr.closed.v1': z.strictObject(reason),
  'qe.ncr.reopened.v1': z.strictObject(reason),
  'qe.ncr.withdrawn.v1': z.strictObject(reason),
} as const

/** Event type of each kind of step. */
export const NCR_EVENT_TYPE: Readonly<Record<NcrStepKind, keyof typeof NCR_EVENT_DATA>> = {
  open: 'qe.ncr.opened.v1',
  amend: 'qe.ncr.amended.v1',
  contain: 'qe.ncr.contained.v1',
  cause: 'qe.ncr.cause.stated.v1',
  act: 'qe.ncr.action.stated.v1',
  done: 'qe.ncr.action.done.v1',
  drop: 'qe.ncr.action.dropped.v1',
  verify: 'qe.ncr.verified.v1',
  close: 'qe.ncr.closed.v1',
  reopen: 'qe.ncr.reopened.v1',
  withdraw: 'qe.ncr.withdrawn.v1',
}
