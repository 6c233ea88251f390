import type { FrameFormat, FrameMeta, PartContext } from '../../contracts/index.ts'

/** What travels in a BullMQ job: references and metadata, never pixels, never a decision that someone must wait for. */
export interface QueuedInspection {
  meta: FrameMeta
  recipe: string
  /** The worker refuses a recipe of other content under the same name. */
  recipeSha256: string
  /** And one whose model packages mean something else there: labels in another order pass what is bad here. */
  meaningSha256: string
  context: PartContext
  frameKey: string
  reference: { key: string; format: FrameFormat } | null
  /** Deadline on the clock of the Redis server, ms. */
  deadlineRedisMs: number
}

export const INSPECT_QUEUE = 'sightline-inspect'
