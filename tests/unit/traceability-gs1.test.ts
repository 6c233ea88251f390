import { gs1CheckDigit } from '../../contracts/index.ts'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  AI_LENGTH,
  buildDigitalLink,
  checkPair,
  checkPairings,
  elementString,
  faultIn,
  GS1_CHECKS,
  GS1_RULES,
  parseBracketed,
  parseDigitalLink,
  parseElementString,
} from '../../traceability/index.ts'

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
    expect(gs1CheckDigit('629104150021')).toBe(3)
    expect(gs1CheckDigit('37610425002123456')).toBe(9)
    // GS1 US example GTIN-14 10614141000415, GLN 9506000134376 and GTIN-14 09506000134352 of the Digital Link standard.
    expect(gs1CheckDigit('1061414100041')).toBe(5)
    expect(gs1CheckDigit('0950600013435')).toBe(2)
  })

  // General Specifications 7.9.5, example GMN 1987654Ad4X4bL5ttr2310c2K.
  it('computes the check pair of a GMN', () => {
    expect(checkPair('1987654Ad4X4bL5ttr2310c')).toBe('2K')
    expect(GS1_CHECKS['csumalpha']?.wrongAt('1987654Ad4X4bL5ttr2310c2J')).toBe(23)
  })

  // ISO 13616 / SWIFT registry example for Germany.
  it('checks an IBAN', () => {
    expect(GS1_CHECKS['iban']?.wrongAt('DE89370400440532013000')).toBeNull()
    expect(GS1_CHECKS['iban']?.wrongAt('DE89370400440532013001')).toBe(0)
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
    ['wrong check digit', '0109506000134351', 15],
    ['too short', '01095060001343', 2],
    ['letter in digits', '010950600013435X', 15],
    ['character outside charset 82', '10AB~C', 4],
    ['blank in charset 82', '10AB C', 4],
    ['too long', `10${'A'.repeat(21)}`, 22],
    ['empty field', `10${GS}21A`, 2],
    ['month 13', '17261301', 4],
    ['30 February', '17260230', 6],
    ['day 00 where none is allowed', '7006260200', 8],
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
      path: 'character 17',
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
    expect(parseDigitalLink('https://example.com/to/https://example.com/index.html')).toBeNull()
    // Two symbols that a reader ran together would be the part of the second alone.
    const link = 'https://id.gs1.org/01/09506000134352/21/A'
    expect(refused(() => parseDigitalLink(`${link}1${link}2`))).toMatchObject({ path: 'character 42' })
    expect(refused(() => parseDigitalLink('https://id.gs1.org/01/09506000134351'))).toMatchObject({
      code: 'TRC_IDENTITY',
    })
  })
})

describe('values', () => {
  // Examples of the North American coupon guideline as GS1's own tests of these formats use them.
  it.each([
    ['8110', '012345612345611110123', null],
    ['8110', '71234567890123', 0],
    ['8110', '0123456123456110', 15],
    ['8110', '0123456123456111101233261301', 22],
    ['8110', '01234561234561111012332612314261231', null],
    ['8110', '01234561234561111012332612304261231', 29],
    ['8112', '001234561234560123456', null],
    ['8112', '201234561234560123456', 0],
    ['8112', '07', 1],
    ['8112', '0012345612345601234567', 21],
  ])('a coupon of AI (%s): %s', (ai, value, at) => {
    const found = refused(() => parseElementString(ai + value))
    expect(found).toEqual(at === null ? {} : { code: 'TRC_IDENTITY', path: `character ${4 + at}` })
  })

  it.each(['421156X', '422276', '7030999X', '4307CN', '391097812', '391027612', '8030AB=='])(
    'of countries, currencies (also the mark of old) and signatures: %s',
    (text) => expect(refused(() => parseElementString(text))).toEqual({}),
  )

  it.each([
    ['hour 24', '4324260101' + '2400', 10],
    ['minute 60', '70032601012360', 12],
    ['coordinates behind 180 degrees', '4309' + '1800000001' + '0000000000', 4],
    ['a company prefix that is no number', '8004095A', 7],
    ['percent without its digits', '4300A%2', 5],
    ['ISO 5218 code 3', '72523', 4],
    ['a country that is none', '421003X', 3],
    ['the same for somewhere unknown', '7030003X', 4],
    ['a ship-to country that is none', '4307ZZ', 4],
    ['a currency that is none', '391000312', 4],
    ['padding inside base64', '8030AB=CD', 6],
  ])('%s is refused at its place', (_name, text, at) => {
    expect(refused(() => parseElementString(text))).toEqual({ code: 'TRC_IDENTITY', path: `character ${at}` })
  })
})

