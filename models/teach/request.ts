import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { boxSchema } from '../../contracts/index.ts'
import type { I18n } from '../../contracts/index.ts'
import type { Pixels } from '../pixels.ts'
import type { Backbone } from './backbone.ts'
import type { TeachEstimate } from './estimate.ts'
import { MAX_AREA_PX } from './plan.ts'

/** An image to teach from, read when its turn comes. */
export interface TeachImage {
  /** Says which image it is in reports; different for each. */
  name: string
  /** Its size without reading its pixels; absent, it is loaded to find out. */
  size?(): Promise<{ widthPx: number; heightPx: number }>
  load(): Promise<Pixels>
}

export const METHOD_IDS = [
  'bank',
  'bank-evidence',
  'position',
  'position-evidence',
  'position-gaussian',
  'template',
] as const

/** More than this wait for the thread that teaches. */
const MOST_THREADS = 8

const rate = z.number().gt(0).lt(1)

/** Settings of a teaching; every one has a default. */
export const teachOptionsSchema = z.strictObject({
  /**
   * Working area of an image, px: larger sees smaller defects and takes longer in proportion; above 1,048,576 it is cut
   * into tiles. Null: half of the area of the images, from 256² to 512² px, for those above 1,048,576 px to 4,194,304,
   * or what the memory allows.
   */
  areaPx: z.number().int().min(4_096).max(MAX_AREA_PX).nullable().default(null),
  /** Members of the memory bank at most. */
  bankSize: z.number().int().min(10).max(20_000).default(3_000),
  /** Numbers that describe a patch. */
  dims: z.number().int().min(8).max(512).default(96),
  /** Whether turned and mirrored copies may come into the bank; not for parts whose turn or mirror image is a defect. */
  turn: z.boolean().default(true),
  /**
   * Part of the file name that says which workpiece an image shows, a regular expression (its first group, where it has one):
   * photographs of one workpiece never judge each other. Null: as `group` says.
   */
  groupBy: z.string().min(1).nullable().default(null),
  /** Whether photographs of one workpiece are looked for where `groupBy` does not name them; else each image is one. */
  group: z.boolean().default(true),
  seed: z.number().int().nonnegative().max(4_294_967_295).default(1),
  /** How scores are made; `auto` measures all on the given images. */
  method: z.enum(['auto', ...METHOD_IDS]).default('auto'),
  threshold: z
    .discriminatedUnion('goal', [
      z.strictObject({ goal: z.literal('false-calls'), rate }),
      z.strictObject({
        goal: z.literal('cost'),
        escapeCost: z.number().positive(),
        overkillCost: z.number().positive(),
        defectShare: rate,
      }),
      z.strictObject({ goal: z.literal('recall'), recall: z.number().gt(0).max(1) }),
    ])
    .default({ goal: 'false-calls', rate: 0.05 }),
  /** With which the false-call rate is promised. */
  confidence: z.number().gt(0.5).lt(1).default(0.95),
  /** Px of the images: only cells whose centre is inside one count; none means the whole image. */
  include: z.array(boxSchema).default([]),
  /** Px of the images: cells whose centre is inside one do not count. */
  exclude: z.array(boxSchema).default([]),
  /** Bytes by which the program may grow. */
  memoryLimitBytes: z.number().int().positive().default(4_000_000_000),
  /** Seconds the work may take: refused when the estimate is longer, and ended when it takes longer after all. */
  timeLimitS: z.number().positive().nullable().default(null),
  /** Threads that run backbone and products; they change no number. 1: everything on the calling thread. */
  threads: z
    .number()
    .int()
    .positive()
    .max(64)
    .default(() => Math.min(MOST_THREADS, availableParallelism())),
})
export type TeachOptions = z.infer<typeof teachOptionsSchema>

export interface TeachProgress {
  stage: 'load' | 'plan' | 'describe' | 'fit' | 'measure' | 'finish'
  done: number
  total: number
  /** With stage `plan`: what the rest is expected to take. */
  estimate?: TeachEstimate
}

export interface TeachRequest {
  backbone: Backbone
  good: readonly TeachImage[]
  /** Defective images, for measuring and for the threshold; nothing is fitted on them. */
  defects?: readonly TeachImage[]
  options: TeachOptions
  signal?: AbortSignal
  onProgress?(progress: TeachProgress): void
}

/** Something that limits what the result is worth, for people. */
export type TeachWarning = I18n
