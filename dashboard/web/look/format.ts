/** ms with as many digits as matter at a glance. */
export const msText = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`

export const percentText = (share: number | null, digits = 1): string =>
  share === null || !Number.isFinite(share) ? '–' : `${(share * 100).toFixed(digits)} %`

export const countText = (n: number): string => n.toLocaleString('en-US')

const pad = (n: number, width = 2): string => String(n).padStart(width, '0')

/** Local time of day with milliseconds; with the date when it is not today. */
export function timeText(iso: string, now = new Date()): string {
  const t = new Date(iso)
  if (Number.isNaN(t.getTime())) return iso
  const clock = `${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}.${pad(t.getMilliseconds(), 3)}`
  const date = `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())}`
  return t.toDateString() === now.toDateString() ? clock : `${date} ${clock}`
}

/** `UTC+08:00`: where the clock of this screen stands at a moment. */
export const zoneText = (t: Date): string => offsetText(-t.getTimezoneOffset())

const offsetText = (min: number): string =>
  `UTC${min < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(min) / 60))}:${pad(Math.abs(min) % 60)}`

/**
 * How the clock of a zone differs from that of this screen at a moment.
 *
 * @param zone IANA name
 * @returns its clock and offset, null where it goes the same or is not known here
 */
export function otherClock(t: Date, zone: string): { clock: string; offset: string } | null {
  const parts = zoneParts(t, zone)
  if (parts === null) return null
  const min = Math.round(
    (Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second) - t.getTime()) /
      60_000,
  )
  return min === -t.getTimezoneOffset()
    ? null
    : { clock: `${pad(parts.hour)}:${pad(parts.minute)}`, offset: offsetText(min) }
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const

function zoneParts(t: Date, timeZone: string): Record<(typeof FIELDS)[number], number> | null {
  try {
    const numeric = {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const
    const told = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      ...numeric,
    }).formatToParts(t)
    return Object.fromEntries(
      FIELDS.map((f) => [f, Number(told.find((p) => p.type === f)?.value)]),
    ) as Record<(typeof FIELDS)[number], number>
  } catch {
    return null
  }
}

/** Local date and time with the zone: what is read later, elsewhere, or on paper. */
export function momentText(iso: string): string {
  const t = new Date(iso)
  return Number.isNaN(t.getTime()) ? iso : `${timeText(iso, new Date(0))} ${zoneText(t)}`
}

/** Time of day without milliseconds. */
export const clockText = (t: Date): string =>
  `${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}`

/** `3.2 h`, `14 min`, `42 s`. */
export const spanText = (seconds: number): string =>
  seconds >= 86_400
    ? `${(seconds / 86_400).toFixed(1)} d`
    : seconds >= 3_600
      ? `${(seconds / 3_600).toFixed(1)} h`
      : seconds >= 60
        ? `${Math.floor(seconds / 60)} min`
        : `${Math.round(seconds)} s`

export const shortHash = (hash: string): string => hash.slice(0, 12)

/** Up to four significant digits, no exponent for everyday sizes. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return countText(value)
  const size = Math.abs(value)
  return size >= 1000
    ? value.toFixed(1)
    : size >= 0.001
      ? String(Number(value.toPrecision(4)))
      : value.toExponential(2)
}

/** Group separators of GS1 element strings, made visible. */
export const codeText = (text: string): string => text.replaceAll('\u001d', '<GS>')
