import { z } from 'zod'
import { modelCardSchema } from '../contracts/index.ts'

const who = z.string().trim().min(1, 'a name').max(128)
const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())

/** Where the good images come from. */
const source = z.discriminatedUnion('from', [
  /** These inspections, each judged good. */
  z.strictObject({ from: z.literal('parts'), inspections: z.array(z.uuid()).min(2).max(500) }),
  /** Good parts of a station, by lot or time; so many of them, spread evenly. */
  z
    .strictObject({
      from: z.literal('records'),
      station: z.string().min(1).max(128),
      lot: z.string().min(1).max(128).optional(),
      since: time.optional(),
      until: time.optional(),
      /** Only parts that a person found good. */
      confirmed: z.boolean().default(false),
      images: z.number().int().min(2).max(500).default(100),
    })
    .refine((s) => s.lot !== undefined || s.since !== undefined, 'a lot, or a time since when'),
  /** A folder that the line file allows. */
  z.strictObject({ from: z.literal('folder'), dir: z.string().min(1).max(1_024) }),
])

/** What a page asks to be taught. */
export const teachAskSchema = z.strictObject({
  id: modelCardSchema.shape.id.max(64),
  /** Absent = 1.0.0, or the next minor one of the newest with this id. */
  version: modelCardSchema.shape.version.optional(),
  source,
  /** Taught as the models of this recipe see the images: its view, gate and registration; null = as they are. */
  recipe: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*@[1-9]\d*$/, 'recipe-id@version')
    .nullable()
    .default(null),
  backbone: z.string().min(1).max(128).default('backbone-s'),
  /** False-call rate to promise. */
  falseCalls: z.number().min(0.0001).max(0.5).default(0.05),
  areaPx: z.number().int().min(4_096).max(4_194_304).nullable().default(null),
  /** Whether turned copies of good images may count as good. */
  turn: z.boolean().default(true),
  /** Whether photographs of one workpiece are looked for; else each image is one of its own. */
  group: z.boolean().default(true),
  /** Refused when it would take longer, or more. */
  timeLimitS: z.number().int().min(1).max(86_400).default(3_600),
  memoryMB: z.number().int().min(50).max(100_000).default(4_000),
  by: who,
})
export type TeachAsk = z.infer<typeof teachAskSchema>
