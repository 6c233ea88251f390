import { plain } from './extension-fields.ts'
import { isTime, timeMs } from './uri.ts'

export type Comparison = 'EQ' | 'GT' | 'GE' | 'LT' | 'LE'

export const isNumber = (text: string): boolean => /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)

const ordered = (op: Comparison, a: number, b: number): boolean =>
  op === 'EQ' ? a === b : op === 'GT' ? a > b : op === 'GE' ? a >= b : op === 'LT' ? a < b : a <= b

/** Compares numbers. */
export const numbers = (op: Comparison, value: unknown, wanted: readonly string[]): boolean =>
  typeof value === 'number' && wanted.some((w) => ordered(op, value, Number(w)))

/** Compares times as moments; what is no time never matches. */
export const times = (op: Comparison, value: unknown, wanted: readonly string[]): boolean =>
  isTime(value) && wanted.some((w) => ordered(op, timeMs(value), timeMs(w)))

/** Kinds of keys in their order: numbers, times, texts. */
const kindOf = (key: number | string): number => (typeof key === 'number' ? 0 : isTime(key) ? 1 : 2)

/**
 * Order of values of an extension field (EPCIS 2.0, 8.2.7.1, `orderBy`): numbers by size, times as moments, texts by
 * their UTF-8 bytes. A total order also where the kinds are mixed: pages go by it.
 */
export function orderOfKeys(a: number | string, b: number | string): number {
  if (kindOf(a) !== kindOf(b)) return kindOf(a) - kindOf(b)
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  return isTime(a) ? timeMs(a) - timeMs(b) : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** A decimal number without what may be left out, or null where a text of digits may be a name: zeros in front. */
const decimal = (text: string): string | null =>
  /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? text.replace(/\.0+$|(\.\d*?)0+$/, '$1') : null

/**
 * Compares a value of an extension, whose type nobody states: as number, as time, or as text (only EQ). Texts are equal
 * digit by digit, since a double takes serials of 18 digits for one.
 */
export function anyValue(op: Comparison, value: unknown, wanted: readonly string[]): boolean {
  const v = plain(value)
  if (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'boolean') return false
  const text = String(v)
  return wanted.some((w) => {
    if (op === 'EQ' && text === w) return true
    if (isNumber(text) && isNumber(w))
      return op === 'EQ' && typeof v === 'string'
        ? decimal(text) !== null && decimal(text) === decimal(w)
        : ordered(op, Number(text), Number(w))
    return isTime(text) && isTime(w) && ordered(op, timeMs(text), timeMs(w))
  })
}
