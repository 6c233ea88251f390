import { z } from 'zod'

/** Which image files go to the plant beside the records: none, those of parts that did not pass, or all. */
export const IMAGE_COPIES = ['none', 'fail', 'all'] as const

/** The store of the plant that a line replicates its log to; its URL is SIGHTLINE_DATABASE_URL. */
export const plantStoreSchema = z.strictObject({
  /** Schema in the database; one per plant. */
  schema: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, 'lower-case letters, digits and underscores')
    .default('sightline'),
  /** Name of the log in the plant; a line whose data directory was started over needs another one, and another `line`. */
  log: z
    .string()
    .regex(
      /^(?!plant$)[\w.~/-]{1,128}$/,
      'letters, digits, . _ ~ / -, and not `plant`, the log of the plant itself',
    )
    .optional(),
  images: z.enum(IMAGE_COPIES).default('none'),
  /** Where others in the plant reach the dashboard of this line: the server of the plant gets images there. */
  address: z.url({ protocol: /^https?$/, error: 'an address, e.g. http://line-a:8414' }).optional(),
})
export type PlantStoreSpec = z.infer<typeof plantStoreSchema>

/** How the replication of a line's log stands. `refused`: the logs do not fit; nothing more is taken over. */
export interface ReplicationState {
  log: string
  state: 'starting' | 'current' | 'behind' | 'away' | 'refused'
  /** Events that the plant has, and that the line has. */
  received: number
  events: number
  /** Images that could not be read and did not go along, since the start. */
  imagesMissing: number
  /** Why nothing is taken over just now. */
  fault: { code: string; message: string } | null
  /** When it last took something over or had nothing to, RFC 3339; null = never since the start. */
  currentAt: string | null
  /** Holds that the plant passes on; null = nobody asks for them. */
  holds: HoldsHeard | null
}

export interface HoldsHeard {
  /** When the plant last told which holds there are, RFC 3339; null = never. What was heard then is in force. */
  heardAt: string | null
  /** Why some of them could not be recorded; asked for again. */
  fault: { code: string; message: string } | null
}
