import { describe, expect, it } from 'vitest'
import { EpcisError } from '../../contracts/index.ts'
import { urnOf } from '../../traceability/epcis/epc-format.ts'
import { PageTokens } from '../../traceability/epcis/page-token.ts'
import { compileQuery } from '../../traceability/epcis/query-compile.ts'
import { paramsOfJson, paramsOfUrl } from '../../traceability/epcis/query-params.ts'
import { nextTime, readSchedule } from '../../traceability/epcis/schedule.ts'
import { inUnit } from '../../traceability/epcis/units.ts'
import { CONTEXT, type Json } from './samples/epcis-documents.ts'

const EVENT: Json = {
  type: 'ObjectEvent',
  eventID: 'urn:x:1',
  eventTime: '2026-01-05T06:00:00.500+08:00',
  eventTimeZoneOffset: '+08:00',
  action: 'ADD',
  epcList: ['urn:epc:id:sgtin:0614141.107346.2018', 'https://id.gs1.org/01/09506000134352/21/A.7'],
  quantityList: [{ epcClass: 'urn:epc:class:lgtin:4012345.012345.998877', quantity: 200, uom: 'KGM' }],
  bizStep: 'shipping',
  disposition: 'in_transit',
  persistentDisposition: { set: ['completeness_verified'], unset: ['completeness_inferred'] },
  readPoint: { id: 'urn:epc:id:sgln:0614141.07346.1234', 'ext:room': 'B2' },
  bizLocation: { id: 'urn:epc:id:sgln:0614141.00888.0' },
  bizTransactionList: [{ type: 'po', bizTransaction: 'http://transaction.acme.com/po/12345678' }],
  sourceList: [{ type: 'location', source: 'urn:epc:id:sgln:4012345.00225.0' }],
  destinationList: [{ type: 'owning_party', destination: 'urn:epc:id:pgln:0614141.00777' }],
  errorDeclaration: {
    declarationTime: '2026-01-06T00:00:00Z',
    reason: 'incorrect_data',
    correctiveEventIDs: ['urn:x:2'],
    'ext:why': 'typo',
  },
  ilmd: { 'cbvmda:lotNumber': 'L1', 'ext:grade': 'A', 'ext:deep': { 'ext:level': 3 } },
  sensorElementList: [
    {
      sensorMetadata: {
        startTime: '2026-01-05T00:00:00Z',
        endTime: '2026-01-05T01:00:00Z',
        deviceID: 'urn:epc:id:giai:4000001.111',
        bizRules: 'https://example.com/rules',
        'ext:probe': 7,
      },
      sensorReport: [
        { type: 'Temperature', value: 26, minValue: 20, maxValue: 30, percRank: 50, uom: 'CEL', 'ext:cv': 1 },
        {
          type: 'ext:colour',
          stringValue: 'red',
          booleanValue: true,
          hexBinaryValue: 'F0f0',
          uriValue: 'https://example.com/v',
          microorganism: 'https://www.ncbi.nlm.nih.gov/taxonomy/1126011',
        },
      ],
      'ext:float': '20',
    },
  ],
  'ext:count': 12,
  'ext:检验员': 'Lǐ',
  'ext:at': '2026-01-05T00:00:00+08:00',
  'ext:inner': { 'ext:leaf': ['x', 5] },
}
const seen = { event: EVENT, context: CONTEXT, recordMs: Date.UTC(2026, 0, 7) }
const meets = (query: Record<string, unknown>): boolean => compileQuery(paramsOfJson(query)).test(seen)
const refused = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    if (error instanceof EpcisError) return `${error.exception} ${error.faults[0]?.pointer ?? ''}`
    throw error
  }
  return 'nothing'
}

