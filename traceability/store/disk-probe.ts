import { utimes } from 'node:fs/promises'
import { CodedError, monoMs } from '../../contracts/index.ts'

/** Longest time that one question waits, ms. */
const WAIT_MS = 2_000

/**
 * Whether the disk of a folder takes what is written just now, for threads that write small files of their own and must
 * not stand still with a disk that does: the time of the folder is set anew, by a thread that may.
 *
 * @returns asks; false = no answer within 2 s. A refusal, as of a read-only disk, is an answer
 */
export function diskProbe(dir: string): () => Promise<boolean> {
  let asked: Promise<void> | null = null
  return async () => {
    const at = new Date()
    // One that still hangs stands for those after it: each would take a thread of the few that read files.
    asked ??= utimes(dir, at, at)
      .catch(() => undefined)
      .finally(() => (asked = null))
    const startMs = monoMs()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), WAIT_MS)
    })
    const answers = await Promise.race([asked.then(() => true), late])
    clearTimeout(timer)
    // The clock went on without this thread: an answer of before says nothing any more.
    return answers && monoMs() - startMs < WAIT_MS
  }
}

/** What is refused with it where it does not answer. */
export const diskStandsStill = (): CodedError =>
  new CodedError('TRC_WRITE', { expected: 'a disk that answers', actual: 'one that stands still' })
