import { z } from 'zod'
import { ROLES } from './roles.ts'

/** What an account is called when signing in, and in the log. */
export const accountIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,31}$/,
    '1 to 32 lower-case letters, digits, dots, dashes, a letter or digit first',
  )

/** Under which its holder answers for what is recorded. */
export const accountNameSchema = z.string().trim().min(1).max(64)

/**
 * Length alone counts (NIST SP 800-63B, 3.1.1.2: 8 at least, 64 must be possible, no rules of composition).
 */
export const passwordSchema = z.string().min(10, '10 or more characters').max(256)

export const roleSchema = z.enum(ROLES, { error: `one of ${ROLES.join(', ')}` })

/** `person` signs in with a password, `machine` shows a token with each request. */
export const accountKindSchema = z.enum(['person', 'machine'])
export type AccountKind = z.infer<typeof accountKindSchema>

/** What became of an account, and who signed in. */
export const accountAuditSchema = z.strictObject({
  action: z.enum(['made', 'changed', 'removed', 'signed-in', 'locked']),
  account: accountIdSchema,
  /** After the change. */
  role: roleSchema.optional(),
  /** What was changed. */
  changed: z.array(z.enum(['name', 'role', 'secret'])).optional(),
  /** Who did it. */
  by: z.string(),
  /** Where the request came from. */
  from: z.string(),
})
export type AccountAudit = z.infer<typeof accountAuditSchema>
