import { asCoded, CodedError, monoMs } from '../contracts/index.ts'
import type { CameraItem, FrameSlot, FrameSource, LostTriggers } from '../contracts/index.ts'
import type { SharedFramePool } from './frame-pool.ts'
import { ItemFlow, missedItem } from './item-flow.ts'
import { missLost } from './lost-triggers.ts'
import { noBuffer, slotFrame } from './slot-frame.ts'
import type { SlotContent } from './slot-frame.ts'
import { countedAnew, repeated, skipped, TriggerCounter } from './trigger-counter.ts'

/** A picture that waits for its trigger. */
export interface Picture {
  /** File or description, for people. */
  source: string
  cameraCounter: number | null
  /** Writes the picture into a slot. Whatever it throws becomes the reason why the trigger has no frame. */
  fill(target: Uint8Array<SharedArrayBuffer>): SlotContent | Promise<SlotContent>
}

export interface PaceOptions {
  adapter: string
  station: string
  view: string
  pool: SharedFramePool
  firstTrigger: number
  /** Frames per second; `max`: as fast as slots become free; `triggered`: one per `trigger(n)`. */
  rate: number | 'max' | 'triggered'
  /** Ignored by `max`, which always waits. */
  backPressure: 'wait' | 'miss'
  open?: () => Promise<void>
  pictures: () => AsyncIterator<Picture>
}

interface Demand {
  trigger: number
  atMs: number
  /** Set when the trigger is known to be lost already. */
  lost?: CodedError
}

/** How many frames a waiting source prepares ahead: reads overlap, and the line still stops quickly. */
const LOOKAHEAD = 4

