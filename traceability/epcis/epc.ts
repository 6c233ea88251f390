import { asCoded } from '../../contracts/thread.ts'
import { canonicalUri } from '../identity/canonical-uri.ts'
import { parseEpcUri, pureIdentityFrom } from '../identity/epc/index.ts'
import {
  bracketed,
  buildDigitalLink,
  encodePart,
  GS1_DOMAIN,
  type Gs1Element,
  parseDigitalLink,
  withCheckDigit,
} from '../identity/gs1/index.ts'

/** `urn:epc:class:lgtin:` (TDS 1.13, 6.4): company prefix, item reference with indicator, lot. */
const LGTIN = /^urn:epc:class:lgtin:(\S+)$/
/** Its fields, right or wrong. */
const LOT_FIELDS = /^urn:epc:class:lgtin:(\d{6,12})\.(\d{1,7})\.([^\s]+)$/
/** `urn:epc:idpat:` (TDS 1.13, 8): a pattern over the fields of a pure identity. */
const PATTERN = /^urn:epc:idpat:([a-z]+):((?:[^.\s]+)(?:\.[^.\s]*)*)$/
/** One that holds all individuals of one class. */
const WHOLE_CLASS =
  /^urn:epc:idpat:((?:(?:sgtin|upui|grai|gdti|sgcn|cpi):\d+|itip:\d+\.\d+\.\d+)\.[^.\s*[\]]*)\.\*$/

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
  try {
    if (classElements(uri) !== null || PATTERN.test(uri)) return null
  } catch (error) {
    const { detail, message } = asCoded(error, 'TRC_IDENTITY')
    // A lot is read as a serial of the same form.
    return `a class: ${(detail.expected ?? message).replace('(21)', '(10)')}`
  }
  return 'a class: urn:epc:class:lgtin:…, urn:epc:idpat:…, a GS1 Digital Link or another URI'
}

/**
 * Elements of a lot or of all individuals of a class; null for another URI.
 *
 * @throws TRC_IDENTITY as `parseEpcUri`
 */
function classElements(uri: string): readonly Gs1Element[] | null {
  const lot = LGTIN.exec(uri)?.[1]
  if (lot !== undefined)
    return elementsIn(`sgtin:${lot}`).map(({ ai, value }) => ({ ai: ai === '21' ? '10' : ai, value }))
  const fields = WHOLE_CLASS.exec(uri)?.[1]
  if (fields === undefined) return null
  // Any of its individuals says what the class is: its first element, behind which or at whose end stands the serial.
  const [key] = elementsIn(`${fields}.1`)
  if (key === undefined) return null
  return [SERIAL_WITHIN.includes(key.ai) ? { ai: key.ai, value: key.value.slice(0, -1) } : key]
}

const elementsIn = (identity: string): readonly Gs1Element[] =>
  parseEpcUri(`urn:epc:id:${identity}`)?.elements ?? []

/** The URN of what `classElements` reads; null for other elements. @param prefixDigits of the company prefix, 6 to 12 */
export function classUrn(elements: readonly Gs1Element[], prefixDigits: number): string | null {
  const [key] = elements
  if (key === undefined) return null
  const lot = key.ai === '01' ? elements.find((e) => e.ai === '10')?.value : undefined
  const serial = lot ?? '1'
  const one = SERIAL_WITHIN.includes(key.ai)
    ? [{ ai: key.ai, value: key.value + serial }]
    : [key, { ai: key.ai === '8010' ? '8011' : '21', value: serial }]
  const urn = pureIdentityFrom(one, prefixDigits)
  if (urn === null) return null
  return lot === undefined
    ? urn.replace(/^urn:epc:id:(.*)1$/, 'urn:epc:idpat:$1*')
    : urn.replace(/^urn:epc:id:sgtin:/, 'urn:epc:class:lgtin:')
}

/** Keys whose serial stands at their end. */
const SERIAL_WITHIN: readonly string[] = ['8003', '253', '255']

/**
 * The one URI of everything that means the same, as genealogy compares it: GS1 Digital Link on id.gs1.org where the
 * identifier is a GS1 key, else the text as it is. Links are recorded under it and verified by it, so that what it is for
 * an identifier stays. Never throws.
 */
export function oneUri(uri: string): string {
  if (ALREADY.test(uri)) return uri
  const lot = LOT_FIELDS.exec(uri)
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

/** `oneUri`, and for all classes: as queries and answers, which leave nothing behind, compare and write identifiers. */
export function comparedUri(uri: string): string {
  if (!uri.startsWith('urn:epc:idpat:') || uri.startsWith('urn:epc:idpat:sgtin:')) return oneUri(uri)
  try {
    return buildDigitalLink(classElements(uri) ?? []) ?? uri
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

/** What the Digital Link of a unit says beside who it is: its lot, variant, dates; empty where it says no more. */
export function saidBeside(uri: string): string {
  if (ALREADY.test(uri) || !/^https?:/i.test(uri)) return ''
  try {
    const names = parseDigitalLink(oneUri(uri))
    const more = parseDigitalLink(uri)?.filter(({ ai }) => !names?.some((n) => n.ai === ai)) ?? []
    return bracketed(more.sort((a, b) => (a.ai < b.ai ? -1 : 1)))
  } catch {
    return ''
  }
}
