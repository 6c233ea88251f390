import { z } from '../zod.ts'
import { i18nTextSchema } from './verdict.schema.ts'

const num = z.number()
const maybe = z.string().nullable()

export const plantLineSchema = z.object({
  log: z.string(),
  plant: z.string(),
  line: z.string(),
  /** Events that the plant has: the place in the log up to which it came. */
  received: num,
  /** Events that the line had when it was last heard; null = it never said. */
  events: num.nullable(),
  /** When the line was last heard, RFC 3339; null = never by a version that says so. */
  seenAt: maybe,
  /** Time of the last event that came. */
  lastEventAt: maybe,
  imagesMissing: num,
  /** Events under the largest checkpoint that came along. */
  signed: num,
  /** Where the pages of the line are; null = it does not say. */
  address: maybe,
  /** The last check of the log against its tree, checkpoints and records; null = not checked since the start. */
  check: z
    .object({
      at: z.string(),
      state: z.enum(['intact', 'altered', 'unproven', 'failed']),
      events: num,
      /** Stretches of the log in which events are missing. */
      gaps: num,
      findings: num,
      /** What was found first, or why it could not be checked. */
      first: i18nTextSchema.nullable(),
    })
    .nullable(),
})

export const plantAlarmSchema = z.object({
  log: z.string(),
  alarm: z.enum(['silent', 'behind', 'gap', 'altered', 'unchecked']),
  message: i18nTextSchema,
})

export const plantAnswerSchema = z.object({
  /** Host, database and schema. */
  place: z.string(),
  lines: z.array(plantLineSchema),
  alarms: z.array(plantAlarmSchema),
  version: z.string(),
  node: z.string(),
  uptimeS: num,
})
