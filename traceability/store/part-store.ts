import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type CaptureAck,
  type CaptureRequest,
  CodedError,
  type CountedTrigger,
  type EpcisCaptureAck,
  type EpcisCaptureRequest,
  type FactAck,
  type ImagesDeleted,
  type NcrAck,
  type PartStore,
  type QEvent,
  toFact,
  type TraceFact,
  type TriggerBalance,
  uuidv7,
} from '../../contracts/index.ts'
import { checkAnnotation, checkEmitted } from './annotations.ts'
import { captureAsk } from './capture-ask.ts'
import { LastTemplate, templateRef } from './last-template.ts'
import { prepareCapture } from './prepared-capture.ts'
import { recordOf } from './record-codec.ts'
import { SharedCopies } from './shared-copies.ts'
import { Spool } from './spool.ts'
import { SpoolDrain } from './spool-drain.ts'
import type { PlainEntry, SpoolEntry } from './spool-line.ts'
import { fileError } from './sqlite-errors.ts'
import { type OutboxEntry, patienceMs } from './store-ops.ts'
import { StoreThread } from './store-thread.ts'
import type { PartStoreOptions, TraceStore } from './trace-store.ts'
import type { Announcement } from './trigger-ledger.ts'
import { TwoPaths } from './two-paths.ts'
import { UnkeptImage } from './unkept-image.ts'
import { UnwrittenTriggers } from './unwritten-triggers.ts'

/** What a person says of parts by what is on record of them; a hold stops them at once, whatever is. */
const LOOKS_BACK: readonly TraceFact['kind'][] = ['aggregate', 'dispose', 'rework', 'ship', 'use']
/** Longest time that one who says so waits for the spool, ms. */
const LOOK_BACK_MS = 5_000

/**
 * Opens the store and first delivers what an earlier run left in the spool, so that counters and balance are true.
 *
 * @throws TRC_OPEN, TRC_DISK_FULL, TRC_WRITE: without a working store nothing starts
 */
export async function openPartStore(options: PartStoreOptions): Promise<TraceStore> {
  const { dataDir } = options
  await mkdir(join(dataDir, 'images'), { recursive: true }).catch((error: unknown) => {
    throw fileError(error, 'TRC_OPEN', dataDir)
  })
  const spool = await Spool.open(options.spoolDir ?? join(dataDir, 'spool'))
  const thread = await StoreThread.start(
    {
      dataDir,
      synchronous: options.synchronous ?? 'full',
      ...(options.database && { database: options.database }),
    },
    options.onAlarm,
  )
  const store = new SpoolingStore(thread, spool, options)
  try {
    await store.drain.now()
  } catch (error) {
    store.drain.stop()
    await store.close()
    throw error
  }
  return store
}

class SpoolingStore implements TraceStore {
  readonly #thread: StoreThread
  readonly #spool: Spool
  readonly #afterMs: number
  readonly drain: SpoolDrain
  readonly #onAlarm: (error: CodedError) => void
  readonly #paths: TwoPaths
  readonly #unkept: UnkeptImage
  readonly #copies = new SharedCopies()
  readonly #templates = new LastTemplate()
  readonly #unwritten = new UnwrittenTriggers()
  #captured = 0
  #closed = false

