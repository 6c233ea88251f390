import { z } from 'zod'
import { durationMs } from './duration.schema.ts'

/** What becomes of images when the disk gets full; records and events always stay. */
export const retentionSchema = z.strictObject({
  /** Images are deleted while less than this is free on the disk of the data directory, bytes. */
  minFreeBytes: z.number().int().positive(),
  /** So many of the newest images of parts that did not pass are never deleted. */
  keepFails: z.number().int().min(100).default(10_000),
  /** How often the disk is looked at, ms. */
  everyMs: durationMs.min(100).default(30_000),
})
export type RetentionSpec = z.infer<typeof retentionSchema>

/**
 * In the order in which they go. `audit`: passed, drawn for the audit sample, and nobody has looked at it yet.
 * `reviewed`: passed, and a person looked at it. `fail`: everything that did not pass.
 */
export const RETENTION_CLASSES = ['pass', 'audit', 'reviewed', 'fail'] as const
export type RetentionClass = (typeof RETENTION_CLASSES)[number]

/** Images that are deleted for want of room; their hashes stay in the events of their parts. */
export const imagesDeletedSchema = z.strictObject({
  class: z.enum(RETENTION_CLASSES),
  /** SHA-256 */
  images: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .min(1)
    .max(500),
  bytes: z.number().int(),
  freeBytes: z.number().int(),
  minFreeBytes: z.number().int(),
})
export type ImagesDeleted = z.infer<typeof imagesDeletedSchema>

/** Subject of every deletion, by which the check of a data directory finds them. */
export const RETENTION_SUBJECT = 'retention'
