import type {
  CaptureAck,
  CountedTrigger,
  EpcisCaptureAck,
  EpcisCaptureRequest,
  FactAck,
  FrameFormat,
  FrameMeta,
  ImagesDeleted,
  NcrAck,
  QEvent,
  TriggerBalance,
} from '../../contracts/index.ts'
import { CodedError, type ErrorCode, type ErrorDetail } from '../../contracts/thread.ts'
import type { Annotation } from './annotations.ts'
import type { FactRequest } from './fact-writer.ts'
import type { NcrRequest } from './ncr-writer.ts'
import type { PreparedCapture } from './prepared-capture.ts'
import type { Announcement, Interruption } from './trigger-ledger.ts'

/** How one delivery to a sink stands after a failure. */
export interface OutboxEntry {
  sink: string
  position: number
  state: 'retry' | 'dead'
  attempts: number
  reason: string
  at: string
}

/** A consumer has come to a position. */
export interface Advance {
  consumer: string
  position: number
  at: string
  /** What it took on the way: a dead letter of one of these is settled with it. */
  delivered: readonly number[]
}

export interface DeadLettersAsk {
  sink: string
  after: number
  limit: number
}

/** A golden template that came with a frame. */
export interface StoredTemplate {
  bytes: Uint8Array
  format: FrameFormat
  /** Of its file, hex; absent = not known yet. */
  sha256?: string
}

/** An inspection on its way to the thread, with what its image file is made from. */
export interface CaptureAsk {
  prepared: PreparedCapture
  image: {
    bytes: Uint8Array
    meta: FrameMeta | null
    widthPx: number
    heightPx: number
    template?: StoredTemplate
  } | null
}

/** What the store thread can be asked; each is answered after the transaction it was part of is synced. */
export interface StoreOps {
  capture: { ask: CaptureAsk; answer: CaptureAck }
  openTrigger: { ask: Announcement; answer: null }
  annotate: { ask: Annotation; answer: null }
  emit: { ask: Omit<QEvent, 'sequence'>; answer: null }
  fact: { ask: FactRequest; answer: FactAck }
  ncr: { ask: NcrRequest; answer: NcrAck }
  epcis: { ask: EpcisCaptureRequest; answer: EpcisCaptureAck }
  deleteImages: { ask: Omit<QEvent<ImagesDeleted>, 'sequence'>; answer: null }
  closeInterrupted: { ask: Interruption; answer: number }
  lastTrigger: { ask: string; answer: CountedTrigger | null }
  balance: { ask: { from: string | undefined; to: string | undefined }; answer: TriggerBalance[] }
  cursor: { ask: string; answer: number }
  advance: { ask: Advance; answer: null }
  letter: { ask: OutboxEntry; answer: null }
  deadLetters: { ask: DeadLettersAsk; answer: OutboxEntry[] }
  settle: { ask: { sink: string; position: number }; answer: null }
}
export type StoreOp = keyof StoreOps

export type StoreRequest = {
  [O in StoreOp]: { id: number; op: O; ask: StoreOps[O]['ask'] }
}[StoreOp]

/** A CodedError as it crosses the thread border. */
export interface WireError {
  code: ErrorCode
  detail: Omit<ErrorDetail, 'cause'>
}

export type StoreResult =
  { id: number; ok: true; value: unknown } | { id: number; ok: false; error: WireError }

export type StoreReply =
  /** `newest`: the last id of a note on record; null = there is none. */
  | { kind: 'ready'; newest: string | null }
  | { kind: 'broken'; error: WireError }
  /** Something that people should know, and nothing that was asked for is refused. */
  | { kind: 'said'; error: WireError }
  /** One batch; `appended`: it brought new events. */
  | { kind: 'results'; results: StoreResult[]; appended: boolean }

/** Several requests to a message: each message wakes a thread, which costs more than the request. */
export type ThreadMessage = { kind: 'requests'; requests: StoreRequest[] } | { kind: 'close' }

/**
 * How long a request that nobody waits for may wait for one that somebody does, so that it costs no message and no sync
 * of its own, ms; 0 = somebody waits for it. A line of ten parts a second keeps the note on a part with the next one.
 */
export function patienceMs(op: StoreOp): number {
  if (op === 'annotate') return 100
  return op === 'openTrigger' || op === 'advance' ? 20 : 0
}

export function toWire(error: CodedError): WireError {
  const { cause: _cause, ...detail } = error.detail
  return { code: error.code, detail }
}

export const fromWire = (wire: WireError): CodedError => new CodedError(wire.code, wire.detail)
