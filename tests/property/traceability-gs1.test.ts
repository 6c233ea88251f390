import { gs1CheckDigit } from '../../contracts/index.ts'
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { type Gs1Element, parseBracketed, parseElementString, readCarrier } from '../../traceability/index.ts'

const SEED = 20260105
const CSET82 = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'

const digits = (n: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: n, maxLength: n }).map((d) => d.join(''))
const text = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...CSET82), { minLength: 1, maxLength: max }).map((c) => c.join(''))
const checked = (n: number): fc.Arbitrary<string> => digits(n - 1).map((d) => d + gs1CheckDigit(d))
const pad = (n: number): string => String(n).padStart(2, '0')
const date = fc
  .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 28 }))
  .map((p) => p.map(pad).join(''))

/** How the forms begin that any carrier may hold. */
const STARTS = [
  '',
  '(01)',
  '[)>\u001e06\u001d',
  '[)>\u001e05\u001d',
  'urn:epc:id:sgtin:0614141.',
  'urn:epc:tag:giai-202:1.',
  'urn:epc:raw:',
  'https://id.gs1.org/01/09506000134352/21/%',
  'https://id.gs1.org/01/09506000134352?',
]

/** A field of each kind of rule, and whether it needs an FNC1 behind it (General Specifications 7.8.5). */
const field = fc.oneof(
  checked(14).map((value) => ({ ai: '01', value, fnc1: false })),
  checked(18).map((value) => ({ ai: '00', value, fnc1: false })),
  checked(13).map((value) => ({ ai: '414', value, fnc1: false })),
  date.map((value) => ({ ai: '17', value, fnc1: false })),
  digits(6).map((value) => ({ ai: '3103', value, fnc1: false })),
  text(20).map((value) => ({ ai: '10', value, fnc1: true })),
  text(20).map((value) => ({ ai: '21', value, fnc1: true })),
  text(90).map((value) => ({ ai: '95', value, fnc1: true })),
  fc.tuple(checked(13), text(16)).map(([n, s]) => ({ ai: '8003', value: `0${n}${s}`, fnc1: true })),
  digits(8).map((value) => ({ ai: '30', value, fnc1: true })),
)
const message = fc.uniqueArray(field, { minLength: 1, maxLength: 6, selector: (f) => f.ai })

const plain = (fields: { ai: string; value: string }[]): Gs1Element[] =>
  fields.map(({ ai, value }) => ({ ai, value }))

describe(`GS1 data, seed ${SEED}`, () => {
  it('comes out of an element string as it went in', () => {
    fc.assert(
      fc.property(message, (fields) => {
        const raw = fields
          .map((f, i) => f.ai + f.value + (f.fnc1 && i < fields.length - 1 ? '\u001d' : ''))
          .join('')
        expect(parseElementString(raw)).toEqual(plain(fields))
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('comes out of the human form as it went in', () => {
    fc.assert(
      fc.property(message, (fields) => {
        const raw = fields.map((f) => `(${f.ai})${f.value.replaceAll('(', '\\(')}`).join('')
        expect(parseBracketed(raw)).toEqual(plain(fields))
      }),
      { seed: SEED, numRuns: 500 },
    )
  })

  it('with one digit of a GTIN changed is refused', () => {
    fc.assert(
      fc.property(
        checked(14),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 1, max: 9 }),
        (gtin, at, by) => {
          const wrong = gtin.slice(0, at) + ((Number(gtin[at]) + by) % 10) + gtin.slice(at + 1)
          expect(() => parseElementString(`01${wrong}`)).toThrow(/TRC_IDENTITY/)
        },
      ),
      { seed: SEED },
    )
  })

  it('of any content is read or refused with a code, never with another error', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STARTS),
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.constantFrom(']d2', ']C1', ']d1', ']E0', ']Q1', ''),
        (start, content, symbologyId) => {
          try {
            readCarrier({ text: start + content, symbologyId })
          } catch (error) {
            expect(error).toMatchObject({ code: 'TRC_IDENTITY' })
          }
        },
      ),
      { seed: SEED, numRuns: 5_000 },
    )
  })
})
