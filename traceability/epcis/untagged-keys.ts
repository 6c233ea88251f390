import { asCoded, CodedError } from '../../contracts/index.ts'
import {
  buildDigitalLink,
  checkField,
  escapeEpc,
  GS1_RULES,
  type Gs1Element,
  withCheckDigit,
} from '../identity/index.ts'

/** `urn:epc:id:` of keys that no tag carries (TDS 1.13, 6.3.11 to 6.3.17): party, shipment, consignment, unit pack. */
const URN = /^urn:epc:id:(pgln|gsin|ginc|upui):(\d{6,12})\.(\S*)$/

export const isUntagged = (urn: string): boolean => URN.test(urn)

/** How many digits company prefix and reference have together. */
const DIGITS: Readonly<Record<string, number>> = { pgln: 12, gsin: 16, upui: 13 }

/**
 * GS1 elements of such a URN, or null when it is of another scheme.
 *
 * @throws TRC_IDENTITY for a wrong length or character
 */
function elementsOf(urn: string): Gs1Element[] | null {
  const m = URN.exec(urn)
  if (m === null) return null
  const [, scheme = '', prefix = '', rest = ''] = m
  const [reference = '', ...more] = scheme === 'upui' ? rest.split('.') : [rest]
  const digits = DIGITS[scheme]
  if (digits !== undefined && (!/^\d*$/.test(reference) || prefix.length + reference.length !== digits))
    throw new CodedError('TRC_IDENTITY', { expected: `company prefix and reference of ${digits} digits` })
  const elements = keyOf(scheme, prefix, reference, more.join('.'))
  for (const { ai, value } of elements) {
    const rule = GS1_RULES.get(ai)
    if (rule !== undefined) checkField(rule, value, 0)
  }
  return elements
}

function keyOf(scheme: string, prefix: string, reference: string, serial: string): Gs1Element[] {
  switch (scheme) {
    case 'pgln':
      return [{ ai: '417', value: withCheckDigit(prefix + reference) }]
    case 'gsin':
      return [{ ai: '402', value: withCheckDigit(prefix + reference) }]
    case 'ginc':
      return [{ ai: '401', value: prefix + decodeURIComponent(reference) }]
    default:
      return [
        { ai: '01', value: withCheckDigit(reference.slice(0, 1) + prefix + reference.slice(1)) },
        { ai: '235', value: decodeURIComponent(serial) },
      ]
  }
}

/** What is wrong with such a URN, or null. */
export function untaggedProblem(urn: string): string | null {
  try {
    elementsOf(urn)
    return null
  } catch (error) {
    const { detail, message } = asCoded(error, 'TRC_IDENTITY')
    return detail.expected ?? message
  }
}

/** GS1 Digital Link of such a URN; null when it is of another scheme or wrong. */
export function untaggedLink(urn: string): string | null {
  try {
    const elements = elementsOf(urn)
    return elements && buildDigitalLink(elements)
  } catch {
    return null
  }
}

/** The URN of elements that are such a key, or null. @param prefix GS1 Company Prefix of the key */
export function untaggedUrn(elements: readonly Gs1Element[], prefix: string): string | null {
  const of = (ai: string): string | undefined => elements.find((e) => e.ai === ai)?.value
  const urn = (scheme: string, ...parts: string[]): string =>
    `urn:epc:id:${scheme}:${[prefix, ...parts.map(escapeEpc)].join('.')}`
  const [party, shipment, consignment, item, pack] = ['417', '402', '401', '01', '235'].map(of)
  if (party !== undefined) return urn('pgln', party.slice(prefix.length, -1))
  if (shipment !== undefined) return urn('gsin', shipment.slice(prefix.length, -1))
  if (consignment !== undefined) return urn('ginc', consignment.slice(prefix.length))
  if (item === undefined || pack === undefined) return null
  return urn('upui', item.slice(0, 1) + item.slice(1 + prefix.length, -1), pack)
}
