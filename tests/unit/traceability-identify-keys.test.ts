import { describe, expect, it } from 'vitest'
import type { CodeRead } from '../../contracts/index.ts'
import { canonicalUri, identify } from '../../traceability/index.ts'

// GTINs with the check digits of General Specifications 7.9; those of an AI (03) begin with 9, made to order.
const GTIN = '09506000134352'
const MADE = '99506000134355'
const OTHER_MADE = '99506000134362'

const read = (text: string): CodeRead => ({ tool: 'code', ok: true, text, symbologyId: '' }) as CodeRead

const of = (text: string, gtin?: string): ReturnType<typeof identify> =>
  identify([read(text)], { id: 'caps', gtin }, 'required')

describe('identities by keys other than AI (01)', () => {
  it.each([
    [`(8006)${GTIN}0102(21)X1`, `(8006)${GTIN}0202(21)X1`],
    ['urn:epc:id:itip:9506000.013435.01.02.X1', 'urn:epc:id:itip:9506000.013435.02.02.X1'],
  ])('two pieces of one item are two parts, whether or not the recipe has their GTIN', (first, second) => {
    for (const gtin of [GTIN, undefined]) {
      expect(of(first, gtin).uri).toBe(`https://id.gs1.org/8006/${GTIN}0102/21/X1`)
      expect(of(second, gtin).uri).toBe(`https://id.gs1.org/8006/${GTIN}0202/21/X1`)
      expect(of(first, gtin).uri).toBe(canonicalUri(first))
    }
  })

  it('a made-to-order GTIN is the item its serial belongs to, never that of the recipe', () => {
    const text = `(03)${MADE}(21)X1`
    expect(of(text)).toMatchObject({ uri: `https://id.gs1.org/01/${MADE}/21/X1`, gtin: MADE, problem: null })
    expect(of(text, MADE).uri).toBe(of(text).uri)
    expect(canonicalUri(text)).toBe(of(text).uri)
    expect(of(`(03)${OTHER_MADE}(21)X1`).uri).not.toBe(of(text).uri)
    expect(of(text, GTIN)).toMatchObject({ serial: null, uri: null, problem: { kind: 'other-product' } })
  })

  it.each([
    ['label', `(01)${GTIN}(235)UP1`],
    ['tag', 'urn:epc:id:upui:9506000.013435.UP1'],
  ])('the serial that a third party gave a unit packet names it, on its %s', (_, text) => {
    expect(of(text, GTIN)).toMatchObject({
      serial: 'UP1',
      uri: `https://id.gs1.org/01/${GTIN}/235/UP1`,
      problem: null,
    })
    expect(canonicalUri(text)).toBe(of(text).uri)
  })

  it('a lot is the same lot in any order of its label, and with the place it is at', () => {
    const lot = `https://id.gs1.org/01/${GTIN}/10/L7`
    for (const text of [
      `(01)${GTIN}(10)L7(414)9521141123454`,
      `(414)9521141123454(10)L7(01)${GTIN}`,
      `https://example.com/01/${GTIN}/10/L7?414=9521141123454`,
    ])
      expect(canonicalUri(text), text).toBe(lot)
    // Places, documents and consignments stand beside things, and two things at one place are two.
    expect(canonicalUri(`(414)9521141123454(8006)${GTIN}0102(10)L7`)).toBe(
      `https://id.gs1.org/8006/${GTIN}0102/10/L7`,
    )
    // What the path of a link names is what it names, whatever stands behind it.
    expect(canonicalUri(`https://example.com/414/9521141123454?01=${GTIN}`)).toBe(
      'https://id.gs1.org/414/9521141123454',
    )
  })

  it.each([
    ['(3939)9241500', 'the Zimbabwe Gold of 2024'],
    ['(3939)9971500', 'a fund of ISO 4217'],
  ])('knows the currency of a price: %s, %s', (price) => {
    expect(() => canonicalUri(`(01)${GTIN}(3103)001000${price}`)).not.toThrow()
  })
})
