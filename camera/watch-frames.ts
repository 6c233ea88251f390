import { CodedError } from '../contracts/index.ts'
import type { CameraItem, Frame, FrameSource } from '../contracts/index.ts'
import { missReason } from './slot-frame.ts'
import { countedAnew, repeated, skipped, TriggerCounter } from './trigger-counter.ts'

export interface WatchOptions {
  /** Frames captured longer ago than this when the line takes them are missed, ms. */
  staleMs: number
  /** After this many identical images in a row further ones are missed, until as many differ before the next such row; 0 = never. */
  frozenAfter: number
  /**
   * What the camera's own counter is: `trigger` = the trigger number itself, so that a skipped value is a lost
   * trigger; `frames` = a count of its own, where skipping is only reported; `off` = none, or checked before.
   */
  counter: 'trigger' | 'frames' | 'off'
}

/**
 * Watches over any source: stale (feature A11), frozen (A13), repeated and skipped frames (A14) do not reach the
 * pipeline; their triggers become missed items and their slots are given back.
 */
export function watchFrames<S extends FrameSource>(source: S, options: WatchOptions): S {
  const frozen = options.frozenAfter > 0 ? new FrozenWatch(options.frozenAfter) : null
  const counter = options.counter === 'off' ? null : new TriggerCounter(null)
  let refused = 0
  let gaps = 0
  let lost = 0
  let lastError: string | null = null

  async function* items(signal: AbortSignal): AsyncGenerator<CameraItem> {
    for await (const item of source.items(signal)) {
      if (item.kind !== 'frame') {
        yield item
        continue
      }
      const { frame } = item
      const { cameraCounter, trigger, triggeredAtMs } = frame.meta
      let error: CodedError | null = null
      if (counter && cameraCounter !== null) {
        const step = counter.accept(cameraCounter)
        if (step.kind === 'repeat') error = repeated(cameraCounter, step.last)
        else if (step.kind !== 'next') {
          const gap =
            step.kind === 'restart' ? countedAnew(cameraCounter, step.last) : skipped(step.from, step.to)
          lastError = gap.message
          if (options.counter === 'trigger' && step.kind === 'gap') {
            for (let n = step.from; n <= step.to; n++) {
              lost += 1
              yield missed(n, triggeredAtMs, gap)
            }
          } else {
            gaps += 1
            yield { kind: 'fault', code: gap.code, message: gap.message, fatal: false }
          }
        }
      }
      error ??= staleness(frame, options.staleMs) ?? frozen?.check(frame) ?? null
      if (error === null) {
        yield item
        continue
      }
      frame.release()
      lastError = error.message
      if (error.code === 'CAM_DUPLICATE' && options.counter === 'trigger') {
        // The trigger of that number has its item already; a second one would count the part twice.
        gaps += 1
        yield { kind: 'fault', code: error.code, message: error.message, fatal: false }
      } else {
        refused += 1
        yield missed(trigger, triggeredAtMs, error)
      }
    }
  }

  return {
    ...source,
    items,
    health: () => {
      const inner = source.health()
      const { frames, missed: innerMissed, faults } = inner
      return {
        ...inner,
        frames: Math.max(0, frames - refused),
        missed: innerMissed + refused + lost,
        faults: faults + gaps,
        lastError: lastError ?? inner.lastError,
      }
    },
  }
}

const missed = (trigger: number, triggeredAtMs: number, error: CodedError): CameraItem => ({
  kind: 'missed',
  trigger,
  triggeredAtMs,
  reason: missReason(error.code),
  code: error.code,
  message: error.message,
})

/** No link holds a frame back for so long, ms. */
const CLOCK_MS = 600_000
const BEHIND = 'the link or the pipeline is behind'

/** Too old, or from the future: both say that the frame cannot be placed in time. */
function staleness(frame: Frame, staleMs: number): CodedError | null {
  const ageMs = Date.now() - Date.parse(frame.meta.capturedAt)
  if (Math.abs(ageMs) <= staleMs) return null
  return new CodedError('CAM_STALE', {
    expected: `captured at most ${staleMs} ms ago`,
    actual: ageMs > 0 ? `${ageMs} ms ago` : `${-ageMs} ms in the future`,
    hint: ageMs > 0 && ageMs < CLOCK_MS ? BEHIND : 'the clock of the camera is wrong',
  })
}

/**
 * Exact comparison with the frame before, which ends at the first different byte: on a living camera noise
 * makes that one of the first, and only the copy is paid.
 */
class FrozenWatch {
  readonly #after: number
  #last: Buffer = Buffer.alloc(0)
  #repeats = 0
  /**
   * How many differed since it stood still; null = it is not frozen. With a key frame a still stream changes, too, for a
   * few; one that moves may show each picture twice.
   */
  #changes: number | null = null
  #seen = false

  constructor(after: number) {
    this.#after = after
  }

  check(frame: Frame): CodedError | null {
    const { buffer, byteOffset, byteLength } = frame.bytes
    const now = Buffer.from(buffer, byteOffset, byteLength)
    if (this.#seen && this.#last.equals(now)) {
      this.#repeats += 1
      if (this.#repeats >= this.#after) {
        this.#changes = 0
        return frozen(`${this.#repeats + 1} identical images in a row`)
      }
    } else {
      this.#seen = true
      this.#repeats = 0
      if (this.#last.byteLength === byteLength) now.copy(this.#last)
      else this.#last = Buffer.from(now)
      if (this.#changes !== null) this.#changes += 1
    }
    if (this.#changes === null) return null
    if (this.#changes < this.#after) return frozen(`${this.#changes} that differ, since it stood still`)
    this.#changes = null
    return null
  }
}

const frozen = (actual: string): CodedError =>
  new CodedError('CAM_FROZEN', {
    expected: 'a changing image',
    actual,
    hint: 'restart the camera; check that the trigger reaches its sensor',
  })
