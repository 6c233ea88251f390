import type { Gs1Element } from './gs1-parse.ts'

const GS1 = 'https://id.gs1.org'

/**
 * Percent encoding of path segments and URN parts: everything outside RFC 3986's unreserved characters.
 */
export const encodePart = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )

export interface UnitName {
  /** The number people read and type. */
  serial: string
  uri: string
}

/**
 * Canonical URI of the individual named by GS1 elements (GS1 Digital Link URI Syntax 1.4), or null when they name
 * only a class or a batch. `gtin` stands in for a missing AI 01 behind a serial.
 */
export function gs1Unit(elements: readonly Gs1Element[], gtin: string | undefined): UnitName | null {
  const of = (ai: string): string | undefined => elements.find((e) => e.ai === ai)?.value
  const serial = of('21')
  const item = of('01') ?? gtin
  if (serial !== undefined && item !== undefined)
    return { serial, uri: `${GS1}/01/${item}/21/${encodePart(serial)}` }
  const piece = of('8006')
  if (serial !== undefined && piece !== undefined)
    return { serial, uri: `${GS1}/8006/${piece}/21/${encodePart(serial)}` }
  const part = of('8010')
  const partSerial = of('8011')
  if (part !== undefined && partSerial !== undefined)
    return { serial: partSerial, uri: `${GS1}/8010/${encodePart(part)}/8011/${partSerial}` }
  for (const ai of ['00', '8004']) {
    const value = of(ai)
    if (value !== undefined) return { serial: value, uri: `${GS1}/${ai}/${encodePart(value)}` }
  }
  // A returnable asset or document is an individual only with the serial behind its 13 or 14 digits.
  for (const [ai, classLength] of [
    ['8003', 14],
    ['253', 13],
  ] as const) {
    const value = of(ai)
    if (value !== undefined && value.length > classLength)
      return { serial: value.slice(classLength), uri: `${GS1}/${ai}/${encodePart(value)}` }
  }
  return null
}

export const serialUri = (product: string, serial: string): string =>
  `urn:sightline:serial:${encodePart(product)}:${encodePart(serial)}`

/** A part without a readable identity is named by the trigger that demanded its image. */
export const triggerUnit = (line: string, station: string, trigger: number): UnitName => ({
  serial: `${line}.${station}.${trigger}`,
  uri: `urn:sightline:trigger:${encodePart(line)}:${encodePart(station)}:${trigger}`,
})

export const lotUri = (product: { id: string; gtin?: string | undefined }, lot: string): string =>
  product.gtin === undefined
    ? `urn:sightline:lot:${encodePart(product.id)}:${encodePart(lot)}`
    : `${GS1}/01/${product.gtin}/10/${encodePart(lot)}`

export const productUri = (product: { id: string; gtin?: string | undefined }): string =>
  product.gtin === undefined ? `urn:sightline:product:${encodePart(product.id)}` : `${GS1}/01/${product.gtin}`

export const supplierUri = (supplier: string): string => `urn:sightline:supplier:${encodePart(supplier)}`
