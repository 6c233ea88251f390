import { z } from 'zod'
import { CodedError } from '../../contracts/index.ts'

const time = z.union([z.iso.datetime({ offset: true }), z.iso.date()])
/**
 * As RFC 3339 also allows it: small letters, and a space before the time. Whoever types may leave out the seconds. Offsets
 * also as ISO 8601 and PostgreSQL write them (`+0800`, `+08`), behind a blank, and `UTC`.
 */
const spelled = (text: string): string =>
  text
    .toUpperCase()
    .replace(/^([\d-]+) (?=\d)/, '$1T')
    .replace(/(T[\d:.]+) ?(?:UTC|Z)$/, '$1Z')
    .replace(
      /(T[\d:.]+) ?([+-]\d\d)(?::?(\d\d))?$/,
      (_, at: string, hours: string, minutes = '00') => `${at}${hours}:${minutes}`,
    )
    .replace(/(T\d\d:\d\d)(?=Z|[+-])/, '$1:00')

/** ISO 8601 calls the end of a day so, which the check does not know; it is the beginning of the next one. */
const MIDNIGHT = /T24(?=:00:00(?:\.0+)?(?:Z|[+-]))/

/**
 * What `--from` and `--to` mean, in UTC.
 *
 * @throws CFG_USAGE for what is no RFC 3339 time or date, and for an end before the beginning
 */
export function timeRange(o: { from?: string | undefined; to?: string | undefined }): {
  from?: string
  to?: string
} {
  const [from, to] = [timeOf('--from', o.from), timeOf('--to', o.to)]
  if (from !== undefined && to !== undefined && to < from)
    throw new CodedError('CFG_USAGE', {
      path: '--to',
      expected: `a time that is not before --from, ${from}`,
      actual: to,
    })
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

/** A date or a time with its offset, in UTC; null for anything else: without an offset nobody knows when it was. */
export function utcOf(text: string): string | null {
  const found = spelled(text.trim())
  return time.safeParse(found.replace(MIDNIGHT, 'T00')).success ? new Date(found).toISOString() : null
}

/** @throws CFG_USAGE for what is no RFC 3339 time or date */
export function timeOf(path: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const found = utcOf(text)
  if (found === null)
    throw new CodedError('CFG_USAGE', {
      path,
      expected: 'a date or a time with Z or its offset (RFC 3339), e.g. 2026-01-31 or 2026-01-31T06:00:00Z',
      actual: text,
    })
  return found
}
