import { asCoded } from '../../contracts/thread.ts'
import { type EpcMatcher, epcMatcher } from './epc-pattern.ts'
import { oneUri } from './epc.ts'
import { writtenOut } from './event-hash.ts'
import { prefixesIn, type SeenEvent, wordForms } from './extension-fields.ts'
import { isObject, type JsonObject } from './faults.ts'
import { type Comparison, isNumber, numbers, times } from './compare.ts'
import { refuseParameter, single } from './query-params.ts'
import { inUnit } from './units.ts'
import { isTime } from './uri.ts'
import { bareWord } from './vocabulary.ts'

/** Whether an event meets one parameter. */
type Test = (seen: SeenEvent) => boolean

/** Rows of the index that hold every event that can meet the parameter. */
export interface Lookup {
  kinds: readonly string[]
  values: readonly string[]
}

export interface Condition {
  test: Test
  /** Absent = the index does not help. */
  lookup?: Lookup
}

/** Makes the condition of a parameter of a fixed name; `context` is the one the query declares. */
type FixedField = (name: string, values: readonly string[], context: unknown) => Condition

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((v) => typeof v === 'string')

const idOf = (value: unknown): string[] => texts(isObject(value) ? value['id'] : undefined)

/** Values of a list of objects. */
const listed = (value: unknown, key: string): string[] =>
  Array.isArray(value) ? value.filter(isObject).flatMap((o) => texts(o[key])) : []

/** A word as a query writes it, with the prefixes that the query declares. */
const wordAsked = (word: string, context: unknown): string => bareWord(writtenOut(word, prefixesIn(context)))

/** One of the values, words and their long forms being the same, and prefixed words their URIs. */
const oneOfWords =
  (found: (e: JsonObject) => string[], kind?: string): FixedField =>
  (_, values, context) => {
    const wanted = new Set(values.map((v) => wordAsked(v, context)))
    return {
      test: (seen) => found(seen.event).some((v) => wordForms(v, seen).some((form) => wanted.has(form))),
      ...(kind !== undefined && { lookup: { kinds: [kind], values: [...wanted] } }),
    }
  }

/** One of the URIs, whatever form a GS1 key is written in. */
const oneOfUris =
  (found: (e: JsonObject) => string[], kind?: string): FixedField =>
  (_, values) => {
    const wanted = new Set(values.map(oneUri))
    return {
      test: ({ event }) => found(event).some((v) => wanted.has(oneUri(v))),
      ...(kind !== undefined && { lookup: { kinds: [kind], values: [...wanted] } }),
    }
  }

/** EPCs and classes by the field they stand in: index kind → values as written. */
export const EPC_FIELDS: Readonly<Record<string, (e: JsonObject) => string[]>> = {
  epc: (e) => [...texts(e['epcList'] ?? []), ...texts(e['childEPCs'] ?? [])],
  parentID: (e) => texts(e['parentID']),
  inputEPC: (e) => texts(e['inputEPCList'] ?? []),
  outputEPC: (e) => texts(e['outputEPCList'] ?? []),
  epcClass: (e) => [...listed(e['quantityList'], 'epcClass'), ...listed(e['childQuantityList'], 'epcClass')],
  inputEPCClass: (e) => listed(e['inputQuantityList'], 'epcClass'),
  outputEPCClass: (e) => listed(e['outputQuantityList'], 'epcClass'),
}

const ANY_EPC = ['epc', 'parentID', 'inputEPC', 'outputEPC']
const ANY_CLASS = ['epcClass', 'inputEPCClass', 'outputEPCClass']

const match =
  (kinds: readonly string[]): FixedField =>
  (name, values) => {
    const matchers = values.map((v): EpcMatcher => {
      try {
        return epcMatcher(v) ?? refuseParameter(name, 'an identifier or a pattern urn:epc:idpat:…', v)
      } catch (error) {
        throw asCoded(error, 'TRC_EPCIS')
      }
    })
    const exact = matchers.map((m) => m.exact)
    return {
      test: ({ event }) =>
        kinds.some((k) => (EPC_FIELDS[k]?.(event) ?? []).some((epc) => matchers.some((m) => m.matches(epc)))),
      ...(!exact.includes(null) && { lookup: { kinds, values: exact.filter((v) => v !== null) } }),
    }
  }

