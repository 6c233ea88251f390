import { CodedError, timeLimit } from '../../contracts/thread.ts'
import {
  checkNote,
  checkpointNote,
  consistencyProof,
  parseSignature,
  type SignedCheckpoint,
  type TreeHashes,
  type VerifierKey,
} from '../log/index.ts'

export interface WitnessAddress {
  url: string
  key: VerifierKey
}

/**
 * Asks a witness to cosign: POST add-checkpoint of c2sp.org/tlog-witness. When the witness knows another size than
 * `old`, it is asked once more from there; where that is less, it has lost its memory, and would cosign another log too.
 *
 * @param old events under the largest checkpoint that it cosigned, as far as the line knows
 * @param tree of the checkpoint's size
 * @returns the checkpoint with the cosignature, and TRC_FORGOT when the witness knew less than it had cosigned
 * @throws TRC_WITNESS when it cannot be reached or answers otherwise; TRC_PROOF when it has seen a log that this one
 *   does not continue
 */
export async function cosignAt(
  witness: WitnessAddress,
  checkpoint: SignedCheckpoint,
  old: number,
  tree: TreeHashes,
  limits: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ cosigned: SignedCheckpoint; forgot: CodedError | null }> {
  const ask = (from: number): Promise<Answer> =>
    post(
      witness.url,
      addCheckpointBody(checkpoint, from, consistencyProof(tree, from, checkpoint.size)),
      limits,
    )
  let answer = await ask(old)
  let forgot: CodedError | null = null
  if (answer.status === 409) {
    const size = knownSize(answer)
    // Of a proxy, perhaps: an empty answer is no size of 0, for which the line would stop signing.
    if (size === null) throw odd(witness, answer)
    if (size > checkpoint.size || size === old) throw forked(witness, checkpoint, size)
    if (size < old) forgot = forgetful(witness, old, size)
    answer = await ask(size)
  }
  if (answer.status === 422 || (answer.status === 409 && knownSize(answer) !== null))
    throw forked(witness, checkpoint, knownSize(answer))
  if (answer.status !== 200) throw odd(witness, answer)
  const added = answer.text.split('\n').filter(Boolean).map(parseSignature)
  const mine = added.filter((s) => s.name === witness.key.name && s.keyId === witness.key.keyId)
  const note = { text: checkpoint.note.text, signatures: [...checkpoint.note.signatures, ...mine] }
  if (checkNote(note, witness.key).state !== 'valid') throw odd(witness, answer)
  return { cosigned: { ...checkpoint, note }, forgot }
}

/** Events that the witness cosigned, as it answers with 409; null for any other text. */
function knownSize({ text }: Answer): number | null {
  const size = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  return Number.isSafeInteger(size) ? size : null
}

function addCheckpointBody(checkpoint: SignedCheckpoint, old: number, proof: readonly Buffer[]): string {
  const lines = [`old ${old}`, ...proof.map((hash) => hash.toString('base64')), '']
  return `${lines.join('\n')}\n${checkpointNote(checkpoint)}`
}

interface Answer {
  status: number
  text: string
}

const MAX_ANSWER_BYTES = 65_536

async function post(
  url: string,
  body: string,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<Answer> {
  const limit = timeLimit(timeoutMs, signal)
  try {
    const response = await fetch(`${url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      signal: limit.signal,
    })
    const text = await response.text()
    return { status: response.status, text: text.slice(0, MAX_ANSWER_BYTES) }
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
    throw new CodedError('TRC_WITNESS', {
      path: url,
      expected: 'an answer',
      actual: `${error instanceof Error ? error.message : String(error)}${cause}`,
      hint: 'checkpoints are kept and cosigned when it answers again',
      cause: error,
    })
  } finally {
    limit.clear()
  }
}

const odd = ({ url, key }: WitnessAddress, { status, text }: Answer): CodedError =>
  new CodedError('TRC_WITNESS', {
    path: url,
    expected: `a cosignature by ${key.vkey}`,
    actual: `HTTP ${status} ${text.slice(0, 200).trim()}`,
    hint: 'give the witness the public key of this log, and this line the key of the witness',
  })

const forgetful = ({ url, key }: WitnessAddress, had: number, knows: number): CodedError =>
  new CodedError('TRC_FORGOT', {
    path: url,
    expected: `the ${had} events that ${key.name} cosigned`,
    actual: `it knows ${knows}`,
    hint: 'until now it would have cosigned another log as well: find out how it lost its state folder, and run `sightline verify`, which checks the cosignatures that the line kept',
  })

const forked = ({ url }: WitnessAddress, { size }: SignedCheckpoint, seen: number | null): CodedError =>
  new CodedError('TRC_PROOF', {
    path: url,
    expected: `a log that continues what the witness cosigned${seen === null || seen === 0 ? '' : `, ${seen} events`}`,
    actual: `another log of ${size} events`,
    hint: 'the log was cut, restored from an old copy or rewritten; keep both and run `sightline verify`',
  })
