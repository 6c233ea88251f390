import { describe, expect, it } from 'vitest'
import { faultIn, parseDigitalLink, readCarrier, spelledFnc1 } from '../../traceability/index.ts'

const GS = '\u001d'

const refused = (work: () => unknown): { code?: string; path?: string } => {
  try {
    work()
  } catch (error) {
    const e = error as { code: string; detail: { path?: string } }
    return { code: e.code, ...(e.detail.path === undefined ? {} : { path: e.detail.path }) }
  }
  return {}
}

describe('a symbol', () => {
  it('decides by the symbology identifier', () => {
    const text = '010950600013435221A'
    // ISO/IEC 15424: FNC1 in the first place, without and with ECI.
    for (const symbologyId of ']C1 ]e0 ]d2 ]d5 ]Q3 ]Q4 ]J1 ]J4 ]z1 ]z4 ]z7 ]zA ]h2 ]h3 ]L3 ]O5 ]K1 ]T1'.split(
      ' ',
    ))
      expect(readCarrier({ text, symbologyId })).toMatchObject({
        kind: 'gs1',
        elements: [
          { ai: '01', value: '09506000134352' },
          { ai: '21', value: 'A' },
        ],
      })
    // Without FNC1, and with FNC1 in the second place, which is of other industries.
    for (const symbologyId of ']C0 ]C2 ]d1 ]d3 ]d4 ]d6 ]Q1 ]Q2 ]Q5 ]Q6 ]J0 ]J2 ]z0 ]z2 ]z3 ]h0 ]L5'.split(
      ' ',
    ))
      expect(readCarrier({ text, symbologyId })).toEqual({ kind: 'plain', elements: [], serial: text })
    expect(readCarrier({ text: '6291041500213', symbologyId: ']E0' })).toEqual({
      kind: 'gs1',
      elements: [{ ai: '01', value: '06291041500213' }],
    })
    const carton = { ai: '01', value: '15400141288763' }
    expect(readCarrier({ text: carton.value, symbologyId: ']I1' })).toEqual({
      kind: 'gs1',
      elements: [carton],
    })
    expect(readCarrier({ text: '12345670', symbologyId: ']I0' })).toMatchObject({ kind: 'plain' })
    expect(refused(() => readCarrier({ text: '6291041500214', symbologyId: ']E0' }))).toMatchObject({
      code: 'TRC_IDENTITY',
    })
    expect(refused(() => readCarrier({ text: 'A B', symbologyId: ']C0' }))).toEqual({
      code: 'TRC_IDENTITY',
      path: 'character 1',
    })
  })

  // RFC 3986, 5.2.4, as WHATWG URL does it: `/api/parts/%2e%2e/life` asks for `/api/life`.
  it('takes no dot segment for a serial, by which nobody could ask for the part', () => {
    for (const text of ['.', '..'])
      expect(refused(() => readCarrier({ text, symbologyId: ']Q1' })).code).toBe('TRC_IDENTITY')
    expect(readCarrier({ text: '...', symbologyId: ']Q1' })).toMatchObject({ serial: '...' })
  })

  // AIM's ECI protocol: a backslash and the six digits of the character set, here UTF-8.
  it('takes the escape of ECI off where a symbol has one', () => {
    const elements = [
      { ai: '01', value: '09506000134352' },
      { ai: '21', value: 'A1' },
    ]
    const link = 'https://id.gs1.org/01/09506000134352/21/A1'
    const read = (symbologyId: string, text: string) => readCarrier({ text: `\\000026${text}`, symbologyId })
    expect(read(']Q4', '010950600013435221A1')).toEqual({ kind: 'gs1', elements })
    expect(read(']d5', `${GS}010950600013435221A1`)).toEqual({ kind: 'gs1', elements })
    expect(read(']Q2', link)).toEqual({ kind: 'gs1', elements })
    expect(read(']d4', 'A\\\\B')).toMatchObject({ serial: 'A\\B' })
    expect(readCarrier({ text: 'A\\\\B', symbologyId: ']d4' })).toMatchObject({ serial: 'A\\\\B' })
    expect(read(']Q1', 'A')).toMatchObject({ serial: '\\000026A' })
  })

  it('takes an FNC1 inside for fields where the reader names no symbology', () => {
    const read = (symbologyId: string) => () => readCarrier({ text: `10L1${GS}21A1`, symbologyId })
    expect(read(']Q4')().elements).toEqual(read('')().elements)
    expect(read('')()).toMatchObject({
      kind: 'gs1',
      elements: [
        { ai: '10', value: 'L1' },
        { ai: '21', value: 'A1' },
      ],
    })
    expect(refused(read(']d1'))).toEqual({ code: 'TRC_IDENTITY', path: 'character 4' })
  })
})

