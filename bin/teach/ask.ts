import { z } from 'zod'
import { modelCardSchema } from '../../contracts/index.ts'
import { teachOptionsSchema } from '../../models/index.ts'

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

const MOST = 500

/** These inspections, by their ids. */
const parts = (least: number) =>
  z.strictObject({ from: z.literal('parts'), inspections: z.array(z.uuid()).min(least).max(MOST) })
/** Parts of a station, by lot or time; so many of them, spread evenly. */
const records = (least: number) =>
  z.strictObject({
    from: z.literal('records'),
    station: z.string().min(1).max(128),
    lot: z.string().min(1).max(128).optional(),
    since: time.optional(),
    until: time.optional(),
    images: z.number().int().min(least).max(MOST).default(100),
  })
/** A folder that the line file allows. */
const folder = z.strictObject({ from: z.literal('folder'), dir: z.string().min(1).max(1_024) })
const lotOrTime = (s: { lot?: string | undefined; since?: string | undefined }): boolean =>
  s.lot !== undefined || s.since !== undefined
const WHICH = 'a lot, or a time since when'

/** Where good images come from; recorded parts passed or were found good, `confirmed`: by a person alone. */
const good = (least: number) =>
  z.discriminatedUnion('from', [
    parts(least),
    records(least)
      .extend({ confirmed: z.boolean().default(false) })
      .refine(lotOrTime, WHICH),
    folder,
  ])
export type TeachSource = z.infer<ReturnType<typeof good>>

/** Where defective images come from; a person found recorded parts bad. */
const defective = z.discriminatedUnion('from', [parts(1), records(1).refine(lotOrTime, WHICH), folder])
export type DefectSource = z.infer<typeof defective>

const recipe = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*@[1-9]\d*$/, 'recipe-id@version')
  .nullable()
  .default(null)
  .describe('Taught as the models of this recipe see the images: its view, gate and registration')

/** Refused when it would take longer, or more. */
const limits = {
  timeLimitS: z.number().int().min(1).max(86_400).default(3_600),
  memoryMB: z.number().int().min(50).max(100_000).default(4_000),
}

const boxes = teachOptionsSchema.shape.include

const askShape = z.strictObject({
  id: modelCardSchema.shape.id.max(64),
  /** Absent = 1.0.0, or the next minor one of the newest with this id. */
  version: modelCardSchema.shape.version.optional(),
  source: good(2),
  defects: defective
    .nullable()
    .default(null)
    .describe('Defective images, for measuring and for the threshold; nothing is fitted on them'),
  recipe,
  backbone: z.string().min(1).max(128).default('backbone-s'),
  falseCalls: z
    .number()
    .min(0.0001)
    .max(0.5)
    .nullable()
    .default(null)
    .describe('False-call rate to promise; 0.05 where neither `recall` nor `cost` is asked for'),
  recall: z
    .number()
    .min(0.01)
    .max(1)
    .nullable()
    .default(null)
    .describe('Share of `defects` to find, at the highest threshold that does'),
  cost: z
    .strictObject({
      escape: z.number().positive(),
      falseCall: z.number().positive(),
      defectShare: z.number().min(0.0001).max(0.5),
    })
    .nullable()
    .default(null)
    .describe(
      'The threshold of least cost: what an escape and a false call cost, and the share of defective parts',
    ),
  confidence: z.number().min(0.51).max(0.999).default(0.95).describe('With which the rate is promised'),
  method: teachOptionsSchema.shape.method,
  bankSize: teachOptionsSchema.shape.bankSize,
  seed: teachOptionsSchema.shape.seed,
  areaPx: teachOptionsSchema.shape.areaPx.describe(
    'Working area of an image, px: larger sees smaller defects and takes longer in proportion; null = half of the images, 65,536 to 262,144, for images above 1,048,576 px to 4,194,304 or what the memory allows',
  ),
  include: boxes.describe('Boxes in px of the images: only what lies in one counts'),
  exclude: boxes.describe('Boxes in px of the images: what lies in one does not count'),
  mask: z
    .string()
    .min(1)
    .max(1_024)
    .nullable()
    .default(null)
    .describe('Image file of an allowed folder, of the size of the images: where it is dark, nothing counts'),
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
  ...limits,
  by: who,
})
const goals = ['falseCalls', 'recall', 'cost'] as const

/** What a page asks to be taught. */
export const teachAskSchema = askShape
  .refine((ask) => ask.groupBy === null || ask.source.from === 'folder', {
    path: ['groupBy'],
    error: 'null: images of recorded parts are named by their inspections',
  })
  .refine((ask) => goals.filter((g) => ask[g] !== null).length < 2, {
    path: ['falseCalls'],
    error: 'one of falseCalls, recall and cost',
  })
  .refine((ask) => ask.defects !== null || (ask.recall === null && ask.cost === null), {
    path: ['defects'],
    error: 'defective images: recall and cost are measured on them',
  })
export type TeachAsk = z.infer<typeof teachAskSchema>

/** What a page asks to be changed in the images of a taught model; its settings stay. */
export const teachAgainSchema = z
  .strictObject({
    from: z
      .strictObject({
        id: modelCardSchema.shape.id,
        sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
      })
      .describe('The taught model, by its id and the SHA-256 of its model.onnx, as recipes pin it'),
    version: modelCardSchema.shape.version.optional(),
    add: good(1)
      .nullable()
      .default(null)
      .describe('Good images to add: false calls that a person found good'),
    remove: z
      .array(z.string().min(1).max(512))
      .max(MOST)
      .default([])
      .describe('Names of good images to take out, as the report names them'),
    recipe,
    ...limits,
    by: who,
  })
  .refine((ask) => ask.add !== null || ask.remove.length > 0, {
    path: ['add'],
    error: 'images to add, or names to remove',
  })
export type TeachAgainAsk = z.infer<typeof teachAgainSchema>
