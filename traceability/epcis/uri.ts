/** Absolute URI of RFC 3986: a scheme, and only the characters the grammar allows. No IRI: EPCIS has URIs. */
const URI =
  /^[A-Za-z][A-Za-z0-9+.-]*:(?:\/\/(?:[\w.~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*(?:\[[0-9A-Fa-f:.]+\](?::\d*)?)?)?(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?(?:#(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$/

/** Longest URI that is taken; EPCs and Digital Links stay far below. */
const MAX_URI = 2_048

export const isUri = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= MAX_URI && !/^[^:]*:($|[?#])/.test(text) && URI.test(text)

/** `ucschar` of RFC 3987, section 2.2: what an IRI may have beyond a URI, also the joiners of Persian and Hindi. */
const UCSCHAR =
  /(?!\p{NChar})[\u{A0}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFEF}\u{10000}-\u{DFFFD}\u{E1000}-\u{EFFFD}]/gu

/** Absolute IRI of RFC 3987; its scheme is that of a URI. */
export const isIri = (text: unknown): text is string =>
  typeof text === 'string' && /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && isUri(text.replace(UCSCHAR, 'x'))

/**
 * Names of extension fields: `prefix:name`, or the namespace and the name. Unlike values they are IRIs (JSON-LD 1.1,
 * section 3.2): 检验员 is a name, as in XML.
 */
export const isName = (text: unknown): text is string =>
  typeof text === 'string' && isUri(text.replace(UCSCHAR, 'x').replace(/^\w+(?=:)/, 'x'))

const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,30})?(?:[Zz]|[+-](\d\d):(\d\d))$/

/** Date-time of RFC 3339 with its offset, as EPCIS 2.0 (7.3.1.2) demands; the day must exist. */
export function isTime(text: unknown): text is string {
  if (typeof text !== 'string') return false
  const m = TIME.exec(text)
  if (m === null) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = m
    .slice(1)
    .map((part) => Number(part ?? 0))
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || offsetHour > 23 || offsetMinute > 59)
    return false
  if (day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) return false
  // A leap second may be written; it is the last of a UTC day.
  if (second === 60) {
    const sign = text.at(-6) === '-' ? 1 : -1
    const utc = hour * 60 + minute + (/[Zz]$/.test(text) ? 0 : sign * (offsetHour * 60 + offsetMinute))
    return ((utc % 1440) + 1440) % 1440 === 1439
  }
  return second < 60
}

/**
 * Milliseconds since 1970 of a checked time; parts of a millisecond are kept as a fraction, so that two times that
 * differ are never the same.
 */
export function timeMs(text: string): number {
  const m = /^(.{19})(\.\d+)?(.+)$/.exec(text)
  if (m === null) return Number.NaN
  const [, whole = '', fraction = '', zone = ''] = m
  const leap = whole.endsWith(':60')
  const base = Date.parse(`${leap ? `${whole.slice(0, -2)}59` : whole}${zone}`.toUpperCase())
  return base + (leap ? 1000 : 0) + (fraction === '' ? 0 : Number(`0${fraction}`) * 1000)
}
