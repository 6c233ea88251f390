import { z } from 'zod'
import { hostSchema } from './address.schema.ts'

/** Where the pages of a line are served, and to whom. */
export const dashboardSchema = z.strictObject({
  host: hostSchema.default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8414),
  /**
   * Host names under which browsers reach the dashboard besides addresses, localhost and this machine's own name:
   * that of a reverse proxy, or an alias in the plant's DNS.
   */
  allowedHosts: z
    .array(
      z
        .string()
        .regex(
          /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
          'a host name, without scheme and port',
        ),
    )
    .default([]),
  /** Passwords are taken over plain http from other machines, too: for a network that nobody else listens on. */
  plainSignIn: z.boolean().default(false),
  /** A second port for other machines, by https; the one above goes on to serve this machine. Absent = none. */
  https: z
    .strictObject({
      /** Absent = all addresses of the machine. */
      host: hostSchema.optional(),
      port: z.number().int().min(0).max(65_535).default(8443),
      /** PEM file: the certificate of the machine, then those between it and its authority. Relative to the line file. */
      certificate: z.string().min(1),
      /** PEM file of its private key, without a passphrase. */
      key: z.string().min(1),
    })
    .optional(),
  /** Who works at the line PC itself may do everything without an account; false = it takes one there, too. */
  localAdmin: z.boolean().default(true),
})
