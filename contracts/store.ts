import type { ErrorFact } from './errors.ts'
import type { QEvent } from './event.schema.ts'
import type { InspectOutcome, PartContext } from './inspector.ts'
import type { FrameFormat, FrameMeta } from './frame.ts'
import type { AssociatedRead } from './identity-read.ts'
import type { GateFailed } from './line-event.schema.ts'
import type { NcrAck, NcrStep } from './ncr.schema.ts'
import type { PartPlace } from './part-place.schema.ts'
import type { RejectAck, RejectCommand } from './line-io.ts'
import type { ShiftsSpec } from './shift.schema.ts'
import type { FactAck, HoldOrigin, TraceFact } from './trace-fact.schema.ts'

/** A number of a station's trigger counter, and the count that it belongs to. */
export interface CountedTrigger {
  trigger: number
  /** 1, or for a counter that began anew the time when that was seen, ms since 1970: a later count has a higher one. */
  attempt: number
}

/** One judged trigger as the line engine hands it to the store. */
export interface CaptureRequest extends CountedTrigger {
  /** UUIDv7; the unique cycle key is (station, trigger, attempt). */
  inspectionId: string
  station: string
  runType: 'production' | 'acceptance' | 'golden-sample'
  meta: FrameMeta | null
  /** Bytes to keep; borrowed until `capture` returns its promise: it copies them first. Absent for missed frames. */
  image: Uint8Array | null
  /** Golden template that came with the frame (paired data sets), borrowed as `image` is; absent = none did. */
  template?: { bytes: Uint8Array; format: FrameFormat }
  context: PartContext
  product: { id: string; revision: string; gtin?: string }
  identity: 'required' | 'optional' | 'none'
  /** Code tools whose reads say who the part is; others (component labels) do not. */
  identityTools: string[]
  /** What was read beside the camera and given to the part; absent = nothing. All of them say who the part is. */
  reads?: AssociatedRead[]
  /** Mould nest and part holder, as far as they are known. */
  place?: PartPlace
  outcome: InspectOutcome
  /** Times the unit was reworked before this inspection; the store knows and fills it in. */
  reworkCount?: number
  budgetMs: number
  startedAt: string
  endedAt: string
}

export interface CaptureAck {
  inspectionId: string
  /** `store`: committed and synced. `spool`: synced to the spool file, to be committed later; an alarm is up. */
  durable: 'store' | 'spool'
  serial: string
  sequence: string | null
}

/** What became of the command for a part at the gate. */
export interface GateNote {
  command: RejectCommand
  ack: RejectAck
  /** `qe.gate.failed.v1` where the gate did not take it: one transaction with the note. */
  failed?: Omit<QEvent<GateFailed>, 'sequence'>
}

export interface TriggerBalance {
  station: string
  triggers: number
  verdicts: number
  noVerdicts: number
  /** Triggers accepted but not yet judged. */
  open: number
  /** triggers = verdicts + noVerdicts + open, and none is unwritten */
  closed: boolean
  /** triggers - verdicts - noVerdicts - open; absent when that is 0. */
  unexplained?: number
  /** Of those, the ones that wait in the spool although a later one is written; absent = none. */
  waiting?: number
  /**
   * Of a running line: triggers that neither store nor spool took yet. They are in none of the other numbers, but for
   * `unexplained` once a later one is written; absent = none.
   */
  unwritten?: number
  /** Jumps of the counter too large to be lost parts, never closed: first and last number of each; absent when none. */
  gaps?: { first: number; last: number }[]
}

/** The write side of traceability, as the line engine sees it. All work happens in the store's own thread. */
export interface PartStore {
  /**
   * Announces a trigger before it is judged. Resolves when durable, but the engine need not wait: a trigger lost
   * between announcement and commit is found after a restart by the gap in its counter.
   *
   * @param t `attempt` absent = the newest count that is known
   */
  openTrigger(t: { station: string; trigger: number; attempt?: number; at: string }): Promise<void>
  /** One transaction: record, images on disk before it, genealogy edges, event, outbox, proof leaf. */
  capture(request: CaptureRequest): Promise<CaptureAck>
  /** Facts after the verdict: late results, what the gate said. Never changes a verdict. */
  annotate(inspectionId: string, note: { late?: InspectOutcome; gate?: GateNote }): Promise<void>
  /** Highest trigger number of the newest count of a station; null = none. */
  lastTrigger(station: string): Promise<CountedTrigger | null>
  /**
   * Closes every open trigger, and every counter gap, as no-verdict `interrupted`: in the count of `next` what lies below
   * it, in the others all. Returns how many. Rejects with EVT_SEQUENCE, after everything else was closed, when a jump is
   * too large for lost parts: over 100,000, over 1,000 and faster than 200/s, or on by a multiple of 65,536.
   */
  closeInterrupted(
    station: string,
    next: CountedTrigger,
    recipe: { id: string; sha256: string },
    context: PartContext,
    /** By which each of them gets the shift of its trigger; absent = that of the context. */
    shifts?: ShiftsSpec,
  ): Promise<number>
  /** Of the triggers from one time (inclusive) to another (exclusive), RFC 3339 UTC; absent = without end. */
  balance(fromIso?: string, toIso?: string): Promise<TriggerBalance[]>
  /**
   * Records a fact of the genealogy: names resolved, edges written, event appended, in one synced transaction.
   *
   * @throws TRC_NOT_FOUND a name nobody knows; TRC_GENEALOGY a contradiction or a cycle, with its path; TRC_HELD
   *   what would move is under a hold, or on hold or scrapped by its disposition; TRC_DUPLICATE the id was used for another
   *   fact
   * @param origin of a hold or a release that the plant passed on: the target is taken as it stands, only this hold is
   *   ended, and what is so already is answered as repeated
   */
  recordFact(fact: TraceFact, source: { plant: string; line: string }, origin?: HoldOrigin): Promise<FactAck>
  /**
   * Records a step of a nonconformance report, as an event.
   *
   * @throws TRC_NOT_FOUND a report, thing, hold or inspection nobody knows; TRC_NCR a step before it is missing;
   *   TRC_DUPLICATE the id was used for another step
   */
  recordNcrStep(step: NcrStep, source: { plant: string; line: string }): Promise<NcrAck>
  /** Alarms and other events that are not inspections. */
  emit(event: Omit<QEvent, 'sequence'>): Promise<void>
  health(): {
    state: 'ok' | 'late' | 'spooling' | 'failed'
    queued: number
    spooled: number
    captured: number
    lastError: ErrorFact | null
  }
  close(): Promise<void>
}

/** A stored event with its place in the log. */
export interface LoggedEvent {
  /** Position in the whole log, from 1, without gaps. */
  position: number
  event: QEvent
}

/** Read side of the event log: ordered, replayable, at least once. */
export interface EventLog {
  read(afterPosition: number, limit: number, partition?: string): LoggedEvent[]
  /** Position of the last event, 0 before the first. */
  end(): number
  /** Calls back after new events are committed; not a delivery, just a wake-up. */
  onAppend(listener: () => void): () => void
}
