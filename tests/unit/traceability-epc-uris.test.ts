import { describe, expect, it } from 'vitest'
import {
  bracketed,
  canonicalUri,
  decodeEpc,
  identify,
  parseEpcUri,
  rawEpcUri,
} from '../../traceability/index.ts'
import { plainCode } from './samples/traceability-requests.ts'

const refused = (text: string): unknown => {
  try {
    return parseEpcUri(text)
  } catch (error) {
    const { code, detail } = error as { code: string; detail: { path?: string; expected?: string } }
    return `${code} ${detail.path}: ${detail.expected}`
  }
}

/** What a tag of each scheme says in all three forms. */
const TAGS = [
  // TDS 2.3, appendix E.3.
  ['gid-96', '952056.2718.1414', '3500E86F8000A9E000000586', 'gid:952056.2718.1414'],
  ['usdod-96', '3.CAGEY.5678', '2F320434147455900000162E', 'usdod:CAGEY.5678'],
  [
    'adi-var',
    '3.35962.PQ7VZ4.M37GXB92',
    '3B0E0CF5E76C9047759AD00373DC7602E7200',
    'adi:35962.PQ7VZ4.M37GXB92',
  ],
  ['sgtin-96', '3.95060001343.05.123456789', '3066C4409047E140075BCD15', 'sgtin:95060001343.05.123456789'],
  ['sscc-96', '0.952012.03456789123', '311BA1B300CE0A6A83000000', 'sscc:952012.03456789123'],
  ['giai-96', '3.9521141.5678', '3476451FD40000000000162E', 'giai:9521141.5678'],
  ['cpi-96', '3.9521141.98765.12345', '3C76451FD400C0E680003039', 'cpi:9521141.98765.12345'],
  ['sgcn-96', '3.9521141.67890.04711', '3F76451FD612640000019907', 'sgcn:9521141.67890.04711'],
  // Test data of epcpy (github.com/nedap/epcpy): the highest values.
  [
    'gid-96',
    '268435455.16777215.68719476735',
    '35FFFFFFFFFFFFFFFFFFFFFF',
    'gid:268435455.16777215.68719476735',
  ],
  ['usdod-96', '15.2S194.68719476735', '2FF203253313934FFFFFFFFF', 'usdod:2S194.68719476735'],
  [
    'adi-var',
    '5.W81X9C.3KL984PX1.2WMA-52',
    '3B157E316390F32CCE78D106310325CD06DD7200',
    'adi:W81X9C.3KL984PX1.2WMA-52',
  ],
  ['sgcn-96', '7.401234512345..1', '3FE175ADC32764000000000B', 'sgcn:401234512345..1'],
  // TDS 1.6, appendix E.3, of a scheme that later ones leave out.
  ['gdti-113', '3.0614141.12345.006847', '3A74257BF460720000000007AE7F8', 'gdti:0614141.12345.006847'],
] as const

describe('tag URIs', () => {
  it.each(TAGS)('%s:%s is what the tag says', (scheme, body, hex, id) => {
    const tag = decodeEpc(hex)
    expect(parseEpcUri(`urn:epc:tag:${scheme}:${body}`)).toEqual(tag)
    expect([tag.scheme, tag.pureIdentity]).toEqual([scheme, `urn:epc:id:${id}`])
    expect(parseEpcUri(`urn:epc:id:${id}`)).toEqual({ ...tag, scheme: id.split(':')[0], filter: null })
  })

  it.each([
    ['letters in a serial of bits', 'sgtin-96:3.0614141.812345.ABC', 38],
    ['zeros before it', 'sgtin-96:3.0614141.812345.007', 38],
    ['2^38', 'sgtin-96:3.0614141.812345.274877906944', 38],
    ['2^41', 'sgln-96:3.0614141.12345.2199023255552', 36],
    ['2^38 of an asset', 'grai-96:3.0614141.12345.274877906944', 36],
    ['2^31 of a part', 'cpi-96:3.0614141.98765.2147483648', 35],
    ['a reference of a part with letters', 'cpi-96:3.0614141.9A.1', 29],
    ['a reference of a part with a zero before it', 'cpi-96:3.0614141.098.1', 29],
    ['a reference of a part above 2^11', 'cpi-96:3.061414112345.2048.1', 34],
    ['an asset with letters', 'giai-96:3.0614141.A1', 30],
    ['an asset with a zero before it', 'giai-96:3.0614141.01', 30],
    ['an asset above 2^58', 'giai-96:3.0614141.288230376151711744', 30],
    ['a document with letters', 'gdti-113:3.0614141.12345.A', 37],
    ['a serial left empty', 'sgtin-198:3.0614141.812345.', 39],
    ['a filter of two digits', 'sgtin-96:8.0614141.812345.1', 21],
    ['a filter above 15', 'usdod-96:16.2S194.1', 21],
    ['a filter above 63', 'adi-var:64.35962.A.B', 20],
    ['a filter that GID has not', 'gid-96:0.1.2.3', 19],
    ['a pure identity of another kind', 'gid:1.2.3', 12],
    ['a scheme of no tag', 'imovn-96:0.9176187', 12],
  ])('%s is refused', (_n, rest, at) => {
    expect(refused(`urn:epc:tag:${rest}`)).toMatch(new RegExp(`^TRC_IDENTITY character ${at}:`))
  })

  it.each([
    ['sgtin-96:3.0614141.812345.274877906943', '(01)80614141123458(21)274877906943'],
    ['sgtin-96:3.0614141.812345.0', '(01)80614141123458(21)0'],
    ['sgtin-198:3.0614141.812345.007', '(01)80614141123458(21)007'],
    ['cpi-96:3.061414112345.999.1', '(8010)061414112345999(8011)1'],
    ['giai-96:3.0614141.288230376151711743', '(8004)0614141288230376151711743'],
  ])('%s is the most that fits', (rest, elements) => {
    expect(bracketed(parseEpcUri(`urn:epc:tag:${rest}`)?.elements ?? [])).toBe(elements)
  })
})

