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

/** Compares a value of an extension, whose type nobody states: as number, as time, or as text (only EQ). */
export function anyValue(op: Comparison, value: unknown, wanted: readonly string[]): boolean {
  const v = plain(value)
  if (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'boolean') return false
  const text = String(v)
  return wanted.some((w) => {
    if (op === 'EQ' && text === w) return true
    if (isNumber(text) && isNumber(w)) return ordered(op, Number(text), Number(w))
    return isTime(text) && isTime(w) && ordered(op, timeMs(text), timeMs(w))
  })
}
