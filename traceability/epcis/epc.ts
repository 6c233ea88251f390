import { asCoded } from '../../contracts/index.ts'
import {
  buildDigitalLink,
  canonicalUri,
  encodePart,
  GS1_DOMAIN,
  parseDigitalLink,
  parseEpcUri,
  withCheckDigit,
} from '../identity/index.ts'

/** `urn:epc:class:lgtin:` (TDS 1.13, 6.4): company prefix, item reference with indicator, lot. */
const LGTIN = /^urn:epc:class:lgtin:(\d{6,12})\.(\d{1,7})\.([^\s]+)$/
/** `urn:epc:idpat:` (TDS 1.13, 8): a pattern over the fields of a pure identity. */
const PATTERN = /^urn:epc:idpat:([a-z]+):((?:[^.\s]+)(?:\.[^.\s]*)*)$/

export type EpcLevel = 'instance' | 'class'

/**
 * What is wrong with an identifier in a place for individuals or for classes, or null. Private URIs are nobody's
 * business but their owner's (CBV 2.0, 8.2.3); EPC URNs and GS1 Digital Links must be right to the check digit.
 */
export function epcProblem(uri: string, level: EpcLevel): string | null {
  if (/^urn:epc:/i.test(uri)) return level === 'instance' ? idProblem(uri) : classProblem(uri)
  if (!/^https?:/i.test(uri)) return null
  try {
    parseDigitalLink(uri)
    return null
  } catch (error) {
    const { message, detail } = asCoded(error, 'TRC_IDENTITY')
    // On a domain of its own a path may look like a key by chance, but a whole key with a wrong check digit does not.
    const certain = uri.startsWith(`${GS1_DOMAIN}/`) || /check (digit|pair)/i.test(detail.expected ?? '')
    return certain ? `a GS1 Digital Link: ${detail.expected ?? message}` : null
  }
}

function idProblem(uri: string): string | null {
  const m = /^urn:epc:id:([a-z]+):/.exec(uri)
  if (m === null) return 'the pure identity of an individual, urn:epc:id:…'
  try {
    parseEpcUri(uri)
    return null
  } catch (error) {
    const { detail, message } = asCoded(error, 'TRC_IDENTITY')
    return `an EPC of scheme ${m[1]}: ${detail.expected ?? message}`
  }
}

function classProblem(uri: string): string | null {
  const lot = LGTIN.exec(uri)
  if (lot !== null)
    return (lot[1]?.length ?? 0) + (lot[2]?.length ?? 0) === 13
      ? null
      : 'company prefix and item of 13 digits'
  if (PATTERN.test(uri)) return null
  return 'a class: urn:epc:class:lgtin:…, urn:epc:idpat:…, a GS1 Digital Link or another URI'
}

/**
 * The one URI of everything that means the same, as genealogy and queries compare them: GS1 Digital Link on
 * id.gs1.org where the identifier is a GS1 key, else the text as it is. Never throws.
 */
export function oneUri(uri: string): string {
  if (ALREADY.test(uri)) return uri
  const lot = LGTIN.exec(uri)
  if (lot !== null) {
    const [, prefix = '', item = '', name = ''] = lot
    if (prefix.length + item.length !== 13) return uri
    return `${GS1_DOMAIN}/01/${gtin(prefix, item)}/10/${encodePart(unescaped(name))}`
  }
  const pattern = /^urn:epc:idpat:sgtin:(\d{6,12})\.(\d{1,7})\.\*$/.exec(uri)
  if (pattern !== null) {
    const [, prefix = '', item = ''] = pattern
    return prefix.length + item.length === 13 ? `${GS1_DOMAIN}/01/${gtin(prefix, item)}` : uri
  }
  try {
    if (/^https?:/i.test(uri)) {
      const elements = parseDigitalLink(uri)
      return elements === null ? uri : (canonicalUri(uri) ?? buildDigitalLink(elements) ?? uri)
    }
    return /^urn:epc:/i.test(uri) ? (canonicalUri(uri) ?? uri) : uri
  } catch {
    return uri
  }
}

/** A unit or lot as it is written here, right or wrong: most of what comes, for a fiftieth of the time. */
const ALREADY = /^https:\/\/id\.gs1\.org\/01\/\d{14}\/(?:10|21)\/[\w.~-]+$/

const gtin = (prefix: string, item: string): string =>
  withCheckDigit(item.slice(0, 1) + prefix + item.slice(1))

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
