import { checkField, GS1_RULES, type Gs1Element } from '../gs1/index.ts'
import { refuse } from '../refuse.ts'
import { checkCapacity } from './capacity.ts'
import { decodeEpc } from './decode.ts'
import type { Epc } from './epc.ts'
import { isKeyless, keylessId, keylessOfTag, keylessTag } from './keyless.ts'
import { type EpcParts, elementsOf, hasSerial, pureIdentityOf } from './keys.ts'
import { EPC_SCHEMES, type EpcId, type EpcScheme } from './schemes.ts'

/** How many digits company prefix and reference have together, by pure identity; null = not fixed. */
const KEY_DIGITS: Readonly<Record<EpcId, number | null>> = {
  sgtin: 13,
  itip: 13,
  upui: 13,
  sscc: 17,
  gsrn: 17,
  gsrnp: 17,
  gsin: 16,
  sgln: 12,
  pgln: 12,
  grai: 12,
  gdti: 12,
  sgcn: 12,
  giai: null,
  ginc: null,
  cpi: null,
}

const SCHEMES = new Map([...EPC_SCHEMES.values()].map((s) => [s.tag, s]))

const isId = (id: string): id is EpcId => Object.hasOwn(KEY_DIGITS, id)

/**
 * EPC of a URI: `urn:epc:id:` (pure identity), `urn:epc:tag:` (with filter) or `urn:epc:raw:` (bits of the tag, what
 * RFID readers report here). Null when the text is no URI of EPC.
 *
 * @throws TRC_IDENTITY with the character position, also for classes and patterns, which name no individual
 */
export function parseEpcUri(text: string): Epc | null {
  if (!/^urn:epc:/i.test(text)) return null
  const m = /^urn:epc:(id|tag|raw):/i.exec(text)
  if (m === null) return refuse(8, 'id:, tag: or raw:, an EPC of an individual', text.slice(8))
  const at = m[0].length
  const kind = m[1]?.toLowerCase()
  if (kind === 'raw') return parseRaw(text, at)
  const colon = text.indexOf(':', at)
  if (colon < 0) refuse(at, 'an EPC scheme', text.slice(at))
  const name = text.slice(at, colon)
  const body = text.slice(colon + 1)
  if (kind === 'id') {
    if (isKeyless(name)) return keylessId(name, body, colon + 1)
    if (!isId(name)) return refuse(at, 'an EPC scheme of TDS 1.13', name)
    const { parts, elements } = fromFields(name, body.split('.'), colon + 1)
    return { scheme: name, filter: null, pureIdentity: pureIdentityOf(name, parts), elements }
  }
  const keyless = keylessOfTag(name)
  if (keyless !== undefined) return keylessTag(keyless, body, colon + 1)
  return ofTag(SCHEMES.get(name) ?? refuse(at, 'an EPC tag scheme of TDS 1.13', name), body, colon + 1)
}

function ofTag(scheme: EpcScheme, body: string, at: number): Epc {
  const [filter = '', ...fields] = body.split('.')
  if (!/^[0-7]$/.test(filter)) refuse(at, 'a filter value 0 to 7', filter)
  const { parts, elements, places } = fromFields(scheme.id, fields, at + 2)
  checkCapacity(scheme, parts, places)
  const pureIdentity = pureIdentityOf(scheme.id, parts)
  return { scheme: scheme.tag, filter: Number(filter), pureIdentity, elements }
}

/** `urn:epc:raw:96.x3074...` (TDS 1.13, section 12). */
export const rawEpcUri = (hex: string): string => `urn:epc:raw:${hex.length * 4}.x${hex.toUpperCase()}`

function parseRaw(text: string, at: number): Epc {
  const m = /^(\d+)\.x([0-9A-F]+)$/i.exec(text.slice(at))
  const [, length = '', hex = ''] = m ?? []
  if (m === null) refuse(at, 'length.xHEX', text.slice(at))
  if (hex.length !== Math.ceil(Number(length) / 4)) refuse(at, `${hex.length * 4} bits`, length)
  return decodeEpc(hex, at + length.length + 2)
}

interface Fields {
  parts: EpcParts
  places: { ref: number; serial: number }
  elements: Gs1Element[]
}

