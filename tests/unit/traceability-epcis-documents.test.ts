import { describe, expect, it } from 'vitest'
import { EpcisError } from '../../contracts/index.ts'
import { faultsOf, readDocument } from '../../traceability/epcis/check-document.ts'
import { eventHash } from '../../traceability/epcis/event-hash.ts'
import { recallEpcis } from '../../traceability/query/index.ts'
import { isTime, isUri, timeMs } from '../../traceability/epcis/uri.ts'
import { CONTEXT, Draw, epcisDocument, event, type Json } from './samples/epcis-documents.ts'
import { FAULTS } from './samples/epcis-faults.ts'

interface Found {
  pointer: string
  expected: string
}
function faults(text: string): Found[] {
  try {
    const document = readDocument(text)
    return document.events.flatMap((e) => faultsOf(e, document))
  } catch (error) {
    if (error instanceof EpcisError) return [...error.faults]
    throw error
  }
}
const pointers = (document: unknown): string[] => faults(JSON.stringify(document)).map((f) => f.pointer)

const OBSERVED: Json = {
  type: 'ObjectEvent',
  eventTime: '2026-01-05T06:00:00.000+08:00',
  eventTimeZoneOffset: '+08:00',
  action: 'OBSERVE',
  epcList: ['urn:epc:id:sgtin:0614141.107346.2018'],
}