describe('pairings (General Specifications 4.14)', () => {
  const pairs = (text: string) => refused(() => checkPairings(parseBracketed(text)))

  it.each([
    ['(01)09506000134352(21)A1(10)L7'],
    ['(00)376104250021234569(02)09506000134352(37)12'],
    ['(01)09506000134352(3103)001250(3922)199'],
    ['(8010)9506000ABC(8011)12'],
    ['(415)9506000134376(8020)R1'],
  ])('%s stands', (text) => {
    expect(pairs(text)).toEqual({})
  })

  it.each([
    ['count without content', '(01)09506000134352(37)12', 'AI (01)'],
    ['content without count', '(02)09506000134352', 'AI (02)'],
    ['batch without item', '(10)L7', 'AI (10)'],
    ['the same weight with other decimals', '(01)09506000134352(3102)000001(3103)000001', 'AI (3102)'],
    ['price of a variable measure without the measure', '(01)09506000134352(3922)199', 'AI (3922)'],
    ['second serial without the first', '(01)09506000134352(250)B', 'AI (250)'],
    ['both service relations', '(8017)952114112345678906(8018)952114112345678906', 'AI (8017)'],
  ])('%s is refused by its name', (_n, text, path) => {
    expect(pairs(text)).toEqual({ code: 'TRC_IDENTITY', path })
  })
})

describe('GS1 Digital Link paths and queries', () => {
  it.each([
    ['qualifiers in the wrong order', 'https://id.gs1.org/01/09506000134352/21/A/10/B', 42],
    ['qualifiers of two sequences', 'https://id.gs1.org/01/09506000134352/10/A/235/B', 42],
    ['a qualifier of another key', 'https://id.gs1.org/00/376104250021234569/21/A', 41],
    ['an AI that is no attribute', 'https://id.gs1.org/01/09506000134352?21=A', 37],
    ['an unknown numeric key', 'https://id.gs1.org/01/09506000134352?29=A', 37],
    ['a wrong check digit', 'https://id.gs1.org/01/09506000134351', 35],
    ['month 13 in the query', 'https://id.gs1.org/01/09506000134352?17=261301', 42],
    ['a broken escape', 'https://id.gs1.org/01/09506000134352/21/A%2', 41],
    ['a serial that was left empty', 'https://id.gs1.org/01/09506000134352/21/', 40],
    ['a serial that was left out', 'https://example.com/p/01/09506000134352/10/L1/21', 48],
  ])('%s is refused at its place', (_n, uri, at) => {
    expect(refused(() => parseDigitalLink(uri))).toEqual({ code: 'TRC_IDENTITY', path: `character ${at}` })
  })

  it('leaves keys of the domain alone', () => {
    const uri = 'https://example.com/01/x/01/09506000134352/?linkType=gs1:pip&17=290331#top'
    expect(parseDigitalLink(uri)).toEqual([
      { ai: '01', value: '09506000134352' },
      { ai: '17', value: '290331' },
    ])
  })

  it('leaves other addresses alone', () => {
    const numbers = ['/401/2024/11', '/402/12345678901234560/10']
    for (const path of [
      '/ARFKk4XBoCdVEOeKfGHk',
      '/01/09506000134351/info',
      // Numbers that a check digit fits by chance.
      '/line/01/20250003/A77',
      '/id/01/12345670/A77',
      '/21/',
      '/01/09506000134351/21/',
      '/a/01/b/21',
      ...numbers,
    ])
      expect([path, parseDigitalLink(`https://shop.example${path}`)]).toEqual([path, null])
  })

  // URI Syntax 1.4, section 4.12: canonical form.
  it('builds the canonical form', () => {
    const elements = parseBracketed('(17)290331(21)a/b(10)ABC(01)09506000134352(3103)000195')
    expect(buildDigitalLink(elements)).toBe(
      'https://id.gs1.org/01/09506000134352/10/ABC/21/a%2Fb?17=290331&3103=000195',
    )
    expect(buildDigitalLink(parseBracketed('(17)290331'))).toBeNull()
    expect(elementString(elements)).toBe(`1729033121a/b${GS}10ABC${GS}01095060001343523103000195`)
  })
})

