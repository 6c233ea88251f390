import { z } from 'zod'

const uri = z.string().min(1).max(2_048)
const who = { by: z.string().min(1), reason: z.string().min(1) }

/**
 * Two identities turn out to be one part, or one identity turns out to stand for several. Nothing is rewritten: the
 * event says from now on under which URI the others are looked up, and a later one can take it back.
 */
export const identityChangedSchema = z.discriminatedUnion('kind', [
  /** `uris` are the same part as `canonical`. */
  z.strictObject({ kind: z.literal('merge'), canonical: uri, uris: z.array(uri).min(1), ...who }),
  /** `uris` are parts of their own again; what was recorded under `canonical` stays there. */
  z.strictObject({ kind: z.literal('split'), canonical: uri, uris: z.array(uri).min(1), ...who }),
])
export type IdentityChanged = z.infer<typeof identityChangedSchema>

export const IDENTITY_EVENT_DATA = { 'qe.identity.changed.v1': identityChangedSchema } as const