export const sensorElements = (e: JsonObject): JsonObject[] =>
  (Array.isArray(e['sensorElementList']) ? e['sensorElementList'] : []).filter(isObject)
export const sensorMetadata = (e: JsonObject): JsonObject[] =>
  sensorElements(e).flatMap((s) => (isObject(s['sensorMetadata']) ? [s['sensorMetadata']] : []))
export const sensorReports = (e: JsonObject): JsonObject[] =>
  sensorElements(e).flatMap((s) =>
    Array.isArray(s['sensorReport']) ? s['sensorReport'].filter(isObject) : [],
  )
const anywhereSensed = (e: JsonObject): JsonObject[] => [...sensorMetadata(e), ...sensorReports(e)]
export const declaration = (e: JsonObject): JsonObject[] =>
  isObject(e['errorDeclaration']) ? [e['errorDeclaration']] : []

const of =
  (where: (e: JsonObject) => JsonObject[], key: string) =>
  (e: JsonObject): string[] =>
    where(e).flatMap((o) => texts(o[key] ?? []))

/** EQ parameters of fixed fields: value equal to one of those asked for. */
export const EQUALS: Readonly<Record<string, FixedField>> = {
  eventType: oneOfWords((e) => texts(e['type']), 'type'),
  EQ_action: (name, values, context) => {
    const wrong = values.find((v) => !['ADD', 'OBSERVE', 'DELETE'].includes(v))
    if (wrong !== undefined) refuseParameter(name, 'ADD, OBSERVE or DELETE', wrong)
    return oneOfWords((e) => texts(e['action']))(name, values, context)
  },
  EQ_bizStep: oneOfWords((e) => texts(e['bizStep']), 'bizStep'),
  EQ_disposition: oneOfWords((e) => texts(e['disposition']), 'disposition'),
  EQ_persistentDisposition_set: oneOfWords((e) =>
    isObject(e['persistentDisposition']) ? texts(e['persistentDisposition']['set']) : [],
  ),
  EQ_persistentDisposition_unset: oneOfWords((e) =>
    isObject(e['persistentDisposition']) ? texts(e['persistentDisposition']['unset']) : [],
  ),
  EQ_readPoint: oneOfUris((e) => idOf(e['readPoint']), 'readPoint'),
  EQ_bizLocation: oneOfUris((e) => idOf(e['bizLocation']), 'bizLocation'),
  EQ_transformationID: oneOfUris((e) => texts(e['transformationID'])),
  EQ_eventID: oneOfUris((e) => texts(e['eventID']), 'eventID'),
  EQ_errorReason: oneOfWords(of(declaration, 'reason')),
  EQ_correctiveEventID: oneOfUris(of(declaration, 'correctiveEventIDs')),
  EQ_type: oneOfWords(of(sensorReports, 'type')),
  EQ_deviceID: oneOfUris(of(anywhereSensed, 'deviceID')),
  EQ_dataProcessingMethod: oneOfUris(of(anywhereSensed, 'dataProcessingMethod')),
  EQ_bizRules: oneOfUris(of(anywhereSensed, 'bizRules')),
  EQ_microorganism: oneOfUris(of(sensorReports, 'microorganism')),
  EQ_chemicalSubstance: oneOfUris(of(sensorReports, 'chemicalSubstance')),
  EQ_stringValue: (_, values) => ({
    test: ({ event }) => of(sensorReports, 'stringValue')(event).some((v) => values.includes(v)),
  }),
  EQ_hexBinaryValue: (_, values) => {
    const wanted = new Set(values.map((v) => v.toLowerCase()))
    return {
      test: ({ event }) =>
        of(sensorReports, 'hexBinaryValue')(event).some((v) => wanted.has(v.toLowerCase())),
    }
  },
  EQ_uriValue: oneOfUris(of(sensorReports, 'uriValue')),
  EQ_booleanValue: (name, values) => {
    const wanted = single(name, values)
    if (!['true', 'false'].includes(wanted)) refuseParameter(name, 'true or false', wanted)
    return { test: ({ event }) => sensorReports(event).some((r) => String(r['booleanValue']) === wanted) }
  },
  MATCH_epc: match(['epc']),
  MATCH_parentID: match(['parentID']),
  MATCH_inputEPC: match(['inputEPC']),
  MATCH_outputEPC: match(['outputEPC']),
  MATCH_anyEPC: match(ANY_EPC),
  MATCH_epcClass: match(['epcClass']),
  MATCH_inputEPCClass: match(['inputEPCClass']),
  MATCH_outputEPCClass: match(['outputEPCClass']),
  MATCH_anyEPCClass: match(ANY_CLASS),
}

