import type { ErrorFact } from '../../contracts/index.ts'

/** What a line says of its proof. */
export interface ProofState {
  origin: string
  /** Public key of the log. */
  vkey: string
  /** Events under the newest checkpoint, and when it was signed; 0 and null before the first. */
  size: number
  signedAt: string | null
  cosigned: { witness: string; size: number; at: string }[]
  /** Log and signatures disagree: nothing is signed until somebody looks. */
  fault: ErrorFact | null
  /** The clock of the system was put back behind a checkpoint, until it is past it. */
  clock: ErrorFact | null
  /** Since the start another file stood in place of the checkpoint: the last one that was found. */
  setAside: ErrorFact | null
  /** Since the start a witness knew less than it had cosigned: the last one that was found. */
  forgot: ErrorFact | null
  /** Helpers outside that do not answer; they are tried again. */
  unreachable: { name: string; reason: string }[]
}
