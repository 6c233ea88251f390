import { EpcisError } from '../../contracts/thread.ts'
import { pureIdentityFrom } from '../identity/epc/index.ts'
import { parseDigitalLink } from '../identity/gs1/index.ts'
import { classUrn, comparedUri } from './epc.ts'
import { isObject, type JsonObject } from './faults.ts'

/** How the receiver wants EPCs written (header `GS1-EPC-Format`). */
export const EPC_FORMATS = [
  'No_Preference',
  'Always_GS1_Digital_Link',
  'Always_EPC_URN',
  'Never_Translates',
] as const
export type EpcFormat = (typeof EPC_FORMATS)[number]

const LISTS = ['epcList', 'childEPCs', 'inputEPCList', 'outputEPCList']
const QUANTITIES = ['quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList']

/**
 * An event with its EPCs in the form that was asked for. Without a wish, and by default, they stay as they were sent:
 * nothing is lost, and a Digital Link does not tell how long the company prefix is, which a URN needs.
 *
 * @param prefixes company prefixes that EPC URNs have shown
 * @throws EpcisError NotAcceptableException for a Digital Link whose company prefix nobody has shown
 */
export function inFormat(event: JsonObject, format: EpcFormat, prefixes: readonly string[]): JsonObject {
  if (format === 'No_Preference' || format === 'Never_Translates') return event
  const to = (value: unknown): unknown =>
    typeof value !== 'string' ? value : format === 'Always_EPC_URN' ? urnOf(value, prefixes) : linkOf(value)
  const changed: JsonObject = { ...event }
  if (changed['parentID'] !== undefined) changed['parentID'] = to(changed['parentID'])
  for (const key of LISTS) if (Array.isArray(changed[key])) changed[key] = changed[key].map(to)
  for (const key of QUANTITIES)
    if (Array.isArray(changed[key]))
      changed[key] = changed[key].map((q: unknown) =>
        isObject(q) ? { ...q, epcClass: to(q['epcClass']) } : q,
      )
  for (const key of ['readPoint', 'bizLocation'])
    if (isObject(changed[key])) changed[key] = { ...changed[key], id: to(changed[key]['id']) }
  for (const [key, role] of [
    ['sourceList', 'source'],
    ['destinationList', 'destination'],
  ] as const)
    if (Array.isArray(changed[key]))
      changed[key] = changed[key].map((o: unknown) => (isObject(o) ? { ...o, [role]: to(o[role]) } : o))
  return changed
}

/** Only URNs are turned into links; a link of another domain stays the link it is. */
const linkOf = (uri: string): string => (uri.startsWith('urn:epc:') ? comparedUri(uri) : uri)

/** The EPC URN of a Digital Link; what is no GS1 key stays as it is. @throws EpcisError NotAcceptableException */
export function urnOf(uri: string, prefixes: readonly string[]): string {
  if (!/^https?:/i.test(uri)) return uri
  let elements
  try {
    elements = parseDigitalLink(uri)
  } catch {
    return uri
  }
  if (elements === null) return uri
  const key = elements[0]?.value ?? ''
  const indicator = ['01', '00', '8006', '8003'].includes(elements[0]?.ai ?? '')
  const digits = indicator ? key.slice(1) : key
  const prefix = prefixes.filter((p) => digits.startsWith(p)).sort((a, b) => b.length - a.length)[0]
  if (prefix === undefined)
    throw new EpcisError(
      'NotAcceptableException',
      { pointer: '', expected: 'EPCs whose company prefix is known from an EPC URN', actual: uri },
      'ask for Always_GS1_Digital_Link or Never_Translates',
    )
  return pureIdentityFrom(elements, prefix.length) ?? classUrn(elements, prefix.length) ?? uri
}