/** Simulated camera: shows prepared pictures at a rate, as fast as possible, or on demand. */
export function pacedSource(options: PaceOptions): FrameSource {
  const { adapter, station, view, pool, rate } = options
  const flow = new ItemFlow(adapter)
  const demands: Demand[] = []
  const counter = new TriggerCounter(options.firstTrigger > 1 ? options.firstTrigger : null)
  const waits = rate === 'max' || (rate !== 'triggered' && options.backPressure === 'wait')
  let wakeDemand: (() => void) | null = null
  let finished = false
  let nextTrigger = options.firstTrigger

  const fill = async (slot: FrameSlot, picture: Picture, demand: Demand): Promise<CameraItem> => {
    try {
      const content = await picture.fill(new Uint8Array(slot.buffer))
      const { source, cameraCounter } = picture
      const facts = { station, view, source, cameraCounter, simulated: true }
      return {
        kind: 'frame',
        frame: slotFrame(slot, content, { ...facts, trigger: demand.trigger, triggeredAtMs: demand.atMs }),
      }
    } catch (e) {
      slot.release()
      return missedItem(demand.trigger, demand.atMs, asCoded(e, 'CAM_INCOMPLETE', { file: picture.source }))
    }
  }

  /** The next trigger on demand; null when stopped. Lost ones are reported on the way. */
  const demanded = async (stopped: AbortSignal): Promise<Demand | null> => {
    for (;;) {
      if (stopped.aborted) return null
      const demand = demands.shift()
      if (demand?.lost) flow.missed(demand.trigger, demand.atMs, demand.lost)
      else if (demand) return demand
      else {
        await new Promise<void>((resolve) => (wakeDemand = resolve))
        wakeDemand = null
      }
    }
  }

  const produce = async (stopped: AbortSignal): Promise<void> => {
    const pictures = options.pictures()
    const pull = (): Promise<IteratorResult<Picture>> => {
      const next = pictures.next()
      next.catch(() => {})
      return next
    }
    stopped.addEventListener('abort', () => wakeDemand?.(), { once: true })
    let clock: ReturnType<typeof frameClock> | null = null
    flow.state = rate === 'triggered' ? 'idle' : 'online'
    let pictureError: CodedError | null = null
    try {
      let upcoming = pull()
      for (;;) {
        const picture = await unlessStopped(upcoming, stopped)
        if (picture === null || picture.done === true) break
        if (waits) await flow.room(LOOKAHEAD)
        // The belt starts when the first part lies on it: a slow first picture makes no late triggers.
        if (typeof rate === 'number') clock ??= frameClock(1000 / rate)
        if (clock) await clock.tick(stopped)
        const demand = rate === 'triggered' ? await demanded(stopped) : null
        if (rate === 'triggered' && demand === null) break
        const mayWait = rate === 'max' || options.backPressure === 'wait'
        const slot = mayWait ? await pool.acquireLater(stopped) : stopped.aborted ? null : pool.acquire()
        if (stopped.aborted) {
          slot?.release()
          if (demand) demands.unshift(demand)
          break
        }
        // A source that may slow down exposes when it has room; one that may not has passed that moment.
        if (waits) clock?.restart()
        const now = demand ?? { trigger: nextTrigger++, atMs: waits ? monoMs() : (clock?.dueMs ?? monoMs()) }
        if (slot) flow.push(fill(slot, picture.value, now))
        else flow.missed(now.trigger, now.atMs, noBuffer(pool.slots))
        // After the copy: a generator may re-use its buffer for the next picture.
        upcoming = pull()
      }
    } catch (e) {
      pictureError = asCoded(e, 'CAM_GONE')
      flow.fault(pictureError, true)
    } finally {
      finished = true
      const why = pictureError?.message ?? (stopped.aborted ? 'the source was stopped' : 'no picture is left')
      for (const d of demands.splice(0)) {
        flow.missed(d.trigger, d.atMs, d.lost ?? new CodedError('CAM_GONE', { actual: why }))
      }
      // Not awaited: a generator that hangs must not keep the line from stopping.
      void pictures.return?.()?.catch(() => {})
    }
  }

  /** A simulated exposure happens when the pipeline takes the frame, so waiting in the queue costs no budget. */
  const stamp = (item: CameraItem): void => {
    if (item.kind === 'frame') {
      item.frame.meta.triggeredAtMs = monoMs()
      item.frame.meta.capturedAt = new Date().toISOString()
    } else if (item.kind === 'missed') item.triggeredAtMs = monoMs()
  }

  const trigger = (n: number, anew = false): void => {
    const atMs = monoMs()
    if (finished || flow.stopped.aborted) {
      flow.note(new CodedError('CAM_GONE', { actual: `trigger ${n} after the end of the source` }))
      return
    }
    const step = counter.accept(n, anew)
    if (step.kind === 'repeat') flow.fault(repeated(n, step.last), false)
    if (step.kind === 'restart') flow.fault(countedAnew(n, step.last), false)
    if (step.kind === 'jump') flow.fault(skipped(step.from, step.to), false)
    if (step.kind === 'gap') {
      for (let lost = step.from; lost <= step.to; lost++)
        demands.push({ trigger: lost, atMs, lost: skipped(step.from, step.to) })
    }
    if (step.kind !== 'repeat') demands.push({ trigger: n, atMs })
    wakeDemand?.()
  }

  const lost = (them: LostTriggers): void => {
    if (finished || flow.stopped.aborted) return
    missLost(counter, them, {
      miss: (n, error) => demands.push({ trigger: n, atMs: them.sinceMs, lost: error }),
      fault: (error) => flow.fault(error, false),
    })
    wakeDemand?.()
  }

  return {
    adapter,
    open: async () => {
      flow.state = 'opening'
      await options.open?.()
      flow.state = 'idle'
    },
    items: (signal) => flow.run(signal, produce, rate === 'max' ? stamp : undefined),
    ...(rate === 'triggered' && { trigger, lost }),
    health: () => flow.health,
    close: () => flow.close(),
  }
}

/** Ticks at a fixed period without drift: a late tick does not delay the next ones. */
function frameClock(periodMs: number): {
  dueMs: number
  tick(stopped: AbortSignal): Promise<void>
  restart(): void
} {
  let next = monoMs()
  const clock = {
    dueMs: next,
    async tick(stopped: AbortSignal): Promise<void> {
      clock.dueMs = next
      next += periodMs
      const waitMs = clock.dueMs - monoMs()
      if (waitMs <= 0 || stopped.aborted) return
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          stopped.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, waitMs)
        stopped.addEventListener('abort', done, { once: true })
      })
    },
    /** After a forced wait the next tick is a full period away, instead of a burst that makes up for it. */
    restart(): void {
      if (monoMs() > next) next = monoMs() + periodMs
    },
  }
  return clock
}

/** Null when stopped first. A race with one promise for the whole run would keep every picture until its end. */
function unlessStopped<T>(work: Promise<T>, stopped: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(null)
    if (stopped.aborted) return stop()
    stopped.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => stopped.removeEventListener('abort', stop))
  })
}
