import type { I18n } from './i18n.ts'
import type { Disposition, VerdictResult } from './verdict.ts'

/** What the gate is told about one part. Everything but `release` diverts it. */
export interface RejectCommand {
  station: string
  /** The part: a command never acts on another trigger than its own. */
  trigger: number
  inspectionId: string
  action: 'release' | 'reject' | 'hold'
  result: VerdictResult
  disposition: Disposition
  /** Why the part does not go where its verdict says; absent = it does. */
  reason?: I18n
  /** Monotonic ms by which the gate must have it. */
  deadlineMs: number
}

/** Parts that a PLC counted unseen, or whose number may mean another part: nothing is released for them. */
export interface LostTriggers {
  from: number
  /** Included. */
  to: number
  /** They were counted after this moment, ms of `monoMs`. */
  sinceMs: number
  /** As in `FrameSource.trigger`. */
  anew: boolean
}

export type RejectAck =
  | { ok: true; atMs: number }
  | { ok: false; code: 'CAM_IO' | 'CAM_HANDSHAKE' | 'INS_DEADLINE'; message: string; atMs: number }

/** Output port to the reject gate. `apply` never rejects; a part without an acknowledged release is diverted by the PLC. */
export interface RejectOutput {
  readonly adapter: string
  open(): Promise<void>
  apply(command: RejectCommand): Promise<RejectAck>
  /** Triggers from the PLC, when the device delivers them; `anew` as in `FrameSource.trigger`. */
  onTrigger?(listener: (trigger: number, anew?: boolean) => void): () => void
  /** Parts that the PLC counted and that are not announced, so that each is accounted for. */
  onLost?(listener: (lost: LostTriggers) => void): () => void
  setReady(ready: boolean): void
  setFault(fault: boolean): void
  health(): { connected: boolean; applied: number; failed: number; lastError: string | null }
  close(): Promise<void>
}