describe('an EPCIS document', () => {
  it('is taken when it keeps the rules', () => {
    for (let seed = 0; seed < 300; seed++)
      expect([seed, pointers(epcisDocument([event(new Draw(seed))]))]).toEqual([seed, []])
  })

  it.each(Object.keys(FAULTS))('is refused with the pointer to the fault: %s', (name) => {
    let met = 0
    for (let seed = 0; seed < 120; seed++) {
      const draw = new Draw(seed)
      const put = FAULTS[name]?.(event(draw), draw)
      if (put === null || put === undefined) continue
      met += 1
      expect(pointers(epcisDocument([put.event]))).toContain(`/epcisBody/eventList/0${put.pointer}`)
    }
    expect(met).toBeGreaterThan(0)
  })

  it('may name extensions in any script, by a prefix that is declared', () => {
    const named = (name: string): string[] =>
      pointers(
        epcisDocument([{ ...OBSERVED, [name]: { [name]: '王芳' } }], {
          '@context': [CONTEXT[0], { ext: 'https://ns.example/', 扩展: 'https://ns.example/扩展/' }],
        }),
      )
    // A word of Persian has a joiner in it that is no letter.
    const persian = 'ext:می\u200Cخواهم'
    for (const name of ['ext:检验员', '扩展:检验员', 'ext:größe', persian, 'https://ns.example/扩展/检验员'])
      expect([name, named(name)]).toEqual([name, []])
    for (const name of ['未知:检验员', 'ext:', 'ext:检 验', 'ext:<x>', '检验员', 'ext:\uE000', 'ext:\uFDD0'])
      expect([name, named(name)]).toEqual([name, [`/epcisBody/eventList/0/${name}`]])
  })

  it('is refused for what its own envelope lacks', () => {
    const { '@context': _, ...bare } = epcisDocument([])
    expect(pointers(bare)).toEqual(['/@context'])
    expect(pointers(epcisDocument([], { '@context': ['https://example.com/other.jsonld'] }))).toEqual([
      '/@context',
    ])
    expect(pointers(epcisDocument([], { '@context': [CONTEXT[0], { ext: 5 }] }))).toEqual(['/@context/1/ext'])
    for (const bad of ['扩:x/', 'https://ns.example/扩 展/'])
      expect(pointers(epcisDocument([], { '@context': [CONTEXT[0], { ext: bad }] }))).toEqual([
        '/@context/1/ext',
      ])
    expect(pointers(epcisDocument([], { schemaVersion: '1.2' }))).toEqual(['/schemaVersion'])
    expect(pointers(epcisDocument([], { creationDate: 'yesterday' }))).toEqual(['/creationDate'])
    expect(pointers(epcisDocument([], { epcisBody: {} }))).toEqual(['/epcisBody/eventList'])
    expect(pointers(epcisDocument([], { sender: 5, other: 1 }))).toEqual(['/sender', '/other'])
    expect(pointers([])).toEqual([''])
    expect(faults('{"type":')[0]?.expected).toBe('JSON')
  })

  it('may be a query document or a single event with its own context', () => {
    const eventList = [OBSERVED, { ...OBSERVED, action: 'LOOK' }]
    const body = { queryResults: { queryName: 'q', resultsBody: { eventList } } }
    const query = { '@context': CONTEXT, type: 'EPCISQueryDocument', epcisBody: body }
    expect(pointers(query)).toEqual(['/epcisBody/queryResults/resultsBody/eventList/1/action'])
    expect(pointers({ ...OBSERVED, '@context': CONTEXT[0] })).toEqual([])
    expect(pointers(OBSERVED)).toEqual(['/@context'])
    expect(pointers({ ...OBSERVED, '@context': CONTEXT, 'ext:a': 1 })).toEqual([])
  })

  it('reads the lists of EPCIS in an event of another type as EPCIS does', () => {
    const own = { ...OBSERVED, type: 'ext:GlazingEvent' }
    for (const [wrong, pointer] of [
      [{ quantityList: [null] }, '/quantityList/0'],
      [{ inputEPCList: [5] }, '/inputEPCList/0'],
      [{ childQuantityList: 7 }, '/childQuantityList'],
    ] as const)
      expect(pointers(epcisDocument([{ ...own, ...wrong }]))).toEqual([`/epcisBody/eventList/0${pointer}`])
  })

  it('takes extension types and names only where a context can say what they mean', () => {
    const own = { ...OBSERVED, type: 'ext:GlazingEvent', anything: { goes: 1 } }
    expect(pointers(epcisDocument([own]))).toEqual([])
    expect(pointers(epcisDocument([{ ...own, type: 'other:GlazingEvent' }]))).toEqual([
      '/epcisBody/eventList/0/type',
    ])
    // The same type for JSON-LD, which would pass without the rules of that type.
    const names = [...CONTEXT, { e: 'https://ref.gs1.org/epcis/' }]
    for (const type of ['epcis:AggregationEvent', 'https://ns.gs1.org/epcis/ObjectEvent', 'e:ObjectEvent'])
      expect(pointers(epcisDocument([{ ...own, type }], { '@context': names }))).toEqual([
        '/epcisBody/eventList/0/type',
      ])
    const remote = [...CONTEXT, 'https://example.com/names.jsonld']
    expect(pointers(epcisDocument([{ ...OBSERVED, 'other:a': 1 }], { '@context': remote }))).toEqual([])
    const inner = { ...OBSERVED, 'ext:a': { '@context': { in: 'http://in.example/' }, 'in:b': 1 } }
    expect(pointers(epcisDocument([inner]))).toEqual([])
  })

  it('is refused for what reading it would change without a word', () => {
    const text = JSON.stringify(epcisDocument([OBSERVED]))
    const at = '/epcisBody/eventList/0'
    const changed = (from: string, to: string): string[] =>
      faults(text.replace(from, to)).map((f) => f.pointer)
    expect(changed('"action":', '"action":"ADD","action":')).toEqual([`${at}/action`])
    expect(changed('"action":', '"ext:n":12345678901234567891,"action":')).toEqual([`${at}/ext:n`])
    expect(changed('"action":', '"ext:n":0.1000000000000000000001,"action":')).toEqual([`${at}/ext:n`])
    // As Python has them: float('12345678901234567') is 1.2345678901234568e+16, '%.17g' writes 0.1 and 5.1 so.
    expect(changed('"action":', '"ext:n":12345678901234567,"action":')).toEqual([`${at}/ext:n`])
    const seventeen =
      '"ext:n":0.10000000000000001,"ext:m":5.0999999999999996,"ext:o":4.9406564584124654e-324,'
    expect(changed('"action":', `${seventeen}"action":`)).toEqual([])
    expect(changed('"action":', '"ext:n":26.0,"ext:m":1e2,"ext:o":-0.0,"action":')).toEqual([])
    expect(changed('"action":', '"ext:n":"\\ud800","action":')).toEqual([`${at}/ext:n`])
    expect(changed('"action":', '"__proto__":{},"action":')).toEqual([`${at}/__proto__`])
    const deep = `${'['.repeat(100)}${']'.repeat(100)}`
    expect(changed('"action":', `"ext:n":${deep},"action":`)).toHaveLength(1)
  })

  it('is what a recall list is exported as', () => {
    const unit = {
      uri: 'urn:sightline:serial:cap:SN1',
      serial: 'SN1',
      certain: true,
      place: 'packed',
      pallet: 'P1',
    }
    const list = { target: 'lot/L1', at: '2026-01-05T06:00:00.000Z', units: [unit] }
    expect(pointers(recallEpcis(list as unknown as Parameters<typeof recallEpcis>[0]))).toEqual([])
  })

  it('escapes names in pointers', () => {
    expect(pointers(epcisDocument([{ ...OBSERVED, 'a/b~c': 1 }]))).toEqual(['/epcisBody/eventList/0/a~1b~0c'])
  })

  it('says what may stand where only extensions may', () => {
    const made = { ...OBSERVED, action: 'ADD', ilmd: { lot: 'L1' } }
    expect(faults(JSON.stringify(epcisDocument([made])))).toMatchObject([
      {
        pointer: '/epcisBody/eventList/0/ilmd/lot',
        expected: 'an extension whose prefix the @context declares',
      },
    ])
  })

  it('has master data of known shape', () => {
    const element = { id: 'urn:epc:id:sgln:0037000.00729.0', attributes: [{ id: 'ext:a', attribute: 5 }] }
    const header = (e: unknown): Json => ({
      epcisHeader: {
        epcisMasterData: {
          vocabularyList: [{ type: 'urn:epcglobal:epcis:vtype:ReadPoint', vocabularyElementList: [e] }],
        },
      },
    })
    expect(readDocument(JSON.stringify(epcisDocument([], header(element)))).masterData).toEqual([
      { vocabulary: 'urn:epcglobal:epcis:vtype:ReadPoint', children: [], ...element },
    ])
    // EPCIS-JSON-Schema.json, resultsBody: a query document has it beside the events.
    const vocabularyList = [{ type: 'urn:epcglobal:epcis:vtype:ReadPoint', vocabularyElementList: [element] }]
    const queryResults = { queryName: 'q', resultsBody: { eventList: [], vocabularyList } }
    const answer = { '@context': CONTEXT, type: 'EPCISQueryDocument', epcisBody: { queryResults } }
    expect(readDocument(JSON.stringify(answer)).masterData).toMatchObject([element])
    const resultsBody = { eventList: [], vocabularyList: [null] }
    expect(pointers({ ...answer, epcisBody: { queryResults: { queryName: 'q', resultsBody } } })).toEqual([
      '/epcisBody/queryResults/resultsBody/vocabularyList/0',
    ])
    expect(pointers(epcisDocument([], header(null)))).toEqual([
      '/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0',
    ])
    const wrong = header({ ...element, children: ['not a uri'] })
    expect(pointers(epcisDocument([], wrong))[0]).toMatch(/vocabularyElementList\/0\/children\/0$/)
  })
})

