import { pureIdentityFrom } from '../identity/epc/index.ts'
import { parseDigitalLink } from '../identity/gs1/index.ts'
import { classUrn, comparedUri } from './epc.ts'

/** Whether an identifier of an event matches; both its form as written and its one form are looked at. */
export interface EpcMatcher {
  /** The one form that must be equal, or null for a pattern. */
  exact: string | null
  matches(written: string): boolean
}

/**
 * Matcher of one value of a MATCH parameter (EPCIS 2.0, 8.2.7.1.1): an identifier in any form, or a pure identity
 * pattern `urn:epc:idpat:` with `*` and `[lo-hi]`. Null when the value is neither.
 */
export function epcMatcher(value: string): EpcMatcher | null {
  const m = /^urn:epc:idpat:([a-z]+):(.+)$/.exec(value)
  if (m === null) {
    if (/^urn:epc:(pat|idpat):/i.test(value)) return null
    const exact = comparedUri(value)
    return { exact, matches: (written) => written === value || comparedUri(written) === exact }
  }
  const [, scheme = '', body = ''] = m
  const fields = body.split('.')
  if (!fields.every((f) => f === '*' || isRange(f) || /^[\w%!"&'()+,./:;<=>?@-]*$/.test(f))) return null
  const asClass = comparedUri(value)
  return {
    exact: null,
    matches(written) {
      if (written === value || comparedUri(written) === asClass) return true
      const identity = identityOf(written, scheme, fields[0] ?? '')
      if (identity === null) return false
      const parts = identity.split('.')
      const last = fields.length - 1
      // Serials may hold dots: everything behind the other fields is the last one.
      const found = [...parts.slice(0, last), parts.slice(last).join('.')]
      return parts.length >= fields.length && fields.every((f, i) => fieldMatches(f, found[i] ?? ''))
    },
  }
}

const RANGE = /^\[(\d+)-(\d+)\]$/
const isRange = (field: string): boolean => RANGE.test(field)

function fieldMatches(pattern: string, field: string): boolean {
  if (pattern === '*') return true
  const range = RANGE.exec(pattern)
  if (range === null) return pattern === field
  return (
    /^\d+$/.test(field) && BigInt(field) >= BigInt(range[1] ?? 0) && BigInt(field) <= BigInt(range[2] ?? 0)
  )
}

/**
 * Fields of the pure identity of that scheme, or of a class that is a pattern itself: it matches a pattern that has
 * `*` wherever it has, and so holds all of its individuals. A Digital Link is cut where the pattern says the prefix ends.
 */
function identityOf(written: string, scheme: string, prefix: string): string | null {
  const fieldsOf = (urn: string): string | null =>
    [`urn:epc:id:${scheme}:`, `urn:epc:idpat:${scheme}:`]
      .filter((start) => urn.startsWith(start))
      .map((start) => urn.slice(start.length))[0] ?? null
  if (written.startsWith('urn:')) return fieldsOf(written)
  if (!/^https?:/i.test(written)) return null
  try {
    const elements = parseDigitalLink(written)
    if (elements === null) return null
    const digits = /^\d{6,12}$/.test(prefix) ? prefix.length : 7
    const urn = pureIdentityFrom(elements, digits) ?? classUrn(elements, digits)
    return urn === null ? null : fieldsOf(urn)
  } catch {
    return null
  }
}
