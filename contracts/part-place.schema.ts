import { z } from 'zod'

/** Name of a mould nest or part holder, e.g. `3` or `F-12`. */
export const placeNameSchema = z
  .string()
  .regex(/^[^\p{Cc}\s](?:[^\p{Cc}]{0,62}[^\p{Cc}\s])?$/u, '1 to 64 characters, no control characters')

/** Where a part was formed and what held it; of `place` in its event. */
export const partPlaceSchema = z.strictObject({
  /** Mould nest. */
  cavity: placeNameSchema.optional(),
  /** Part holder. */
  fixture: placeNameSchema.optional(),
})
export type PartPlace = z.infer<typeof partPlaceSchema>
