import { z } from 'zod'
import { hostSchema, urlSchema } from './address.schema.ts'
import { durationMs as ms } from './duration.schema.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')
const port = z.number().int().min(1).max(65_535)
/** What the reader sends when it was asked and read nothing, e.g. NOREAD: a failed read, not a code. */
const noRead = z.string().min(1).max(64).optional()
/**
 * What the reader sends for the FNC1 between the fields of a GS1 symbol when it is not set to send it as it is (1D hex):
 * `^`, `~1`, `{GS}`. Read as FNC1 wherever it stands, so nothing that is in other codes.
 */
const fnc1 = z
  .string()
  .max(8)
  .regex(/^[!-~]*[^A-Za-z0-9][!-~]*$/, 'printable characters, one of them no letter or digit')
  .optional()

/** Longest line, bytes; a longer one is refused. */
const maxLength = z.number().int().positive().default(4_096)

/** A scanner that sends one line per code, closed by CR, LF or both, over TCP. */
const scannerTcp = z.strictObject({
  id,
  adapter: z.literal('scanner-tcp'),
  host: hostSchema,
  port,
  maxLength,
  noRead,
  fnc1,
})

/** A scanner on a serial line (RS-232, RS-485 or USB that shows up as one), one line per code. */
const scannerSerial = z.strictObject({
  id,
  adapter: z.literal('scanner-serial'),
  /** e.g. /dev/serial/by-id/usb-…; a path by number may be another device after the next start. */
  path: z.string().min(1),
  /** Bit/s. */
  baudRate: z.number().int().min(50).max(4_000_000).default(9_600),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  maxLength,
  noRead,
  fnc1,
})

/**
 * A scanner that types each code as a keyboard would (keyboard wedge, USB HID), closed by Enter or Tab, set to a US
 * keyboard. Linux only.
 */
const scannerKeyboard = z.strictObject({
  id,
  adapter: z.literal('scanner-keyboard'),
  /** e.g. /dev/input/by-id/usb-…-event-kbd */
  path: z.string().min(1),
  maxLength,
  noRead,
  fnc1,
})

/** Readers post to `POST /reads`: text, or JSON `{text, symbologyId?, trigger?, position?}`. */
const httpReads = z.strictObject({
  id,
  adapter: z.literal('http-reads'),
  host: hostSchema.default('127.0.0.1'),
  /** 0 = any free port. */
  port: z.number().int().min(0).max(65_535),
  /** Required bearer token when `host` is not a loopback address. */
  token: z.string().min(16).optional(),
  noRead,
  fnc1,
})

/** Reads as messages of one topic, of the same form as for http-reads. */
const mqttReads = z.strictObject({
  id,
  adapter: z.literal('mqtt-reads'),
  /** e.g. mqtt://broker:1883 or mqtts://broker:8883 */
  url: urlSchema(/^mqtts?$/, 'mqtt://host:port or mqtts://host:port'),
  /** + stands for one level, # at the end for all below (MQTT 3.1.1, 4.7.1). */
  topic: z
    .string()
    .regex(
      /^(([^#+/\0]*|\+)\/)*([^#+/\0]+|\+|#|)$/,
      'a topic, with + and # as whole levels, # only as the last',
    )
    .min(1),
  username: z.string().optional(),
  password: z.string().optional(),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
  noRead,
  fnc1,
})

/** An RFID reader that speaks EPCglobal Low Level Reader Protocol 1.0.1 or 1.1. */
const llrp = z.strictObject({
  id,
  adapter: z.literal('llrp'),
  host: hostSchema,
  port: port.default(5_084),
  /** Antennas to inventory; empty = all. */
  antennas: z.array(z.number().int().min(1).max(65_535)).default([]),
  /** A tag that is not seen for so long has passed, ms. */
  windowMs: ms.default(500),
  /** Weaker reads, and those of unknown strength, are taken for those of a neighbouring place, dBm. */
  minRssiDbm: z.number().min(-128).max(0).default(-128),
  /** `first`: a read at the first sight of a tag; `pass`: at the end of its pass, with the strongest sight. */
  emit: z.enum(['first', 'pass']).default('first'),
  /** The reader proves every so often that it lives; three silent periods are a lost reader, ms. */
  keepaliveMs: ms.default(5_000),
  /** Wait for each answer of the reader, ms. */
  timeoutMs: ms.default(3_000),
})

export const identitySourceSchema = z.discriminatedUnion(
  'adapter',
  [scannerTcp, scannerSerial, scannerKeyboard, httpReads, mqttReads, llrp],
  {
    error: ({ input }) =>
      (input as { adapter?: unknown } | null)?.adapter === 'scanner-device'
        ? 'scanner-serial (with its baudRate) or scanner-keyboard in place of scanner-device'
        : undefined,
  },
)
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
