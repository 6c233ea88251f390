import { z } from 'zod'

const base64 = z.base64()

/** The evidence about one part in one file, to be checked elsewhere without the line and its database. */
export const bundleSchema = z.strictObject({
  /** 1: that an image was deleted is the word of the maker. 2: the event by which it is gone is among the events. */
  format: z.enum(['sightline-bundle@1', 'sightline-bundle@2']),
  serial: z.string(),
  madeAt: z.iso.datetime(),
  keys: z.strictObject({ log: z.string(), witnesses: z.array(z.string()) }),
  /** Signed tree head with its cosignatures, c2sp.org/tlog-checkpoint; null when nothing was signed yet. */
  checkpoint: z.string().nullable(),
  events: z.array(
    z.strictObject({
      position: z.number().int().positive(),
      /** Canonical JSON (RFC 8785), as text: its bytes are what is hashed. */
      json: z.string(),
      proof: z.array(base64).nullable(),
    }),
  ),
  images: z.array(
    z.strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      mime: z.string(),
      /** Absent when retention deleted the file: the hash stays proven. */
      data: base64.nullable(),
    }),
  ),
  /** List of everything in the bundle, signed with the log's key; null when the maker had no key. */
  list: z.string().nullable(),
})
export type Bundle = z.infer<typeof bundleSchema>
