/** What a clock on the wall shows. */
interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const pad = (n: number, width = 2): string => String(n).padStart(width, '0')

const clockOf = (timeZone: string | undefined): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-US', {
    ...(timeZone !== undefined && { timeZone }),
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })

let clock = clockOf(undefined)

/**
 * The clock that all times on the pages go by: that of the line, so that whoever reads elsewhere sees its shifts.
 *
 * @param zone IANA name; null or unknown to this browser = the clock of this screen
 */
export function goBy(zone: string | null): void {
  try {
    clock = clockOf(zone ?? undefined)
  } catch {
    clock = clockOf(undefined)
  }
}

/** IANA name of the clock that the pages go by. */
export const zoneName = (): string => clock.resolvedOptions().timeZone

function wallOf(t: Date): Wall {
  const wall: Wall = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 }
  for (const { type, value } of clock.formatToParts(t)) if (type in wall) wall[type as 'year'] = Number(value)
  return wall
}

/** How far the clock is ahead of UTC at a moment, ms. */
function aheadMs(t: Date): number {
  const w = wallOf(t)
  const shown = new Date(0)
  // `Date.UTC` takes years below 100 for those of the last century; a year that is being typed is one.
  shown.setUTCFullYear(w.year, w.month - 1, w.day)
  return shown.setUTCHours(w.hour, w.minute, w.second) - Math.floor(t.getTime() / 1_000) * 1_000
}

/** `UTC+08:00`: where the clock of the pages stands at a moment. */
export const zoneText = (t: Date): string => offsetText(Math.round(aheadMs(t) / 60_000))

/** The same of the clock of this screen; null where it goes as that of the pages does. */
export function screenZone(t: Date): string | null {
  const here = offsetText(-t.getTimezoneOffset())
  return here === zoneText(t) ? null : here
}

const offsetText = (min: number): string =>
  `UTC${min < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(min) / 60))}:${pad(Math.abs(min) % 60)}`

/** `2026-01-31` and `06:05:09` of the clock. */
export function wallText(t: Date): { date: string; time: string } {
  const w = wallOf(t)
  return {
    date: `${pad(w.year, 4)}-${pad(w.month)}-${pad(w.day)}`,
    time: `${pad(w.hour)}:${pad(w.minute)}:${pad(w.second)}`,
  }
}

const DAY_MS = 86_400_000

/**
 * When the clock shows a time. One that it shows twice, where summer time ends, is the first of them; one that it jumps
 * over is the moment of the jump.
 *
 * @param text `2026-01-31T06:05`, with seconds or without
 * @returns null for anything else
 */
export function momentOf(text: string): Date | null {
  const wall = Date.parse(`${text}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text) || Number.isNaN(wall)) return null
  const offsets = [aheadMs(new Date(wall - DAY_MS)), aheadMs(new Date(wall + DAY_MS))]
  const [early, late] = [wall - Math.max(...offsets), wall - Math.min(...offsets)]
  for (const ms of [early, late]) if (ms + aheadMs(new Date(ms)) === wall) return new Date(ms)
  let [before, after] = [early, late]
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000
    if (aheadMs(new Date(middle)) === aheadMs(new Date(early))) before = middle
    else after = middle
  }
  return new Date(after)
}
