import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { gs1CheckDigit } from '../../contracts/index.ts'
import { decodeEpc, type Gs1Element } from '../../traceability/index.ts'

const SEED = 20260107

/**
 * An encoder of TDS 2.0, section 14.5, written apart from the decoder: each method gives a string of bits. Its tables
 * are 14-7 (base 64) and 14-8 (URN Code 40).
 */
const bin = (n: bigint | number, width: number): string => BigInt(n).toString(2).padStart(width, '0')
const nibbles = (digits: string): string => [...digits].map((d) => bin(Number(d), 4)).join('')
const bitsOfDigits = (count: number): number => Math.ceil(count * Math.log2(10))
const integer = (digits: string, lengthBits: number): string =>
  bin(digits.length, lengthBits) + (digits === '' ? '' : bin(BigInt(digits), bitsOfDigits(digits.length)))

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const CODE40 = '\0ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789'
const METHODS: readonly { fits: RegExp; body: (text: string) => string }[] = [
  { fits: /^\d*$/, body: (t) => (t === '' ? '' : bin(BigInt(t), bitsOfDigits(t.length))) },
  { fits: /^[\dA-F]*$/, body: (t) => [...t].map((c) => bin(Number.parseInt(c, 16), 4)).join('') },
  { fits: /^[\da-f]*$/, body: (t) => [...t].map((c) => bin(Number.parseInt(c, 16), 4)).join('') },
  { fits: /^[\w-]*$/, body: (t) => [...t].map((c) => bin(BASE64.indexOf(c), 6)).join('') },
  { fits: /^[!-~]*$/, body: (t) => [...t].map((c) => bin(c.charCodeAt(0), 7)).join('') },
  {
    fits: /^[A-Z\d.:-]*$/,
    body: (t) =>
      (t.match(/.{1,3}/g) ?? [])
        .map((three) => {
          const [a, b, c] = [...three.padEnd(3, '\0')].map((x) => CODE40.indexOf(x))
          return bin(1600 * (a ?? 0) + 40 * (b ?? 0) + (c ?? 0) + 1, 16)
        })
        .join(''),
  },
]

/** By the `n`th of the methods that hold the text. */
function alphanumeric(text: string, n: number): string {
  const fitting = METHODS.flatMap(({ fits }, i) => (fits.test(text) ? [i] : []))
  const method = fitting[n % fitting.length] ?? 4
  return bin(method, 3) + bin(text.length, 5) + (METHODS[method]?.body(text) ?? '')
}

/** Digits up to a terminator, or to a delimiter and the rest. */
function delimited(text: string, n: number): string {
  const [digits = ''] = /^\d*/.exec(text) ?? []
  return digits.length === text.length
    ? `${nibbles(text)}1111`
    : `${nibbles(digits)}1110${alphanumeric(text.slice(digits.length), n)}`
}

const DATES = ['11', '13', '15', '16', '17', '7006', '7007']
const date = (ai: string, yymmdd: string): string =>
  bin(DATES.indexOf(ai), 4) + [7, 4, 5].map((w, i) => bin(Number(yymmdd.slice(2 * i, 2 * i + 2)), w)).join('')

/** An element and its bits. */
interface Encoded {
  element: Gs1Element
  bits: string
}

const CSET82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const CSET39 = '#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const ALPHABETS = ['0123456789', '0123456789ABCDEF', '0123456789abcdef', BASE64, CODE40.slice(1), CSET82]