/** Parameter → a value that the event meets, and one that it does not. */
const BOTH: [string, unknown, unknown][] = [
  ['eventType', ['ObjectEvent', 'AggregationEvent'], ['TransactionEvent']],
  ['GE_eventTime', '2026-01-04T22:00:00.500Z', '2026-01-04T22:00:00.501Z'],
  ['LT_eventTime', '2026-01-04T22:00:00.501Z', '2026-01-04T22:00:00.500Z'],
  ['GE_recordTime', '2026-01-07T00:00:00Z', '2026-01-07T00:00:00.001Z'],
  ['LT_recordTime', '2026-01-07T00:00:00.001Z', '2026-01-07T00:00:00Z'],
  ['EQ_action', ['ADD'], ['OBSERVE', 'DELETE']],
  ['EQ_bizStep', ['https://ref.gs1.org/cbv/BizStep-shipping'], ['receiving']],
  ['EQ_disposition', ['urn:epcglobal:cbv:disp:in_transit'], ['recalled']],
  ['EQ_persistentDisposition_set', ['completeness_verified'], ['completeness_inferred']],
  ['EQ_persistentDisposition_unset', ['completeness_inferred'], ['completeness_verified']],
  [
    'EQ_readPoint',
    ['https://id.gs1.org/414/0614141073467/254/1234'],
    ['https://id.gs1.org/414/0614141073467'],
  ],
  ['EQ_bizLocation', ['urn:epc:id:sgln:0614141.00888.0'], ['urn:epc:id:sgln:0614141.00888.1']],
  ['WD_bizLocation', ['https://id.gs1.org/414/0614141008889'], ['urn:epc:id:sgln:0614141.00889.0']],
  ['EQ_bizTransaction_po', ['http://transaction.acme.com/po/12345678'], ['http://transaction.acme.com/po/1']],
  ['EQ_source_location', ['urn:epc:id:sgln:4012345.00225.0'], ['urn:epc:id:sgln:4012345.00225.1']],
  [
    'EQ_destination_owning_party',
    ['https://id.gs1.org/417/0614141007776'],
    ['urn:epc:id:pgln:0614141.00778'],
  ],
  ['MATCH_epc', ['https://example.com/01/10614141073464/21/2018'], ['urn:epc:id:sgtin:0614141.107346.2019']],
  ['MATCH_epc', ['urn:epc:idpat:sgtin:0614141.107346.*'], ['urn:epc:idpat:sgtin:0614141.107347.*']],
  [
    'MATCH_epc',
    ['urn:epc:idpat:sgtin:0614141.107346.[2000-2018]'],
    ['urn:epc:idpat:sgtin:0614141.*.[1-2017]'],
  ],
  ['MATCH_anyEPC', ['urn:epc:idpat:sgtin:9506000.013435.*'], ['urn:epc:idpat:sgtin:950601.*.*']],
  [
    'MATCH_epcClass',
    ['https://id.gs1.org/01/04012345123456/10/998877'],
    ['urn:epc:class:lgtin:4012345.012345.1'],
  ],
  ['MATCH_anyEPCClass', ['urn:epc:class:lgtin:4012345.012345.998877'], ['urn:x:1']],
  ['EQ_quantity', 200, 201],
  ['GE_quantity', 200, 200.1],
  ['GT_quantity_GRM', 199999, 200000],
  ['EQ_eventID', ['urn:x:1'], ['urn:x:2']],
  ['GE_errorDeclarationTime', '2026-01-06T00:00:00Z', '2026-01-06T00:00:01Z'],
  ['EQ_errorReason', ['incorrect_data'], ['did_not_occur']],
  ['EQ_correctiveEventID', ['urn:x:2'], ['urn:x:3']],
  ['GE_startTime', '2026-01-05T00:00:00Z', '2026-01-05T00:00:01Z'],
  ['LT_endTime', '2026-01-05T01:00:01Z', '2026-01-05T01:00:00Z'],
  ['EQ_type', ['Temperature'], ['Mass']],
  ['EQ_deviceID', ['https://id.gs1.org/8004/4000001111'], ['urn:epc:id:giai:4000001.112']],
  ['EQ_bizRules', ['https://example.com/rules'], ['https://example.com/rule']],
  ['EQ_microorganism', ['https://www.ncbi.nlm.nih.gov/taxonomy/1126011'], ['urn:x:m']],
  ['EQ_stringValue', ['blue', 'red'], ['Red']],
  ['EQ_booleanValue', true, false],
  ['EQ_hexBinaryValue', ['f0F0'], ['f0f1']],
  ['EQ_uriValue', ['https://example.com/v'], ['https://example.com/w']],
  ['EQ_value_CEL', [26], [25.9]],
  ['EQ_value_FAH', [78.8], [78.9]],
  ['GE_value_KEL', 299.15, 299.16],
  ['LT_minValue_CEL', 21, 20],
  ['GT_maxValue_CEL', 29, 30],
  ['LE_percRank', 50, 49],
  ['EQ_ext:count', ['12'], ['13']],
  ['EQ_ext:检验员', ['Lǐ'], ['Wáng']],
  ['GT_ext:count', 11, 12],
  ['LT_ext:at', '2026-01-05T00:00:00Z', '2026-01-04T16:00:00Z'],
  ['EQ_http://ns.example.com/ext/#count', ['12'], ['1']],
  ['EQ_INNER_ext:leaf', ['5'], ['6']],
  ['EQ_ILMD_ext:grade', ['A'], ['B']],
  // XML names (EPCIS 2.0, 8.2.7.1: namespace, # and local name); the context of JSON-LD ends both namespaces in / and :.
  ['EQ_ILMD_urn:epcglobal:cbv:mda#lotNumber', ['L1'], ['L2']],
  ['EQ_ILMD_urn:epcglobal:cbv:mda:lotNumber', ['L1'], ['L2']],
  ['EQ_http://ns.example.com/ext#count', ['12'], ['1']],
  ['GE_INNER_ILMD_ext:level', 3, 4],
  ['EQ_ERROR_DECLARATION_ext:why', ['typo'], ['other']],
  ['EQ_SENSORELEMENT_ext:float', ['20.0'], ['21']],
  ['GE_SENSORMETADATA_ext:probe', 7, 8],
  ['EQ_SENSORREPORT_ext:cv', ['1'], ['2']],
  ['EQ_readPoint_ext:room', ['B2'], ['B3']],
]

