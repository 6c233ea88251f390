import { z } from '../zod.ts'

const num = z.number()

export const sinkRowSchema = z.object({
  sink: z.string(),
  /** Last event dealt with; 0 = none. */
  position: num,
  /** Last event of the log. */
  end: num,
  /** Events of the log behind the cursor, those that the sink passes over among them. */
  behind: num,
  /** The event that waits for another try, when there is one. */
  retrying: z.object({ position: num, attempts: num, reason: z.string(), since: z.string() }).nullable(),
  /** Dead letters. */
  dead: num,
})

const retrying = {
  position: 1041,
  attempts: 6,
  reason: 'HTTP 503 from https://mes.example/events',
  since: '2026-01-05T06:00:00.000Z',
}

export const sinksAnswerSchema = z
  .object({
    sinks: z.array(
      sinkRowSchema.extend({
        /** It is in the line file; the others were, and keep their cursor and their dead letters. */
        configured: z.boolean(),
      }),
    ),
  })
  .openapi({
    example: {
      sinks: [{ sink: 'mes', position: 1040, end: 1052, behind: 12, retrying, dead: 2, configured: true }],
    },
  })

export const sinkLetterSchema = z.object({
  position: num,
  state: z.enum(['retry', 'dead']),
  type: z.string(),
  subject: z.string(),
  attempts: num,
  reason: z.string(),
  /** Of the last try that is on record. */
  at: z.string(),
})

export const lettersAnswerSchema = z
  .object({
    letters: z.array(sinkLetterSchema),
    /** For the next page; null = that was the last one. */
    nextBefore: num.nullable(),
  })
  .openapi({
    example: {
      letters: [
        {
          position: 733,
          state: 'dead',
          type: 'qe.inspection.completed.v1',
          subject: 'unit/SL00000733',
          attempts: 1,
          reason: 'HTTP 422 from https://mes.example/events',
          at: '2026-01-05T05:12:40.113Z',
        },
      ],
      nextBefore: null,
    },
  })

const by = z.string().trim().regex(/\S/, 'the name of who asks').max(128)
const position = z.int().refine((n) => n >= 0, 'a position of the log, a whole number from 0')

/** Everything behind a position, or the dead letters only. */
export const sinkReplayBodySchema = z
  .strictObject({ from: position.optional(), dead: z.literal(true).optional(), by })
  .refine(({ from, dead }) => (from === undefined) !== (dead === undefined), {
    error: 'either from, a position, or dead: true',
  })
  .openapi({ example: { from: 1000, by: 'li' } })

export const sinkReplayAnswerSchema = z
  .object({
    sink: z.string(),
    /** Null = its dead letters. */
    from: num.nullable(),
    /** Events that are sent again, those that the sink passes over among them. */
    events: num,
  })
  .openapi({ example: { sink: 'mes', from: 1000, events: 52 } })
