import { z } from 'zod'

/** A host of its own, as `connect` and `listen` take it: an IPv6 address stands without brackets. */
const isHost = (text: string): boolean =>
  text.includes(':')
    ? URL.canParse(`http://[${text.replace(/%[\w.-]+$/, '')}]`)
    : /^[^\s/@?#[\]\\%]+$/.test(text) && URL.canParse(`http://${text}`)

export const hostSchema = z
  .string()
  .refine(isHost, 'a host name or an IP address, without scheme, port and path')

/** @param what is expected, e.g. an http or https URL */
export const urlSchema = (protocol: RegExp, what: string): z.ZodType<string> =>
  z.url({ protocol, hostname: /./, error: what })

export const httpUrlSchema = urlSchema(/^https?$/, 'an http or https URL')

export const ffmpegInputSchema = z
  .array(z.string())
  .refine((args) => args.slice(0, -1).includes('-i'), '-i and, behind it, what is read')
