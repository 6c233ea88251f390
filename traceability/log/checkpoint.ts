import { CodedError } from '../../contracts/thread.ts'
import { HASH_BYTES } from './merkle.ts'
import {
  base64,
  checkNote,
  formatNote,
  type NoteSigner,
  parseNote,
  signText,
  type SignedNote,
  type VerifierKey,
} from './signed-note.ts'

/** Tree head of c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  origin: string
  size: number
  root: Buffer
  extensions: string[]
}

/** The text that is signed. This project writes no extension lines; those of others are kept. */
function checkpointText(c: Omit<Checkpoint, 'extensions'> & { extensions?: readonly string[] }): string {
  const lines = [c.origin, String(c.size), c.root.toString('base64'), ...(c.extensions ?? [])]
  return lines.map((line) => `${line}\n`).join('')
}

/** @throws TRC_NOTE */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n')
  const hash = base64(root ?? '')
  if (
    !text.endsWith('\n') ||
    !origin ||
    !/^(0|[1-9]\d*)$/.test(size ?? '') ||
    !Number.isSafeInteger(Number(size)) ||
    hash?.length !== HASH_BYTES ||
    extensions.includes('')
  )
    throw new CodedError('TRC_NOTE', {
      expected: 'a checkpoint: origin, size and root hash, each on its line',
      actual: JSON.stringify(text.slice(0, 120)),
    })
  return { origin, size: Number(size), root: hash, extensions }
}

export interface SignedCheckpoint extends Checkpoint {
  note: SignedNote
}

/** @throws TRC_NOTE */
export function parseCheckpoint(note: string): SignedCheckpoint {
  const parsed = parseNote(note)
  return { ...parseCheckpointText(parsed.text), note: parsed }
}

export function signCheckpoint(signer: NoteSigner, size: number, root: Buffer): SignedCheckpoint {
  const text = checkpointText({ origin: signer.key.name, size, root })
  return { ...parseCheckpointText(text), note: { text, signatures: [signText(text, signer)] } }
}

/** The witnesses that cosigned, with the POSIX time at which each did; bad signatures of known keys are named. */
export function cosignersOf(
  checkpoint: SignedCheckpoint,
  witnesses: readonly VerifierKey[],
): { valid: { name: string; time: number }[]; invalid: string[] } {
  const valid: { name: string; time: number }[] = []
  const invalid: string[] = []
  for (const key of witnesses) {
    const check = checkNote(checkpoint.note, key)
    if (check.state === 'valid') valid.push({ name: key.name, time: check.time ?? 0 })
    if (check.state === 'invalid') invalid.push(key.name)
  }
  return { valid, invalid }
}

export const checkpointNote = (c: SignedCheckpoint): string => formatNote(c.note)
