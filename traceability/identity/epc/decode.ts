import { checkField, GS1_RULES } from '../gs1/index.ts'
import { refuse } from '../refuse.ts'
import { BitReader } from './bits.ts'
import type { Epc } from './epc.ts'
import { type EpcParts, elementsOf, pureIdentityOf } from './keys.ts'
import { KEYLESS_TAGS } from './keyless.ts'
import { readPlus } from './plus.ts'
import { EPC_SCHEMES, type EpcScheme, PLUS_SCHEMES, PREFIX_BITS, UNREAD_HEADERS } from './schemes.ts'

/**
 * Decodes the EPC bank of a tag, from the header on (without CRC and protocol control word).
 *
 * @param hex  as a reader reports it; padding up to a word of 16 bits is accepted
 * @param from where the hex digits begin in the text as read; positions of errors count from there
 * @throws TRC_IDENTITY for unknown headers, values out of range, set bits behind the end, and content that GS1 does
 *   not allow
 */
export function decodeEpc(hex: string, from = 0): Epc {
  const odd = hex.search(/[^0-9A-Fa-f]/)
  if (odd >= 0 || hex.length < 2) refuse(from + Math.max(0, odd), 'hexadecimal digits', hex)
  const bits = new BitReader(hex, from)
  const header = Number(bits.number(8))
  const epc = decodeBy(header, bits, hex, from)
  for (const { ai, value } of epc.elements) {
    const rule = GS1_RULES.get(ai)
    if (rule) checkField(rule, value, from)
  }
  return epc
}

function decodeBy(header: number, bits: BitReader, hex: string, from: number): Epc {
  const scheme = EPC_SCHEMES.get(header)
  if (scheme) return decodePartitioned(scheme, bits)
  const plus = PLUS_SCHEMES.get(header)
  if (plus) {
    // Behind the identity may stand more data (toggle bit) or a host name (`++`); neither changes who it is.
    const more = bits.take(1) === '1' || plus.tag.endsWith('++')
    const filter = Number(bits.number(3))
    // An extension of a single 0 stands for none, as in the schemes before.
    const elements = plus.ais
      .map((ai) => readPlus(bits, ai))
      .filter(({ ai, value }) => ai !== '254' || value !== '0')
    if (!more) bits.end()
    return { scheme: plus.tag, filter, pureIdentity: null, elements }
  }
  const keyless = KEYLESS_TAGS.get(header)?.(bits, from)
  if (keyless) {
    bits.end()
    return keyless
  }
  const unread = UNREAD_HEADERS.get(header)
  return refuse(
    from,
    'an EPC header of the Tag Data Standard',
    unread === undefined ? hex.slice(0, 8) : `${hex.slice(0, 2)}: ${unread}`,
  )
}

function decodePartitioned(scheme: EpcScheme, bits: BitReader): Epc {
  const filter = Number(bits.number(3))
  const partition = Number(bits.number(3))
  const prefixBits = PREFIX_BITS[partition] ?? bits.refuse('a partition 0 to 6', `${partition}`)
  const prefix = bits.decimal(prefixBits, 12 - partition, 'a company prefix')
  const parts: EpcParts = {
    prefix,
    ref: readRef(scheme, bits, scheme.keyBits - prefixBits, partition),
    serial: '',
  }
  if (scheme.id === 'itip') parts.pieces = bits.decimal(7, 2, 'a piece') + bits.decimal(7, 2, 'a total')
  parts.serial = readSerial(scheme, bits)
  bits.end()
  // An EPC names an individual, so that no part of it may be empty; references of digits are as long as they must be.
  if (parts.ref === '' && scheme.ref !== 'fixed') bits.refuse('a reference', 'none')
  if (parts.serial === '' && ['text', 'numeric'].includes(scheme.serial.kind)) bits.refuse('a serial', 'none')
  return {
    scheme: scheme.tag,
    filter,
    pureIdentity: pureIdentityOf(scheme.id, parts),
    elements: elementsOf(scheme.id, parts),
  }
}

function readRef(scheme: EpcScheme, bits: BitReader, width: number, partition: number): string {
  const most = scheme.refDigits + partition
  switch (scheme.ref) {
    case 'fixed':
      return bits.decimal(width, most, 'a reference')
    case 'integer': {
      const value = bits.number(width).toString()
      if (value.length > most) bits.refuse(`a reference of at most ${most} digits`, value)
      return value
    }
    case 'text7': {
      const out = bits.text(7, Math.floor(width / 7), 'the reference')
      bits.take(width % 7)
      if (out.length > most) bits.refuse(`a reference of at most ${most} characters`, out)
      return out
    }
    case 'text6':
      return bits.ended(most + 1, `a reference of at most ${most} characters`)
  }
}

function readSerial({ serial }: EpcScheme, bits: BitReader): string {
  switch (serial.kind) {
    case 'none':
      return ''
    case 'int':
      return bits.number(serial.size).toString()
    case 'numeric': {
      const text = bits.number(serial.size).toString()
      if (!text.startsWith('1')) bits.refuse('a serial behind a leading 1', text)
      return text.slice(1)
    }
    case 'text':
      return bits.text(7, serial.size, 'the serial')
    case 'reserved':
      if (bits.number(serial.size) !== 0n) bits.refuse('reserved bits of zero', 'others')
      return ''
  }
}