/** Parameters whose value says nothing → whether the event meets them. */
const EXISTS: [string, boolean][] = [
  ['EXISTS_errorDeclaration', true],
  ['EXISTS_sensorElementList', true],
  ['EXISTS_ext:count', true],
  ['EXISTS_ext:leaf', false],
  ['EXISTS_INNER_ext:leaf', true],
  ['EXISTS_INNER_ext:count', false],
  ['EXISTS_ILMD_ext:grade', true],
  ['EXISTS_SENSORREPORT_ext:cv', true],
  ['EXISTS_SENSORREPORT_ext:probe', false],
  ['EXISTS_ERROR_DECLARATION_ext:why', true],
]

describe('a simple event query', () => {
  it.each(BOTH)('%s', (name, met, unmet) => {
    expect(meets({ [name]: met })).toBe(true)
    expect(meets({ [name]: unmet })).toBe(false)
    const url = (v: unknown): string => (Array.isArray(v) ? v.map(String).join('|') : String(v))
    expect(compileQuery(paramsOfUrl({ [name]: url(met) })).test(seen)).toBe(true)
    expect(compileQuery(paramsOfUrl({ [name]: url(unmet) })).test(seen)).toBe(false)
  })

  it.each(EXISTS)('%s', (name, met) => expect(meets({ [name]: null })).toBe(met))

  it('demands all parameters at once', () => {
    expect(meets({ EQ_bizStep: ['shipping'], EQ_action: ['ADD'] })).toBe(true)
    expect(meets({ EQ_bizStep: ['shipping'], EQ_action: ['DELETE'] })).toBe(false)
  })

  it('takes no parameter for none because of its name', () => {
    const asked = JSON.parse('{"__proto__":"shipping"}') as Record<string, unknown>
    for (const params of [paramsOfUrl, paramsOfJson])
      expect(() => params(asked)).toThrow(expect.objectContaining({ code: 'TRC_EPCIS' }))
  })

  it('knows its own prefixes', () => {
    const other = { other: 'http://ns.example.com/ext/' }
    expect(meets({ '@context': [other], 'EQ_other:count': ['12'] })).toBe(true)
    expect(meets({ '@context': [{ ext: 'http://elsewhere/' }], 'EQ_ext:count': ['12'] })).toBe(false)
  })

  // EPCIS 2.0, 8.2.7.1: namespace, # and local name; CBV 2.0, 9: urn:epcglobal:cbv:mda#; ref.gs1.org/voc is the other
  // address of the GS1 Web Vocabulary.
  it.each([
    ['cbvmda:lotNumber', 'urn:epcglobal:cbv:mda', true],
    ['cbvmda:lotNumber', 'urn:epcglobal:cbv:mda#', true],
    ['cbvmda:lotNumber', 'urn:epcglobal:cbv:mda:', true],
    ['cbvmda:lotNumber', 'https://elsewhere.example/', false],
    ['gs1:netContent', 'https://ref.gs1.org/voc/', true],
    ['gs1:netContent', 'http://www.gs1.org/voc/', true],
    ['gs1:netContent', 'https://elsewhere.example/', false],
  ])('finds %s where the document declares the prefix as %s', (name, namespace, same) => {
    const prefix = name.slice(0, name.indexOf(':'))
    const context = [...CONTEXT, { [prefix]: namespace }]
    const ilmd = { [name]: 'L1' }
    const finds = (query: Json): boolean =>
      compileQuery(paramsOfJson(query)).test({ event: { ...EVENT, ilmd }, context, recordMs: 0 })
    const field = `EQ_ILMD_${name}`
    // The query says what the prefix means, or leaves it to the document.
    expect(finds({ [field]: ['L1'] })).toBe(true)
    expect(finds({ [field]: ['L2'] })).toBe(false)
    expect(finds({ '@context': [{ [prefix]: namespace }], [field]: ['L1'] })).toBe(true)
    const own = { cbvmda: 'urn:epcglobal:cbv:mda:', gs1: 'https://gs1.org/voc/' }
    expect(finds({ '@context': [own], [field]: ['L1'] })).toBe(same)
  })

  it.each([
    [{ EQ_nothing: ['x'] }, '/EQ_nothing'],
    [{ EQ_action: ['MOVE'] }, '/EQ_action'],
    [{ GE_eventTime: '2026-01-05' }, '/GE_eventTime'],
    [{ GE_quantity: 'many' }, '/GE_quantity'],
    [{ EQ_booleanValue: 'yes' }, '/EQ_booleanValue'],
    [{ MATCH_epc: ['urn:epc:pat:sgtin-96:3.0614141.*.*'] }, '/MATCH_epc'],
    [{ orderBy: 'shoeSize' }, '/orderBy'],
    [{ orderBy: 'eventTime', orderDirection: 'UP' }, '/orderDirection'],
    [{ eventCountLimit: 5 }, '/eventCountLimit'],
    [{ orderBy: 'eventTime', eventCountLimit: 5, maxEventCount: 5 }, '/maxEventCount'],
    [{ maxEventCount: 0 }, '/maxEventCount'],
    [{ GE_eventTime: ['2026-01-05T00:00:00Z', '2026-01-06T00:00:00Z'] }, '/GE_eventTime'],
    [{ HASATTR_eventTime: ['x'] }, '/HASATTR_eventTime'],
    [{ GE_value: 5 }, '/GE_value'],
    [{ EQ_percRank_P1: [12] }, '/EQ_percRank_P1'],
    [{ 'GE_ext:count': 'many' }, '/GE_ext:count'],
  ])('is refused with the parameter: %j', (query, pointer) => {
    expect(refused(() => compileQuery(paramsOfJson(query)))).toBe(`QueryParameterException ${pointer}`)
  })

  it('asks the master data for attributes and for what is below a place', () => {
    const masterData = {
      attributes: (uri: string) =>
        uri === 'urn:epc:id:sgln:0614141.00888.0' ? [{ id: 'ext:city', value: 'Graz', context: null }] : [],
      descendants: (uri: string) =>
        new Set(uri === 'urn:x:plant' ? [uri, 'https://id.gs1.org/414/0614141008889'] : [uri]),
    }
    const under = (query: Record<string, unknown>): boolean =>
      compileQuery(paramsOfJson(query), masterData).test(seen)
    expect(under({ HASATTR_bizLocation: ['ext:city'] })).toBe(true)
    expect(under({ HASATTR_bizLocation: ['ext:zip'] })).toBe(false)
    expect(under({ 'EQATTR_bizLocation_ext:city': ['Graz'] })).toBe(true)
    expect(under({ 'EQATTR_bizLocation_ext:city': ['Linz'] })).toBe(false)
    expect(under({ WD_bizLocation: ['urn:x:plant'] })).toBe(true)
  })
})