const samples = process.env['SIGHTLINE_SAMPLES']
const dictionary = samples === undefined ? '' : join(samples, 'standards/gs1/gs1-syntax-dictionary.txt')
const named = samples === undefined ? 'SIGHTLINE_SAMPLES is not set' : dictionary

describe.skipIf(!existsSync(dictionary))(`against the GS1 syntax dictionary (${named})`, () => {
  interface Published {
    format: string
    needs: string[]
    excludes: string[]
    path: string | null
  }
  const published = new Map<string, Published>()
  for (const line of existsSync(dictionary) ? readFileSync(dictionary, 'utf8').split('\n') : []) {
    if (line.startsWith('#') || line.trim() === '') continue
    const [ais = '', ...rest] = (line.split('#')[0] ?? '').trim().split(/\s+/)
    const flags = /^[*?!]+$/.test(rest[0] ?? '') ? (rest.shift() ?? '') : ''
    const list = (key: string) =>
      rest.filter((t) => t.startsWith(key)).flatMap((t) => t.slice(key.length).split(','))
    const path = rest.find((t) => t.startsWith('dlpkey'))
    const [from = '', to = from] = ais.split('-')
    for (let n = Number(from); n <= Number(to); n++)
      published.set(String(n).padStart(from.length, '0'), {
        format: [flags, ...rest.filter((t) => /^\[?[NXYZ]/.test(t))].join(' '),
        needs: list('req='),
        excludes: list('ex='),
        path: path === undefined ? null : path.replace(/^dlpkey=?/, ''),
      })
  }

  it('has every AI with its format, flags, checks, pairings and path, and no other', () => {
    expect(published.size).toBeGreaterThan(450)
    const ours = [...GS1_RULES.values()].map((r): [string, Published] => [
      r.ai,
      {
        format: [
          `${r.predefined ? '*' : ''}${r.attribute ? '?' : ''}`,
          ...r.components.map((c) => {
            const text = `${c.type}${c.min === c.max ? '' : '..'}${c.max}`
            return [c.optional ? `[${text}]` : text, ...c.checks].join(',')
          }),
        ].join(' '),
        needs: r.needs.map((set) => set.join('+')),
        excludes: r.excludes,
        path: r.qualifiers?.map((s) => s.join(',')).join('|') ?? null,
      },
    ])
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(published))
    expect([...published.keys()].every((ai) => AI_LENGTH.get(ai.slice(0, 2)) === ai.length)).toBe(true)
  })

  it('knows every check the dictionary names', () => {
    const checks = new Set([...published.values()].flatMap((p) => p.format.match(/,([a-z0-9]+)/g) ?? []))
    expect(checks.size).toBeGreaterThan(30)
    expect([...checks].filter((n) => GS1_CHECKS[n.slice(1)] === undefined)).toEqual([])
  })
})

describe('a key that is wrong', () => {
  it.each([
    // The check digit of 0950600013435 is 2 (GS1's own example GTIN 09506000134352).
    ['(01)09506000134351(21)7', /character 17.*expected check digit 2 in AI \(01\)/],
    ['https://id.gs1.org/01/09506000134351/21/7', /expected check digit 2/],
    ['0109506000134351217', /character 15.*expected check digit 2/],
    ['(00)106141411234567890', /expected check digit 7 in AI \(00\)/],
    ['(8013)1987654Ad4X4bL5ttr2310c2J', /expected check pair 2K in AI \(8013\)/],
    ['[)>\u001e05\u001d0109506000134351\u001e\u0004', /expected check digit 2/],
  ])('%s says what is right', (text, message) => expect(faultIn(text)?.message).toMatch(message))

  it.each(['SL00000001', '4006381333932', '(01)09506000134352(21)7', 'http://acme.example/7'])(
    '%s is none',
    (text) => expect(faultIn(text)?.message).toBeUndefined(),
  )
})
