import { describe, expect, it } from 'vitest'
import { identify } from '../../traceability/index.ts'
import { failedRead, gs1Code, plainCode } from './samples/traceability-requests.ts'

const product = { id: 'cap', gtin: '09506000134352' }
const plainProduct = { id: 'cap' }
const other = { id: 'lid', gtin: '10614141000415' }

describe('identify', () => {
  it('names a unit by GTIN and serial', () => {
    expect(identify([gs1Code('A/1', 'L7')], product, 'required')).toEqual({
      serial: 'A/1',
      uri: 'https://id.gs1.org/01/09506000134352/21/A%2F1',
      gtin: '09506000134352',
      lot: 'L7',
      aliases: [
        { scheme: 'barcode', value: '010950600013435221A/1\u001d10L7' },
        { scheme: 'gs1', value: '(01)09506000134352(21)A/1(10)L7' },
      ],
      problem: null,
    })
  })

  it('names a unit by a plain serial', () => {
    expect(identify([plainCode('SN-0007')], plainProduct, 'required')).toMatchObject({
      serial: 'SN-0007',
      uri: 'urn:sightline:serial:cap:SN-0007',
      lot: null,
      problem: null,
    })
  })

  it('takes the elements of several symbols on one part together', () => {
    const item = { ...plainCode('0109506000134352'), symbologyId: ']C1' }
    const serial = { ...plainCode('21A1\u001d10L7'), symbologyId: ']C1' }
    expect(identify([item, serial], product, 'required')).toMatchObject({
      uri: 'https://id.gs1.org/01/09506000134352/21/A1',
      lot: 'L7',
      problem: null,
    })
  })

  it.each([']Q4', ']d5'])('compares the product of a GS1 symbol with ECI, %s', (symbologyId) => {
    const read = { ...gs1Code('A1'), symbologyId }
    expect(identify([read], product, 'required').uri).toBe('https://id.gs1.org/01/09506000134352/21/A1')
    expect(identify([read], other, 'required').problem?.kind).toBe('other-product')
  })

  it('takes no GS1 Digital Link for a name because it is written in another way', () => {
    const link = (text: string) => ({ ...plainCode(text), symbologyId: ']Q1' })
    const encoded = link('https://id.gs1.org/%30%31/09506000134352/21/A1')
    expect(identify([encoded, gs1Code('A1')], product, 'required').problem).toBeNull()
    expect(identify([encoded], other, 'required').problem?.kind).toBe('other-product')
    for (const text of [
      'https://id.gs1.org/ARFKk4XBoCdVEOeKfGHk',
      'https://a.example/01/09506000134352//21/A1',
    ])
      expect(identify([link(text), gs1Code('A1')], product, 'required')).toMatchObject({
        uri: null,
        problem: { kind: 'invalid', code: 'TRC_IDENTITY' },
      })
  })

  it('takes a plain repetition of the serial and a second read of the same symbol as the same part', () => {
    const reads = [gs1Code('A1'), gs1Code('A1'), plainCode('A1')]
    expect(identify(reads, product, 'required')).toMatchObject({ serial: 'A1', problem: null })
    expect(identify(reads, product, 'required').aliases).toHaveLength(3)
  })

  it('names pallets and assets: SSCC, GIAI, GRAI with serial', () => {
    const read = (text: string) =>
      identify([{ ...plainCode(text), symbologyId: ']C1' }], plainProduct, 'required')
    expect(read('00376104250021234569').uri).toBe('https://id.gs1.org/00/376104250021234569')
    expect(read('80049506000ASSET1').uri).toBe('https://id.gs1.org/8004/9506000ASSET1')
    expect(read('8003095060001343528765').uri).toBe('https://id.gs1.org/8003/095060001343528765')
    // Without a serial it is a kind of asset, not an individual.
    expect(read('800309506000134352').problem?.kind).toBe('none')
  })

  it.each([
    ['no code at all', [failedRead], product, 'none', 'TRC_IDENTITY'],
    [
      'a code without serial',
      [{ ...plainCode('0109506000134352'), symbologyId: ']C1' }],
      product,
      'none',
      'TRC_IDENTITY',
    ],
    ['two serials', [gs1Code('A1'), gs1Code('A2')], product, 'double', 'TRC_IDENTITY'],
    ['a GS1 and another plain serial', [gs1Code('A1'), plainCode('B2')], product, 'double', 'TRC_IDENTITY'],
    ["another product's GTIN", [gs1Code('A1')], other, 'other-product', 'INS_RECIPE_MISMATCH'],
    [
      'content that is no identity',
      [{ ...plainCode('99'), symbologyId: ']C1' }],
      product,
      'invalid',
      'TRC_IDENTITY',
    ],
  ] as const)('holds a part with %s when identity is required', (_n, reads, p, kind, code) => {
    const found = identify(reads, p, 'required')
    expect(found.problem).toMatchObject({ kind, code })
    expect(found.problem?.text.zh).not.toBe('')
    expect({ serial: found.serial, uri: found.uri }).toEqual({ serial: null, uri: null })
  })

  it('under optional a missing code is fine, a wrong one is not', () => {
    expect(identify([failedRead], product, 'optional').problem).toBeNull()
    expect(identify([gs1Code('A1')], other, 'optional').problem?.kind).toBe('other-product')
    expect(identify([gs1Code('A1'), gs1Code('A2')], product, 'optional').problem?.kind).toBe('double')
  })

  it('under none nothing is a problem, and only an unambiguous code names the part', () => {
    expect(identify([gs1Code('A1')], product, 'none')).toMatchObject({ serial: 'A1', problem: null })
    expect(identify([gs1Code('A1'), gs1Code('A2')], product, 'none')).toMatchObject({
      serial: null,
      problem: null,
    })
    expect(identify([gs1Code('A1')], other, 'none')).toMatchObject({ serial: null, problem: null })
  })

  it('takes a text with NUL for no identity, in any form of code', () => {
    for (const text of ['AB\0CD', 'https://id.gs1.org/01/09506000134352/21/A1\0', '(21)A\0'])
      expect(identify([plainCode(text)], { id: 'cap' }, 'optional')).toMatchObject({
        serial: null,
        aliases: [],
        problem: { kind: 'invalid', code: 'TRC_IDENTITY' },
      })
  })

  it('looks only at the tools that read identities', () => {
    const reads = [gs1Code('A1'), plainCode('MAKER-PART-NO', 'component')]
    expect(identify(reads, product, 'required').problem?.kind).toBe('double')
    expect(identify(reads, product, 'required', ['dm'])).toMatchObject({ serial: 'A1', problem: null })
  })
})
