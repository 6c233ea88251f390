import { NCR_STATES, SEVERITIES } from '../../../contracts/index.ts'
import { z } from '../zod.ts'

const state = z.enum(NCR_STATES)

/** A nonconformance report in a list. */
export const ncrRowSchema = z.object({
  id: z.string(),
  title: z.string(),
  severity: z.enum(SEVERITIES),
  opened: z.object({ by: z.string(), at: z.string() }),
  /** What is to be done next, or how it ended. */
  state,
  /** Steps before it may be closed. */
  missing: z.array(state),
  targets: z.array(z.object({ uri: z.string(), name: z.string() })),
  classes: z.array(z.string()),
  /** Day of the next open action. */
  due: z.string().nullable(),
  owner: z.string().nullable(),
  /** Open actions whose day is over. */
  overdue: z.number(),
})