export const TIME_FIELDS: Readonly<Record<string, (seen: SeenEvent) => unknown[]>> = {
  eventTime: ({ event }) => [event['eventTime']],
  recordTime: ({ recordMs }) => [new Date(recordMs).toISOString()],
  errorDeclarationTime: ({ event }) => declaration(event).map((d) => d['declarationTime']),
  errorDeclaration_Time: ({ event }) => declaration(event).map((d) => d['declarationTime']),
  time: ({ event }) => anywhereSensed(event).map((o) => o['time']),
  startTime: ({ event }) => sensorMetadata(event).map((o) => o['startTime']),
  endTime: ({ event }) => sensorMetadata(event).map((o) => o['endTime']),
}

/** `GE_eventTime` and the like; null when the name is none of them. */
export function timeCondition(name: string, values: readonly string[]): Condition | null {
  const m = /^(GE|LT)_(\w+)$/.exec(name)
  const read = m?.[2] === undefined ? undefined : TIME_FIELDS[m[2]]
  if (read === undefined) return null
  const wanted = single(name, values)
  if (!isTime(wanted)) refuseParameter(name, 'a date-time with its offset', wanted)
  return { test: (seen) => read(seen).some((v) => times(m?.[1] as Comparison, v, [wanted])) }
}

const QUANTITY_LISTS = ['quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList']

/** `GE_quantity`, `EQ_value_CEL`, `LT_percRank` and the like; null when the name is none of them. */
export function numberCondition(name: string, values: readonly string[]): Condition | null {
  const m =
    /^(EQ|GT|GE|LT|LE)_(quantity|value|minValue|maxValue|meanValue|sDev|percRank|percValue)(?:_(\w{1,4}))?$/.exec(
      name,
    )
  if (m === null) return null
  const [, op, field = '', unit] = m
  if (unit === undefined && field !== 'quantity' && field !== 'percRank') return null
  // A percentile rank has no unit: the `uom` beside it is that of `percValue`.
  if (unit !== undefined && field === 'percRank') return null
  if (op !== 'EQ') single(name, values)
  const wrong = values.find((v) => !isNumber(v))
  if (wrong !== undefined) refuseParameter(name, 'a number', wrong)
  const where = (e: JsonObject): JsonObject[] =>
    field === 'quantity'
      ? QUANTITY_LISTS.flatMap((k) => (Array.isArray(e[k]) ? e[k].filter(isObject) : []))
      : sensorReports(e)
  return {
    test: ({ event }) =>
      where(event).some((o) => {
        const value = o[field]
        if (typeof value !== 'number') return false
        if (unit === undefined) return numbers(op as Comparison, value, values)
        const converted =
          typeof o['uom'] === 'string' ? inUnit(value, o['uom'], unit, field === 'sDev') : null
        return converted !== null && numbers(op as Comparison, converted, values)
      }),
  }
}

/** `EQ_bizTransaction_po`, `EQ_source_location`, `EQ_destination_…`; null when the name is none of them. */
export function typedCondition(name: string, values: readonly string[], context: unknown): Condition | null {
  const m = /^EQ_(bizTransaction|source|destination)_(.+)$/.exec(name)
  if (m === null) return null
  const [, field = '', asked = ''] = m
  const type = wordAsked(asked, context)
  const wanted = new Set(values.map(oneUri))
  return {
    test: (seen) => {
      const list: unknown = seen.event[`${field}List`]
      if (!Array.isArray(list)) return false
      return list
        .filter(isObject)
        .some(
          (o) =>
            wordForms(String(o['type'] ?? ''), seen).includes(type) && wanted.has(oneUri(String(o[field]))),
        )
    },
  }
}