const chars = (alphabet: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.string({
    unit: fc.constantFrom(...[...alphabet].filter((c) => CSET82.includes(c) || c === '#')),
    minLength: min,
    maxLength: max,
  })
const text = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(...ALPHABETS.map((a) => chars(a, min, max)))
const checked = (n: number): fc.Arbitrary<string> =>
  chars('0123456789', n - 1, n - 1).map((d) => d + gs1CheckDigit(d))
const number = fc.bigInt({ min: 1n, max: 999_999_999_999n }).map(String)
const digits = (min: number, max: number): fc.Arbitrary<string> => chars('0123456789', min, max)
const method = fc.nat(5)
const two = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((n) => String(n).padStart(2, '0'))

const fixed = (ai: string, value: fc.Arbitrary<string>): fc.Arbitrary<Encoded> =>
  value.map((v) => ({ element: { ai, value: v }, bits: nibbles(v) }))
const withText = (ai: string, key: fc.Arbitrary<string>, min: number, max: number): fc.Arbitrary<Encoded> =>
  fc.tuple(key, text(min, max), method).map(([k, t, m]) => ({
    element: { ai, value: k + t },
    bits: nibbles(k) + alphanumeric(t, m),
  }))
const NO_KEY = fc.constant('')

const FIELDS: Readonly<Record<string, fc.Arbitrary<Encoded>>> = {
  '00': fixed('00', checked(18)),
  '01': fixed('01', checked(14)),
  '414': fixed('414', checked(13)),
  '8017': fixed('8017', checked(18)),
  '8018': fixed('8018', checked(18)),
  '8006': fixed(
    '8006',
    fc.tuple(checked(14), two(1, 9), two(10, 99)).map((p) => p.join('')),
  ),
  '21': withText('21', NO_KEY, 1, 20),
  '254': withText('254', NO_KEY, 2, 20),
  '253': withText('253', checked(13), 0, 17),
  '8003': withText(
    '8003',
    checked(13).map((k) => `0${k}`),
    0,
    16,
  ),
  '255': fc.tuple(checked(13), digits(0, 12)).map(([k, s]) => ({
    element: { ai: '255', value: k + s },
    bits: nibbles(k) + integer(s, 4),
  })),
  '8011': number.map((n) => ({ element: { ai: '8011', value: n }, bits: integer(n, 4) })),
  '8004': fc.tuple(digits(4, 10), text(0, 20), method).map(([p, t, m]) => ({
    element: { ai: '8004', value: p + t },
    bits: delimited(p + t, m),
  })),
  '8010': fc.tuple(digits(4, 10), chars(CSET39, 0, 20), method).map(([p, t, m]) => ({
    element: { ai: '8010', value: p + t },
    bits: delimited(p + t, m),
  })),
  date: fc.tuple(fc.constantFrom(...DATES), two(0, 99), two(1, 12), two(1, 28)).map(([ai, ...ymd]) => ({
    element: { ai, value: ymd.join('') },
    bits: date(ai, ymd.join('')),
  })),
}

/** Header and AIs: TDS 2.3, table 14-1. */
const SCHEMES: readonly (readonly [header: number, ais: string])[] = [
  [0xf0, '8010 8011'],
  [0xf1, '8003'],
  [0xf2, '414 254'],
  [0xf3, '8006 21'],
  [0xf4, '8018'],
  [0xf5, '8017'],
  [0xf6, '253'],
  [0xf7, '01 21'],
  [0xf8, '255'],
  [0xf9, '00'],
  [0xfa, '8004'],
  [0xfb, 'date 01 21'],
  [0xe7, '8018'],
  [0xe8, '8017'],
  [0xe9, '414 254'],
  [0xea, '253'],
  [0xeb, '8003'],
  [0xed, '8006 21'],
  [0xee, '8004'],
  [0xef, '00'],
  [0xfc, 'date 01 21'],
  [0xfd, '01 21'],
]
/** `id.example.com` as it stands behind the SSCC of TDS 2.3, appendix E.3 (SSCC++), to its last set bit. */
const HOST = bin(0x92832f8c3b786ccb6cn, 72).replace(/0+$/, '')

interface Tag {
  header: number
  elements: Gs1Element[]
  /** Up to the end of the identity, and what stands behind it. */
  bits: string
  more: string
}

const tag: fc.Arbitrary<Tag> = fc
  .constantFrom(...SCHEMES)
  .chain(([header, ais]) =>
    fc.tuple(
      fc.constant(header),
      fc.boolean(),
      fc.nat(7),
      ...ais.split(' ').map((ai) => FIELDS[ai] ?? fc.constant({ element: { ai, value: '' }, bits: '' })),
    ),
  )
  .map(([header, toggle, filter, ...fields]) => {
    const plusPlus = header < 0xf0 || header === 0xfc || header === 0xfd
    return {
      header,
      elements: fields.map((f) => f.element),
      bits: bin(header, 8) + (toggle ? '1' : '0') + bin(filter, 3) + fields.map((f) => f.bits).join(''),
      // Behind the toggle the lot of AI 10: eight bits of AI, then as the serial.
      more: (plusPlus ? HOST : '') + (toggle ? `00010000${alphanumeric('L7', 3)}` : ''),
    }
  })

const hexOf = (bits: string, word = 4): string => {
  const whole = bits.padEnd(Math.ceil(bits.length / word) * word, '0')
  return (whole.match(/.{4}/g) ?? []).map((n) => Number.parseInt(n, 2).toString(16)).join('')
}

/** Elements, or the code of the refusal; another error is a crash. */
function read(hex: string): Gs1Element[] | string {
  try {
    return decodeEpc(hex).elements
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'TRC_IDENTITY') return code
    throw error
  }
}

