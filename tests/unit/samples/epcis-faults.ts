import { gs1CheckDigit } from '../../../contracts/index.ts'
import type { Draw, Json } from './epcis-documents.ts'

/** A fault put into a valid event: where it must be found. */
interface PutFault {
  event: Json
  /** Pointer inside the event. */
  pointer: string
}

type Fault = (e: Json, d: Draw) => PutFault | null

const set = (e: Json, key: string, value: unknown): PutFault => ({
  event: { ...e, [key]: value },
  pointer: `/${key}`,
})
const without = (e: Json, key: string): PutFault => {
  const { [key]: _, ...rest } = e
  return { event: rest, pointer: `/${key}` }
}
const LISTS = ['epcList', 'childEPCs', 'inputEPCList'] as const
const listOf = (e: Json): (typeof LISTS)[number] | undefined => LISTS.find((k) => Array.isArray(e[k]))
const inList = (e: Json, value: string): PutFault | null => {
  const key = listOf(e)
  if (key === undefined) return null
  const list = e[key] as string[]
  return { event: { ...e, [key]: [...list, value] }, pointer: `/${key}/${list.length}` }
}
/** EPCIS 2.0, 7.3.3.3; what was recorded before may be declared an error, whatever its quantities are. */
const inQuantities = (e: Json, wrong: Json, at = 'quantity'): PutFault | null => {
  const key = Object.keys(e).find((k) => k.endsWith('uantityList') && Array.isArray(e[k]))
  if (key === undefined) return null
  const list = e[key] as Json[]
  const event = { ...e, [key]: [...list, { epcClass: 'urn:x:c', ...wrong }] }
  delete event['errorDeclaration']
  return { event, pointer: `/${key}/${list.length}/${at}` }
}
const withAction = (e: Json): boolean => e['type'] !== 'TransformationEvent'

