import { describe, expect, it } from 'vitest'
import { canonicalUri, identify, parseIso15434, readCarrier } from '../../traceability/index.ts'

const RS = '\u001e'
const GS = '\u001d'
const EOT = '\u0004'
const message = (...envelopes: string[]): string => `[)>${RS}${envelopes.join(RS)}${RS}${EOT}`

const refused = (text: string): unknown => {
  try {
    return parseIso15434(text)
  } catch (error) {
    const { code, detail } = error as { code: string; detail: { path?: string } }
    return `${code} ${detail.path}`
  }
}

const read = (text: string) => ({
  tool: 'dm',
  ok: true,
  symbology: 'DataMatrix',
  symbologyId: ']d1',
  text,
  corners: [],
})

describe('ISO/IEC 15434 messages', () => {
  // Form of the examples of ISO/IEC 15434:2019, annex C, with GS1's example GTIN.
  it('reads formats 05 and 06, also together', () => {
    expect(parseIso15434(message(`05${GS}010950600013435221A1${GS}10L7`))).toEqual({
      elements: [
        { ai: '01', value: '09506000134352' },
        { ai: '21', value: 'A1' },
        { ai: '10', value: 'L7' },
      ],
      fields: [],
    })
    expect(parseIso15434(message(`06${GS}1PABC-12${GS}SZX 9${GS}1TL7${GS}Q25`, `05${GS}21A1`))).toEqual({
      elements: [{ ai: '21', value: 'A1' }],
      fields: [
        { di: '1P', value: 'ABC-12' },
        { di: 'S', value: 'ZX 9' },
        { di: '1T', value: 'L7' },
        { di: 'Q', value: '25' },
      ],
    })
    expect(parseIso15434('SN-7')).toBeNull()
  })

  it.each([
    ['no envelope at all', '[)>\u001e\u0004', 4],
    ['an unknown format', message(`16${GS}X`), 4],
    ['a reserved format', message(`06${GS}SZX9`, `10${GS}X`), 12],
    ['a text element without blank', message(`12${GS}MFR 12345${GS}SER7`), 17],
    ['a text element without data', message(`12${GS}SER `), 11],
    ['a control character in a text element', message(`12${GS}SER A\u00079`), 12],
    ['no group separator behind format 12', message('12SER 7'), 6],
    ['transport data without a version', message(`01${GS}x`, `06${GS}SZX9`), 6],
    ['CII without its release', message('080100', `06${GS}SZX9`), 6],
    ['binary data that ends too soon', message(`09${GS}jpg${GS}none${GS}99${GS}abc`), 23],
    ['binary data without a count', message(`09${GS}jpg${GS}none${GS}abc`), 6],
    ['nothing but free text', message('07SZX9'), 4],
    ['no group separator', message('06SZX9'), 6],
    ['no end', `[)>${RS}06${GS}SZX9`, 11],
    ['a header without separator', '[)>06', 3],
    ['a field without data identifier', message(`06${GS}SZX9${GS}zx`), 12],
    ['a field without data', message(`06${GS}S`), 8],
    ['month 13', message(`06${GS}16D20261301`), 10],
    ['a quantity in words', message(`06${GS}Qten`), 8],
    ['a wrong check digit in format 05', message(`05${GS}0109506000134351`), 22],
    ['an unknown AI in format 05', message(`05${GS}291`), 7],
    ['a control character', message(`06${GS}SZ\u00079`), 9],
  ])('%s is refused at its place', (_n, text, at) => {
    expect(refused(text)).toBe(`TRC_IDENTITY character ${at}`)
  })

  // Form of the marks of ATA SPEC2000: manufacturer, part number, serial.
  it('reads format 12, and passes over what names no part', () => {
    expect(parseIso15434(message(`12${GS}MFR 0CVA5${GS}PNR ABC-12${GS}SER 786 950`))).toEqual({
      elements: [],
      fields: [
        { di: 'MFR', value: '0CVA5' },
        { di: 'PNR', value: 'ABC-12' },
        { di: 'SER', value: '786 950' },
      ],
    })
    const part = `06${GS}SZX9`
    const binary = `09${GS}jpg${GS}none${GS}4${GS}a${RS}${EOT}b`
    const segments = `004010\u001c${GS}\u001f`
    for (const other of [
      `01${GS}96`,
      '02ISA*00',
      `03${segments}`,
      `04${segments}`,
      '07Good day',
      '0801000200',
      binary,
    ])
      for (const text of [message(part, other), message(other, part)])
        expect(parseIso15434(text)?.fields, text).toEqual([{ di: 'S', value: 'ZX9' }])
    const at = { id: 'cap' }
    expect(identify([read(message(`12${GS}SER 7${GS}LOT L1`))], at, 'required')).toMatchObject({
      uri: 'urn:sightline:serial:cap:7',
      lot: 'L1',
      problem: null,
    })
    expect(canonicalUri(message(`12${GS}UID D0CVA5786950`))).toBe('urn:sightline:di:25S:D0CVA5786950')
  })

  it('says of what it does not read what it is', () => {
    const said = (text: string): string => {
      try {
        return JSON.stringify(parseIso15434(text))
      } catch (error) {
        return String(error)
      }
    }
    expect(said(message('14{}'))).toMatch(/from 01 to 09, or 12.*format 14, JSON/)
    expect(said(message('07Good day', `01${GS}96`))).toMatch(
      /format 05, 06 or 12, which name a part; found "format 07, free text, format 01, trans/,
    )
  })

  it('names the part and its lot', () => {
    expect(
      identify([read(message(`06${GS}1PABC-12${GS}SZX9${GS}1TL7`))], { id: 'cap' }, 'required'),
    ).toMatchObject({
      serial: 'ZX9',
      uri: 'urn:sightline:serial:cap:ZX9',
      lot: 'L7',
      problem: null,
    })
    // Unique everywhere: ISO/IEC 15459, data identifier 25S.
    expect(canonicalUri(message(`06${GS}25SUN123456789ZX9`))).toBe('urn:sightline:di:25S:UN123456789ZX9')
    expect(readCarrier({ text: 'ABC', symbologyId: '' })).toEqual({
      kind: 'plain',
      elements: [],
      serial: 'ABC',
    })
  })

  it.each([
    ['two serials in one envelope', [message(`06${GS}SA1${GS}SA2`)]],
    ['two serials in two envelopes', [message(`06${GS}SA1`, `06${GS}SA2`)]],
    ['two serials of format 12', [message(`12${GS}SER 1${GS}SER 2`)]],
    ['two lots in one envelope', [message(`06${GS}SA1${GS}1TL7${GS}1TL8`)]],
    ['two lots on two labels', [message(`06${GS}SA1${GS}1TL7`), message(`06${GS}1PX${GS}1TL8`)]],
  ])('holds a part with %s', (_, texts) => {
    expect(identify(texts.map(read), { id: 'cap' }, 'required')).toMatchObject({
      uri: null,
      lot: null,
      problem: { kind: 'double', code: 'TRC_IDENTITY' },
    })
  })

  it('takes a field that is repeated with the same data, or that says something else of the part, for no second name', () => {
    const text = message(`06${GS}SA1${GS}SA1${GS}1TL7${GS}Q1${GS}Q2${GS}1PX${GS}1PY`, `06${GS}SA1${GS}1TL7`)
    expect(identify([read(text)], { id: 'cap' }, 'required')).toMatchObject({
      serial: 'A1',
      lot: 'L7',
      problem: null,
    })
  })
})
