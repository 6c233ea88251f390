import { setImmediate as breathe } from 'node:timers/promises'
import { asCoded, CodedError, monoMs } from '../contracts/index.ts'
import type { CameraHealth, CameraItem, CameraState } from '../contracts/index.ts'
import { missReason } from './slot-frame.ts'

/** A gap of many triggers is handed over in portions: each starts a settlement, and parts in flight have deadlines. */
const MISSED_PORTION = 50

/**
 * The way from a source's producer to its consumer: a queue in trigger order, and the counters of health.
 * An item may be pushed as a promise, so that slow reads overlap while the order stays; such a promise must
 * not reject. After an abort the items already queued are still delivered, then `end`: an accepted trigger is
 * not lost because the line stops. A consumer that leaves early gives the queued slots back.
 */
export class ItemFlow {
  readonly #adapter: string
  readonly #queue: (CameraItem | Promise<CameraItem>)[] = []
  readonly #stop = new AbortController()
  #wakeConsumer: (() => void) | null = null
  readonly #wakeProducers = new Set<() => void>()
  #taken = false
  #ended = false
  #producing: Promise<void> = Promise.resolve()
  readonly #health: CameraHealth = {
    state: 'opening',
    frames: 0,
    missed: 0,
    faults: 0,
    restarts: 0,
    lastFrameAtMs: null,
    lastError: null,
  }

  constructor(adapter: string) {
    this.#adapter = adapter
  }

  get health(): CameraHealth {
    return { ...this.#health }
  }

  /** Aborts when the consumer aborts, leaves, or the source is closed. */
  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  /** True once the producer has settled: nothing pushed now would be delivered. */
  get ended(): boolean {
    return this.#ended
  }

  set state(state: CameraState) {
    this.#health.state = state
  }

  countRestart(): void {
    this.#health.restarts += 1
  }

  note(error: CodedError): void {
    this.#health.lastError = error.message
  }

  push(item: CameraItem | Promise<CameraItem>): void {
    if (item instanceof Promise) void item.then((i) => this.#count(i))
    else this.#count(item)
    this.#queue.push(item)
    this.#wakeConsumer?.()
  }

  missed(trigger: number, triggeredAtMs: number, error: CodedError): void {
    this.push(missedItem(trigger, triggeredAtMs, error))
  }

  fault(error: CodedError, fatal: boolean): void {
    this.push({ kind: 'fault', code: error.code, message: error.message, fatal })
  }

  /** Resolves once fewer than `limit` items are queued, or on abort. */
  async room(limit: number): Promise<void> {
    while (this.#queue.length >= limit && !this.stopped.aborted) {
      await new Promise<void>((resolve) => this.#wakeProducers.add(resolve))
    }
  }

  /** Delivers what `produce` pushes until it settles; `onDeliver` may stamp an item at the moment it is taken. */
  async *run(
    signal: AbortSignal,
    produce: (stopped: AbortSignal) => Promise<void>,
    onDeliver: (item: CameraItem) => void = () => {},
  ): AsyncGenerator<CameraItem> {
    if (this.#taken) {
      throw new CodedError('CAM_OPEN', {
        expected: 'one consumer of items()',
        actual: `a second one (${this.#adapter})`,
        hint: 'create a new source to start again',
      })
    }
    this.#taken = true
    const abort = (): void => void this.close()
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#producing = produce(this.stopped)
      .catch((e: unknown) => this.fault(asCoded(e, 'CAM_GONE'), true))
      .finally(() => {
        this.#ended = true
        this.#wakeConsumer?.()
      })
    let missedInRow = 0
    try {
      for (;;) {
        const next = this.#queue.shift()
        if (next === undefined) {
          if (this.#ended) {
            yield { kind: 'end' }
            return
          }
          await new Promise<void>((resolve) => (this.#wakeConsumer = resolve))
          this.#wakeConsumer = null
          continue
        }
        this.#wake()
        const item = await next
        missedInRow = item.kind === 'missed' ? missedInRow + 1 : 0
        if (missedInRow > 0 && missedInRow % MISSED_PORTION === 0) await breathe()
        onDeliver(item)
        yield item
      }
    } finally {
      signal.removeEventListener('abort', abort)
      await this.close()
      this.#discard()
      this.#health.state = 'offline'
    }
  }

  /** Stops the producer and waits until it has. Frames nobody will take any more are released. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    if (!this.#taken) this.#discard()
    await this.#producing
  }

  #wake(): void {
    for (const resolve of this.#wakeProducers) resolve()
    this.#wakeProducers.clear()
  }

  #discard(): void {
    for (const item of this.#queue.splice(0)) {
      void Promise.resolve(item).then((i) => {
        if (i.kind === 'frame') i.frame.release()
      })
    }
  }

  #count(item: CameraItem): void {
    if (item.kind === 'frame') {
      this.#health.frames += 1
      this.#health.lastFrameAtMs = monoMs()
      this.#health.state = 'online'
    } else if (item.kind !== 'end') {
      if (item.kind === 'missed') this.#health.missed += 1
      else this.#health.faults += 1
      this.#health.lastError = item.message
    }
  }
}

export const missedItem = (trigger: number, triggeredAtMs: number, error: CodedError): CameraItem => ({
  kind: 'missed',
  trigger,
  triggeredAtMs,
  reason: missReason(error.code),
  code: error.code,
  message: error.message,
})
