import { withCheckDigit } from '../../../traceability/index.ts'

export type Json = Record<string, unknown>

export const CONTEXT = [
  'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
  { ext: 'http://ns.example.com/ext/' },
]

/** Small seeded generator (mulberry32): the same seed draws the same documents everywhere. */
function drawn(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export class Draw {
  readonly #next: () => number
  constructor(seed: number) {
    this.#next = drawn(seed)
  }
  below(n: number): number {
    return Math.floor(this.#next() * n)
  }
  chance(p: number): boolean {
    return this.#next() < p
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
  digits(n: number): string {
    return Array.from({ length: n }, () => this.below(10)).join('')
  }
}

const gtin = (d: Draw): string => withCheckDigit(d.digits(13))

/** An individual: URN or Digital Link, each right to the check digit. */
const epc = (d: Draw): string =>
  d.of([
    () => `urn:epc:id:sgtin:${d.digits(7)}.${d.digits(6)}.${d.digits(5)}`,
    () => `urn:epc:id:sscc:${d.digits(7)}.${d.digits(10)}`,
    () => `urn:epc:id:grai:${d.digits(7)}.${d.digits(5)}.${d.digits(4)}`,
    () => `urn:epc:id:giai:${d.digits(7)}.${d.digits(5)}`,
    () => `https://id.gs1.org/01/${gtin(d)}/21/${d.digits(6)}`,
    () => `https://example.com/some/path/01/${gtin(d)}/21/A${d.digits(4)}`,
    () => `https://id.gs1.org/00/${withCheckDigit(d.digits(17))}`,
    () => `urn:example:part:${d.digits(6)}`,
  ])()

const epcClass = (d: Draw): string =>
  d.of([
    () => `urn:epc:class:lgtin:${d.digits(7)}.${d.digits(6)}.L${d.digits(3)}`,
    () => `urn:epc:idpat:sgtin:${d.digits(7)}.${d.digits(6)}.*`,
    () => `https://id.gs1.org/01/${gtin(d)}/10/L${d.digits(3)}`,
    () => `https://id.gs1.org/01/${gtin(d)}`,
  ])()

const time = (d: Draw): string =>
  `20${10 + d.below(15)}-0${1 + d.below(9)}-1${d.below(10)}T1${d.below(10)}:0${d.below(10)}:00${d.of(['', '.5', '.123456'])}${d.of(['Z', '+08:00', '-05:30'])}`

const some = <T>(d: Draw, make: () => T, most = 3): T[] => Array.from({ length: 1 + d.below(most) }, make)
const quantity = (d: Draw): Json => ({
  epcClass: epcClass(d),
  ...(d.chance(0.7) && { quantity: d.below(100) + 0.5, uom: 'KGM' }),
})
const place = (d: Draw): Json => ({
  id: `urn:epc:id:sgln:${d.digits(7)}.${d.digits(5)}.${d.below(9)}`,
  ...(d.chance(0.2) && { 'ext:room': 'B2' }),
})
const extension = (d: Draw): Json => ({
  'ext:a': d.of(['text', 5, true, { 'ext:b': [1, { 'ext:c': 'x' }] }]),
})
const sensor = (d: Draw): Json => ({
  sensorMetadata: {
    time: time(d),
    deviceID: 'urn:epc:id:giai:4000001.111',
    ...(d.chance(0.3) && extension(d)),
  },
  sensorReport: some(d, () =>
    d.of<Json>([
      { type: 'Temperature', value: d.below(100) / 4, uom: 'CEL' },
      { type: 'Length', minValue: 1, maxValue: 2.5, meanValue: 2, sDev: 0.1, uom: 'MMT' },
      { type: 'ext:colour', stringValue: 'red', component: 'x' },
      { type: 'Illuminance', exception: 'ALARM_CONDITION', booleanValue: true, hexBinaryValue: 'f0F0' },
    ]),
  ),
  ...(d.chance(0.2) && extension(d)),
})

/** Properties that any event may have. */
const common = (d: Draw): Json => ({
  eventTime: time(d),
  eventTimeZoneOffset: d.of(['+00:00', '-06:00', '+14:00']),
  ...(d.chance(0.5) && { eventID: `urn:uuid:${d.digits(8)}-0000-4000-8000-${d.digits(12)}` }),
  ...(d.chance(0.3) && { bizStep: d.of(['shipping', 'inspecting', 'https://example.com/steps/glazing']) }),
  ...(d.chance(0.3) && { disposition: d.of(['in_transit', 'conformant', 'ext:glazed']) }),
  ...(d.chance(0.3) && { bizLocation: place(d) }),
  ...(d.chance(0.2) && {
    sourceList: [{ type: 'location', source: `urn:epc:id:sgln:${d.digits(7)}.${d.digits(5)}.0` }],
  }),
  ...(d.chance(0.2) && { sensorElementList: some(d, () => sensor(d), 2) }),
  ...(d.chance(0.1) && {
    errorDeclaration: { declarationTime: time(d), reason: 'incorrect_data', correctiveEventIDs: ['urn:x:1'] },
  }),
  ...(d.chance(0.3) && extension(d)),
})

/** A valid event of any type, without the `@context` of its document. */
export function event(d: Draw): Json {
  const epcs = (): string[] => [...new Set(some(d, () => epc(d)))]
  const quantities = (): Json[] => some(d, () => quantity(d))
  const transactions = some(d, () => ({ type: 'po', bizTransaction: `http://example.com/po/${d.digits(4)}` }))
  const action = d.of(['ADD', 'OBSERVE', 'DELETE'])
  const children = d.of<Json>([{ childEPCs: epcs() }, { childQuantityList: quantities() }])
  return d.of<() => Json>([
    () => ({
      type: 'ObjectEvent',
      action,
      ...common(d),
      ...d.of<Json>([
        { epcList: epcs() },
        { quantityList: quantities() },
        { sensorElementList: [sensor(d)], readPoint: place(d) },
      ]),
      ...(d.chance(0.3) && { persistentDisposition: { set: ['completeness_verified'] } }),
      ...(action === 'ADD' && d.chance(0.5) && { ilmd: { 'cbvmda:lotNumber': 'L1', 'ext:grade': 'A' } }),
    }),
    () => ({ type: 'AggregationEvent', action, parentID: epc(d), ...children, ...common(d) }),
    () => ({ type: 'AssociationEvent', action, parentID: epc(d), ...children, ...common(d) }),
    () => ({
      type: 'TransactionEvent',
      action,
      bizTransactionList: transactions,
      epcList: epcs(),
      ...common(d),
    }),
    () => ({
      type: 'TransformationEvent',
      inputEPCList: epcs(),
      outputQuantityList: quantities(),
      ...(d.chance(0.4) && { transformationID: `urn:epc:id:gdti:0614141.12345.${d.digits(3)}` }),
      ...common(d),
    }),
  ])()
}

export const epcisDocument = (events: readonly unknown[], more: Json = {}): Json => ({
  '@context': CONTEXT,
  type: 'EPCISDocument',
  schemaVersion: '2.0',
  creationDate: '2026-01-05T06:00:00.000Z',
  epcisBody: { eventList: events },
  ...more,
})
