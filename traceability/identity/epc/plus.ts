import type { Gs1Element } from '../gs1/index.ts'
import type { BitReader } from './bits.ts'

/** Bits of L decimal digits: TDS 2.0, section 14.5.6.1. Exact for the 30 digits that occur. */
const integerBits = (digits: number): number =>
  digits === 0 ? 0 : (10n ** BigInt(digits) - 1n).toString(2).length

const HEX = '0123456789ABCDEF'
/** TDS 2.0, table 14-7. */
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** TDS 2.0, table 14-8; index 0 pads. */
const CODE40 = ' ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789'
/** Date types of the prioritised date: TDS 2.0, section 14.5.3. */
const DATES = ['11', '13', '15', '16', '17', '7006', '7007']

/** Reads one AI as table F of TDS 2.0 encodes it. @throws TRC_IDENTITY */
export function readPlus(bits: BitReader, ai: string): Gs1Element {
  switch (ai) {
    case 'date':
      return readDate(bits)
    case '00':
    case '8006':
    case '8017':
    case '8018':
      return { ai, value: digits(bits, 18) }
    case '01':
      return { ai, value: digits(bits, 14) }
    case '414':
      return { ai, value: digits(bits, 13) }
    case '253':
      return { ai, value: digits(bits, 13) + alphanumeric(bits, 17) }
    case '255':
      return { ai, value: digits(bits, 13) + integer(bits, 4, 12) }
    case '8003':
      return { ai, value: digits(bits, 14) + alphanumeric(bits, 16) }
    case '8011':
      return { ai, value: integer(bits, 4, 12) }
    case '8004':
    case '8010':
      return { ai, value: delimited(bits, 30) }
    default:
      return { ai, value: alphanumeric(bits, 20) }
  }
}

/** 14.5.4: four bits per digit. */
function digits(bits: BitReader, count: number): string {
  let out = ''
  for (let i = 0; i < count; i++) {
    const d = bits.number(4)
    if (d > 9n) bits.refuse('a decimal digit', d.toString(16))
    out += d
  }
  return out
}

/** 14.5.13: length, then a number of that many digits. */
function integer(bits: BitReader, lengthBits: number, max: number): string {
  const length = Number(bits.number(lengthBits))
  if (length > max) bits.refuse(`at most ${max} digits`, `${length}`)
  return bits.decimal(integerBits(length), length, 'a number')
}

/** 14.5.6: encoding, length of five bits, characters. */
function alphanumeric(bits: BitReader, max: number): string {
  const encoding = Number(bits.number(3))
  const length = Number(bits.number(5))
  if (length > max) bits.refuse(`at most ${max} characters`, `${length}`)
  const each = (width: number, alphabet: string): string =>
    Array.from({ length }, () => alphabet[Number(bits.number(width))] ?? '').join('')
  switch (encoding) {
    case 0:
      return bits.decimal(integerBits(length), length, 'a number')
    case 1:
      return each(4, HEX)
    case 2:
      return each(4, HEX.toLowerCase())
    case 3:
      return each(6, BASE64)
    case 4:
      return Array.from({ length }, () => String.fromCharCode(Number(bits.number(7)))).join('')
    case 5:
      return code40(bits, length)
    default:
      return bits.refuse('encoding 0 to 5', `${encoding}`)
  }
}

/** 14.5.6.5: three characters in 16 bits. */
function code40(bits: BitReader, length: number): string {
  let out = ''
  for (let n = 0; n < Math.ceil(length / 3); n++) {
    const r = Number(bits.number(16)) - 1
    if (r < 0 || r >= 40 ** 3) bits.refuse('three characters of URN Code 40', `${r + 1}`)
    for (const i of [Math.floor(r / 1600), Math.floor(r / 40) % 40, r % 40]) out += CODE40[i]
  }
  // Padding stands at the end alone, where the last three characters are not all there.
  if (out.trimEnd().length !== length || out.trimEnd().includes(' ')) bits.refuse(`${length} characters`, out)
  return out.trimEnd()
}

/** 14.5.5: digits up to a terminator (F), or to a delimiter (E) behind which the rest stands. */
function delimited(bits: BitReader, max: number): string {
  let out = ''
  for (;;) {
    const d = Number(bits.number(4))
    if (d === 15) return out
    if (d === 14) return out + alphanumeric(bits, max - out.length)
    if (d > 9 || out.length === max) bits.refuse(`at most ${max} digits and their end`, d.toString(16))
    out += d
  }
}

/** 14.5.3: which date, then YYMMDD in 7, 4 and 5 bits. */
function readDate(bits: BitReader): Gs1Element {
  const ai = DATES[Number(bits.number(4))] ?? bits.refuse('a known type of date', 'another')
  const value = [7, 4, 5].map((w) => bits.decimal(w, 2, 'a date')).join('')
  return { ai, value }
}
