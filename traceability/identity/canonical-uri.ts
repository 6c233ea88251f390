import { asCoded, type CodedError } from '../../contracts/thread.ts'
import type { DataField } from './data-identifiers.ts'
import { buildDigitalLink, encodePart, GS1_DOMAIN, GS1_RULES, type Gs1Element } from './gs1/index.ts'
import { type CarrierData, readCarrier } from './carrier.ts'

export interface UnitName {
  /** The number people read and type. */
  serial: string
  uri: string
}

/**
 * Canonical URI of the individual named by GS1 elements (GS1 Digital Link URI Syntax 1.4), or null when they name
 * only a class, a batch or a place. `gtin` stands in behind a serial without an item of its own: AI 01, a made-to-order
 * GTIN (03), or a piece (8006), of which several share item and serial.
 */
export function gs1Unit(elements: readonly Gs1Element[], gtin: string | undefined): UnitName | null {
  const of = (ai: string): string | undefined => elements.find((e) => e.ai === ai)?.value
  const serial = of('21')
  const own = of('01') ?? of('03')
  const piece = of('8006')
  if (serial !== undefined && own === undefined && piece !== undefined)
    return { serial, uri: `${GS1_DOMAIN}/8006/${piece}/21/${encodePart(serial)}` }
  const item = own ?? gtin
  if (serial !== undefined && item !== undefined)
    return { serial, uri: `${GS1_DOMAIN}/01/${item}/21/${encodePart(serial)}` }
  // The serial that a third party controls: of a unit packet (UPUI).
  const packet = of('235')
  if (packet !== undefined && own !== undefined)
    return { serial: packet, uri: `${GS1_DOMAIN}/01/${own}/235/${encodePart(packet)}` }
  const part = of('8010')
  const partSerial = of('8011')
  if (part !== undefined && partSerial !== undefined)
    return { serial: partSerial, uri: `${GS1_DOMAIN}/8010/${encodePart(part)}/8011/${partSerial}` }
  for (const ai of ['00', '8004']) {
    const value = of(ai)
    if (value !== undefined) return { serial: value, uri: `${GS1_DOMAIN}/${ai}/${encodePart(value)}` }
  }
  // A returnable asset, document or coupon is an individual only with the serial behind its 13 or 14 digits.
  for (const [ai, classLength] of [
    ['8003', 14],
    ['253', 13],
    ['255', 13],
  ] as const) {
    const value = of(ai)
    if (value !== undefined && value.length > classLength)
      return { serial: value.slice(classLength), uri: `${GS1_DOMAIN}/${ai}/${encodePart(value)}` }
  }
  return null
}

/**
 * The individual named by data identifiers: `25S` and the licence plates `J` to `6J` are unique everywhere
 * (ISO/IEC 15459), `S` within the product. Of the text elements `UID` is as good as `25S`, `SER` and `SEQ` as `S`.
 */
export function fieldsUnit(fields: readonly DataField[], productId: string): UnitName | null {
  const own = fields.find((f) => /^(?:25S|UID|[1-6]?J)$/.test(f.di))
  if (own) {
    const di = own.di === 'UID' ? '25S' : own.di
    return { serial: own.value, uri: `urn:sightline:di:${di}:${encodePart(own.value)}` }
  }
  const serial = fields.find((f) => ['S', 'SER', 'SEQ'].includes(f.di))?.value
  return serial === undefined ? null : { serial, uri: serialUri(productId, serial) }
}

/** The individual a carrier names by itself, without knowing the product; null when it names none. */
export function unitOfCarrier(data: CarrierData): UnitName | null {
  const gs1 = gs1Unit(data.elements, undefined)
  if (gs1 !== null) return gs1
  if (data.kind === 'epc' && data.elements.length === 0 && data.epc.pureIdentity !== null) {
    const uri = data.epc.pureIdentity
    return { serial: decodeURIComponent(uri.slice(uri.search(/[^.:]*$/))), uri }
  }
  const own = data.kind === 'iso15434' ? fieldsUnit(data.fields, '') : null
  return own?.uri.startsWith('urn:sightline:di:') === true ? own : null
}

/**
 * The one URI of everything that means the same: element string in brackets, GS1 Digital Link of any domain and order,
 * `urn:epc:id:`, `urn:epc:tag:` and `urn:epc:raw:`. Data that says nothing about who it is (dates, weights, batch of an
 * individual, where a batch is) is left out. Null for a text that carries no such key, a plain serial for one.
 *
 * @throws TRC_IDENTITY when the text has one of these forms and is wrong
 */
