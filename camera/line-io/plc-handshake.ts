import { isCounted, readCounter, unseen, wentBack } from './plc-counter.ts'
import type { PlcCounter } from './plc-counter.ts'
import { ACK_CODES, RESULT_CODES } from './register-map.ts'
import type { PcBlock, PlcBlock, ResultAction } from './register-map.ts'

/**
 * The PC side of the handshake Ready / Trigger / Busy / ResultValid / Ack / Fault (feature B1), as a pure reducer:
 *
 * | step | who | registers |
 * |---|---|---|
 * | Ready | PC | ready = 1: parts can be inspected |
 * | Trigger | PLC | trigger counter + 1 |
 * | Busy | PC | busy = 1 until every announced trigger has its result acknowledged |
 * | ResultValid | PC | result trigger, result code, valid = 1, in one write; one result at a time |
 * | Ack | PLC | ack trigger = the result's trigger, ack code |
 * | next | PC | the next result, or valid = 0 |
 * | Fault | PC | fault = 1: stop the line |
 *
 * Results may come in any order and wait in a queue. A result carries the number of its trigger all the way, the
 * PLC acts on that part only, and an acknowledge of another number counts for nothing.
 *
 * A counter that begins again, unless it went over its greatest number, ends all results of the old count. For a while
 * numbers may mean two parts: those whose result was still to come are neither announced nor answered again, and no
 * result waits for its number to be counted. The PLC rejects these parts by default.
 */
export interface HandshakeState extends PlcCounter {
  ready: boolean
  fault: boolean
  /** Announced triggers without an acknowledged result. */
  open: readonly number[]
  /** The most urgent first, so that a long queue, as between camera and gate far apart, is not sorted for every part. */
  queue: readonly PlcResult[]
  /** The result in the registers; `writtenMs` is null until the write is confirmed, `sent` while it is not. */
  shown: { result: PlcResult; writtenMs: number | null; sent?: boolean } | null
  /** Triggers answered lately: a second result for one is a fault of the caller. */
  settled: readonly number[]
  /** After a restart of the counter: the numbers of the old count whose results may still come. */
  guard: { untilMs: number; orphans: readonly number[] } | null
  /** The count began anew and none of its triggers was announced yet, or known to be lost. */
  anew: boolean
  /**
   * The acknowledge that stood in the registers when the count began, or began again, as long as it stands there: of a PLC
   * that keeps this register and not its counter, it says nothing of the part that has this number now.
   */
  oldAck: number | null
}

export interface PlcResult {
  trigger: number
  action: ResultAction
  /** Monotonic ms after which it must not be written any more. */
  deadlineMs: number
}

export interface HandshakeLimits {
  /** Wait for the PLC's acknowledge, ms. */
  ackMs: number
  /** A trigger first seen later than this after the poll before is not announced: its part may be gone, ms. */
  freshMs: number
}

export type HandshakeInput =
  | { kind: 'poll'; plc: PlcBlock; atMs: number }
  | { kind: 'result'; result: PlcResult; atMs: number }
  /** The registers of `pcImage` are sent: the PLC may act on the result in them before it is known to be written. */
  | { kind: 'sent' }
  /** The registers of `pcImage` with the result of this trigger were written. */
  | { kind: 'written'; trigger: number; atMs: number }
  /** Nobody answered what was sent. */
  | { kind: 'unanswered' }
  /** `askedMs`: when the last question was put whose answer, or its absence, is known. */
  | { kind: 'tick'; atMs: number; askedMs: number }
  | { kind: 'lines'; ready: boolean; fault: boolean }
  | { kind: 'link-lost'; message: string }
  /** The result of this trigger was refused because there is no link: it has had its answer. */
  | { kind: 'unsent'; trigger: number }

export type SettledCode = 'CAM_IO' | 'CAM_HANDSHAKE' | 'INS_DEADLINE'
export type HandshakeOutput =
  /** `anew`: the first of a count that began again. */
  | { kind: 'trigger'; trigger: number; anew?: true }
  | { kind: 'settle'; trigger: number; ok: true }
  | { kind: 'settle'; trigger: number; ok: false; code: SettledCode; message: string }
  /** Parts from the first number to the last one were counted and are not announced; see `LostTriggers`. */
  | { kind: 'lost'; from: number; to: number; sinceMs: number; anew: boolean }
  /** The PLC broke the protocol, or triggers were lost on the way. */
  | { kind: 'violation'; message: string }

export const HANDSHAKE_START: HandshakeState = {
  ready: false,
  fault: false,
  counter: null,
  lastPollMs: null,
  candidate: null,
  over: null,
  open: [],
  queue: [],
  shown: null,
  settled: [],
  guard: null,
  anew: false,
  oldAck: null,
}

