import { z } from 'zod'
import { modelCardSchema } from '../contracts/index.ts'
import { MAX_AREA_PX } from '../models/index.ts'

const who = z.string().trim().min(1, 'a name').max(128)
const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())

const isPattern = (text: string): boolean => {
  try {
    return new RegExp(text) instanceof RegExp
  } catch {
    return false
  }
}

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

const askShape = z.strictObject({
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
  areaPx: z
    .number()
    .int()
    .min(4_096)
    .max(MAX_AREA_PX)
    .nullable()
    .default(null)
    .describe(
      'Working area of an image, px: larger sees smaller defects and takes longer in proportion; null = half of the images, 65,536 to 262,144, for images above 1,048,576 px to 4,194,304 or what the memory allows',
    ),
  turn: z
    .boolean()
    .default(true)
    .describe(
      'Whether turned and mirrored copies of the good images count as good; false where a part that lies turned or mirrored is a defect',
    ),
  group: z
    .boolean()
    .default(true)
    .describe(
      'Whether photographs of one workpiece are looked for, which do not judge each other; false: each image shows a workpiece of its own',
    ),
  groupBy: z
    .string()
    .min(1)
    .max(256)
    .refine(isPattern, 'a regular expression')
    .nullable()
    .default(null)
    .describe(
      'Of a folder: part of the file name that says which workpiece an image shows, a regular expression (its first group, where it has one); in place of `group`',
    ),
  /** Refused when it would take longer, or more. */
  timeLimitS: z.number().int().min(1).max(86_400).default(3_600),
  memoryMB: z.number().int().min(50).max(100_000).default(4_000),
  by: who,
})
/** What a page asks to be taught. */
export const teachAskSchema = askShape.refine((ask) => ask.groupBy === null || ask.source.from === 'folder', {
  path: ['groupBy'],
  error: 'null: images of recorded parts are named by their inspections',
})
export type TeachAsk = z.infer<typeof teachAskSchema>
