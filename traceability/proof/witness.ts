import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  base64,
  checkNote,
  checkpointNote,
  cosignText,
  HASH_BYTES,
  type NoteSigner,
  parseCheckpoint,
  type SignedCheckpoint,
  signatureLine,
  verifyConsistency,
  type VerifierKey,
  writeDurably,
} from '../log/index.ts'

export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422
  /** `text/x.tlog.size` when the body is a size. */
  type: string
  body: string
}

/** A consistency proof has at most one hash per level and a few more. */
const MAX_PROOF_LINES = 63
const TEXT = 'text/plain; charset=utf-8'

/**
 * Cosigns the checkpoints of the logs it knows as long as each continues the one before: c2sp.org/tlog-witness. What
 * it cosigned last is on disk before the answer. One instance per state folder; calls do not overlap, since checking
 * and storing are one synchronous step.
 */
export class Witness {
  readonly #signer: NoteSigner
  readonly #dir: string
  readonly #logs: ReadonlyMap<string, readonly VerifierKey[]>
  readonly #now: () => number

  /** @param now ms; the clock of the cosignatures */
  constructor(o: { signer: NoteSigner; stateDir: string; logs: readonly VerifierKey[]; now?: () => number }) {
    this.#signer = o.signer
    this.#dir = o.stateDir
    this.#logs = grouped(o.logs)
    this.#now = o.now ?? Date.now
    mkdirSync(o.stateDir, { recursive: true })
  }

  /** The latest cosigned checkpoint of a log, or null. @throws TRC_NOTE when the state was damaged */
  latest(origin: string): SignedCheckpoint | null {
    try {
      return parseCheckpoint(readFileSync(this.#file(origin), 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  addCheckpoint(body: string): WitnessAnswer {
    const request = parseRequest(body)
    if (request === null) return text(400, 'expected: old size, proof lines, an empty line, a checkpoint\n')
    const { old, proof, checkpoint } = request
    const keys = this.#logs.get(checkpoint.origin)
    if (keys === undefined) return text(404, 'unknown log\n')
    if (!keys.some((key) => checkNote(checkpoint.note, key).state === 'valid'))
      return text(403, 'not signed by a known key of this log\n')
    if (old > checkpoint.size) return text(400, 'the old size is above that of the checkpoint\n')
    const latest = this.latest(checkpoint.origin)
    const known = latest?.size ?? 0
    if (old !== known) return size(known)
    if (latest === null || known === 0) {
      if (proof.length > 0) return text(422, 'a proof from the empty tree is empty\n')
    } else if (known === checkpoint.size) {
      if (!latest.root.equals(checkpoint.root)) return size(known)
      if (proof.length > 0) return text(422, 'a proof between equal sizes is empty\n')
    } else if (!verifyConsistency(known, checkpoint.size, latest.root, checkpoint.root, proof))
      return text(422, 'the consistency proof does not verify\n')
    const cosignature = cosignText(checkpoint.note.text, this.#signer, Math.floor(this.#now() / 1_000))
    const note = { text: checkpoint.note.text, signatures: [...checkpoint.note.signatures, cosignature] }
    writeDurably(this.#file(checkpoint.origin), checkpointNote({ ...checkpoint, note }))
    return text(200, signatureLine(cosignature))
  }

  #file(origin: string): string {
    return join(this.#dir, `${createHash('sha256').update(origin).digest('hex')}.checkpoint`)
  }
}

function parseRequest(body: string): { old: number; proof: Buffer[]; checkpoint: SignedCheckpoint } | null {
  const split = body.indexOf('\n\n')
  const [first, ...lines] = body.slice(0, Math.max(0, split)).split('\n')
  const old = /^old (0|[1-9]\d*)$/.exec(first ?? '')?.[1]
  const proof = lines.map((line) => base64(line))
  if (old === undefined || !Number.isSafeInteger(Number(old)) || proof.length > MAX_PROOF_LINES) return null
  const hashes = proof.filter((h): h is Buffer => h?.length === HASH_BYTES)
  if (hashes.length !== proof.length) return null
  try {
    return { old: Number(old), proof: hashes, checkpoint: parseCheckpoint(body.slice(split + 2)) }
  } catch {
    return null
  }
}

function grouped(keys: readonly VerifierKey[]): Map<string, VerifierKey[]> {
  const by = new Map<string, VerifierKey[]>()
  for (const key of keys) by.set(key.name, [...(by.get(key.name) ?? []), key])
  return by
}

const text = (status: WitnessAnswer['status'], body: string): WitnessAnswer => ({ status, type: TEXT, body })
const size = (known: number): WitnessAnswer => ({ status: 409, type: 'text/x.tlog.size', body: `${known}\n` })
