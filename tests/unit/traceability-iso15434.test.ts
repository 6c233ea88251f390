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
    ['an unknown format', message(`12${GS}X`), 4],
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
})
