import { EpcisError } from '../../contracts/thread.ts'
import { isObject, shown } from './faults.ts'

/** Parameters of a simple event query: each value as text; lists have several. Crosses threads and is stored. */
export interface QueryParams {
  '@context'?: unknown
  values: Record<string, string[]>
}

const MAX_VALUES = 1_000
const MAX_TEXT = 2_048

export const refuseParameter = (name: string, expected: string, value: unknown): never => {
  throw new EpcisError('QueryParameterException', { pointer: `/${name}`, expected, actual: shown(value) })
}

/** Parameters of a URL: lists are separated by `|` (EPCIS 2.0, 12.7.1); the same name twice is refused. */
export function paramsOfUrl(query: Readonly<Record<string, unknown>>): QueryParams {
  const values: QueryParams['values'] = {}
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string') return refuseParameter(name, 'each parameter once', value)
    values[name] = bounded(name, value.split('|'))
  }
  return { values }
}

/** Parameters of a query that is written as JSON. */
export function paramsOfJson(query: unknown): QueryParams {
  if (!isObject(query))
    throw new EpcisError('QueryValidationException', {
      pointer: '/query',
      expected: 'an object',
      actual: shown(query),
    })
  const { '@context': context, ...rest } = query
  const values: QueryParams['values'] = {}
  for (const [name, value] of Object.entries(rest)) {
    const list: unknown[] = Array.isArray(value) ? value : [value ?? '']
    values[name] = bounded(
      name,
      list.map((v) =>
        typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean'
          ? String(v)
          : refuseParameter(name, 'text, numbers, true or false', v),
      ),
    )
  }
  return { ...(context !== undefined && { '@context': context }), values }
}

function bounded(name: string, values: string[]): string[] {
  // As the key of a plain object it would be no parameter, and its filter none.
  if (name === '__proto__') return refuseParameter(name, 'the name of a parameter', values)
  if (values.length > MAX_VALUES) return refuseParameter(name, `at most ${MAX_VALUES} values`, values.length)
  const long = values.find((v) => v.length > MAX_TEXT)
  if (long !== undefined) return refuseParameter(name, `values of at most ${MAX_TEXT} characters`, long)
  return values
}

export const single = (name: string, values: readonly string[]): string => {
  const [value] = values
  return value === undefined || values.length > 1 ? refuseParameter(name, 'one value', values) : value
}

/** A whole number from `least` on. */
export function wholeNumber(name: string, values: readonly string[], least: number): number {
  const text = single(name, values)
  if (!/^\d{1,9}$/.test(text) || Number(text) < least)
    return refuseParameter(name, `a whole number from ${least}`, text)
  return Number(text)
}