describe('beside queries', () => {
  // Kelvin is 273.15 above Celsius, Fahrenheit is 32 above nine fifths of it (ITS-90; NIST SP 811, appendix B.8).
  it.each([
    [32, 'FAH', 'CEL', 0],
    [-40, 'FAH', 'CEL', -40],
    [-40, 'CEL', 'FAH', -40],
    [0, 'CEL', 'FAH', 32],
    [33.8, 'FAH', 'CEL', 1],
    [273.15, 'KEL', 'CEL', 0],
    [273.16, 'KEL', 'CEL', 0.01],
    [-459.67, 'FAH', 'KEL', 0],
    [255.372222222222, 'KEL', 'FAH', 0],
  ])('%f %s are %s: zero points add nothing in the last places', (value, from, to, expected) => {
    expect(inUnit(value, from, to) === expected).toBe(true)
  })

  it('units are converted only within one dimension', () => {
    expect([inUnit(1, 'INH', 'MMT'), inUnit(-40, 'CEL', 'FAH'), inUnit(1, 'BAR', 'KPA')]).toEqual([
      25.4, -40, 100,
    ])
    expect([inUnit(5, 'XYZ', 'XYZ'), inUnit(5, 'CEL', 'MMT'), inUnit(5, 'XYZ', 'MMT')]).toEqual([
      5,
      null,
      null,
    ])
  })

  it('a Digital Link becomes a URN only when the company prefix is known', () => {
    const link = 'https://id.gs1.org/01/10614141073464/21/2018'
    expect(urnOf(link, ['0614141'])).toBe('urn:epc:id:sgtin:0614141.107346.2018')
    expect(urnOf('https://id.gs1.org/01/04012345123456/10/9', ['4012345'])).toBe(
      'urn:epc:class:lgtin:4012345.012345.9',
    )
    expect(urnOf('urn:x:1', [])).toBe('urn:x:1')
    expect(refused(() => urnOf(link, ['4012345']))).toMatch(/^NotAcceptableException/)
  })

  it('tokens are good for their resource, until they are released', () => {
    const tokens = new PageTokens('p1/caps-a')
    const { token } = tokens.make('events', { n: 5 })
    expect(tokens.read('events', token)).toEqual({ n: 5 })
    expect(refused(() => new PageTokens('p1/caps-b').read('events', token))).toMatch(
      /^QueryParameterException/,
    )
    expect(refused(() => tokens.read('queries', token))).toBe('QueryParameterException /nextPageToken')
    expect(refused(() => tokens.read('events', `${token.slice(0, -2)}AA`))).toMatch(
      /^QueryParameterException/,
    )
    expect([tokens.release(token), tokens.release('nonsense')]).toEqual([true, false])
    expect(refused(() => tokens.read('events', token))).toMatch(/^QueryParameterException/)
  })
})

