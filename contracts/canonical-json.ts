import { CodedError } from './errors.ts'

/**
 * JSON Canonicalization Scheme, RFC 8785: object keys in UTF-16 code-unit order, ECMAScript number and string
 * formatting, no white space. `undefined` members are left out, as in `JSON.stringify`.
 *
 * @throws EVT_SCHEMA for NaN, infinities, lone surrogates and values JSON cannot hold
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(String(value))
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw notJson('a lone surrogate')
    return JSON.stringify(value)
  }
  if (Array.isArray(value))
    return `[${value.map((v) => canonicalJson(v === undefined ? null : v)).join(',')}]`
  if (
    typeof value === 'object' &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  ) {
    const parts: string[] = []
    for (const key of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[key]
      if (member !== undefined) parts.push(`${canonicalJson(key)}:${canonicalJson(member)}`)
    }
    return `{${parts.join(',')}}`
  }
  throw notJson(typeof value)
}

const notJson = (actual: string): CodedError =>
  new CodedError('EVT_SCHEMA', { expected: 'a value JSON can hold', actual })
