import { z } from '../zod.ts'
import {
  DISPOSITIONS,
  NO_VERDICT_REASONS,
  PART_DISPOSITIONS,
  SEVERITIES,
  UNIT_DISPOSITIONS,
  VERDICTS,
} from '../../../contracts/index.ts'
import {
  codeReadSchema,
  i18nTextSchema,
  registrationSchema,
  timingSchema,
  verdictSchema,
} from './verdict.schema.ts'

const num = z.number()
const box = z.tuple([num, num, num, num]).readonly()

export const imageRefSchema = z.object({ sha256: z.string(), widthPx: num, heightPx: num })

/** One inspection as lists and the live view show it: small, without score maps, findings or traces. */
export const partRowSchema = z.object({
  /** Position of its event in the log; the paging cursor. */
  position: num,
  inspectionId: z.string(),
  station: z.string(),
  trigger: num,
  attempt: num,
  serial: z.string(),
  /** URI of the part; absent in the live view. A serial may be that of parts of several products. */
  unit: z.string().optional(),
  identifiedBy: z.enum(['code', 'trigger']),
  product: z.string(),
  lot: z.string().nullable(),
  result: z.enum(VERDICTS),
  /** In force for the part: a person's decision, else what the gate did, else what the rules decided. */
  disposition: z.enum(PART_DISPOSITIONS),
  /** What the rules decided. */
  ruledDisposition: z.enum(DISPOSITIONS).optional(),
  /** Who decided about the part after this inspection; null, or absent in the live view, when nobody did. */
  decision: z
    .object({
      /** Id of the fact, by which it is taken back. */
      fact: z.string(),
      disposition: z.enum(UNIT_DISPOSITIONS),
      by: z.string(),
      reason: z.string(),
      at: z.string(),
    })
    .nullable()
    .optional(),
  severity: z.enum(SEVERITIES).nullable(),
  noVerdict: z.enum(NO_VERDICT_REASONS).nullable(),
  reasons: z.array(i18nTextSchema),
  /** Condemned findings, at most as many as the port gives; boxes in px of the part frame. */
  defects: z.array(z.object({ class: z.string(), score: num, box })),
  /** How many there are; absent where `defects` has all. */
  defectCount: num.optional(),
  /** The frame that was judged; null when none arrived. */
  image: imageRefSchema.nullable(),
  /** Places the boxes on the frame; absent when the rows do not carry it. */
  registration: registrationSchema.nullable().optional(),
  recipe: z.string(),
  /** RFC 3339, UTC, when it was judged. */
  at: z.string(),
  /** Trigger to verdict, ms. */
  totalMs: num,
  budgetMs: num,
})

const gateSchema = z.object({
  command: z.object({
    station: z.string(),
    trigger: num,
    inspectionId: z.string(),
    action: z.enum(['release', 'reject', 'hold']),
    result: z.enum(VERDICTS),
    disposition: z.enum(DISPOSITIONS),
    /** Why the part did not go where its verdict says. */
    reason: i18nTextSchema.optional(),
    deadlineMs: num,
  }),
  ack: z.union([
    z.object({ ok: z.literal(true), atMs: num }),
    z.object({ ok: z.literal(false), code: z.string(), message: z.string(), atMs: num }),
  ]),
})

export const edgeSchema = z.object({
  kind: z.string(),
  child: z.string(),
  parent: z.string(),
  certainty: z.enum(['certain', 'probable']),
})

/** An entry of the part's timeline. */
export const lifeEventSchema = z.object({
  position: num,
  at: z.string(),
  type: z.string(),
  subject: z.string(),
  /** Result, when the event is an inspection. */
  result: z.enum(VERDICTS).nullable(),
  inspectionId: z.string().nullable(),
})

export const reviewSchema = z.object({
  at: z.string(),
  reviewer: z.string(),
  before: z.string(),
  after: z.string(),
  reason: z.string(),
})

export const partDetailSchema = z.object({
  row: partRowSchema,
  verdict: verdictSchema,
  /** Read beside the camera and given to the part. */
  reads: z.array(
    codeReadSchema.extend({ associatedBy: z.enum(['trigger', 'time', 'encoder', 'fifo', 'manual']) }),
  ),
  timing: timingSchema.nullable(),
  /** `frame` is what was judged, `golden` the template that travelled with it. */
  images: z.array(imageRefSchema.extend({ role: z.enum(['frame', 'golden']), view: z.string() })),
  worker: z.string().nullable(),
  simulated: z.boolean(),
  source: z.string().nullable(),
  gate: z.array(gateSchema),
  /** Results that came after the no-verdict had been given. */
  late: z.array(z.object({ at: z.string(), result: z.enum(VERDICTS), reasons: z.array(i18nTextSchema) })),
  reviews: z.array(reviewSchema),
  /** Event of the one that is in force, null = none is. */
  review: z.string().nullable(),
  /** Inspections of the same serial, oldest first, this one included. */
  siblings: z.array(partRowSchema),
  edges: z.array(edgeSchema),
  events: z.array(lifeEventSchema),
})

export const serialLifeSchema = z.object({
  serial: z.string(),
  inspections: z.array(partRowSchema),
  edges: z.array(edgeSchema),
  events: z.array(lifeEventSchema),
})

export const stationCountersSchema = z.object({
  station: z.string(),
  /** Judged: pass, fail and inconclusive together. */
  inspected: num,
  pass: num,
  fail: num,
  /** Judged inconclusive by a rule; no-verdicts are not in here. */
  inconclusive: num,
  /** Reason → count; reasons that did not occur are absent. */
  noVerdict: z.partialRecord(z.enum(NO_VERDICT_REASONS), num),
})

export const triggerBalanceSchema = z.object({
  station: z.string(),
  triggers: num,
  verdicts: num,
  noVerdicts: num,
  open: num,
  closed: z.boolean(),
  /** triggers - verdicts - noVerdicts - open, where that is not 0. */
  unexplained: num.optional(),
  /** Jumps of the counter too large to be lost parts: first and last number. */
  gaps: z.array(z.object({ first: num, last: num })).optional(),
  /** Of what is unexplained, those that wait in the spool. */
  waiting: num.optional(),
  /** What neither store nor spool took yet; in none of these numbers, but for `unexplained` once a later one is written. */
  unwritten: num.optional(),
})

/** Newest first; the first one is still running. */
export const shiftBalancesSchema = z.object({
  /** By which the shifts begin and end; null = the line has no calendar, and there are none. */
  timeZone: z.string().nullable(),
  shifts: z.array(
    z.object({
      name: z.string(),
      /** The day on which it began, `YYYY-MM-DD`. */
      date: z.string(),
      from: z.string(),
      /** Exclusive. */
      to: z.string(),
      running: z.boolean(),
      /** Of every station. */
      closed: z.boolean(),
      stations: z.array(triggerBalanceSchema),
    }),
  ),
})

export const paretoSchema = z.array(z.object({ class: z.string(), count: num }))