describe('an FNC1 that a reader spells in its own way', () => {
  const spelt = (by: string): string => `010950600013435221A1${by}10L1`
  // Mindeo ES4650 (FN1 substitution string), CipherLab 2564 (field separator), Odoo (gs1_separator_fnc1): any text.
  it.each([
    '^',
    '|',
    '~',
    '~1',
    '{GS}',
    '<GS>',
    '<gs>',
    '[FNC1]',
    '{FNC1}',
    '^]',
    '@',
    '#',
    '\\x1D',
    '\\u001d',
    '\\1d',
  ])('%s is told', (by) => {
    expect(spelledFnc1(spelt(by))).toBe(by)
    expect(spelledFnc1(by + spelt(by))).toBe(by)
    expect(spelledFnc1(`21A1${by}0109506000134352`)).toBe(by)
  })

  it.each([
    ['a plain serial', 'SN^21A1'],
    ['a wrong check digit', '010950600013435321A1^10L1'],
    ['an AI that there is none of', '010950600013435221A1^29L1'],
    ['fields without a GTIN', '10L1^21A1'],
    ['no field behind the mark', '0109506000134352^'],
    ['characters of GS1 data', '010950600013435221A1<10L1'],
    ['an FNC1 as it is', spelt(GS)],
    ['two marks', '010950600013435221A1^10L1|17290331'],
  ])('%s is none', (_, text) => expect(spelledFnc1(text)).toBeNull())
})

describe('a GS1 Digital Link that is written in another way', () => {
  it('undoes the percent encoding of AIs', () => {
    const elements = parseDigitalLink('https://id.gs1.org/01/09506000134352/21/A1?17=290331')
    expect(parseDigitalLink('https://id.gs1.org/%30%31/09506000134352/2%31/%41%31?%31%37=290331')).toEqual(
      elements,
    )
    expect(refused(() => parseDigitalLink('https://a.example/%30%31/09506000134352/%32%31/%7E'))).toEqual({
      code: 'TRC_IDENTITY',
      path: 'character 47',
    })
  })

  // The compressed link and the half-compressed one are of GS1's own toolkit (GS1DigitalLinkToolkit.js).
  it.each([
    ['the compressed form', 'https://id.gs1.org/ARFKk4XBoCdVEOeKfGHk', 18],
    ['a key and the rest compressed', 'https://id.gs1.org/01/09506000134376/BEgRzNo', 18],
    ['the same elsewhere', 'https://a.example/p/01/09506000134376/BEgRzNo', 37],
    ['an empty segment', 'https://id.gs1.org/01/09506000134352//21/A1', 18],
    ['the same elsewhere', 'https://a.example/01/09506000134352//21/A1', 35],
    ['an encoded slash', 'https://id.gs1.org/01%2F09506000134352/21/A1', 18],
    ['short names', 'https://id.gs1.org/gtin/09506000134352/ser/A1', 18],
    ['no path', 'HTTP://user@ID.GS1.ORG.:80', 23],
    ['a page of the product', 'https://shop.example/01/09506000134352/info', 38],
    ['an AI without value that is no qualifier', 'https://shop.example/01/09506000134352/17/', 38],
  ])('%s is refused', (_n, uri, at) => {
    expect(refused(() => parseDigitalLink(uri))).toEqual({ code: 'TRC_IDENTITY', path: `character ${at}` })
    expect(faultIn(uri)?.message).toMatch(/the compressed form are not read/)
  })
})
