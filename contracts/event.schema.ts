import { z } from 'zod'
import { EPCIS_EVENT_DATA } from './epcis-event.schema.ts'
import { IDENTITY_EVENT_DATA } from './identity-fact.schema.ts'
import { FACT_EVENT_DATA, traceLinkedSchema } from './trace-fact.schema.ts'
import { CHALLENGE_EVENT_DATA } from './challenge.schema.ts'
import { FIRST_ARTICLE_EVENT_DATA } from './first-article.schema.ts'
import { LIFE_EVENT_DATA } from './life.schema.ts'
import { LINE_EVENT_DATA } from './line-event.schema.ts'
import { NCR_EVENT_DATA } from './ncr.schema.ts'
import { DISPOSITIONS, NO_VERDICT_REASONS, SEVERITIES, VERDICTS } from './verdict.ts'

const isoTime = z.iso.datetime({ precision: 3 })
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const num = z.number()

/**
 * CloudEvents 1.0, structured mode, with the sequence and partitioning extensions. `sequence` and the log
 * position are given by the event log when it appends.
 */
export const envelopeSchema = z.strictObject({
  specversion: z.literal('1.0'),
  id: z.uuid(),
  source: z.string().min(1),
  type: z.string().regex(/^(qe|ext|mod|action)\.[a-z0-9.-]+\.v\d+$/),
  subject: z.string().min(1),
  time: isoTime,
  datacontenttype: z.literal('application/json'),
  dataschema: z.string().min(1),
  /** Zero-padded, strictly increasing per source. */
  sequence: z
    .string()
    .regex(/^\d{20}$/)
    .optional(),
  /** Line id: order holds inside a partition. */
  partitionkey: z.string().min(1),
  traceparent: z.string().optional(),
  correlationid: z.string().optional(),
  causationid: z.string().optional(),
  /** Data grade 1..3. */
  dataclass: z
    .string()
    .regex(/^[123]$/)
    .optional(),
  data: z.unknown(),
})
export type QEvent<T = unknown> = Omit<z.infer<typeof envelopeSchema>, 'data'> & { data: T }

