import { z } from 'zod'
import { accountAuditSchema } from './account.schema.ts'
import { uuidv7 } from './ids.ts'
import { operatorSignedSchema } from './operator.schema.ts'
import { imagesDeletedSchema } from './retention.schema.ts'

/** A part that its record releases was held at the gate: a hold or a failed canary came between, or the record was late. */
export const gateHeldSchema = z.strictObject({
  inspectionId: z.uuid(),
  station: z.string(),
  trigger: z.number().int(),
  reason: z.strictObject({ zh: z.string(), en: z.string() }),
})
export type GateHeld = z.infer<typeof gateHeldSchema>

/**
 * The gate took no command for a part, or not in time: what became of the part there is not known. Those of missed
 * triggers, for which it is too late by nature, are among them.
 */
export const gateFailedSchema = z.strictObject({
  inspectionId: z.uuid(),
  station: z.string(),
  trigger: z.number().int(),
  /** What the gate was to do. */
  action: z.enum(['release', 'reject', 'hold']),
  code: z.string(),
  message: z.string(),
})
export type GateFailed = z.infer<typeof gateFailedSchema>

/** A read beside the camera that named no part: no code is dropped silently. */
const readStraySchema = z.strictObject({
  reader: z.string(),
  text: z.string(),
  symbologyId: z.string(),
  /** When the code was at the reader. */
  readAt: z.iso.datetime({ precision: 3 }),
  /** `late`: its part was decided before. `unclaimed`: no part came. `unplaced`: it does not say where it was taken. */
  reason: z.enum(['late', 'double', 'unclaimed', 'unplaced']),
  station: z.string(),
  /** The part it belongs to; absent when no part is known. */
  trigger: z.number().int().optional(),
  attempt: z.number().int().optional(),
  message: z.string(),
})
export type ReadStray = z.infer<typeof readStraySchema>

/** Somebody asked that a sink gets events again, which the receiver sees as copies. */
const sinkReplayedSchema = z.strictObject({
  sink: z.string(),
  /** Everything behind this position; null = its dead letters only. */
  from: z.number().int().nonnegative().nullable(),
  by: z.string().min(1),
})
export type SinkReplayed = z.infer<typeof sinkReplayedSchema>

export const LINE_EVENT_DATA = {
  'qe.gate.held.v1': gateHeldSchema,
  'qe.gate.failed.v1': gateFailedSchema,
  'qe.read.stray.v1': readStraySchema,
  'qe.image.deleted.v1': imagesDeletedSchema,
  'qe.sink.replayed.v1': sinkReplayedSchema,
  'qe.operator.signed.v1': operatorSignedSchema,
  'qe.audit.v1': accountAuditSchema,
} as const

/** Subject of events about a trigger, whose unit may not be known. */
export const triggerSubject = (t: { station: string; trigger: number; attempt: number }): string =>
  `trigger/${t.station}/${t.attempt}/${t.trigger}`

/** Envelope of an event that happens now. */
export const newEvent = <T extends object>(e: {
  type: string
  source: string
  subject: string
  /** Id of the line. */
  partitionkey: string
  data: T
}) => ({
  specversion: '1.0' as const,
  id: uuidv7(),
  time: new Date().toISOString(),
  datacontenttype: 'application/json' as const,
  dataschema: `urn:sightline:schema:${e.type}`,
  ...e,
})
