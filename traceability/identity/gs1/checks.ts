const CSET82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const CSET32 = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83]

/** Characters of each component type: General Specifications, figures 7.11-1 to 7.11-3. */
export const GS1_CHARSET = {
  N: /^[0-9]$/,
  X: /^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]$/,
  Y: /^[#\-/0-9A-Z]$/,
  Z: /^[A-Za-z0-9\-_=]$/,
} as const

/** Mod-10 check digit of a number without its last digit: General Specifications 7.9.1. */
export function checkDigit(digits: string): number {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1)
  }
  return (10 - (sum % 10)) % 10
}

/** Check character pair of a GMN, mod 1021 with prime weights: General Specifications 7.9.5. */
export function checkPair(text: string): string {
  let sum = 0
  for (let i = 0; i < text.length; i++) {
    sum += CSET82.indexOf(text[i] ?? '') * (PRIMES[text.length - 1 - i] ?? 0)
  }
  sum %= 1021
  return (CSET32[sum >> 5] ?? '') + (CSET32[sum & 31] ?? '')
}

function isDate(year: number, month: number, day: number, dayZero: boolean): boolean {
  if (month < 1 || month > 12) return false
  if (day === 0) return dayZero
  // Day 0 of the next month is the last of this one.
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate()
}

const two = (v: string, at: number): number => Number(v.slice(at, at + 2))

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
const degrees =
  (max: bigint) =>
  (v: string): boolean =>
    BigInt(v) <= max

/**
 * Content checks by name, and what each expects. Lists that change with every edition (country, currency, package
 * and coupon codes) are checked for their form only.
 */
export const GS1_CHECKS: Record<string, { ok: (v: string) => boolean; expected: string }> = {
  csum: { ok: (v) => checkDigit(v.slice(0, -1)) === Number(v.at(-1)), expected: 'the right check digit' },
  csumalpha: {
    ok: (v) => v.length > 2 && checkPair(v.slice(0, -2)) === v.slice(-2),
    expected: 'the right check pair',
  },
  yymmd0: {
    ok: (v) => isDate(2000 + two(v, 0), two(v, 2), two(v, 4), true),
    expected: 'a date YYMMDD, day 00 = last of the month',
  },
  yymmdd: { ok: (v) => isDate(2000 + two(v, 0), two(v, 2), two(v, 4), false), expected: 'a date YYMMDD' },
  yyyymmdd: {
    ok: (v) => isDate(Number(v.slice(0, 4)), two(v, 4), two(v, 6), false),
    expected: 'a date YYYYMMDD',
  },
  hhmi: { ok: (v) => two(v, 0) < 24 && two(v, 2) < 60, expected: 'a time HHMM' },
  hh: { ok: (v) => Number(v) < 24, expected: 'an hour 00..23' },
  mi: { ok: (v) => Number(v) < 60, expected: 'a minute 00..59' },
  ss: { ok: (v) => Number(v) < 60, expected: 'a second 00..59' },
  zero: { ok: (v) => /^0+$/.test(v), expected: 'zero' },
  nonzero: { ok: (v) => !/^0+$/.test(v), expected: 'a number other than zero' },
  nozeroprefix: { ok: (v) => v === '0' || !v.startsWith('0'), expected: 'no leading zero' },
  pieceoftotal: {
    ok: (v) => two(v, 0) >= 1 && two(v, 0) <= two(v, 2),
    expected: 'a piece number within its total',
  },
  yesno: { ok: (v) => /^[01]$/.test(v), expected: '0 or 1' },
  winding: { ok: (v) => /^[019]$/.test(v), expected: '0, 1 or 9' },
  iso5218: { ok: (v) => /^[0129]$/.test(v), expected: '0, 1, 2 or 9' },
  hyphen: { ok: (v) => v === '-', expected: 'a hyphen' },
  hasnondigit: { ok: (v) => /\D/.test(v), expected: 'a character that is not a digit' },
  importeridx: { ok: (v) => /^[A-Za-z0-9_-]$/.test(v), expected: 'one of A-Z a-z 0-9 - _' },
  iban: { ok: iban, expected: 'a valid IBAN' },
  pcenc: { ok: (v) => /^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(v), expected: 'percent encoding' },
  latitude: { ok: degrees(1_800_000_000n), expected: 'a latitude' },
  longitude: { ok: degrees(3_600_000_000n), expected: 'a longitude' },
  mediatype: { ok: (v) => (v >= '01' && v <= '10') || v >= '80', expected: 'a media type' },
  posinseqslash: {
    ok: (v) => /^[1-9]\/[1-9]$/.test(v) && Number(v[0]) <= Number(v[2]),
    expected: 'position/total',
  },
  iso3166: { ok: (v) => v !== '000', expected: 'a country code' },
  iso3166999: { ok: (v) => v !== '000', expected: 'a country code or 999' },
  iso3166alpha2: { ok: (v) => /^[A-Z]{2}$/.test(v), expected: 'two capital letters' },
  iso4217: { ok: (v) => v !== '000', expected: 'a currency code' },
  packagetype: { ok: (v) => /^[0-9A-Z]+$/.test(v), expected: 'a package type' },
  couponcode: { ok: (v) => /^\d+$/.test(v), expected: 'digits' },
  couponposoffer: { ok: (v) => /^\d+$/.test(v), expected: 'digits' },
}
