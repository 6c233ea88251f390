import { z } from 'zod'

/** Where the pages of a line are served, and to whom. */
export const dashboardSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
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
  /** Who works at the line PC itself may do everything without an account; false = it takes one there, too. */
  localAdmin: z.boolean().default(true),
})