function fromFields(id: EpcId, fields: readonly string[], at: number): Fields {
  // Serials may hold dots, as references do behind which nothing comes: everything behind the fixed fields is the last.
  const openRef = id === 'giai' || id === 'ginc'
  const fixed = id === 'itip' ? 4 : openRef ? 1 : 2
  const [prefix = '', second = '', piece = '', total = ''] = fields
  const rest = fields.slice(fixed).join('.')
  if (!/^\d{6,12}$/.test(prefix)) refuse(at, 'a company prefix of 6 to 12 digits', prefix)
  const refAt = at + prefix.length + 1
  const restAt = at + fields.slice(0, fixed).join('.').length + 1
  const ref = unescape(openRef ? rest : second, refAt)
  const digits = KEY_DIGITS[id]
  if (digits === null ? ref === '' : !/^\d*$/.test(ref) || prefix.length + ref.length !== digits)
    refuse(refAt, digits === null ? 'a reference' : `a reference of ${digits - prefix.length} digits`, ref)
  if (id === 'itip' && !(/^\d{2}$/.test(piece) && /^\d{2}$/.test(total)))
    refuse(refAt + second.length + 1, 'piece and total of two digits', `${piece}.${total}`)
  if (hasSerial(id) ? rest === '' : !openRef && fields.length > fixed)
    refuse(restAt, hasSerial(id) ? 'a serial' : 'the end', rest)
  const parts: EpcParts = { prefix, ref, serial: hasSerial(id) ? unescape(rest, restAt) : '' }
  if (id === 'itip') parts.pieces = piece + total
  const elements = elementsOf(id, parts)
  checkElements(elements, at)
  return { parts, places: { ref: refAt, serial: restAt }, elements }
}

function unescape(text: string, at: number): string {
  const bad = text.search(/%(?![0-9A-Fa-f]{2})/)
  if (bad >= 0) refuse(at + bad, 'percent encoding', text.slice(bad))
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, h: string) => String.fromCharCode(Number.parseInt(h, 16)))
}

/** The key is put together from several fields; errors point at where the fields begin. */
function checkElements(elements: readonly Gs1Element[], at: number): void {
  for (const { ai, value } of elements) {
    const rule = GS1_RULES.get(ai)
    if (rule) checkField(rule, value, at)
  }
}

/**
 * Pure identity URI of GS1 elements, the inverse of `parseEpcUri`; null when they are no EPC.
 *
 * @param prefixDigits length of the GS1 Company Prefix, 6 to 12: element strings do not tell it
 */
export function pureIdentityFrom(elements: readonly Gs1Element[], prefixDigits: number): string | null {
  const of = (ai: string): string | undefined => elements.find((e) => e.ai === ai)?.value
  const p = prefixDigits
  const leading = (key: string): { prefix: string; ref: string } => ({
    prefix: key.slice(1, 1 + p),
    ref: key.slice(0, 1) + key.slice(1 + p, -1),
  })
  const plain = (key: string): { prefix: string; ref: string } => ({
    prefix: key.slice(0, p),
    ref: key.slice(p, -1),
  })
  const text = (key: string): { prefix: string; ref: string } => ({
    prefix: key.slice(0, p),
    ref: key.slice(p),
  })
  const one = (ai: string, id: EpcId, parts: (v: string) => EpcParts | null): string | null => {
    const value = of(ai)
    const found = value === undefined ? null : parts(value)
    return found && pureIdentityOf(id, found)
  }
  const serial = of('21')
  const pack = of('235')
  return (
    one('01', 'sgtin', (v) => (serial === undefined ? null : { ...leading(v), serial })) ??
    one('8006', 'itip', (v) =>
      serial === undefined ? null : { ...leading(v.slice(0, 14)), pieces: v.slice(14), serial },
    ) ??
    one('00', 'sscc', (v) => ({ ...leading(v), serial: '' })) ??
    one('414', 'sgln', (v) => ({ ...plain(v), serial: of('254') ?? '0' })) ??
    one('8003', 'grai', (v) => (v.length > 14 ? { ...plain(v.slice(1, 14)), serial: v.slice(14) } : null)) ??
    one('8004', 'giai', (v) => ({ ...text(v), serial: '' })) ??
    one('8018', 'gsrn', (v) => ({ ...plain(v), serial: '' })) ??
    one('8017', 'gsrnp', (v) => ({ ...plain(v), serial: '' })) ??
    one('253', 'gdti', (v) => (v.length > 13 ? { ...plain(v.slice(0, 13)), serial: v.slice(13) } : null)) ??
    one('255', 'sgcn', (v) => (v.length > 13 ? { ...plain(v.slice(0, 13)), serial: v.slice(13) } : null)) ??
    one('8010', 'cpi', (v) => {
      const number = of('8011')
      return number === undefined ? null : { ...text(v), serial: number }
    }) ??
    one('01', 'upui', (v) => (pack === undefined ? null : { ...leading(v), serial: pack })) ??
    one('417', 'pgln', (v) => ({ ...plain(v), serial: '' })) ??
    one('402', 'gsin', (v) => ({ ...plain(v), serial: '' })) ??
    one('401', 'ginc', (v) => ({ ...text(v), serial: '' }))
  )
}
