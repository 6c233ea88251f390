import { CodedError, monoMs } from '../contracts/index.ts'
import type { CounterStep } from './trigger-counter.ts'

/** A part that the PLC has counted and whose frame was not pushed yet; or several, of which the last one is waited for. */
export interface Awaited {
  from: number
  trigger: number
  /** When it came, as far as is known, monotonic ms. */
  atMs: number
  /** See `FrameSource.trigger`. */
  anew: boolean
}

/**
 * One that is waited for, or given up; `begins`: it is the first of a count below the numbers before it; `beside`: the
 * camera counted on far below it meanwhile.
 */
export type AwaitedPart = Awaited & { begins: boolean; beside: boolean }

/** A PLC tells all that it counts: more numbers than this that neither it nor the camera told are of another count. */
export const MOST_UNTOLD = 32

/** Parts given up that are remembered, so that a frame which comes after all is told why it is refused. */
const REMEMBERED = 1_024

/**
 * Parts that a PLC counts and a camera pushes, each with its number: one whose frame does not begin to arrive in time is
 * given up, in the order of counting, so that a camera that died shows at the first part without a frame.
 */
export class AwaitedPushes {
  readonly #waitMs: number
  readonly #giveUp: (part: AwaitedPart, why: CodedError) => void
  /** In the order of counting. */
  readonly #waiting: (AwaitedPart & { dueMs: number })[] = []
  /** When numbers were accounted for lately: a frame may be here before the PLC is read. */
  readonly #accounted = new Map<number, number>()
  readonly #late = new Map<number, number>()
  #ended = false
  #timer: NodeJS.Timeout | undefined

  /**
   * @param waitMs from the count of the PLC to the beginning of the push
   * @param giveUp told each part that is given up
   */
  constructor(waitMs: number, giveUp: (part: AwaitedPart, why: CodedError) => void) {
    this.#waitMs = waitMs
    this.#giveUp = giveUp
  }

  /** @param last the number counted last, where no part is waited for */
  counted(part: Awaited, last: number): void {
    if (this.#ended) return
    const now = monoMs()
    const knownMs = this.#accounted.get(part.trigger)
    if (knownMs !== undefined && now - knownMs <= this.#waitMs) return
    const begins = part.anew && part.trigger <= (this.#waiting.at(-1)?.trigger ?? last)
    this.#waiting.push({ ...part, begins, beside: false, dueMs: now + this.#waitMs })
    if (this.#waiting.length === 1) this.#later()
  }

  /**
   * A push has this number, and is about to be counted: those of its count that it overtakes are given up first, and so
   * are all of a count before it. One that is refused overtakes none.
   *
   * @param kind what its number means
   * @param anew the sender says that its count may have begun again
   * @returns the first part of a count that the sender does not go along with, of which none is waited for any more
   */
  arriving(trigger: number, kind: CounterStep['kind'], anew: boolean): Awaited | null {
    if (kind === 'repeat') return null
    const restarts = kind === 'restart'
    if (!restarts) for (const w of this.#waiting) if (w.trigger - trigger > MOST_UNTOLD) w.beside = true
    const begun = restarts ? this.#waiting.findLastIndex((w) => w.begins) : 0
    const its = (w: Awaited, i: number): boolean => w.trigger === trigger && i >= begun
    const at = anew || restarts ? this.#waiting.findLastIndex(its) : this.#waiting.findIndex(its)
    const behind = this.#waiting.findIndex((w, i) =>
      restarts ? begun >= 0 && i >= begun && w.trigger > trigger : w.begins || w.trigger > trigger,
    )
    const count = at >= 0 ? at : behind >= 0 ? behind : this.#waiting.length
    const overtaken = this.#waiting.splice(0, count)
    const [next] = this.#waiting
    let other: Awaited | null = null
    if (at >= 0) this.#waiting.shift()
    else if (next?.begins && restarts) next.begins = false
    else if (next?.begins) [other = null] = this.#waiting.splice(0)
    const actual = `that of trigger ${trigger} came before any`
    for (const part of overtaken) this.#miss(part, { expected: 'a frame of its own', actual })
    if (restarts) {
      this.#accounted.clear()
      this.#late.clear()
    }
    return other
  }

  /** A push was counted, or a number that it shows to be lost. */
  accounted(trigger: number): void {
    this.#late.delete(trigger)
    this.#accounted.delete(trigger)
    keep(this.#accounted, trigger)
  }

  /** Why a frame is refused whose part was given up; null = it was not. */
  late(trigger: number): CodedError | null {
    const atMs = this.#late.get(trigger)
    if (atMs === undefined) return null
    const actual = `trigger ${trigger}, ${(monoMs() - atMs).toFixed()} ms after it was given up as missed`
    return new CodedError('CAM_TIMEOUT', { expected: `a frame within ${this.#waitMs} ms`, actual })
  }

  /** Nobody will push any more. */
  end(why: CodedError): void {
    this.#ended = true
    clearTimeout(this.#timer)
    for (const part of this.#waiting.splice(0)) this.#giveUp(part, why)
  }

  #miss(part: AwaitedPart, detail: { expected: string; actual: string; hint?: string }): void {
    keep(this.#late, part.trigger)
    this.#giveUp(part, new CodedError('CAM_TIMEOUT', detail))
  }

  #later(): void {
    clearTimeout(this.#timer)
    const [first] = this.#waiting
    if (first === undefined) return
    this.#timer = setTimeout(
      () => {
        while (this.#waiting[0] && this.#waiting[0].dueMs <= monoMs()) {
          const [part] = this.#waiting.splice(0, 1)
          if (part)
            this.#miss(part, {
              expected: `a frame within ${this.#waitMs} ms of the count of the PLC`,
              actual: 'none',
              hint: 'check that the camera runs, is triggered and reaches this port',
            })
        }
        this.#later()
      },
      Math.max(0, first.dueMs - monoMs()),
    )
  }
}

function keep(times: Map<number, number>, trigger: number): void {
  times.set(trigger, monoMs())
  for (const oldest of times.keys()) {
    if (times.size <= REMEMBERED) return
    times.delete(oldest)
  }
}
