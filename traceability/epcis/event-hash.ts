import { createHash } from 'node:crypto'
import { canonicalJson } from '../../contracts/thread.ts'
import { oneUri, saidBeside } from './epc.ts'
import { isObject, type JsonObject } from './faults.ts'
import { isTime, timeMs } from './uri.ts'

/** Not part of what an event says happened. */
const LEFT_OUT = new Set(['@context', 'eventID', 'recordTime', 'errorDeclaration'])
/** Lists whose order means nothing. */
const SETS = new Set([
  'epcList',
  'childEPCs',
  'inputEPCList',
  'outputEPCList',
  'quantityList',
  'childQuantityList',
  'inputQuantityList',
  'outputQuantityList',
  'bizTransactionList',
  'sourceList',
  'destinationList',
  'set',
  'unset',
])
const TIMES = new Set(['eventTime', 'time', 'startTime', 'endTime'])
/** Places whose texts are identifiers of GS1. */
const IDENTIFIERS = new Set([
  'epcList',
  'childEPCs',
  'inputEPCList',
  'outputEPCList',
  'parentID',
  'epcClass',
  'id',
  'source',
  'destination',
])

/**
 * SHA-256 of the canonical form of an event, for finding the same event sent twice: RFC 8785 JSON without event id,
 * record time, error declaration and context; EPCs and Digital Links in one form, with what a label says beside; times
 * in UTC; lists whose order means nothing sorted; prefixed names written out. It is not the event hash id of CBV 2.0,
 * 8.9, which leaves lot and dates of a unit out, and is never shown as one.
 */
export const eventHash = (event: JsonObject, context: unknown): string => hashOf(event, context, WHOLE)

/** What older programs had for it: of a time the milliseconds, as a double has them; of a Digital Link who it is, and no more. */
export const formerHash = (event: JsonObject, context: unknown): string =>
  hashOf(event, context, { identifier: oneUri, time: timeMs })

interface Reading {
  identifier(uri: string): string
  time(time: string): number | string
}

// Who it is, in one form; and what its label says beside that, as of which lot it is.
const WHOLE: Reading = { identifier: (uri) => oneUri(uri) + saidBeside(uri), time: moment }

function hashOf(event: JsonObject, context: unknown, reading: Reading): string {
  const prefixes = new Map<string, string>()
  addPrefixes(prefixes, context)
  addPrefixes(prefixes, event['@context'])
  return createHash('sha256')
    .update(canonicalJson(canonical(event, '', prefixes, reading)))
    .digest('hex')
}

function canonical(
  value: unknown,
  name: string,
  prefixes: ReadonlyMap<string, string>,
  reading: Reading,
): unknown {
  if (Array.isArray(value)) {
    const items = value.map((v) => canonical(v, name, prefixes, reading))
    if (!SETS.has(name)) return items
    return items.map((v) => canonicalJson(v)).sort()
  }
  if (isObject(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key]) => name !== '' || !LEFT_OUT.has(key))
        .map(([key, v]) => [writtenOut(key, prefixes), canonical(v, key, prefixes, reading)]),
    )
  if (typeof value !== 'string') return value
  if (TIMES.has(name) && isTime(value)) return reading.time(value)
  return IDENTIFIERS.has(name) ? reading.identifier(value) : value
}

/** Milliseconds; of a time with more digits than a double keeps apart, with all of them. */
function moment(time: string): number | string {
  const [, digits = ''] = /\.(\d+?)0*[Zz+-]/.exec(time) ?? []
  return digits.length <= 6 ? timeMs(time) : `${timeMs(time.replace(/\.\d+/, ''))}.${digits}`
}

/** `prefix:name` with the namespace of its prefix; any other name as it is. */
export function writtenOut(name: string, prefixes: ReadonlyMap<string, string>): string {
  const colon = name.indexOf(':')
  const namespace = colon < 0 ? undefined : prefixes.get(name.slice(0, colon))
  return namespace === undefined ? name : `${namespace}${name.slice(colon + 1)}`
}

/** Prefixes that a context declares itself; those of EPCIS are the same for everybody. */
export function addPrefixes(prefixes: Map<string, string>, context: unknown): void {
  for (const part of Array.isArray(context) ? context : [context]) {
    if (!isObject(part)) continue
    for (const [name, meaning] of Object.entries(part)) {
      const iri = isObject(meaning) ? meaning['@id'] : meaning
      if (typeof iri === 'string' && !name.startsWith('@')) prefixes.set(name, iri)
    }
  }
}
