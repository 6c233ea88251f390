import type { EpcisFault } from '../../contracts/index.ts'

/** Faults kept of one document; the rest would only repeat them. */
const MAX_FAULTS = 50

export type JsonObject = { [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** A step in a JSON pointer (RFC 6901, section 3). */
const step = (key: string | number): string => String(key).replaceAll('~', '~0').replaceAll('/', '~1')

export const at = (pointer: string, ...keys: (string | number)[]): string =>
  keys.reduce<string>((p, key) => `${p}/${step(key)}`, pointer)

/** Collects what is wrong, with its place. */
export class Faults {
  readonly list: EpcisFault[] = []

  add(pointer: string, expected: string, value: unknown): false {
    if (this.list.length < MAX_FAULTS) this.list.push({ pointer, expected, actual: shown(value) })
    return false
  }
}

/** A value as an error message shows it. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? typeof value
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}
