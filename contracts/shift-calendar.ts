import { minuteOfDay, type ShiftsSpec } from './shift.schema.ts'

/** One shift of one day. */
export interface Shift {
  name: string
  /** The day on which it began, where the line stands, `YYYY-MM-DD`. */
  date: string
  /** Its first moment, ms since 1970. */
  fromMs: number
  /** The first moment of the next one. */
  toMs: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * Which shift a moment lies in, by the clock on the wall: where summer time begins or ends, the shift at that hour is an
 * hour shorter or longer. A border that the clock jumps over is the moment of the jump; one that it shows twice is the
 * first of them. So every moment has exactly one shift.
 */
export class ShiftCalendar {
  readonly spec: ShiftsSpec
  readonly #starts: { name: string; minute: number }[]
  readonly #clock: Intl.DateTimeFormat
  #last: Shift | null = null

  constructor(spec: ShiftsSpec) {
    this.spec = spec
    this.#starts = spec.calendar
      .map(({ name, from }) => ({ name, minute: minuteOfDay(from) }))
      .toSorted((a, b) => a.minute - b.minute)
    this.#clock = new Intl.DateTimeFormat('en-US', {
      timeZone: spec.timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  }

  /** In the order of the line file. */
  get names(): string[] {
    return this.spec.calendar.map((s) => s.name)
  }

  at(ms: number): Shift {
    // Nearly every part comes in the shift of the one before.
    if (this.#last !== null && ms >= this.#last.fromMs && ms < this.#last.toMs) return this.#last
    const today = Math.floor((ms + this.#offsetMs(ms)) / DAY_MS)
    for (let day = today + 1; day >= today - 2; day--)
      for (let i = this.#starts.length - 1; i >= 0; i--) {
        const shift = this.#nth(day, i)
        if (shift.fromMs <= ms && ms < shift.toMs) return (this.#last = shift)
      }
    throw new RangeError(`no shift at ${new Date(ms).toISOString()}`)
  }

  /** The shift of a name that began on a day (`YYYY-MM-DD`), or null where the calendar has none of the name. */
  of(name: string, date: string): Shift | null {
    const i = this.#starts.findIndex((s) => s.name === name)
    return i < 0 ? null : this.#nth(Math.floor(Date.parse(`${date}T00:00:00Z`) / DAY_MS), i)
  }

  /** The shift of a moment and those before it, newest first. */
  last(count: number, ms: number): Shift[] {
    const shifts = [this.at(ms)]
    for (let at = shifts[0]; at !== undefined && shifts.length < count; at = shifts.at(-1))
      shifts.push(this.at(at.fromMs - 1))
    return shifts
  }

  /** @param day days since 1970 on the wall */
  #nth(day: number, i: number): Shift {
    const start = this.#starts[i]
    const next = this.#starts[i + 1]
    if (start === undefined) throw new RangeError(`shift ${i}`)
    const toMs = next
      ? this.#momentOf(day, next.minute)
      : this.#momentOf(day + 1, this.#starts[0]?.minute ?? 0)
    return {
      name: start.name,
      date: new Date(day * DAY_MS).toISOString().slice(0, 10),
      fromMs: this.#momentOf(day, start.minute),
      toMs,
    }
  }

  /** When the clock on the wall first shows that time, or jumps over it. */
  #momentOf(day: number, minute: number): number {
    const wall = day * DAY_MS + minute * MINUTE_MS
    const offsets = [this.#offsetMs(wall - DAY_MS), this.#offsetMs(wall + DAY_MS)]
    const [early, late] = [wall - Math.max(...offsets), wall - Math.min(...offsets)]
    for (const ms of [early, late]) if (ms + this.#offsetMs(ms) === wall) return ms
    let [before, after] = [early, late]
    // The clock is set forward in between.
    while (after - before > 1_000) {
      const middle = Math.floor((before + after) / 2_000) * 1_000
      if (this.#offsetMs(middle) === this.#offsetMs(early)) before = middle
      else after = middle
    }
    return after
  }

  /** How far the clock on the wall is ahead of UTC. */
  #offsetMs(ms: number): number {
    const part = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
    for (const { type, value } of this.#clock.formatToParts(ms))
      if (type in part) part[type as 'year'] = Number(value)
    const wall = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second)
    return wall - Math.floor(ms / 1_000) * 1_000
  }
}

/** `from` and `to` of a shift, RFC 3339. */
export const shiftRange = ({ fromMs, toMs }: Shift): { from: string; to: string } => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
})
