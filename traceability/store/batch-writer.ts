import { asCoded, CodedError, type ErrorCode, type SqlDatabase } from '../../contracts/index.ts'
import { forgetIdentities } from '../genealogy/identity-names.ts'
import { checkAnnotation, checkEmitted, writeAnnotation, writeEvent } from './annotations.ts'
import { CaptureWriter } from './capture-writer.ts'
import { advanceTo, cursorOf, deadLetters, settle, writeLetter } from './delivery-rows.ts'
import { EpcisWriter } from './epcis-writer.ts'
import { EventAppender } from './event-appender.ts'
import { checkEvent } from './event-check.ts'
import { FactWriter } from './fact-writer.ts'
import { writeDeletion } from './forgetting.ts'
import type { StoredImage } from './image-files.ts'
import { NcrWriter } from './ncr-writer.ts'
import { prepareCapture, type PreparedCapture } from './prepared-capture.ts'
import { RowBuffer } from './row-buffer.ts'
import { RunningTotals } from './running-totals.ts'
import type { StoreRequest } from './store-ops.ts'
import { triggerBalance } from './trigger-balance.ts'
import { closeInterrupted } from './trigger-audit.ts'
import { lastTrigger, openTrigger } from './trigger-ledger.ts'

/** A request with its image on disk already. */
export interface BatchItem {
  request: StoreRequest
  image: StoredImage | null
}

export type BatchResult = { ok: true; value: unknown } | { ok: false; error: CodedError }

/** Refusals that every request of the batch would meet, each perhaps after a long wait. */
const REFUSES_ALL: readonly ErrorCode[] = ['TRC_DISK_FULL', 'TRC_PLANT']

/** Several requests, one transaction, one sync. */
export class BatchWriter {
  readonly #db: SqlDatabase
  readonly #rows: RowBuffer
  readonly #events: EventAppender
  readonly #captures: CaptureWriter
  readonly #facts: FactWriter
  readonly #ncrs: NcrWriter
  readonly #epcis: EpcisWriter
  #totals: RunningTotals
  /** The counters in memory may be ahead of the database: a transaction was rolled back. */
  #stale = false

  constructor(db: SqlDatabase) {
    this.#db = db
    this.#rows = new RowBuffer(db)
    this.#events = new EventAppender(db, this.#rows)
    this.#totals = new RunningTotals(db)
    this.#captures = new CaptureWriter(db, this.#events, this.#rows)
    this.#facts = new FactWriter(db, this.#events)
    this.#ncrs = new NcrWriter(db, this.#events)
    this.#epcis = new EpcisWriter(db, this.#events)
  }

  get position(): number {
    return this.#events.position
  }

  /**
   * Commits the batch and gives one result per item, in order. A request that is wrong in itself is refused and the
   * others are committed. When the database refuses the transaction, each request is tried alone once, so that one
   * that cannot be stored does not take the others with it; a full disk and a server that is gone refuse all.
   */
  commit(items: readonly BatchItem[]): BatchResult[] {
    try {
      return this.#together(items)
    } catch (error) {
      // The database's refusals have a code; what has none lies in the request.
      const coded = asCoded(error, 'TRC_BINDING')
      if (items.length === 1 || REFUSES_ALL.includes(coded.code))
        return items.map(() => ({ ok: false, error: coded }))
      return items.map((item) => {
        try {
          return this.#together([item])[0] ?? { ok: false, error: coded }
        } catch (alone) {
          return { ok: false, error: asCoded(alone, 'TRC_BINDING') }
        }
      })
    }
  }

  #together(items: readonly BatchItem[]): BatchResult[] {
    if (this.#stale) {
      this.#events.reset()
      this.#captures.reset()
      forgetIdentities(this.#db)
      this.#totals = new RunningTotals(this.#db)
    }
    this.#stale = true
    const results = this.#db.transaction(() => {
      this.#captures.expect(items.flatMap(({ request: r }) => (r.op === 'capture' ? r.ask.prepared : [])))
      const all = items.map((item) => this.#one(item))
      this.#events.flush()
      return all
    })
    this.#events.committed()
    this.#stale = false
    return results
  }

  /** The audit reads what it closed. */
  #closed(p: PreparedCapture): void {
    this.#captures.expect([p])
    this.#captures.write(this.#captures.withReworks(p), null)
    this.#rows.flush()
  }

  /** Refusals made before the first write of a request become its result; anything later rolls the batch back. */
  #one({ request, image }: BatchItem): BatchResult {
    const done = (value: unknown): BatchResult => ({ ok: true, value })
    // The others read and write by themselves.
    if (request.op !== 'capture') this.#rows.flush()
    switch (request.op) {
      case 'capture': {
        const { prepared } = request.ask
        const checked = attempt(
          () => this.#captures.earlier(prepared, image) ?? this.#captures.withReworks(prepared),
        )
        if (!checked.ok) return checked
        return done('durable' in checked.value ? checked.value : this.#captures.write(checked.value, image))
      }
      case 'openTrigger':
        openTrigger(this.#db, request.ask)
        return done(null)
      case 'annotate': {
        const checked = attempt(() => checkAnnotation(request.ask))
        if (!checked.ok) return checked
        writeAnnotation(this.#db, this.#events, request.ask)
        return done(null)
      }
      case 'emit': {
        const checked = attempt(() => checkEmitted(request.ask))
        if (!checked.ok) return checked
        writeEvent(this.#db, this.#events, request.ask)
        return done(null)
      }
      case 'fact': {
        const checked = attempt(() => this.#facts.prepare(request.ask))
        if (!checked.ok) return checked
        this.#captures.factWritten()
        return done(this.#facts.write(checked.value))
      }
      case 'ncr': {
        const checked = attempt(() => this.#ncrs.prepare(request.ask))
        return checked.ok ? done(this.#ncrs.write(checked.value)) : checked
      }
      case 'epcis':
        this.#captures.factWritten()
        return done(this.#epcis.write(request.ask))
      case 'deleteImages': {
        const checked = attempt(() => checkEvent(request.ask))
        if (!checked.ok) return checked
        writeDeletion(this.#db, this.#events, request.ask)
        return done(null)
      }
      case 'closeInterrupted': {
        const audit = closeInterrupted(this.#db, request.ask, new Date().toISOString(), (record) =>
          this.#closed(prepareCapture(record)),
        )
        this.#captures.factWritten()
        // What could be closed is committed all the same.
        return audit.refusal === null ? done(audit.closed) : { ok: false, error: audit.refusal }
      }
      case 'lastTrigger':
        return done(lastTrigger(this.#db, request.ask))
      case 'balance':
        return done(triggerBalance(this.#db, this.#totals, request.ask.from, request.ask.to))
      case 'cursor':
        return done(cursorOf(this.#db, request.ask))
      case 'advance':
        advanceTo(this.#db, request.ask)
        return done(null)
      case 'letter':
        writeLetter(this.#db, request.ask)
        return done(null)
      case 'deadLetters':
        return done(deadLetters(this.#db, request.ask))
      case 'settle':
        settle(this.#db, request.ask.sink, request.ask.position)
        return done(null)
      default:
        return { ok: false, error: unknownRequest(request) }
    }
  }
}

/** A line in the spool of another version or altered by hand; nothing of this program asks so. */
const unknownRequest = (request: never): CodedError =>
  new CodedError('TRC_BINDING', {
    expected: 'a request of the store',
    actual: JSON.stringify(request).slice(0, 120),
  })

type Attempt<T> = { ok: true; value: T } | { ok: false; error: CodedError }

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error: asCoded(error, 'TRC_BINDING') }
  }
}
