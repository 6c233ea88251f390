import { z } from 'zod'
import { httpUrlSchema } from './address.schema.ts'

/** Who the identities of this line are made known to; resolution by `/id/…` and `/api/handles/…` is always there. */
export const resolverSchema = z
  .strictObject({
    /** Prefix of the enterprise in the national identifier resolution system (标识解析), e.g. 88.118.1. */
    handlePrefix: z
      .string()
      .regex(/^\d+(\.\d+)+$/, 'numbers with dots')
      .optional(),
    /** A resolver outside that is told of every part once. */
    register: z
      .strictObject({
        /** Gets one POST per part. */
        url: httpUrlSchema,
        /** Bearer token; `${VAR}` takes it from the environment. */
        token: z.string().min(1).optional(),
        form: z.enum(['linkset', 'handle']).default('linkset'),
        /** Where the links in the record lead: the dashboard of this line as it is reached from there. */
        baseUrl: httpUrlSchema.transform((url) => url.replace(/\/+$/, '')),
        timeoutMs: z.number().int().positive().max(60_000).default(10_000),
      })
      .optional(),
  })
  .refine((r) => r.register?.form !== 'handle' || r.handlePrefix !== undefined, {
    path: ['handlePrefix'],
    message: 'the prefix of the enterprise, because handles are registered',
  })
export type ResolverSpec = z.infer<typeof resolverSchema>
