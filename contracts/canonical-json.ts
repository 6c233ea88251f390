import { CodedError } from './errors.ts'

/**
 * JSON Canonicalization Scheme, RFC 8785: object keys in UTF-16 code-unit order, ECMAScript number and string
 * formatting, no white space. `undefined` members are left out, as in `JSON.stringify`. What already has its keys in
 * order is written by `JSON.stringify`, which is several times faster and gives the same text.
 *
 * @throws EVT_SCHEMA for NaN, infinities, lone surrogates and values JSON cannot hold
 */
export function canonicalJson(value: unknown): string {
  return inOrder(value) ? JSON.stringify(value) : sorted(value)
}

/** Whether all keys are in order; false also for what has to be refused. */
function inOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      break
    default:
      return false
  }
  if (value === null) return true
  if (Array.isArray(value)) {
    for (const member of value) if (!inOrder(member)) return false
    return true
  }
  if (!isPlain(value)) return false
  let before = ''
  for (const key of Object.keys(value)) {
    if (key < before || !key.isWellFormed()) return false
    before = key
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined && !inOrder(member)) return false
  }
  return true
}

function sorted(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notJson(String(value))
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw notJson('a lone surrogate')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((v) => sorted(v === undefined ? null : v)).join(',')}]`
  if (typeof value === 'object' && isPlain(value)) {
    const parts: string[] = []
    for (const key of Object.keys(value).sort()) {
      const member = (value as Record<string, unknown>)[key]
      if (member !== undefined) parts.push(`${sorted(key)}:${sorted(member)}`)
    }
    return `{${parts.join(',')}}`
  }
  throw notJson(typeof value)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const notJson = (actual: string): CodedError =>
  new CodedError('EVT_SCHEMA', { expected: 'a value JSON can hold', actual })
