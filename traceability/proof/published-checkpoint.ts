import { readFileSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { asCoded, CodedError } from '../../contracts/thread.ts'
import { fileError } from '../store/sqlite-errors.ts'
import {
  checkNote,
  parseCheckpoint,
  type SignedCheckpoint,
  type VerifierKey,
  writeDurably,
} from '../log/index.ts'

/** Beginning of the names under which files are kept that stood in place of the checkpoint. */
export const SET_ASIDE = 'checkpoint.damaged-'

/** What stands in place of the checkpoint. */
type Found =
  | { state: 'absent' }
  | { state: 'signed'; text: string; checkpoint: SignedCheckpoint }
  | { state: 'damaged'; why: string }

/**
 * The file `checkpoint`: the newest note by itself, for those who copy or serve the log. It repeats the last line of
 * `checkpoints.jsonl`, so that it can be written again; but another file in its place is evidence, and is not replaced
 * before it was kept and said.
 */
export class PublishedCheckpoint {
  readonly #file: string
  readonly #key: VerifierKey
  readonly #onSetAside: (why: CodedError) => void
  /** What stands there, as far as this process knows. */
  #text: string | null = null

  constructor(o: { dir: string; key: VerifierKey; onSetAside: (why: CodedError) => void }) {
    this.#file = join(o.dir, 'checkpoint')
    this.#key = o.key
    this.#onSetAside = o.onSetAside
  }

  /**
   * The look at the start. A crash leaves the note of an earlier line, and none before the second line.
   *
   * @param last  the last line of `checkpoints.jsonl`
   * @param young it is the first one, or there is none
   * @param continued whether the log leads on from a checkpoint
   * @throws TRC_PROOF when the file says, well signed, what the log does not lead on from
   */
  begin(last: string | null, young: boolean, continued: (checkpoint: SignedCheckpoint) => boolean): void {
    const found = this.#look()
    const right = found.state === 'absent' ? young : found.state === 'signed'
    if (found.state === 'signed' && found.text !== last) this.#mustLeadOn(found.checkpoint, continued)
    if (!right) this.#setAside(found)
    if (last !== null && (found.state !== 'signed' || found.text !== last)) writeDurably(this.#file, last)
    this.#text = last
  }

  /**
   * The look before each new note.
   *
   * @param last as in `begin`: the file may have been replaced though its writing was said to have failed
   * @throws TRC_PROOF as above
   */
  check(last: string | null, continued: (checkpoint: SignedCheckpoint) => boolean): void {
    const found = this.#look()
    if (found.state === 'signed' && found.text === last) {
      this.#text = last
      return
    }
    if ((found.state === 'signed' ? found.text : null) === this.#text && found.state !== 'damaged') return
    if (found.state === 'signed') this.#mustLeadOn(found.checkpoint, continued)
    this.#setAside(found)
    if (this.#text !== null) writeDurably(this.#file, this.#text)
  }

  write(note: string): void {
    writeDurably(this.#file, note)
    this.#text = note
  }

  /** @throws TRC_WRITE when it cannot be read now: that says nothing of what stands there */
  #look(): Found {
    let text: string
    try {
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOENT') return { state: 'absent' }
      if (code === 'EISDIR') return { state: 'damaged', why: 'a folder' }
      throw fileError(error, 'TRC_WRITE', this.#file)
    }
    try {
      const checkpoint = parseCheckpoint(text)
      if (checkNote(checkpoint.note, this.#key).state === 'valid')
        return { state: 'signed', text, checkpoint }
      return { state: 'damaged', why: `a note without a good signature of ${this.#key.vkey}` }
    } catch (error) {
      const { detail, message } = asCoded(error, 'TRC_NOTE')
      return { state: 'damaged', why: detail.actual ?? message }
    }
  }

  #mustLeadOn(checkpoint: SignedCheckpoint, continued: (checkpoint: SignedCheckpoint) => boolean): void {
    if (continued(checkpoint)) return
    throw new CodedError('TRC_PROOF', {
      file: this.#file,
      expected: `a log that leads on from the ${checkpoint.size} events that this checkpoint was signed over`,
      actual: 'another one, or a shorter one in checkpoints.jsonl',
      hint: 'nothing more is signed, and the file is left as it is; `sightline verify` names what was altered',
    })
  }

  #setAside(found: Found): void {
    const aside = `${this.#file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    if (found.state !== 'absent') renameSync(this.#file, aside)
    this.#onSetAside(
      new CodedError('TRC_CHECKPOINT', {
        file: this.#file,
        expected: 'the note that this line wrote there last',
        actual:
          found.state === 'absent' ? 'no file' : found.state === 'damaged' ? found.why : 'an older note',
        hint: `it is written again${found.state === 'absent' ? '' : `; what stood there is kept as ${basename(aside)}`}`,
      }),
    )
  }
}