describe('a schedule', () => {
  const next = (schedule: unknown, after: string): string | null => {
    const ms = nextTime(readSchedule(schedule), Date.parse(after))
    return ms === null ? null : new Date(ms).toISOString()
  }
  it('names the next moment that meets it, in UTC', () => {
    const after = '2026-01-05T06:00:00.500Z'
    expect(next({ hour: '1', minute: '5' }, after)).toBe('2026-01-06T01:05:00.000Z')
    expect(next({ second: '[0-59]' }, after)).toBe('2026-01-05T06:00:01.000Z')
    expect(next({ minute: '0,30' }, after)).toBe('2026-01-05T06:30:00.000Z')
    expect(next({ dayOfWeek: '7' }, after)).toBe('2026-01-11T00:00:00.000Z')
    expect(next({ month: '2', dayOfMonth: '29' }, after)).toBe('2028-02-29T00:00:00.000Z')
    expect(next({ hour: '[6-8]', minute: 15, second: '1' }, after)).toBe('2026-01-05T06:15:01.000Z')
  })

  it.each([
    {},
    { hour: '24' },
    { hour: '5-7' },
    { hour: '[7-5]' },
    { week: '1' },
    { month: '2', dayOfMonth: '30' },
    'x',
  ])('is refused when no clock meets it: %j', (schedule) =>
    expect(refused(() => readSchedule(schedule))).toMatch(/^SubscriptionControlsException/),
  )
})
