import { z } from 'zod'

/** A badge or name, as a person types it or a scanner reads it. */
export const badgeSchema = z
  .string()
  .trim()
  // What could not be decoded was read as U+FFFD; two such badges would be one person.
  .regex(
    /^[^\p{Cc}\p{Cs}\uFFFD]{1,64}$/u,
    'a badge or name of 1 to 64 characters, no control characters, no U+FFFD',
  )

/** Stands for a person in the log; random, so that it says nothing once the person is forgotten. */
export const operatorRefSchema = z.string().regex(/^op-[0-9a-f]{16}$/, 'op- and 16 hex digits')

/** `operators:` of a line file. */
export const operatorsSchema = z
  .strictObject({
    /** false: badges and names are not kept at all, only a keyed hash by which the same person is known again. */
    names: z.boolean().default(true),
    /** Signed on at every station where nobody else is. */
    signedOn: badgeSchema.optional(),
    /** A read that begins so signs on at the stations of its reader, or at all where no association names that; the prefix alone signs off. */
    badgePrefix: z.string().min(2).max(16).optional(),
  })
  .prefault({})
export type OperatorsSpec = z.infer<typeof operatorsSchema>

/** Somebody signed on at a station, or off (null). */
export const operatorSignedSchema = z.strictObject({
  station: z.string(),
  operatorRef: operatorRefSchema.nullable(),
})
export type OperatorSigned = z.infer<typeof operatorSignedSchema>
