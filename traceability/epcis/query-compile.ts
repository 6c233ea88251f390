import { EpcisError } from '../../contracts/thread.ts'
import { oneUri } from './epc.ts'
import type { SeenEvent } from './extension-fields.ts'
import { isObject, shown } from './faults.ts'
import { attributeCondition, type MasterDataLookup } from './query-attributes.ts'
import { existsCondition, extensionCondition } from './query-extensions.ts'
import {
  type Condition,
  EQUALS,
  type Lookup,
  numberCondition,
  timeCondition,
  typedCondition,
} from './query-fields.ts'
import { type QueryParams, refuseParameter, single, wholeNumber } from './query-params.ts'
import { isName, timeMs } from './uri.ts'

export interface CompiledQuery {
  test(seen: SeenEvent): boolean
  /** Every one of them narrows what must be looked at. */
  lookups: Lookup[]
  /** Bounds of the times, ms; null = none. */
  bounds: { event: [number | null, number | null]; record: [number | null, number | null] }
  order: { by: 'n' | 'eventTime' | 'recordTime' | { field: string }; descending: boolean }
  eventCountLimit: number | null
  maxEventCount: number | null
}

const NO_MASTER_DATA: MasterDataLookup = {
  attributes: () => [],
  descendants: (uri) => new Set([oneUri(uri)]),
}

/**
 * Compiles a simple event query (EPCIS 2.0, 8.2.7.1); an event must meet all parameters.
 *
 * @throws EpcisError QueryParameterException naming the parameter
 */
export function compileQuery(
  params: QueryParams,
  masterData: MasterDataLookup = NO_MASTER_DATA,
): CompiledQuery {
  const { values: all, '@context': context } = params
  const conditions: Condition[] = []
  for (const [name, values] of Object.entries(all)) {
    if (CONTROLS.has(name)) continue
    const condition =
      (Object.hasOwn(EQUALS, name) ? EQUALS[name]?.(name, values, context) : undefined) ??
      withDescendants(name, values, masterData) ??
      timeCondition(name, values) ??
      numberCondition(name, values) ??
      existsCondition(name, values) ??
      typedCondition(name, values, context) ??
      attributeCondition(name, values, context, masterData) ??
      extensionCondition(name, values, context)
    conditions.push(
      condition ??
        refuseParameter(name, 'a parameter of the simple event query (EPCIS 2.0, 8.2.7.1)', all[name]),
    )
  }
  const ms = (name: string): number | null => (all[name] === undefined ? null : timeMs(all[name][0] ?? ''))
  return {
    test: (seen) => conditions.every((c) => c.test(seen)),
    lookups: conditions.flatMap((c) => (c.lookup === undefined ? [] : [c.lookup])),
    bounds: {
      event: [ms('GE_eventTime'), ms('LT_eventTime')],
      record: [ms('GE_recordTime'), ms('LT_recordTime')],
    },
    ...controls(all),
  }
}

const CONTROLS = new Set(['orderBy', 'orderDirection', 'eventCountLimit', 'maxEventCount'])

function controls(
  all: QueryParams['values'],
): Pick<CompiledQuery, 'order' | 'eventCountLimit' | 'maxEventCount'> {
  const { orderBy, orderDirection, eventCountLimit, maxEventCount } = all
  const by = orderBy === undefined ? undefined : single('orderBy', orderBy)
  if (by !== undefined && by !== 'eventTime' && by !== 'recordTime' && !isName(by.replace('#', '')))
    refuseParameter('orderBy', 'eventTime, recordTime, or the name of an extension field', by)
  const direction = orderDirection === undefined ? 'DESC' : single('orderDirection', orderDirection)
  if (!['ASC', 'DESC'].includes(direction)) refuseParameter('orderDirection', 'ASC or DESC', direction)
  if (eventCountLimit !== undefined && maxEventCount !== undefined)
    refuseParameter('maxEventCount', 'only one of eventCountLimit and maxEventCount', maxEventCount)
  if (eventCountLimit !== undefined && by === undefined)
    refuseParameter('eventCountLimit', 'an orderBy beside eventCountLimit', eventCountLimit)
  return {
    order: {
      by: by === undefined ? 'n' : by === 'eventTime' || by === 'recordTime' ? by : { field: by },
      descending: by !== undefined && direction === 'DESC',
    },
    eventCountLimit:
      eventCountLimit === undefined ? null : wholeNumber('eventCountLimit', eventCountLimit, 1),
    maxEventCount: maxEventCount === undefined ? null : wholeNumber('maxEventCount', maxEventCount, 1),
  }
}

/** `WD_readPoint`, `WD_bizLocation`: the place or one below it, as the master data says. */
function withDescendants(
  name: string,
  values: readonly string[],
  masterData: MasterDataLookup,
): Condition | null {
  const key = /^WD_(readPoint|bizLocation)$/.exec(name)?.[1]
  if (key === undefined) return null
  const wanted = new Set(values.flatMap((v) => [...masterData.descendants(v)]))
  return {
    test({ event }) {
      const place = event[key]
      return isObject(place) && typeof place['id'] === 'string' && wanted.has(oneUri(place['id']))
    },
    lookup: { kinds: [key], values: [...wanted] },
  }
}

/** A stored query: what `POST /queries` sends. @throws EpcisError QueryValidationException */
export function checkName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.~-]{0,127}$/.test(name)) return name
  throw new EpcisError('QueryValidationException', {
    pointer: '/name',
    expected: 'a name of letters, digits, . _ ~ and -',
    actual: shown(name),
  })
}
