import { z } from '../zod.ts'
import { i18nTextSchema } from './verdict.schema.ts'

const num = z.number()
const maybe = z.string().nullable()
const fault = z.object({ code: z.string(), message: z.string(), text: i18nTextSchema }).nullable()

/** `GET /api/proof`: how far the log is signed, and who cosigned. */
export const proofStateSchema = z.object({
  origin: z.string(),
  /** Public key of the log, c2sp.org/signed-note. Note it elsewhere. */
  vkey: z.string(),
  /** Events under the newest checkpoint; 0 before the first. */
  size: num,
  signedAt: maybe,
  cosigned: z.array(z.object({ witness: z.string(), size: num, at: z.string() })),
  /** Nothing is signed any more until somebody looks. */
  fault,
  /** The clock was put back behind the last checkpoint. */
  clock: fault,
  /** Another file stood in place of the checkpoint. */
  setAside: fault,
  /** A witness knew less than it had cosigned. */
  forgot: fault,
  unreachable: z.array(z.object({ name: z.string(), reason: z.string() })),
})

/** How far events are proven, checked by the server when it was asked. */
export const inclusionSchema = z.object({
  /** The checkpoint that covers most of them; null before the log was first signed. */
  checkpoint: z
    .object({
      origin: z.string(),
      /** Leaves of the tree. */
      size: num,
      /** SHA-256 of the tree (RFC 6962), base64. */
      root: z.string(),
      /** Verifier key by which its signature was checked. */
      key: z.string(),
      /** Signed note, c2sp.org/tlog-checkpoint. */
      note: z.string(),
    })
    .nullable(),
  cosigned: z.array(z.object({ witness: z.string(), time: z.string() })),
  events: z.array(
    z.object({
      /** In the log, from 1; the index of its leaf is one less. */
      position: num,
      /** Canonical JSON (RFC 8785): its bytes are what is hashed. */
      json: z.string(),
      /** SHA-256(0x00 ‖ json), base64. */
      leafHash: z.string(),
      /** Audit path, bottom first, base64; null = behind the last checkpoint. */
      proof: z.array(z.string()).nullable(),
      /** The path leads from the event to the signed root. */
      proven: z.boolean(),
    }),
  ),
})
