import { NCR_CATEGORIES, NCR_FACTORS, ncrComparisonSchema } from '../../../contracts/index.ts'
import { z } from '../zod.ts'
import { holdSchema } from './genealogy.schema.ts'
import { ncrRowSchema } from './ncr-row.schema.ts'

const num = z.number()
const maybe = z.string().nullable()
const signed = { by: z.string(), at: z.string() }

export const ncrListSchema = z.object({
  /** Of all that were asked for; those that are open are all listed, of the others the newest. */
  total: num,
  reports: z.array(ncrRowSchema),
})

const actionSchema = z.object({
  id: z.string(),
  text: z.string(),
  owner: z.string(),
  due: z.string(),
  ...signed,
  state: z.enum(['open', 'done', 'dropped']),
  ended: z.object({ ...signed, note: z.string() }).nullable(),
})

/** Counts of the time after a countermeasure against the time before it. */
export const ncrEffectSchema = z.object({
  comparison: z.object(ncrComparisonSchema.shape),
  /** Fewer bad parts after it, p below 0.05, whatever those are that nobody has decided about. */
  shown: z.boolean(),
})

export const ncrDetailSchema = ncrRowSchema.extend({
  inspections: z.array(
    z.object({
      inspectionId: z.string(),
      serial: z.string(),
      station: z.string(),
      result: z.string(),
      at: z.string(),
    }),
  ),
  containment: z.object({ ...signed, note: maybe, holds: z.array(holdSchema) }).nullable(),
  cause: z.object({ ...signed, category: z.enum(NCR_CATEGORIES), whys: z.array(z.string()) }).nullable(),
  actions: z.array(actionSchema),
  verification: z
    .object({
      ...signed,
      effective: z.boolean(),
      reason: z.string(),
      despite: z.string().optional(),
      change: z.string(),
      from: z.string().optional(),
      to: z.string().optional(),
      class: z.string().optional(),
      within: z.object({ factor: z.enum(NCR_FACTORS), value: z.string() }).optional(),
      comparison: z.object(ncrComparisonSchema.shape),
    })
    .nullable(),
  ended: z.object({ ...signed, kind: z.enum(['closed', 'withdrawn']), reason: z.string() }).nullable(),
  history: z.array(
    z.object({
      position: num,
      ...signed,
      kind: z.enum([
        'open',
        'amend',
        'contain',
        'cause',
        'act',
        'done',
        'drop',
        'verify',
        'close',
        'reopen',
        'withdraw',
      ]),
      text: z.string(),
    }),
  ),
})

export const ncrAckSchema = z.object({
  ncr: z.string(),
  /** Of its event in the log. */
  position: num,
  /** It was recorded before. */
  repeated: z.boolean(),
})
