import {
  bizStep,
  bizTransaction,
  certificationInfo,
  checkProperties,
  disposition,
  epc,
  errorDeclaration,
  type FieldCheck,
  ilmd,
  list,
  oneOf,
  party,
  persistentDisposition,
  place,
  quantityElement,
  text,
  time,
  uri,
  zoneOffset,
} from './check-fields.ts'
import { sensorElement } from './check-sensor.ts'
import { at, type Faults, isObject, type JsonObject } from './faults.ts'
import type { Namespaces } from './namespaces.ts'
import { ACTIONS, bareWord, EVENT_TYPES, type EventType, isEventType } from './vocabulary.ts'

type Fields = Readonly<Record<string, FieldCheck>>

/** Checked elsewhere: they decide how the rest is read. */
const known: FieldCheck = () => undefined

/** EPCIS 2.0, 7.4.1: every event. */
const COMMON: Fields = {
  '@context': known,
  type: text,
  eventTime: time,
  recordTime: time,
  eventTimeZoneOffset: zoneOffset,
  eventID: uri,
  certificationInfo,
  errorDeclaration,
}

const WHERE_AND_WHY: Fields = {
  bizStep,
  disposition,
  readPoint: place,
  bizLocation: place,
  sourceList: list(party('source')),
  destinationList: list(party('destination')),
  sensorElementList: list(sensorElement),
}
const action = oneOf(ACTIONS)
const quantities = list(quantityElement)
const bizTransactionList = list(bizTransaction)
const CHILDREN: Fields = {
  parentID: epc('instance'),
  childEPCs: list(epc('instance')),
  childQuantityList: quantities,
}
const instances = list(epc('instance'), { unique: true })

/** EPCIS 2.0, 7.4.2 to 7.4.6: what each type may have. */
const FIELDS: Record<EventType, Fields> = {
  ObjectEvent: {
    ...COMMON,
    ...WHERE_AND_WHY,
    epcList: instances,
    quantityList: quantities,
    action,
    persistentDisposition,
    bizTransactionList,
    ilmd,
  },
  AggregationEvent: { ...COMMON, ...WHERE_AND_WHY, ...CHILDREN, action, bizTransactionList },
  AssociationEvent: { ...COMMON, ...WHERE_AND_WHY, ...CHILDREN, action, bizTransactionList },
  TransactionEvent: {
    ...COMMON,
    ...WHERE_AND_WHY,
    bizTransactionList: list(bizTransaction, { least: 1 }),
    parentID: epc('instance'),
    epcList: list(epc('instance')),
    quantityList: quantities,
    action,
  },
  TransformationEvent: {
    ...COMMON,
    ...WHERE_AND_WHY,
    inputEPCList: instances,
    inputQuantityList: quantities,
    outputEPCList: instances,
    outputQuantityList: quantities,
    transformationID: uri,
    persistentDisposition,
    bizTransactionList,
    ilmd,
  },
}

/** Of an event of somebody else's type: its own properties are its owner's, those of EPCIS keep their meaning. */
const ANY_FIELDS: Fields = {
  ...FIELDS.TransactionEvent,
  ...FIELDS.AggregationEvent,
  ...FIELDS.TransformationEvent,
  ...FIELDS.ObjectEvent,
}

const REQUIRED: Record<EventType, readonly string[]> = {
  ObjectEvent: ['action'],
  AggregationEvent: ['action'],
  AssociationEvent: ['action', 'parentID'],
  TransactionEvent: ['action', 'bizTransactionList'],
  TransformationEvent: [],
}

/**
 * Checks one event by the rules of EPCIS 2.0.1.
 *
 * @param names what the document around it declares; an `@context` of its own adds to that
 */
export function checkEvent(
  event: unknown,
  pointer: string,
  around: Namespaces,
  faults: Faults,
  { contextRequired = false }: { contextRequired?: boolean } = {},
): void {
  if (!isObject(event)) return void faults.add(pointer, 'an event', event)
  const names = around.within(event['@context'], at(pointer, '@context'), faults, contextRequired)
  const { type } = event
  if (typeof type !== 'string' || !(isEventType(type) || names.holds(type)))
    return void faults.add(
      at(pointer, 'type'),
      `${EVENT_TYPES.join(', ')}, or an extension type whose prefix the @context declares`,
      type,
    )
  const meant = bareWord(names.writtenOut(type))
  if (meant !== type && isEventType(meant))
    return void faults.add(at(pointer, 'type'), `the bare word ${meant} for that type`, type)
  const c = { faults, names, inError: event['errorDeclaration'] !== undefined }
  for (const name of ['eventTime', 'eventTimeZoneOffset', ...(isEventType(type) ? REQUIRED[type] : [])])
    if (event[name] === undefined) faults.add(at(pointer, name), `the ${name}`, undefined)
  if (isEventType(type)) {
    checkProperties(event, pointer, FIELDS[type], true, c)
    TOGETHER[type](event, pointer, faults)
    return
  }
  for (const [name, value] of Object.entries(event))
    if (Object.hasOwn(ANY_FIELDS, name)) ANY_FIELDS[name]?.(value, at(pointer, name), c)
}

const filled = (value: unknown): boolean => Array.isArray(value) && value.length > 0

/** What the properties of one event must be together. */
const TOGETHER: Record<EventType, (event: JsonObject, pointer: string, faults: Faults) => void> = {
  ObjectEvent(e, pointer, faults) {
    const sensed = filled(e['sensorElementList']) && e['readPoint'] !== undefined
    if (!Array.isArray(e['epcList']) && !filled(e['quantityList']) && !sensed)
      faults.add(pointer, 'an epcList, a quantityList, or a sensorElementList with a readPoint', undefined)
    if (e['ilmd'] !== undefined && e['action'] !== 'ADD')
      faults.add(at(pointer, 'ilmd'), 'no ilmd unless the action is ADD', e['ilmd'])
  },
  AggregationEvent(e, pointer, faults) {
    children(e, pointer, faults)
    // EPCIS 2.0, 7.4.3: an observation may leave the parent open.
    if (e['parentID'] === undefined && e['action'] !== 'OBSERVE')
      faults.add(at(pointer, 'parentID'), 'a parentID when the action is ADD or DELETE', undefined)
  },
  AssociationEvent: children,
  TransactionEvent(e, pointer, faults) {
    if (!Array.isArray(e['epcList']) && !filled(e['quantityList']) && e['action'] !== 'DELETE')
      faults.add(pointer, 'an epcList or a quantityList unless the action is DELETE', undefined)
  },
  TransformationEvent(e, pointer, faults) {
    const inputs = filled(e['inputEPCList']) || filled(e['inputQuantityList'])
    const outputs = filled(e['outputEPCList']) || filled(e['outputQuantityList'])
    if (e['transformationID'] === undefined ? inputs && outputs : inputs || outputs) return
    faults.add(pointer, 'inputs and outputs, or one of them and a transformationID', undefined)
  },
}

function children(e: JsonObject, pointer: string, faults: Faults): void {
  if (!filled(e['childEPCs']) && !filled(e['childQuantityList']) && e['action'] !== 'DELETE')
    faults.add(pointer, 'childEPCs or a childQuantityList unless the action is DELETE', undefined)
}
