import { lineNow } from './line-clock.ts'
import { wallText, zoneText } from './zone.ts'

/** ms with as many digits as matter at a glance. */
export const msText = (ms: number): string =>
  ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`

/** A share of 0..1; one that is neither none nor all is never rounded to either. */
export function percentText(share: number | null, digits = 1): string {
  if (share === null || !Number.isFinite(share)) return '–'
  const least = 10 ** -digits
  const text = (share * 100).toFixed(digits)
  if (share > 0 && Number(text) === 0) return `< ${least.toFixed(digits)} %`
  return share < 1 && Number(text) === 100 ? `> ${(100 - least).toFixed(digits)} %` : `${text} %`
}

export const countText = (n: number): string => n.toLocaleString('en-US')

/** Time of day with milliseconds, by the clock of the pages; with the date when it is not today. */
export function timeText(iso: string, now = new Date(lineNow())): string {
  const t = new Date(iso)
  if (Number.isNaN(t.getTime())) return iso
  const { date, time } = wallText(t)
  const clock = `${time}.${String(t.getUTCMilliseconds()).padStart(3, '0')}`
  return date === wallText(now).date ? clock : `${date} ${clock}`
}

/** Date and time with the zone: what is read later, elsewhere, or on paper. */
export function momentText(iso: string): string {
  const t = new Date(iso)
  return Number.isNaN(t.getTime()) ? iso : `${timeText(iso, new Date(0))} ${zoneText(t)}`
}

/** Time of day without milliseconds; with the date when it is not that of `now`. */
export function clockText(t: Date, now = t): string {
  const { date, time } = wallText(t)
  return date === wallText(now).date ? time : `${date} ${time}`
}

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