export function canonicalUri(text: string): string | null {
  const data = readCarrier({ text, symbologyId: '' })
  const unit = unitOfCarrier(data)
  if (unit !== null) return unit.uri
  // The path of a link says what it names; elsewhere the order of several keys says nothing.
  const keys = data.elements.map((e) => e.ai).filter((ai) => KEYS.includes(ai))
  const key = /^https?:/i.test(text) ? keys[0] : KEYS.find((ai) => keys.includes(ai))
  if (key === undefined) return null
  const names = [key, ...(GS1_RULES.get(key)?.qualifiers ?? []).flat()]
  return buildDigitalLink(
    data.elements.filter((e) => names.includes(e.ai)),
    { primary: key },
  )
}

/** What may begin the path of a GS1 Digital Link: things before the documents, consignments and places beside them. */
const KEYS = [...GS1_RULES.values()]
  .filter((r) => r.qualifiers !== null)
  .map((r) => r.ai)
  .sort((a, b) => Number(/^[24]/.test(a)) - Number(/^[24]/.test(b)))

/**
 * URIs that a text stands for by itself, read as what it looks like and as the element string of a GS1 symbol; none for
 * a text that names nothing or is wrong.
 */
export function urisIn(text: string): string[] {
  const readings = [
    () => canonicalUri(text),
    () => unitOfCarrier(readCarrier({ text, symbologyId: GS1_DATA_MATRIX }))?.uri ?? null,
  ]
  const uris = readings.flatMap((read) => {
    try {
      return read() ?? []
    } catch (error) {
      if (asCoded(error, 'API_INTERNAL').code !== 'TRC_IDENTITY') throw error
      return []
    }
  })
  return [...new Set(uris)]
}

/** Texts that mean to be a key, and not a plain serial. */
const KEY_LIKE = /^(?:\(\d{2,4}\)|\[\)>|https?:|urn:epc:)/i

/** What is wrong with a text that looks like a key of GS1 or ISO/IEC 15434; null when it is right or a plain serial. */
export function faultIn(text: string): CodedError | null {
  try {
    if (KEY_LIKE.test(text)) canonicalUri(text)
    else if (/^(?:01\d{14}|00\d{18})/.test(text)) readCarrier({ text, symbologyId: GS1_DATA_MATRIX })
    return null
  } catch (error) {
    return asCoded(error, 'API_INTERNAL')
  }
}

/** Whether `urisIn` finds the unit in the one label it was read from: item number and serial both stand there. */
export const namesItself = (unit: UnitName, gtin: string | null): boolean =>
  gtin !== null && unit.uri === `${GS1_DOMAIN}/01/${gtin}/21/${encodePart(unit.serial)}`

/** ISO/IEC 15424 identifier of a symbol that holds an element string. */
const GS1_DATA_MATRIX = ']d2'

export const serialUri = (product: string, serial: string): string =>
  `urn:sightline:serial:${encodePart(product)}:${encodePart(serial)}`

/**
 * A part without a readable identity is named by the trigger that demanded its image. A counter that began anew gives
 * its numbers again, to other parts: behind the first count, the count stands with the number.
 */
export function triggerUnit(line: string, station: string, trigger: number, attempt = 1): UnitName {
  const number = attempt === 1 ? `${trigger}` : `${trigger}-${attempt}`
  return {
    serial: `${line}.${station}.${number}`,
    uri: `urn:sightline:trigger:${encodePart(line)}:${encodePart(station)}:${number}`,
  }
}

export const lotUri = (product: { id: string; gtin?: string | undefined }, lot: string): string =>
  product.gtin === undefined
    ? `urn:sightline:lot:${encodePart(product.id)}:${encodePart(lot)}`
    : `${GS1_DOMAIN}/01/${product.gtin}/10/${encodePart(lot)}`

export const productUri = (product: { id: string; gtin?: string | undefined }): string =>
  product.gtin === undefined
    ? `urn:sightline:product:${encodePart(product.id)}`
    : `${GS1_DOMAIN}/01/${product.gtin}`

export const supplierUri = (supplier: string): string => `urn:sightline:supplier:${encodePart(supplier)}`
