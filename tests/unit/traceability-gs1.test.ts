import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  AI_LENGTH,
  checkDigit,
  GS1_RULES,
  parseBracketed,
  parseDigitalLink,
  parseElementString,
  readCarrier,
} from '../../traceability/index.ts'
import { checkPair, GS1_CHECKS } from '../../traceability/identity/gs1-checks.ts'

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

describe('check digits', () => {
  // GS1 General Specifications 7.9.1: GTIN-13 6291041500213; SSCC 376104250021234569.
  it('follows the published examples', () => {
    expect(checkDigit('629104150021')).toBe(3)
    expect(checkDigit('37610425002123456')).toBe(9)
    // GS1 US example GTIN-14 10614141000415, GLN 9506000134376 and GTIN-14 09506000134352 of the Digital Link standard.
    expect(checkDigit('1061414100041')).toBe(5)
    expect(checkDigit('0950600013435')).toBe(2)
  })

  // General Specifications 7.9.5, example GMN 1987654Ad4X4bL5ttr2310c2K.
  it('computes the check pair of a GMN', () => {
    expect(checkPair('1987654Ad4X4bL5ttr2310c')).toBe('2K')
    expect(GS1_CHECKS['csumalpha']?.ok('1987654Ad4X4bL5ttr2310c2J')).toBe(false)
  })

  // ISO 13616 / SWIFT registry example for Germany.
  it('checks an IBAN', () => {
    expect(GS1_CHECKS['iban']?.ok('DE89370400440532013000')).toBe(true)
    expect(GS1_CHECKS['iban']?.ok('DE89370400440532013001')).toBe(false)
  })
})

describe('element strings', () => {
  it('reads pre-defined and variable lengths', () => {
    expect(parseElementString(`0109506000134352${'17'}260105${'10'}ABC/1${GS}21SN-7`)).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '17', value: '260105' },
      { ai: '10', value: 'ABC/1' },
      { ai: '21', value: 'SN-7' },
    ])
  })

  it('accepts a leading FNC1, a closing one and one behind a pre-defined field', () => {
    const plain = parseElementString(`010950600013435221A`)
    expect(parseElementString(`${GS}0109506000134352${GS}21A${GS}`)).toEqual(plain)
  })

  it('reads weights, prices and counts with their decimals', () => {
    expect(parseElementString(`010950600013435231030012503922${'199'}${GS}3012`)).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '3103', value: '001250' },
      { ai: '3922', value: '199' },
      { ai: '30', value: '12' },
    ])
  })

  it('reads fields with optional components', () => {
    expect(parseElementString('8003095060001343528765')).toEqual([
      { ai: '8003', value: '095060001343528765' },
    ])
    expect(parseElementString('80030950600013435' + '2')).toEqual([{ ai: '8003', value: '09506000134352' }])
    expect(parseElementString('8008260105' + '12')).toEqual([{ ai: '8008', value: '26010512' }])
    expect(parseElementString('8008260105' + '123059')).toEqual([{ ai: '8008', value: '260105123059' }])
  })

  it.each([
    ['unknown AI', `0109506000134352${'29'}1`, 16],
    ['unknown fourth digit', '3106001250', 0],
    ['wrong check digit', '0109506000134351', 2],
    ['too short', '01095060001343', 2],
    ['letter in digits', '010950600013435X', 15],
    ['character outside charset 82', '10AB~C', 4],
    ['blank in charset 82', '10AB C', 4],
    ['too long', `10${'A'.repeat(21)}`, 22],
    ['empty field', `10${GS}21A`, 2],
    ['month 13', '17261301', 2],
    ['30 February', '17260230', 2],
    ['day 00 where none is allowed', '7006260200', 4],
    ['piece above total', `8006095060001343520302`, 18],
    ['GRAI without its zero', '80031950600013435', 4],
    ['no AI at all', '', 0],
    ['data behind the last field', '20015', 4],
    ['winding direction 5', '80010001000010015' + '0', 16],
  ])('refuses %s at its place', (_name, text, at) => {
    expect(refused(() => parseElementString(text))).toEqual({ code: 'TRC_IDENTITY', path: `character ${at}` })
  })

  it('allows day 00 in expiry dates and 29 February in leap years only', () => {
    expect(parseElementString('17260200')).toHaveLength(1)
    expect(parseElementString('17280229')).toHaveLength(1)
    expect(refused(() => parseElementString('17270229'))).toMatchObject({ code: 'TRC_IDENTITY' })
  })

  it('refuses the same AI with two values and takes it once with one', () => {
    expect(refused(() => parseElementString(`10A${GS}10B`))).toMatchObject({ code: 'TRC_IDENTITY' })
    expect(parseElementString(`10A${GS}10A`)).toEqual([{ ai: '10', value: 'A' }])
  })
})

