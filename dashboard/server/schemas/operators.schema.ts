import { badgeSchema, operatorRefSchema } from '../../../contracts/index.ts'
import { z } from '../zod.ts'

const operatorSchema = z.object({
  /** As inspections have it. */
  ref: z.string(),
  /** Null where names are not kept. */
  name: z.string().nullable(),
})

/** `GET /api/line/operators` */
export const operatorsSchema = z.object({
  stations: z.array(z.object({ station: z.string(), operator: operatorSchema.nullable() })),
  /** Everybody who ever signed on and was not forgotten. */
  known: z.array(operatorSchema),
})

export const signOnBodySchema = z.strictObject({
  station: z.string().min(1).max(64),
  /** Badge or name; null signs off. */
  operator: badgeSchema.nullable(),
})

export const forgetParams = z.strictObject({ ref: operatorRefSchema })