/** Each breaks one rule of EPCIS 2.0 that no other property can heal. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  noEventTime: (e) => without(e, 'eventTime'),
  noOffset: (e) => without(e, 'eventTimeZoneOffset'),
  timeWithoutZone: (e) => set(e, 'eventTime', '2026-01-05T06:00:00.000'),
  dayThatIsNot: (e) => set(e, 'eventTime', '2026-02-29T06:00:00Z'),
  dateOnly: (e) => set(e, 'eventTime', '2026-02-28'),
  offsetTooFar: (e) => set(e, 'eventTimeZoneOffset', '+14:30'),
  unknownType: (e) => set(e, 'type', 'QuantityEvent'),
  undeclaredPrefix: (e) => set(e, 'other:field', 'x'),
  plainExtension: (e) => set(e, 'myField', 'x'),
  undeclaredInside: (e) => ({ event: { ...e, 'ext:z': { 'other:q': 1 } }, pointer: '/ext:z/other:q' }),
  longFormOfWord: (e) => set(e, 'bizStep', 'urn:epcglobal:cbv:bizstep:shipping'),
  unknownStep: (e) => set(e, 'bizStep', 'glazing'),
  unknownDisposition: (e) => set(e, 'disposition', 'shiny'),
  placeAsText: (e) => set(e, 'bizLocation', 'urn:epc:id:sgln:0614141.00888.0'),
  placeWithoutId: (e) => ({ event: { ...e, bizLocation: {} }, pointer: '/bizLocation/id' }),
  sourceWithoutType: (e) => ({
    event: { ...e, sourceList: [{ source: 'urn:x:1' }] },
    pointer: '/sourceList/0/type',
  }),
  noReport: (e) => ({
    event: { ...e, sensorElementList: [{ sensorMetadata: {} }] },
    pointer: '/sensorElementList/0/sensorReport',
  }),
  emptyReport: (e) => ({
    event: { ...e, sensorElementList: [{ sensorReport: [] }] },
    pointer: '/sensorElementList/0/sensorReport',
  }),
  reportWithoutType: (e) => ({
    event: { ...e, sensorElementList: [{ sensorReport: [{ value: 1 }] }] },
    pointer: '/sensorElementList/0/sensorReport/0/type',
  }),
  valueAsText: (e) => ({
    event: { ...e, sensorElementList: [{ sensorReport: [{ type: 'Mass', value: '1' }] }] },
    pointer: '/sensorElementList/0/sensorReport/0/value',
  }),
  unknownMeasurement: (e) => ({
    event: { ...e, sensorElementList: [{ sensorReport: [{ type: 'Colour', value: 1 }] }] },
    pointer: '/sensorElementList/0/sensorReport/0/type',
  }),
  declarationWithoutTime: (e) => ({
    event: { ...e, errorDeclaration: {} },
    pointer: '/errorDeclaration/declarationTime',
  }),
  unknownReason: (e) => ({
    event: { ...e, errorDeclaration: { declarationTime: '2026-01-05T06:00:00Z', reason: 'typo' } },
    pointer: '/errorDeclaration/reason',
  }),
  uriWithBlank: (e) => set(e, 'eventID', 'urn:x:a b'),
  noAction: (e) => (withAction(e) ? without(e, 'action') : null),
  unknownAction: (e) => (withAction(e) ? set(e, 'action', 'MOVE') : set(e, 'action', 'ADD')),
  ilmdWhileObserving: (e) =>
    e['type'] === 'ObjectEvent' ? { event: { ...e, action: 'OBSERVE', ilmd: {} }, pointer: '/ilmd' } : null,
  ilmdInAggregation: (e) => (e['type'] === 'AggregationEvent' ? set(e, 'ilmd', {}) : null),
  noParent: (e) =>
    e['type'] === 'AssociationEvent' || (e['type'] === 'AggregationEvent' && e['action'] !== 'OBSERVE')
      ? without(e, 'parentID')
      : null,
  noTransactions: (e) => (e['type'] === 'TransactionEvent' ? set(e, 'bizTransactionList', []) : null),
  wrongCheckDigit: (e, d) => {
    const body = d.digits(13)
    const wrong = (gs1CheckDigit(body) + 1 + d.below(9)) % 10
    const host = d.of(['https://id.gs1.org', 'https://example.com/x'])
    return inList(e, `${host}/01/${body}${wrong}/21/1`)
  },
  wrongEpcDigits: (e) => inList(e, 'urn:epc:id:sgtin:0614141.1073.2018'),
  tagUri: (e) => inList(e, 'urn:epc:tag:sgtin-96:3.0614141.107346.2018'),
  classAmongIndividuals: (e) => inList(e, 'urn:epc:class:lgtin:4012345.012345.998877'),
  notAUri: (e) => inList(e, 'SN0001'),
  uomOfFour: (e) =>
    Array.isArray(e['quantityList'])
      ? {
          event: { ...e, quantityList: [{ epcClass: 'urn:x:c', quantity: 1, uom: 'KILO' }] },
          pointer: '/quantityList/0/uom',
        }
      : null,
  quantityBelowZero: (e, d) =>
    inQuantities(e, d.chance(0.5) ? { quantity: -2 } : { quantity: -0.5, uom: 'KGM' }),
  quantityOfZero: (e, d) => inQuantities(e, { quantity: 0, ...(d.chance(0.5) && { uom: 'KGM' }) }),
  halfACount: (e) => inQuantities(e, { quantity: 1.5 }),
  uomOfNoQuantity: (e) => inQuantities(e, { uom: 'KGM' }, 'uom'),
  quantityOfNothing: (e) =>
    Array.isArray(e['quantityList'])
      ? { event: { ...e, quantityList: [{ quantity: 1 }] }, pointer: '/quantityList/0/epcClass' }
      : null,
  emptyPersistent: (e) => (e['type'] === 'ObjectEvent' ? set(e, 'persistentDisposition', {}) : null),
}