  constructor(thread: StoreThread, spool: Spool, options: PartStoreOptions) {
    this.#thread = thread
    this.#spool = spool
    this.#unkept = new UnkeptImage(options.dataDir)
    this.#afterMs = options.spoolAfterMs ?? 500
    this.#paths = new TwoPaths(this.#afterMs, (error) => this.#onAlarm(error))
    const parts = { spool, thread, paths: this.#paths, unkept: this.#unkept }
    this.drain = new SpoolDrain(parts, options.drainEveryMs ?? 1_000)
    this.#onAlarm = options.onAlarm ?? (() => undefined)
  }

  capture(request: CaptureRequest): Promise<CaptureAck> {
    const { station, trigger, attempt, startedAt: at } = request
    const kept = this.#capture(request)
    this.#unwritten.recording({ station, trigger, attempt, at }, kept)
    return kept
  }

  async #capture(request: CaptureRequest): Promise<CaptureAck> {
    this.#mustBeOpen()
    this.#paths.mustHaveRoom()
    const image = request.image === null ? null : this.#copies.take(request.image)
    const template =
      image && request.template ? this.#templates.of(request.station, request.template) : undefined
    const record = recordOf(request, template && templateRef(template))
    // The last record of a part says what becomes of it, by the order of the log.
    const behind = this.#spool.holds({ op: 'capture', ask: { record, image: null } })
    let stored = false
    let spooled = false
    const kept = this.#paths.either(
      async () => {
        const answer = await this.#thread.call('capture', captureAsk(record, image, template))
        stored = true
        return answer
      },
      async (): Promise<CaptureAck> => {
        spooled = true
        // What the store would refuse for its content must not be acknowledged here.
        const { unit } = prepareCapture(record, true)
        const bytes = image && template ? Buffer.concat([image, template.bytes]) : image
        await this.#toSpool({ op: 'capture', ask: { record, image: bytes } })
        return { inspectionId: record.inspectionId, durable: 'spool', serial: unit.serial, sequence: null }
      },
      { bytes: image?.length ?? 0, behind },
    )
    const ack = await this.#unkept.watch(image, kept, () => this.drain.later())
    // Once a second path was tried, or the thread died with it, something may still read the copy.
    if (image && stored && !spooled) this.#copies.giveBack(image)
    this.#captured += 1
    return ack
  }

  async openTrigger(t: Announcement): Promise<void> {
    const kept = this.#plain({ op: 'openTrigger', ask: t })
    // Who does not know the count announces what the line takes in later, with it.
    if (t.attempt !== undefined) this.#unwritten.announcing({ ...t, attempt: t.attempt }, kept)
    await kept
  }

  async annotate(inspectionId: string, note: Parameters<PartStore['annotate']>[1]): Promise<void> {
    const ask = { id: uuidv7(), at: new Date().toISOString(), inspectionId, note }
    checkAnnotation(ask)
    await this.#plain({ op: 'annotate', ask })
  }

  async emit(event: Omit<QEvent, 'sequence'>): Promise<void> {
    checkEmitted(event)
    await this.#plain({ op: 'emit', ask: event })
  }

  /**
   * Not spooled: whoever states a fact waits for the answer, which may be that it contradicts another, or a record.
   *
   * @throws TRC_SPOOLED: a record of the part may wait in the spool, and would count as later than what is decided now
   */
  async recordFact(...[fact, source, origin]: Parameters<PartStore['recordFact']>): Promise<FactAck> {
    this.#mustBeOpen()
    // Facts that are stated in a row stay in it while nothing waits.
    if (this.#spool.count > 0 && LOOKS_BACK.includes(fact.kind)) await this.drain.all(LOOK_BACK_MS)
    return this.#thread.call('fact', { fact, source, ...(origin && { origin }) })
  }

  /** Not spooled: whoever takes a step waits for the answer, which may be that another is missing. */
  recordNcrStep(...[step, source]: Parameters<PartStore['recordNcrStep']>): Promise<NcrAck> {
    this.#mustBeOpen()
    return this.#thread.call('ncr', { step, source, at: new Date().toISOString() })
  }

  /** Not spooled: whoever captures waits for the answer. */
  captureEpcis(request: EpcisCaptureRequest): Promise<EpcisCaptureAck> {
    this.#mustBeOpen()
    return this.#thread.call('epcis', request)
  }

  lastTrigger(station: string): Promise<CountedTrigger | null> {
    return this.#thread.call('lastTrigger', station)
  }

  /** @throws TRC_SPOOLED: a trigger whose record waits in the spool was judged, and closed it would lose its verdict */
  async closeInterrupted(...ask: Parameters<PartStore['closeInterrupted']>): Promise<number> {
    const [station, next, recipe, context, shifts] = ask
    await this.drain.all()
    const closed = await this.#thread.call('closeInterrupted', { station, next, recipe, context, shifts })
    this.#unwritten.closed(station, next)
    return closed
  }

  balance(from?: string, to?: string) {
    return this.#thread.call('balance', { from, to })
  }

  withUnwritten(...[balances, from, to]: Parameters<TraceStore['withUnwritten']>): TriggerBalance[] {
    return this.#unwritten.beside(balances, from, to)
  }

  cursor(consumer: string): Promise<number> {
    return this.#thread.call('cursor', consumer)
  }

  async advance(consumer: string, position: number, delivered: readonly number[] = []): Promise<void> {
    await this.#thread.call('advance', { consumer, position, at: new Date().toISOString(), delivered })
  }

  async deleteImages(event: Omit<QEvent<ImagesDeleted>, 'sequence'>): Promise<void> {
    this.#mustBeOpen()
    await this.#thread.call('deleteImages', event)
  }

  async letter(entry: OutboxEntry): Promise<void> {
    await this.#thread.call('letter', entry)
  }

  deadLetters(sink: string, after: number, limit: number): Promise<OutboxEntry[]> {
    return this.#thread.call('deadLetters', { sink, after, limit })
  }

  async settle(sink: string, position: number): Promise<void> {
    await this.#thread.call('settle', { sink, position })
  }

  onAppend(listener: () => void): () => void {
    return this.#thread.onAppend(listener)
  }

  health(): ReturnType<PartStore['health']> {
    const { silence } = this.#paths
    const error = silence ?? this.#paths.lastError
    const failed = this.#paths.failed || this.#unkept.any || silence !== null
    const late = this.#paths.behind > 0 || this.#thread.oldestMs > this.#afterMs
    return {
      state: failed ? 'failed' : this.#spool.count > 0 ? 'spooling' : late ? 'late' : 'ok',
      queued: this.#thread.pending,
      spooled: this.#spool.count,
      captured: this.#captured,
      lastError: error && toFact(error),
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const left = await this.drain.end()
    if (left !== null) this.#onAlarm(left)
    await this.#thread.close()
    await this.#spool.close()
  }

  #mustBeOpen(): void {
    if (this.#closed)
      throw new CodedError('TRC_WRITE', { expected: 'an open store', actual: 'one that was closed' })
  }

  async #plain(entry: PlainEntry): Promise<void> {
    this.#mustBeOpen()
    await this.#paths.either(
      async () => {
        await this.#thread.call(entry.op, entry.ask)
      },
      () => this.#toSpool(entry),
      { patienceMs: patienceMs(entry.op), behind: this.#spool.holds(entry) },
    )
  }

  async #toSpool(entry: SpoolEntry): Promise<void> {
    await this.#spool.append(entry)
    this.#onAlarm(
      new CodedError('TRC_SPOOLED', {
        actual: `${this.#spool.count} waiting`,
        hint: this.#paths.lastError?.message ?? `the store took longer than ${this.#afterMs} ms`,
      }),
    )
    this.drain.later()
  }
}
