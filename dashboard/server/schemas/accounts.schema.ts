import {
  accountIdSchema,
  accountKindSchema,
  accountNameSchema,
  passwordSchema,
  roleSchema,
} from '../../../contracts/index.ts'
import { z } from '../zod.ts'

/** `GET /api/me` */
export const meSchema = z.object({
  role: roleSchema,
  /** Null = nobody is signed in. */
  account: z.object({ id: z.string(), name: z.string(), kind: accountKindSchema }).nullable(),
  /** Whether accounts are kept here. */
  accounts: z.boolean(),
  /** Whether a password may be sent as this page came: by https, or at the machine itself. */
  maySignIn: z.boolean(),
})

export const signInBodySchema = z.strictObject({
  account: z.string().trim().min(1).max(64),
  password: z.string().min(1).max(1024),
})

export const signedOutSchema = z.object({ signedOut: z.literal(true) })

export const ownPasswordBodySchema = z.strictObject({
  old: z.string().min(1).max(1024),
  password: passwordSchema,
})

const accountSchema = z.object({
  id: z.string(),
  name: z.string(),
  role: roleSchema,
  kind: accountKindSchema,
  madeAt: z.string(),
  changedAt: z.string(),
})

/** `GET /api/accounts` */
export const accountsSchema = z.object({ accounts: z.array(accountSchema) })

/** After a change; the token of a machine is shown this once. */
export const accountsChangedSchema = accountsSchema.extend({ token: z.string().optional() })

export const newAccountBodySchema = z
  .strictObject({
    id: accountIdSchema,
    /** Absent = as `id`. */
    name: accountNameSchema.optional(),
    role: roleSchema,
    kind: accountKindSchema,
    /** Of a person. */
    password: passwordSchema.optional(),
  })
  .refine((a) => (a.kind === 'person') === (a.password !== undefined), {
    path: ['password'],
    message: 'a password for a person, none for a machine',
  })

export const accountParams = z.strictObject({ id: accountIdSchema })

export const accountChangeBodySchema = z
  .strictObject({
    name: accountNameSchema.optional(),
    role: roleSchema.optional(),
    password: passwordSchema.optional(),
    /** A new token for a machine; the old one ends. */
    token: z.literal(true).optional(),
  })
  .refine((c) => Object.keys(c).length > 0, { message: 'something to change' })
