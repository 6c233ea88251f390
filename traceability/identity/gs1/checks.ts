import { gs1CheckDigit } from '../../../contracts/thread.ts'
import { couponCode, positiveOffer } from './coupon.ts'
import { COUNTRY_DIGITS, COUNTRY_LETTERS, CURRENCY_DIGITS } from './iso-codes.ts'

const CSET82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const CSET32 = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83]

/** Finds what is none of the characters of a component type: General Specifications, figures 7.11-1 to 7.11-3. */
export const GS1_CHARSET = {
  N: { odd: /[^0-9]/, name: 'a digit' },
  X: { odd: /[^!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]/, name: 'a character of GS1 charset 82' },
  Y: { odd: /[^#\-/0-9A-Z]/, name: 'a character of GS1 charset 39' },
  Z: { odd: /[^A-Za-z0-9\-_=]|=(?!=?$)/, name: 'a character of GS1 charset 64, = at the end alone,' },
} as const

export const withCheckDigit = (digits: string): string => digits + gs1CheckDigit(digits)

/** Check character pair of a GMN, mod 1021 with prime weights: General Specifications 7.9.5. */
export function checkPair(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    sum += CSET82.indexOf(text[i] ?? '') * (PRIMES[text.length - 1 - i] ?? 0)
  }
  sum %= 1021
  return (CSET32[sum >> 5] ?? '') + (CSET32[sum & 31] ?? '')
}

/** Offset of what is wrong in a component, or null. */
type Find = (v: string) => number | null

interface Check {
  wrongAt: Find
  /** What is right; of the component where it depends on it. */
  expected: string | ((v: string) => string)
}

const whole =
  (ok: (v: string) => boolean, at = 0): Find =>
  (v) =>
    ok(v) ? null : at

const two = (v: string, at: number): number => Number(v.slice(at, at + 2))

/** `yearDigits` 2 or 4. The century does not matter for the length of months: 2000 was a leap year like '00. */
const date =
  (yearDigits: number, dayZero: boolean): Find =>
  (v) => {
    const year = (yearDigits === 2 ? 2000 : 0) + Number(v.slice(0, yearDigits))
    const month = two(v, yearDigits)
    const day = two(v, yearDigits + 2)
    if (month < 1 || month > 12) return yearDigits
    // Day 0 of the next month is the last of this one.
    const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
    return (day === 0 && dayZero) || (day >= 1 && day <= last) ? null : yearDigits + 2
  }

/** IBAN, ISO 13616: country, check digits, mod 97 over letters as 10..35. */
function iban(v: string): boolean {
  if (!/^[A-Z]{2}\d{2}[0-9A-Z]+$/.test(v)) return false
  let rest = 0
  for (const c of v.slice(4) + v.slice(0, 4)) {
    for (const d of String(Number.parseInt(c, 36))) rest = (rest * 10 + Number(d)) % 97
  }
  return rest === 1
}

/** Degrees times 1e7, offset so that they are positive: General Specifications 3.8.10. */
const degrees = (max: bigint): Find => whole((v) => BigInt(v) <= max)

/** A GS1 Company Prefix has at least four digits; whether it is assigned only GS1's registry knows. */
const companyPrefix =
  (from: number): Find =>
  (v) => {
    for (let i = from; i < from + 4; i++) if (!/^\d$/.test(v.charAt(i))) return Math.min(i, v.length)
    return null
  }

const notZero = whole((v) => !/^0+$/.test(v))

/**
 * Content checks by the names of GS1's Barcode Syntax Dictionary, and what each expects. Types of packages, a list that
 * changes with every edition, are checked for their form only.
 */
export const GS1_CHECKS: Readonly<Record<string, Check>> = {
  csum: {
    wrongAt: (v) => (gs1CheckDigit(v.slice(0, -1)) === Number(v.at(-1)) ? null : v.length - 1),
    expected: (v) => `check digit ${gs1CheckDigit(v.slice(0, -1))}`,
  },
  csumalpha: {
    wrongAt: (v) =>
      v.length > 2 && checkPair(v.slice(0, -2)) === v.slice(-2) ? null : Math.max(0, v.length - 2),
    expected: (v) => (v.length > 2 ? `check pair ${checkPair(v.slice(0, -2))}` : 'a check pair'),
  },
  gcppos1: { wrongAt: companyPrefix(0), expected: 'a GS1 Company Prefix' },
  gcppos2: { wrongAt: companyPrefix(1), expected: 'a GS1 Company Prefix behind the first digit' },
  yymmd0: { wrongAt: date(2, true), expected: 'a date YYMMDD, day 00 = last of the month' },
  yymmdd: { wrongAt: date(2, false), expected: 'a date YYMMDD' },
  yyyymmdd: { wrongAt: date(4, false), expected: 'a date YYYYMMDD' },
  hhmi: { wrongAt: (v) => (two(v, 0) > 23 ? 0 : two(v, 2) > 59 ? 2 : null), expected: 'a time HHMM' },
  hh: { wrongAt: whole((v) => Number(v) < 24), expected: 'an hour 00..23' },
  mi: { wrongAt: whole((v) => Number(v) < 60), expected: 'a minute 00..59' },
  ss: { wrongAt: whole((v) => Number(v) < 60), expected: 'a second 00..59' },
  zero: { wrongAt: whole((v) => /^0+$/.test(v)), expected: 'zero' },
  nonzero: { wrongAt: notZero, expected: 'a number other than zero' },
  nozeroprefix: { wrongAt: whole((v) => v === '0' || !v.startsWith('0')), expected: 'no leading zero' },
  pieceoftotal: {
    wrongAt: whole((v) => two(v, 0) >= 1 && two(v, 0) <= two(v, 2)),
    expected: 'a piece number within its total',
  },
  yesno: { wrongAt: whole((v) => /^[01]$/.test(v)), expected: '0 or 1' },
  winding: { wrongAt: whole((v) => /^[019]$/.test(v)), expected: '0, 1 or 9' },
  iso5218: { wrongAt: whole((v) => /^[0129]$/.test(v)), expected: '0, 1, 2 or 9' },
  hyphen: { wrongAt: whole((v) => v === '-'), expected: 'a hyphen' },
  hasnondigit: { wrongAt: whole((v) => /\D/.test(v)), expected: 'a character that is not a digit' },
  importeridx: { wrongAt: whole((v) => /^[A-Za-z0-9_-]$/.test(v)), expected: 'one of A-Z a-z 0-9 - _' },
  iban: { wrongAt: whole(iban), expected: 'a valid IBAN' },
  pcenc: {
    wrongAt: (v) => {
      const at = v.search(/%(?![0-9A-Fa-f]{2})/)
      return at < 0 ? null : at
    },
    expected: 'percent encoding',
  },
  latitude: { wrongAt: degrees(1_800_000_000n), expected: 'a latitude' },
  longitude: { wrongAt: degrees(3_600_000_000n), expected: 'a longitude' },
  mediatype: { wrongAt: whole((v) => (v >= '01' && v <= '10') || v >= '80'), expected: 'a media type' },
  posinseqslash: {
    wrongAt: whole((v) => /^[1-9]\/[1-9]$/.test(v) && Number(v[0]) <= Number(v[2])),
    expected: 'position/total',
  },
  iso3166: { wrongAt: whole((v) => COUNTRY_DIGITS.has(v)), expected: 'a country code of ISO 3166, as 156' },
  iso3166999: {
    wrongAt: whole((v) => v === '999' || COUNTRY_DIGITS.has(v)),
    expected: 'a country code of ISO 3166, as 156, or 999',
  },
  iso3166alpha2: {
    wrongAt: whole((v) => COUNTRY_LETTERS.has(v)),
    expected: 'a country code of ISO 3166, as CN',
  },
  iso4217: { wrongAt: whole((v) => CURRENCY_DIGITS.has(v)), expected: 'a currency code of ISO 4217, as 978' },
  packagetype: { wrongAt: whole((v) => /^[0-9A-Z]+$/.test(v)), expected: 'a package type' },
  couponcode: { wrongAt: couponCode, expected: 'a North American coupon code' },
  couponposoffer: { wrongAt: positiveOffer, expected: 'a positive offer file coupon' },
}
