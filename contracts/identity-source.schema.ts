import { z } from 'zod'
import { durationMs as ms } from './duration.schema.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const port = z.number().int().min(1).max(65_535)
/** What the reader sends when it was asked and read nothing, e.g. NOREAD: a failed read, not a code. */
const noRead = z.string().min(1).max(64).optional()

/** A scanner that sends one line per code, closed by CR, LF or both, over TCP. */
const scannerTcp = z.strictObject({
  id,
  adapter: z.literal('scanner-tcp'),
  host: z.string().min(1),
  port,
  /** Longest line, characters; a longer one is refused. */
  maxLength: z.number().int().positive().default(4_096),
  noRead,
})

/** A scanner behind a character device (serial line, or keyboard wedge as a stream); its speed is set by the system. */
const scannerDevice = z.strictObject({
  id,
  adapter: z.literal('scanner-device'),
  path: z.string().min(1),
  maxLength: z.number().int().positive().default(4_096),
  noRead,
})

/** Readers post to `POST /reads`: text, or JSON `{text, symbologyId?, trigger?, position?}`. */
const httpReads = z.strictObject({
  id,
  adapter: z.literal('http-reads'),
  host: z.string().default('127.0.0.1'),
  /** 0 = any free port. */
  port: z.number().int().min(0).max(65_535),
  /** Required bearer token when `host` is not a loopback address. */
  token: z.string().min(16).optional(),
  noRead,
})

/** Reads as messages of one topic, of the same form as for http-reads. */
const mqttReads = z.strictObject({
  id,
  adapter: z.literal('mqtt-reads'),
  /** e.g. mqtt://broker:1883 or mqtts://broker:8883 */
  url: z.string().regex(/^mqtts?:\/\/\S+$/, 'mqtt://host:port or mqtts://host:port'),
  topic: z.string().min(1),
  username: z.string().optional(),
  password: z.string().optional(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  noRead,
})

/** An RFID reader that speaks EPCglobal Low Level Reader Protocol 1.0.1 or 1.1. */
const llrp = z.strictObject({
  id,
  adapter: z.literal('llrp'),
  host: z.string().min(1),
  port: port.default(5_084),
  /** Antennas to inventory; empty = all. */
  antennas: z.array(z.number().int().min(1).max(65_535)).default([]),
  /** A tag that is not seen for so long has passed, ms. */
  windowMs: ms.default(500),
  /** Weaker reads are those of a neighbouring place, dBm. */
  minRssiDbm: z.number().min(-128).max(0).default(-128),
  /** `first`: a read at the first sight of a tag; `pass`: at the end of its pass, with the strongest sight. */
  emit: z.enum(['first', 'pass']).default('first'),
  /** The reader proves every so often that it lives; three silent periods are a lost reader, ms. */
  keepaliveMs: ms.default(5_000),
  /** Wait for each answer of the reader, ms. */
  timeoutMs: ms.default(3_000),
})

export const identitySourceSchema = z.discriminatedUnion('adapter', [
  scannerTcp,
  scannerDevice,
  httpReads,
  mqttReads,
  llrp,
])
export type IdentitySourceSpec = z.infer<typeof identitySourceSchema>
export type IdentitySourceSpecOf<A extends IdentitySourceSpec['adapter']> = Extract<
  IdentitySourceSpec,
  { adapter: A }
>

/** `readers:` of a line file. */
export const readersSchema = z
  .array(identitySourceSchema)
  .default([])
  .superRefine((readers, context) => {
    for (const [i, r] of readers.entries()) {
      if (readers.findIndex((o) => o.id === r.id) < i)
        context.addIssue({ code: 'custom', path: [i, 'id'], message: 'reader ids used once' })
    }
  })
