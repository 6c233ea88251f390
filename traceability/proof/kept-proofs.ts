import { join } from 'node:path'
import { KeptLines } from './kept-lines.ts'
import { logDir } from './log-key.ts'

/** A checkpoint as it was signed, or signed again by a witness: the later line of a size has more signatures. */
export interface KeptCheckpoint {
  /** By the clock of the line; no signature covers it. */
  at: string
  note: string
}

/** RFC 3161 time-stamp of a checkpoint's text. */
export interface KeptTimeStamp {
  at: string
  /** The text of the checkpoint, which is what was stamped. */
  text: string
  /** DER of the TimeStampToken, base64. */
  token: string
}

export const keptCheckpoints = (dataDir: string): KeptLines<KeptCheckpoint> =>
  new KeptLines(join(logDir(dataDir), 'checkpoints.jsonl'))

export const keptTimeStamps = (dataDir: string): KeptLines<KeptTimeStamp> =>
  new KeptLines(join(logDir(dataDir), 'timestamps.jsonl'))