describe('pure identities', () => {
  it.each([
    // ISO 6346, annex A, and the example of TDS 1.13; the IMO number is that of TDS 1.13.
    ['bic:CSQU3054383', 'CSQU3054383'],
    ['imovn:9176187', '9176187'],
    ['adi:35962..%23A%2F1', '#A/1'],
    ['usdod:2S194.12345678901', '12345678901'],
  ])('%s is no GS1 key and names a unit by itself', (id, serial) => {
    const uri = `urn:epc:id:${id}`
    expect(canonicalUri(uri)).toBe(uri)
    expect(identify([plainCode(uri)], { id: 'cap', gtin: '09506000134352' }, 'required')).toMatchObject({
      uri,
      serial,
      aliases: [{ scheme: 'epc', value: uri }],
      problem: null,
    })
  })

  // TDS 1.13, section 6.3; links put together by GS1's rules for AI 402, 401, 417, 235.
  it.each([
    ['gsin:0614141.123456789', 'https://id.gs1.org/402/06141411234567890'],
    ['ginc:0614141.xyz47%2F11', 'https://id.gs1.org/401/0614141xyz47%2F11'],
    ['pgln:1234567.89012', 'https://id.gs1.org/417/1234567890128'],
    ['upui:1234567.089456.51qIgY', 'https://id.gs1.org/01/01234567894560/235/51qIgY'],
  ])('%s is %s', (id, link) => expect(canonicalUri(`urn:epc:id:${id}`)).toBe(link))

  it.each([
    ['gid:268435456.1.1', 15],
    ['gid:1.16777216.1', 15],
    ['gid:1.1.68719476736', 15],
    ['gid:01.1.1', 15],
    ['gid-96:1.1.1', 11],
    ['bic:CSQU3054384', 15],
    ['bic:CSQA3054383', 15],
    ['imovn:9176188', 17],
    ['imovn:917618', 17],
    ['usdod:2S194.01', 17],
    ['usdod:2S194.68719476736', 17],
    ['usdod:2SI94.1', 17],
    ['adi:35962.abc.1', 15],
    ['adi:35962.%23A.1', 15],
    ['adi:35962..%23', 15],
    [`adi:35962..${'A'.repeat(31)}`, 15],
    ['itip:4012345.012345.4.404.32', 31],
    ['giai:0614141.', 24],
    ['ginc:0614141.', 24],
    ['cpi:0614141..1', 23],
    ['sscc:0614141.1234567890.', 35],
    ['upui:1234567.089456.', 31],
    ['pgln:1234567.890123', 24],
    ['sgtin:0614141.812345.a%7Eb', 18],
    ['xyz:1.2.3', 11],
  ])('%s is refused', (id, at) => {
    expect(refused(`urn:epc:id:${id}`)).toMatch(new RegExp(`^TRC_IDENTITY character ${at}:`))
  })

  it.each(['class:lgtin:0614141.812345.L1', 'idpat:sgtin:0614141.*.*', 'foo', 'id'])(
    'urn:epc:%s names no individual',
    (rest) => {
      expect(refused(`urn:epc:${rest}`)).toMatch(/^TRC_IDENTITY character 8: id:, tag: or raw:/)
    },
  )
})

describe('tags that are not decoded', () => {
  it.each([
    ['000000000000000000000000', 'not written'],
    ['E2801160600002084F1B8C5D', 'TID'],
    ['EC3952114167890950471192832F8C3B786CCB6C', 'SGCN++, which is not read here'],
    ['FFFFFFFFFFFFFFFFFFFFFFFF', 'FFFFFFFF'],
  ])('%s says why', (hex, why) => {
    expect(() => parseEpcUri(rawEpcUri(hex))).toThrow(why)
  })

  it.each([
    ['GIAI-202 without a reference', `38${'0'.repeat(49)}0`],
    ['GRAI-170 without a serial', '3776451FD40C0E0000000000000000000000000000'],
    ['GDTI-174 without a serial', '3E76451FD7039A00000000000000000000000000000'],
    ['SGCN-96 with the leading 1 alone', '3F76451FD612640000000001'],
    ['ADI-var with an I in its code', '3B0E0275E76C9047759AD00373DC7602E7200'],
    ['ADI-var without an end', `3B0E0CF5E76C9047759AD00373DC7602E72`],
  ])('%s is refused', (_n, hex) => expect(refused(rawEpcUri(hex))).toMatch(/^TRC_IDENTITY character \d+:/))
})
