import { z } from '../zod.ts'
import { alarmSchema, lineInfoSchema, lineStateSchema } from './line.schema.ts'
import { partRowSchema } from './part.schema.ts'

/** Trigger to verdict over the newest parts of a station, ms. */
export const latencySchema = z.object({
  station: z.string(),
  n: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** The newest values, oldest first. */
  recentMs: z.array(z.number()),
})

export const lineAnswerSchema = z.object({
  info: lineInfoSchema,
  state: lineStateSchema,
  latency: z.array(latencySchema),
  version: z.string(),
  node: z.string(),
  uptimeS: z.number(),
  /** Newest position of the event log the server has seen. */
  position: z.number(),
  liveClients: z.number(),
  /** Parts that wait for review; null = nobody watches the models. */
  waitingReviews: z.number().nullable(),
})

/** Events other than inspections, without their data unless it is small by schema (station health). */
const liveEventSchema = z.object({
  position: z.number(),
  type: z.string(),
  subject: z.string(),
  at: z.string(),
  alarm: alarmSchema.omit({ since: true }).extend({ active: z.boolean() }).optional(),
})

const gapSchema = z.object({ from: z.number(), to: z.number() })
const byeSchema = z.object({ reason: z.enum(['slow', 'shutdown']) })
const beatSchema = z.object({ at: z.string(), position: z.number() })

/** Name of a server-sent event → its JSON data. `part` and `event` carry the log position as id. */
export const LIVE_MESSAGES = {
  part: partRowSchema,
  event: liveEventSchema,
  state: z.object({
    state: lineStateSchema,
    latency: z.array(latencySchema),
    /** Of the server: behind another one there may be another log, whose positions say nothing of the one before. */
    startedAt: z.string(),
  }),
  gap: gapSchema,
  beat: beatSchema,
  bye: byeSchema,
} as const