describe('times and URIs', () => {
  it('are those of RFC 3339 and RFC 3986', () => {
    for (const good of ['2024-02-29T00:00:00Z', '2016-12-31T23:59:60Z', '2017-01-01T07:59:60.5+08:00'])
      expect(isTime(good)).toBe(true)
    for (const bad of [
      '2023-02-29T00:00:00Z',
      '2016-12-31T22:59:60Z',
      '2024-01-01T24:00:00Z',
      '2024-01-01',
      5,
    ])
      expect(isTime(bad)).toBe(false)
    expect(timeMs('2026-01-05T06:00:00.123456+08:00')).toBeCloseTo(Date.UTC(2026, 0, 4, 22) + 123.456, 6)
    for (const good of [
      'urn:uuid:1',
      'ni:///sha-256;ab?ver=CBV2.0',
      'https://[2001:db8::1]/a#b',
      'ext:a%20b',
    ])
      expect([good, isUri(good)]).toEqual([good, true])
    for (const bad of ['a b:c', 'no-scheme', 'urn:', 'urn:a#b#c', 'http://a/ü', 'x:%zz', '1a:b'])
      expect([bad, isUri(bad)]).toEqual([bad, false])
  })
})

describe('the canonical form of an event', () => {
  const hash = (patch: Json, context: unknown = CONTEXT): string =>
    eventHash({ ...OBSERVED, ...patch }, context)
  it('is the same for what says the same', () => {
    const same = hash({ eventID: 'urn:x:1', recordTime: '2026-01-05T06:00:00Z' })
    expect(hash({ eventTime: '2026-01-04T22:00:00Z' })).toBe(same)
    expect(hash({ epcList: ['https://id.gs1.org/01/10614141073464/21/2018'] })).toBe(same)
    expect(hash({ epcList: ['https://example.com/x/01/10614141073464/21/2018'] })).toBe(same)
    const two = ['urn:x:1', 'urn:x:2']
    expect(hash({ epcList: two })).toBe(hash({ epcList: two.toReversed() }))
    expect(hash({ 'ext:a': 1 })).toBe(hash({ 'other:a': 1 }, [{ other: 'http://ns.example.com/ext/' }]))
  })

  it('differs for what differs', () => {
    const all = [
      {},
      { action: 'ADD' },
      { eventTime: '2026-01-05T06:00:00.001+08:00' },
      { 'ext:a': 1 },
      { 'ext:a': '1' },
    ]
    expect(new Set(all.map((p) => hash(p))).size).toBe(all.length)
  })

  it('differs where the labels of a unit say different lots, variants or dates', () => {
    const unit = 'https://id.gs1.org/01/10614141073464'
    const said = ['/21/2018', '/10/A/21/2018', '/10/B/21/2018', '/22/A/21/2018', '/21/2018?17=270101']
    const all = said.map((more) => hash({ epcList: [unit + more] }))
    expect(new Set(all).size).toBe(said.length)
    const elsewhere = hash({ epcList: ['https://example.com/x/01/10614141073464/10/A/21/2018?from=shop'] })
    expect(elsewhere).toBe(all[1])
  })

  it('differs for times that a double does not tell apart', () => {
    const at = (fraction: string): string => hash({ eventTime: `2026-01-05T06:00:00.${fraction}+08:00` })
    expect(at('1234567')).not.toBe(at('1234568'))
    expect(at('1234560')).toBe(at('123456'))
    expect(hash({ eventTime: '2026-01-04T22:00:00.12345670Z' })).toBe(at('1234567'))
  })
})