export const inspectionCompletedSchema = z.strictObject({
  inspectionId: z.uuid(),
  runType: z.enum([
    'production',
    'first-article',
    'acceptance',
    'pilot',
    'incoming',
    'outgoing',
    'rework',
    'recheck',
    'golden-sample',
    'doe',
    'audit-6s',
  ]),
  simulated: z.boolean(),
  unit: z.strictObject({
    serial: z.string(),
    product: z.string(),
    revision: z.string(),
    variant: z.string().optional(),
    lot: z.string(),
    workOrder: z.string().optional(),
    orderLine: z.string().optional(),
    carrier: z.string().optional(),
    reworkCount: z.number().int(),
    parentSerial: z.string().optional(),
    /** How the serial was established. */
    identifiedBy: z.enum(['code', 'trigger']),
  }),
  place: z.strictObject({
    plant: z.string(),
    area: z.string().optional(),
    line: z.string(),
    station: z.string(),
    equipment: z.string(),
    head: z.string().optional(),
    cavity: z.string().optional(),
    fixture: z.string().optional(),
    tool: z.string().optional(),
  }),
  process: z.strictObject({
    operation: z.string(),
    operationSeq: z.number().int(),
    recipe: z.string(),
    recipeVersion: z.string(),
    parameterSet: z.string().optional(),
    params: z.record(z.string(), num).optional(),
    materials: z.array(
      z.strictObject({
        item: z.string(),
        lot: z.string(),
        supplier: z.string().optional(),
        qty: num.optional(),
        uom: z.string().optional(),
      }),
    ),
    operatorRef: z.string().optional(),
    shift: z.string(),
    cycleMs: num,
    waitMs: num.optional(),
    startedAt: isoTime,
    endedAt: isoTime,
    energyWh: num.optional(),
    doeRun: z.strictObject({ plan: z.string(), run: z.number().int() }).optional(),
  }),
  trigger: z.number().int(),
  /** SHA-256 of the stored capture as JSON, from which the verdict can be replayed; absent before schema 4. */
  recordSha256: sha256.optional(),
  /** SHA-256 of what the tables hold of this inspection (`rowsText`); events did not always tell it. */
  rowsSha256: sha256.optional(),
  /** Canonical URIs of what this inspection says the unit is made of; absent in events of stores before schema 4. */
  genealogy: z
    .strictObject({
      unit: z.string(),
      /** The product it was commissioned as; absent for a unit that no code names. */
      product: z.string().optional(),
      lots: z.array(z.strictObject({ lot: z.string(), supplier: z.string().optional() })),
    })
    .optional(),
  image: z.strictObject({
    views: z.array(
      z.strictObject({
        view: z.string(),
        uri: z.string(),
        sha256,
        width: z.number().int(),
        height: z.number().int(),
      }),
    ),
    exposureUs: num.optional(),
    lightLevel: num.optional(),
    sharpness: num.optional(),
    framesExpected: z.number().int(),
    framesReceived: z.number().int(),
  }),
  models: z.array(z.strictObject({ name: z.string(), version: z.string(), sha256, provider: z.string() })),
  defects: z.array(
    z.strictObject({
      id: z.string(),
      classCode: z.string(),
      severity: z.enum(SEVERITIES),
      confidence: num,
      bbox: z.tuple([num, num, num, num]),
      view: z.string(),
      areaMm2: num.optional(),
      lengthMm: num.optional(),
      partXY: z.tuple([num, num]).optional(),
      feature: z.string().optional(),
    }),
  ),
  measurements: z.array(
    z.strictObject({
      characteristic: z.string(),
      value: num,
      unit: z.string(),
      lsl: num.optional(),
      usl: num.optional(),
      target: num.optional(),
      uncertainty: num.optional(),
      feature: z.string().optional(),
    }),
  ),
  verdict: z.strictObject({
    result: z.enum(VERDICTS),
    disposition: z.enum(DISPOSITIONS),
    noVerdict: z.enum(NO_VERDICT_REASONS).nullable(),
    grade: z.string().optional(),
    /** Highest raw score of a defect-like finding, or 0. */
    pDefect: num,
    rules: z.array(z.string()),
    ruleset: z.string(),
    decidedBy: z.enum(['auto', 'human']),
  }),
  timing: z.strictObject({
    captureAt: isoTime,
    transferMs: num,
    queueMs: num,
    preprocMs: num,
    inferMs: num,
    ruleMs: num,
    totalMs: num,
    deadlineMs: num,
  }),
})
export type InspectionCompleted = z.infer<typeof inspectionCompletedSchema>

export const verdictReviewedSchema = z.strictObject({
  inspectionId: z.uuid(),
  reviewer: z.string(),
  before: z.enum(VERDICTS),
  after: z.enum(VERDICTS),
  reason: z.string(),
  /** Id of the review event that this one takes back. */
  retracts: z.uuid().optional(),
  labels: z.array(
    z.strictObject({
      defectId: z.string().optional(),
      classCode: z.string(),
      bbox: z.tuple([num, num, num, num]).optional(),
    }),
  ),
})
export type VerdictReviewed = z.infer<typeof verdictReviewedSchema>

const stationHealthSchema = z.strictObject({
  station: z.string(),
  alarm: z.string(),
  active: z.boolean(),
  code: z.string(),
  message: z.string(),
})
export type StationHealth = z.infer<typeof stationHealthSchema>

/** Data schema of every event type the core emits. */
export const EVENT_DATA = {
  'qe.inspection.completed.v1': inspectionCompletedSchema,
  'qe.verdict.reviewed.v1': verdictReviewedSchema,
  'qe.trace.linked.v1': traceLinkedSchema,
  'qe.station.health.v1': stationHealthSchema,
  ...IDENTITY_EVENT_DATA,
  ...LIFE_EVENT_DATA,
  ...CHALLENGE_EVENT_DATA,
  ...FIRST_ARTICLE_EVENT_DATA,
  ...LINE_EVENT_DATA,
  ...FACT_EVENT_DATA,
  ...NCR_EVENT_DATA,
  ...EPCIS_EVENT_DATA,
} as const
export type CoreEventType = keyof typeof EVENT_DATA