describe('human form and Digital Link', () => {
  it('reads brackets, also inside data', () => {
    expect(parseBracketed('(01)09506000134352(21)A\\(1)')).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '21', value: 'A(1)' },
    ])
    expect(refused(() => parseBracketed('(01)09506000134351'))).toEqual({
      code: 'TRC_IDENTITY',
      path: 'character 4',
    })
    expect(refused(() => parseBracketed('(29)1'))).toEqual({ code: 'TRC_IDENTITY', path: 'character 1' })
  })

  // Examples of GS1 Digital Link URI Syntax 1.4, section 5.
  it('reads Digital Link URIs', () => {
    expect(parseDigitalLink('https://id.gs1.org/01/09506000134352/10/ABC/21/123456?17=290331')).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '10', value: 'ABC' },
      { ai: '21', value: '123456' },
      { ai: '17', value: '290331' },
    ])
    expect(parseDigitalLink('https://brand.example.com/some/path/01/9506000134352/21/a%2Fb')).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '21', value: 'a/b' },
    ])
    expect(parseDigitalLink('https://example.com/index.html')).toBeNull()
    expect(refused(() => parseDigitalLink('https://id.gs1.org/01/09506000134351'))).toMatchObject({
      code: 'TRC_IDENTITY',
    })
  })

  it('decides by the symbology identifier', () => {
    const text = '010950600013435221A'
    for (const symbologyId of [']d2', ']C1', ']e0', ']Q3']) {
      expect(readCarrier({ text, symbologyId })).toMatchObject({ kind: 'gs1' })
    }
    expect(readCarrier({ text, symbologyId: ']d1' })).toEqual({ kind: 'plain', serial: text })
    expect(readCarrier({ text: '6291041500213', symbologyId: ']E0' })).toEqual({
      kind: 'gs1',
      elements: [{ ai: '01', value: '06291041500213' }],
    })
    expect(refused(() => readCarrier({ text: '6291041500214', symbologyId: ']E0' }))).toMatchObject({
      code: 'TRC_IDENTITY',
    })
    expect(refused(() => readCarrier({ text: 'A B', symbologyId: ']C0' }))).toEqual({
      code: 'TRC_IDENTITY',
      path: 'character 1',
    })
  })
})

const samples = process.env['SIGHTLINE_SAMPLES'] ?? join(import.meta.dirname, '../../../shared/data')
const dictionary = join(samples, 'standards/gs1/gs1-syntax-dictionary.txt')

describe.skipIf(!existsSync(dictionary))(`against the GS1 syntax dictionary (${dictionary})`, () => {
  /** AI → specification without the checks that need GS1's list of company prefixes. */
  const published = new Map<string, string>()
  for (const line of existsSync(dictionary) ? readFileSync(dictionary, 'utf8').split('\n') : []) {
    if (line.startsWith('#') || line.trim() === '') continue
    const [ais = '', ...rest] = (line.split('#')[0] ?? '').trim().split(/\s+/)
    const flags = /^[*?!]+$/.test(rest[0] ?? '') ? rest.shift() : ''
    const spec = rest
      .filter((t) => /^\[?[NXYZ]/.test(t))
      .map((t) => t.replace(/,gcppos[12]/g, ''))
      .join(' ')
    const [from = '', to = from] = ais.split('-')
    for (let n = Number(from); n <= Number(to); n++)
      published.set(String(n).padStart(from.length, '0'), `${flags?.includes('*') ? '*' : '-'} ${spec}`)
  }

  it('has every AI with its format, and no other', () => {
    expect(published.size).toBeGreaterThan(450)
    const ours = new Map(
      [...GS1_RULES.values()].map((r) => [
        r.ai,
        `${r.predefined ? '*' : '-'} ${r.components
          .map((c) => {
            const size = c.min === c.max ? String(c.max) : `..${c.max}`
            // Y, X, N of length 1 are written without dots.
            const body = [`${c.type}${size}`]
            const text = c.optional ? `[${body.join('')}]` : body.join('')
            return [text, ...c.checks].join(',')
          })
          .join(' ')}`,
      ]),
    )
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(published))
    expect([...published.keys()].every((ai) => AI_LENGTH.get(ai.slice(0, 2)) === ai.length)).toBe(true)
  })

  it('knows every check the dictionary names', () => {
    const named = new Set([...published.values()].flatMap((s) => s.match(/,([a-z0-9]+)/g) ?? []))
    expect([...named].filter((n) => GS1_CHECKS[n.slice(1)] === undefined)).toEqual([])
  })
})
