import type { Json } from './epcis-documents.ts'

/** Units of one product and the box they are packed in, as URN and as GS1 Digital Link. */
export const unit = (n: number): string => `urn:epc:id:sgtin:0614141.107346.${n}`
export const link = (n: number): string => `https://id.gs1.org/01/10614141073464/21/${n}`
export const BOX = 'urn:epc:id:sscc:0614141.1234567890'
export const box = 'https://id.gs1.org/00/106141412345678908'
export const base = { eventTime: '2026-01-05T06:00:00.000Z', eventTimeZoneOffset: '+00:00' }
export const observed = (patch: Json = {}): Json => ({
  ...base,
  type: 'ObjectEvent',
  action: 'OBSERVE',
  epcList: [unit(1)],
  ...patch,
})
export const packed = (patch: Json = {}): Json => ({
  ...base,
  type: 'AggregationEvent',
  action: 'ADD',
  parentID: BOX,
  childEPCs: [unit(1), unit(2)],
  ...patch,
})