const check = (property: fc.IProperty<[Tag]>, numRuns: number): void =>
  fc.assert(property, { seed: SEED, numRuns })

describe(`tags of TDS 2, seed ${SEED}`, () => {
  it('say what was written on them, alone and padded to a word', () => {
    check(
      fc.property(tag, ({ bits, more, elements }) => {
        expect(read(hexOf(bits + more))).toEqual(elements)
        expect(read(hexOf(bits + more, 16))).toEqual(elements)
      }),
      4_000,
    )
  })

  it('cut off within the identity are refused, wherever', () => {
    check(
      fc.property(tag, ({ bits, more }) => {
        const hex = hexOf(bits + more)
        for (let digits = 0; 4 * digits < bits.length; digits++)
          expect([digits, read(hex.slice(0, digits))]).toEqual([digits, 'TRC_IDENTITY'])
      }),
      400,
    )
  })

  it('with nothing more to say end there: no bit behind is set, no word follows', () => {
    check(
      fc.property(tag, ({ bits, more }) => {
        if (more !== '') return
        const pad = -bits.length & 15
        for (let at = 0; at < pad; at++) {
          const wrong = `${bits}${'0'.repeat(at)}1${'0'.repeat(pad - at - 1)}`
          expect([at, read(hexOf(wrong))]).toEqual([at, 'TRC_IDENTITY'])
        }
        expect(read(`${hexOf(bits, 16)}0000`)).toBe('TRC_IDENTITY')
      }),
      2_000,
    )
  })

  it('with one digit of a key wrong are refused', () => {
    const keyed = tag.filter(({ elements }) => elements[0]?.ai === '01' || elements[0]?.ai === '00')
    fc.assert(
      fc.property(keyed, fc.nat(13), fc.integer({ min: 1, max: 9 }), ({ bits, more }, at, by) => {
        const place = 12 + 4 * at
        const digit = (Number.parseInt(bits.slice(place, place + 4), 2) + by) % 10
        const wrong = bits.slice(0, place) + bin(digit, 4) + bits.slice(place + 4)
        expect(read(hexOf(wrong + more))).toBe('TRC_IDENTITY')
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('write a place without extension as other tags do', () => {
    const place = bin(0xf2, 8) + bin(3, 4) + nibbles('9521141123454')
    const none = [{ ai: '414', value: '9521141123454' }]
    for (const n of [0, 1, 3, 4, 5]) expect(read(hexOf(place + alphanumeric('0', n)))).toEqual(none)
    expect(read(hexOf(place + bin(0, 8)))).toBe('TRC_IDENTITY')
  })

  it('pad URN Code 40 at its end alone', () => {
    const item = bin(0xf7, 8) + bin(3, 4) + nibbles('09506000134352') + bin(5, 3) + bin(2, 5)
    const three = (a: number, b: number, c: number): string => bin(1600 * a + 40 * b + c + 1, 16)
    expect(read(hexOf(item + three(1, 2, 0)))).toMatchObject([{}, { ai: '21', value: 'AB' }])
    for (const [a, b, c] of [
      [1, 0, 2],
      [0, 1, 2],
    ] as const)
      expect(read(hexOf(item + three(a, b, c)))).toBe('TRC_IDENTITY')
    for (const word of [0, 64_001, 65_535]) expect(read(hexOf(item + bin(word, 16)))).toBe('TRC_IDENTITY')
  })
})