const REMEMBERED = 1024
/** Longer than any line waits for a verdict. */
const GUARD_MS = 10_000

export function handshake(
  before: HandshakeState,
  input: HandshakeInput,
  limits: HandshakeLimits,
): { state: HandshakeState; out: HandshakeOutput[] } {
  const out: HandshakeOutput[] = []
  let s = before
  const settle = (trigger: number, code: SettledCode | null, message = ''): void => {
    out.push(
      code === null
        ? { kind: 'settle', trigger, ok: true }
        : { kind: 'settle', trigger, ok: false, code, message },
    )
    s = {
      ...s,
      open: s.open.filter((t) => t !== trigger),
      queue: s.queue.filter((r) => r.trigger !== trigger),
      shown: s.shown?.result.trigger === trigger ? null : s.shown,
      settled: [...s.settled, trigger].slice(-REMEMBERED),
    }
  }

  /** Drops what is too late to be written and shows the most urgent result the PLC can know. */
  const advance = (atMs: number): void => {
    const unwritten = s.shown && s.shown.writtenMs === null && !s.shown.sent ? [s.shown.result] : []
    const due = firstAt(s.queue, (r) => r.deadlineMs > atMs)
    for (const r of [...unwritten.filter((u) => u.deadlineMs <= atMs), ...s.queue.slice(0, due)]) {
      const why = isCounted(r.trigger, s) ? '' : '; the PLC has never counted that trigger'
      settle(r.trigger, 'INS_DEADLINE', `the result of ${r.trigger} was not written in time${why}`)
    }
    if (s.shown) return
    const at = s.queue.findIndex((r) => isCounted(r.trigger, s))
    const first = s.queue[at]
    if (first) s = { ...s, queue: s.queue.toSpliced(at, 1), shown: { result: first, writtenMs: null } }
  }

  const lose = (from: number, to: number, sinceMs: number): void => {
    const gapMs = 'atMs' in input ? input.atMs - sinceMs : 0
    const slow =
      gapMs > limits.freshMs ? `: polls ${gapMs.toFixed()} ms apart, ${limits.freshMs} at most` : ''
    out.push(
      { kind: 'violation', message: unseen(from, to, slow) },
      { kind: 'lost', from, to, sinceMs, anew: s.anew },
    )
    s = { ...s, anew: false }
  }

  /** Ends the old count: its results must not act on parts that get the same numbers. Where it wrapped, none gets them soon. */
  const beginAnew = (from: number, plc: PlcBlock, atMs: number, greatest: number | null): void => {
    out.push({ kind: 'violation', message: wentBack(from, plc.trigger, greatest) })
    if (greatest !== null) {
      const isOld = (t: number): boolean => t > greatest / 2
      const oldAck = isOld(plc.ackTrigger) ? s.oldAck : plc.ackTrigger
      s = { ...s, open: s.open.filter(isOld), settled: s.settled.filter(isOld), anew: true, oldAck }
      return
    }
    const waiting = [...(s.shown ? [s.shown.result] : []), ...s.queue]
    for (const r of waiting)
      settle(r.trigger, 'CAM_HANDSHAKE', `the counter was restarted before the result of ${r.trigger}`)
    const orphans = [...(s.guard?.orphans ?? []), ...s.open]
    const guard = { untilMs: atMs + GUARD_MS, orphans }
    s = { ...s, open: [], settled: [], guard, anew: true, oldAck: plc.ackTrigger }
  }

  if ('atMs' in input && s.guard && input.atMs >= s.guard.untilMs) s = { ...s, guard: null }
  switch (input.kind) {
    case 'lines':
      s = { ...s, ready: input.ready, fault: input.fault }
      break

    case 'result': {
      const { trigger } = input.result
      const fail = (message: string): void =>
        void out.push({ kind: 'settle', trigger, ok: false, code: 'CAM_HANDSHAKE', message })
      const known =
        s.settled.includes(trigger) ||
        s.shown?.result.trigger === trigger ||
        s.queue.some((r) => r.trigger === trigger)
      if (known) {
        // The first result stands; this one is refused without touching it.
        fail(`trigger ${trigger} has a result already`)
      } else if (s.guard && (s.guard.orphans.includes(trigger) || !isCounted(trigger, s))) {
        fail(`trigger ${trigger} may be of the count before the restart; its part is rejected by default`)
      } else {
        const { deadlineMs } = input.result
        const at = firstAt(s.queue, (r) => r.deadlineMs > deadlineMs)
        s = { ...s, queue: s.queue.toSpliced(at, 0, input.result) }
      }
      advance(input.atMs)
      break
    }

    case 'sent':
    case 'unanswered':
      if (s.shown) s = { ...s, shown: { ...s.shown, sent: input.kind === 'sent' } }
      break

    case 'written':
      if (s.shown?.result.trigger === input.trigger && s.shown.writtenMs === null)
        s = { ...s, shown: { ...s.shown, writtenMs: input.atMs } }
      break

    case 'poll': {
      const { plc, atMs } = input
      const shown = s.shown
      if (s.counter === null) s = { ...s, oldAck: plc.ackTrigger }
      else if (s.oldAck !== null && s.oldAck !== plc.ackTrigger) s = { ...s, oldAck: null }
      const isNew = s.oldAck === null
      if (isNew && shown && shown.writtenMs !== null && plc.ackTrigger === shown.result.trigger) {
        const { trigger } = shown.result
        if (plc.ackCode === ACK_CODES.accepted) settle(trigger, null)
        else if (plc.ackCode === ACK_CODES.late)
          settle(trigger, 'INS_DEADLINE', `the PLC had rejected part ${trigger} by default already`)
        else settle(trigger, 'CAM_HANDSHAKE', `the PLC refused the result of ${trigger}: code ${plc.ackCode}`)
      }
      const last = s.counter ?? 0
      const { now, reading } = readCounter(s, plc.trigger, atMs, limits.freshMs)
      if (reading.kind === 'restarted') {
        const { greatest, sinceMs } = reading
        if (greatest !== null && last < greatest) lose(last + 1, greatest, sinceMs)
        beginAnew(last, plc, atMs, greatest)
      }
      s = { ...s, ...now }
      if (reading.kind === 'counted' || reading.kind === 'restarted') {
        const { trigger, lostTo, greatest } = reading
        // What a count that began again counted before this value is not known to be parts, unless it wrapped.
        const anewFrom = greatest === null ? Math.max(1, plc.trigger) : Math.min(1, plc.trigger)
        const first = reading.kind === 'counted' ? last + 1 : anewFrom
        if (lostTo >= first) lose(first, lostTo, reading.sinceMs)
        if (trigger !== null && s.guard?.orphans.includes(trigger)) lose(trigger, trigger, reading.sinceMs)
        else if (trigger !== null) {
          out.push({ kind: 'trigger', trigger, ...(s.anew && { anew: true }) })
          s = { ...s, open: [...s.open, trigger].slice(-REMEMBERED), anew: false }
        }
      }
      advance(atMs)
      break
    }

    case 'tick': {
      const shown = s.shown
      if (shown && shown.writtenMs !== null && input.askedMs - shown.writtenMs >= limits.ackMs) {
        const { trigger } = shown.result
        if (s.oldAck === trigger)
          settle(trigger, 'CAM_HANDSHAKE', `an acknowledge of ${trigger} was there before its part`)
        else settle(trigger, 'CAM_IO', `no acknowledge of ${trigger} within ${limits.ackMs} ms`)
      }
      advance(input.atMs)
      break
    }

    case 'unsent': {
      const others = (list: readonly number[]): number[] => list.filter((t) => t !== input.trigger)
      const settled = [...others(s.settled), input.trigger].slice(-REMEMBERED)
      s = { ...s, open: others(s.open), settled }
      break
    }

    case 'link-lost': {
      const waiting = [...(s.shown ? [s.shown.result] : []), ...s.queue]
      for (const r of waiting) settle(r.trigger, 'CAM_IO', input.message)
      s = { ...s, candidate: null }
      break
    }
  }
  return { state: s, out }
}

/** Index of the first that is so, of which all behind it are; their number when none is. */
function firstAt<T>(sorted: readonly T[], isSo: (item: T) => boolean): number {
  let [from, to] = [0, sorted.length]
  while (from < to) {
    const middle = (from + to) >> 1
    const item = sorted[middle]
    if (item !== undefined && isSo(item)) to = middle
    else from = middle + 1
  }
  return from
}

/** What the registers of the PC must hold in this state. */
export function pcImage(s: HandshakeState, heartbeat: number): PcBlock {
  return {
    ready: s.ready,
    busy: s.open.length > 0 || s.queue.length > 0 || s.shown !== null,
    fault: s.fault,
    resultTrigger: s.shown?.result.trigger ?? 0,
    resultCode: s.shown ? RESULT_CODES[s.shown.result.action] : RESULT_CODES.none,
    resultValid: s.shown !== null,
    heartbeat,
  }
}
