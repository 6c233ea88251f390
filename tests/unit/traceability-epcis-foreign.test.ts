import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EpcisError } from '../../contracts/index.ts'
import { checkEvent } from '../../traceability/epcis/check-event.ts'
import { comparedUri, epcProblem, oneUri } from '../../traceability/epcis/epc.ts'
import { inFormat, urnOf } from '../../traceability/epcis/epc-format.ts'
import { queryDocument } from '../../traceability/epcis/answer-document.ts'
import { EPCIS_SCHEMA } from '../../traceability/epcis/epcis-schema.ts'
import { EventStore, type PageCursor } from '../../traceability/epcis/event-store.ts'
import type { SeenEvent } from '../../traceability/epcis/extension-fields.ts'
import { Faults } from '../../traceability/epcis/faults.ts'
import { Namespaces } from '../../traceability/epcis/namespaces.ts'
import { compileQuery } from '../../traceability/epcis/query-compile.ts'
import { paramsOfJson, paramsOfUrl } from '../../traceability/epcis/query-params.ts'
import { openSql } from '../../traceability/store/open-sql.ts'
import { openTraceQuery, verifyDataDir } from '../../traceability/index.ts'
import type { Json } from './samples/epcis-documents.ts'
import { eventsOf, Repository } from './samples/epcis-repository.ts'

/** What other implementations send and ask that this one's own documents never have. */
const CONTEXT = [
  'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld',
  { other: 'https://other.example/epcis/' },
]
const event = (more: Json): Json => ({
  type: 'ObjectEvent',
  eventTime: '2026-01-05T06:00:00Z',
  eventTimeZoneOffset: '+00:00',
  action: 'OBSERVE',
  epcList: ['urn:example:part:1'],
  ...more,
})
const meets = (query: Json, more: Json): boolean =>
  compileQuery(paramsOfJson(query)).test({ event: event(more), context: CONTEXT, recordMs: 0 })

describe('keys that no tag carries', () => {
  // TDS 1.13, 6.3: the examples of GSIN, GINC, PGLN and UPUI; links put together by GS1's rules for AI 402, 401, 417, 235.
  it.each([
    ['urn:epc:id:gsin:0614141.123456789', 'https://id.gs1.org/402/06141411234567890', '0614141'],
    ['urn:epc:id:ginc:0614141.xyz47%2F11', 'https://id.gs1.org/401/0614141xyz47%2F11', '0614141'],
    ['urn:epc:id:pgln:1234567.89012', 'https://id.gs1.org/417/1234567890128', '1234567'],
    [
      'urn:epc:id:upui:1234567.089456.51qIgY)%3C%26Jp3*j7SDB',
      'https://id.gs1.org/01/01234567894560/235/51qIgY%29%3C%26Jp3%2Aj7SDB',
      '1234567',
    ],
  ])('%s is %s', (urn, link, prefix) => {
    expect([epcProblem(urn, 'instance'), epcProblem(link, 'instance')]).toEqual([null, null])
    expect(oneUri(urn)).toBe(link)
    expect(urnOf(link, [prefix])).toBe(urn)
  })

  it.each([
    'urn:epc:id:gsin:0614141.12345678',
    'urn:epc:id:pgln:1234567.8901',
    'urn:epc:id:upui:1234567.08945.A',
    'urn:epc:id:ginc:0614141.%ZZ',
    'urn:epc:id:ginc:0614141.a~b',
  ])('%s is refused', (urn) => expect(epcProblem(urn, 'instance')).toMatch(/^an EPC of scheme/))
})

describe('a class', () => {
  // CBV 2.0, 8.3.2: each kind with its URN and its link; grai 4012345.66666 and the like as EPCIS documents of others have them.
  it.each([
    ['urn:epc:class:lgtin:4012345.012345.A%2FB', 'https://id.gs1.org/01/04012345123456/10/A%2FB'],
    ['urn:epc:class:lgtin:4012345.012345.1', 'https://id.gs1.org/01/04012345123456/10/1'],
    ['urn:epc:idpat:sgtin:4012345.012345.*', 'https://id.gs1.org/01/04012345123456'],
    ['urn:epc:idpat:grai:4012345.66666.*', 'https://id.gs1.org/8003/04012345666663'],
    ['urn:epc:idpat:gdti:4012345.55555.*', 'https://id.gs1.org/253/4012345555554'],
    ['urn:epc:idpat:sgcn:4012345.99999.*', 'https://id.gs1.org/255/4012345999990'],
    ['urn:epc:idpat:cpi:4012345.ABC%2F1.*', 'https://id.gs1.org/8010/4012345ABC%2F1'],
    ['urn:epc:idpat:itip:4012345.012345.01.02.*', 'https://id.gs1.org/8006/040123451234560102'],
  ])('%s is %s', (urn, link) => {
    expect([epcProblem(urn, 'class'), epcProblem(link, 'class')]).toEqual([null, null])
    expect([comparedUri(urn), comparedUri(link)]).toEqual([link, link])
    expect(urnOf(link, ['4012345'])).toBe(urn)
    expect(inFormat({ parentID: urn }, 'Always_GS1_Digital_Link', [])).toEqual({ parentID: link })
    for (const [asked, written] of [
      [link, urn],
      [urn, link],
    ] as const)
      expect(meets({ MATCH_epcClass: [asked] }, { quantityList: [{ epcClass: written }] })).toBe(true)
  })

  it.each([
    ['urn:epc:class:lgtin:4012345.012345.ABCDEFGHIJKLMNOPQRSTU', 'end of AI (10)'],
    ['urn:epc:class:lgtin:4012345.012345.%E4', 'charset 82 in AI (10)'],
    ['urn:epc:class:lgtin:4012345.12345.A', 'a reference of 6 digits'],
    ['urn:epc:idpat:grai:401234.66666.*', 'a reference of 6 digits'],
    ['urn:epc:idpat:itip:4012345.012345.03.02.*', 'a piece number within its total'],
  ])('%s is refused', (urn, expected) => expect(epcProblem(urn, 'class')).toContain(expected))

  // Links of older records are verified by it.
  it('is in genealogy what it was from the beginning', () => {
    for (const urn of ['urn:epc:idpat:grai:4012345.66666.*', 'urn:epc:idpat:itip:4012345.012345.01.02.*'])
      expect(oneUri(urn)).toBe(urn)
    const lot = 'ABCDEFGHIJKLMNOPQRSTU'
    const link = `https://id.gs1.org/01/04012345123456/10/${lot}`
    expect(oneUri(`urn:epc:class:lgtin:4012345.012345.${lot}`)).toBe(link)
  })

  it('can be retracted as it was recorded by looser rules', () => {
    const epcClass = 'urn:epc:class:lgtin:4012345.012345.ABCDEFGHIJKLMNOPQRSTU'
    const faults = new Faults()
    const errorDeclaration = { declarationTime: '2026-01-06T06:00:00Z' }
    const wrong = event({ quantityList: [{ epcClass }], '@context': CONTEXT, errorDeclaration })
    checkEvent(wrong, '', Namespaces.own, faults)
    expect(faults.list).toEqual([])
  })

  it('is taken as a pattern where it holds more or less than one class', () => {
    for (const urn of [
      'urn:epc:idpat:sgtin:4012345.*.*',
      'urn:epc:idpat:grai:4012345.66666.12',
      'urn:epc:idpat:sgtin:4012345.012345.5.*',
    ])
      expect([epcProblem(urn, 'class'), comparedUri(urn)]).toEqual([null, urn])
  })
})

describe('an address of their own', () => {
  it.each([
    'https://qr.maker.example/line/01/20250003/A77',
    'https://qr.maker.example/id/01/09506000134352/check',
    'https://qr.maker.example/id/01/09506000134352/check-digit',
  ])('%s is none of a GS1 key', (uri) => expect(epcProblem(uri, 'instance')).toBeNull())

  it('is refused with a whole key whose check digit is wrong', () => {
    const uri = 'https://qr.maker.example/id/01/09506000134351/21/check'
    expect(epcProblem(uri, 'instance')).toMatch(/^a GS1 Digital Link: check digit 2/)
  })
})

describe('EXISTS with a value', () => {
  // openapi.json of EPCIS 2.0: "if omitted (or has a value of false), events are returned regardless".
  it.each(['EXISTS_errorDeclaration', 'EXISTS_ilmd', 'EXISTS_other:x', 'EXISTS_INNER_ILMD_other:x'])(
    '%s=false asks for nothing',
    (name) => {
      expect(meets({ [name]: true }, {})).toBe(false)
      expect(meets({ [name]: false }, {})).toBe(true)
      const fromUrl = compileQuery(paramsOfUrl({ [name]: 'false' }))
      expect(fromUrl.test({ event: event({}), context: CONTEXT, recordMs: 0 })).toBe(true)
      expect(() => compileQuery(paramsOfJson({ [name]: 'yes' }))).toThrow(EpcisError)
    },
  )
})

describe('EXISTS with a number', () => {
  // query-schema.json of EPCIS 2.0 has whole numbers there.
  it.each(['EXISTS_errorDeclaration', 'EXISTS_ILMD_other:x'])('%s asks with 1, and not with 0', (name) => {
    expect([meets({ [name]: 1 }, {}), meets({ [name]: 0 }, {})]).toEqual([false, true])
    expect(() => compileQuery(paramsOfJson({ [name]: 2 }))).toThrow(EpcisError)
  })
})

describe('the lot that a unit came into being with', () => {
  it('is known by every form of its name, and from the Digital Link of the unit, which counts most', async () => {
    const repository = await Repository.open()
    const gtin = 'https://id.gs1.org/01/00614141073467'
    const born = (epc: string, ilmd?: Json): Json =>
      event({ action: 'ADD', epcList: [epc], ...(ilmd !== undefined && { ilmd }) })
    const sent: [Json, string | null][] = [
      [born(`${gtin}/21/1`, { 'cbvmda:lotNumber': 'L1' }), 'L1'],
      [
        {
          '@context': { mda: 'urn:epcglobal:cbv:mda:' },
          ...born(`${gtin}/21/2`, { 'mda:lotNumber': 'L1' }),
        },
        'L1',
      ],
      [born(`${gtin}/21/3`, { 'urn:epcglobal:cbv:mda:lotNumber': 'L1' }), 'L1'],
      [born(`${gtin}/21/4`, { 'cbvmda:lotNumber': ['L1'] }), 'L1'],
      [born(`${gtin}/21/5`, { 'cbvmda:lotNumber': 11 }), '11'],
      [born(`${gtin}/10/L1/21/6`), 'L1'],
      [born('https://maker.example/p/01/00614141073467/21/7?10=L1'), 'L1'],
      [born(`${gtin}/10/L1/21/8`, { 'cbvmda:lotNumber': 'L2' }), 'L1'],
      [{ ...born(`${gtin}/10/L3/21/9`), action: 'OBSERVE' }, null],
    ]
    expect(await repository.capture(sent.map(([e]) => e))).toMatchObject({ success: true })
    const query = openTraceQuery(repository.dataDir)
    const unitsOf = (lot: string): unknown[] =>
      query.recall({ target: `${gtin}/10/${lot}` }).units.map((u) => [u.uri, u.lot])
    for (const lot of ['L1', '11'])
      expect(unitsOf(lot)).toEqual(
        sent.flatMap(([, of], i) => (of === lot ? [[`${gtin}/21/${i + 1}`, lot]] : [])),
      )
    for (const lot of ['L2', 'L3']) expect(() => unitsOf(lot)).toThrow('TRC_NOT_FOUND')
    query.close()
    await repository.close()
    expect((await verifyDataDir(repository.dataDir)).findings.map((f) => f.detail)).toEqual([])
    rmSync(repository.dataDir, { recursive: true })
  })
})

describe('events of several documents in one answer', () => {
  it('mean what they meant: a prefix of one document is none in the values and names of another', async () => {
    const repository = await Repository.open()
    const send = (context: unknown, own: Json): Promise<unknown> => {
      const eventList = [event(own)]
      const creationDate = '2026-01-05T06:00:00Z'
      const document = { '@context': context, type: 'EPCISDocument', schemaVersion: '2.0', creationDate }
      return repository.epcis.capture.document(
        JSON.stringify({ ...document, epcisBody: { eventList } }),
        'rollback',
      )
    }
    // No prefix of its document: an address as it stands (JSON-LD 1.1, 5.2.2).
    const ofItself = { bizStep: 'other:glazing' }
    await send([CONTEXT[0]], { ...ofItself, eventID: 'urn:x:1' })
    await send(CONTEXT, { 'other:kiln': 3, eventID: 'urn:x:2' })
    const { items } = await repository.epcis.events(
      { values: {} },
      { perPage: 9, token: null },
      'No_Preference',
    )
    const answer = JSON.parse(items) as Json
    expect(answer['@context']).toEqual([CONTEXT[0]])
    expect(eventsOf(answer)).toMatchObject([ofItself, { '@context': CONTEXT, 'other:kiln': 3 }])
    await repository.remove()
  })
})

describe('an event that keeps its context beside that of others', () => {
  it('has each context once, also one that it repeats', () => {
    const seen = (context: unknown, own: Json): SeenEvent => ({ event: event(own), context, recordMs: 0 })
    const third = { third: 'https://third.example/' }
    const { epcisBody } = queryDocument(
      [
        seen([CONTEXT[0], { other: 'https://else.example/' }], {}),
        seen(CONTEXT, { '@context': [third, CONTEXT[1]] }),
      ],
      { queryName: 'q', format: 'Never_Translates', prefixes: [] },
    )
    const [, kept] = eventsOf({ epcisBody })
    expect(kept?.['@context']).toEqual([...CONTEXT, third])
  })
})

describe('units', () => {
  it('takes a standard deviation as a difference, a mean as a temperature', () => {
    const report = { type: 'Temperature', meanValue: 20, sDev: 1.8, uom: 'FAH' }
    const sensed = { sensorElementList: [{ sensorReport: [report] }] }
    expect(meets({ EQ_sDev_KEL: 1 }, sensed)).toBe(true)
    expect(meets({ GE_sDev_KEL: 2 }, sensed)).toBe(false)
    // 20 °F = -6.6667 °C = 266.4833 K.
    expect(meets({ GE_meanValue_KEL: 266.48, LT_meanValue_KEL: 266.49 }, sensed)).toBe(true)
  })
})

describe('words of a vocabulary', () => {
  it('are the same with a prefix and as a URI', () => {
    const own = { bizStep: 'other:glazing', sensorElementList: [{ sensorReport: [{ type: 'gs1:Mass' }] }] }
    expect(meets({ EQ_bizStep: ['https://other.example/epcis/glazing'] }, own)).toBe(true)
    expect(meets({ EQ_bizStep: ['other:glazing'] }, own)).toBe(true)
    expect(meets({ '@context': { o: 'https://other.example/epcis/' }, EQ_bizStep: ['o:glazing'] }, own)).toBe(
      true,
    )
    expect(
      meets({ '@context': { other: 'https://third.example/' }, EQ_bizStep: ['other:glazing'] }, own),
    ).toBe(false)
    expect(meets({ EQ_type: ['Mass'] }, own)).toBe(true)
  })

  it('are the same as the type of a transaction or party', () => {
    const own = {
      bizTransactionList: [{ type: 'other:order', bizTransaction: 'urn:example:order:1' }],
      sourceList: [{ type: 'cbv:SDT-location', source: 'urn:example:place:1' }],
    }
    const asked = { 'EQ_bizTransaction_https://other.example/epcis/order': ['urn:example:order:1'] }
    expect(meets(asked, own)).toBe(true)
    expect(meets({ 'EQ_bizTransaction_https://other.example/epcis/o': ['urn:example:order:1'] }, own)).toBe(
      false,
    )
    expect(meets({ EQ_source_location: ['urn:example:place:1'] }, own)).toBe(true)
  })

  it('are found by both in the index, and listed as a URI', async () => {
    const repository = await Repository.open()
    const document = {
      '@context': CONTEXT,
      type: 'EPCISDocument',
      schemaVersion: '2.0',
      creationDate: '2026-01-05T06:00:00Z',
      epcisBody: { eventList: [event({ type: 'other:Glazed' })] },
    }
    await repository.epcis.capture.document(JSON.stringify(document), 'rollback')
    expect(await repository.found({ eventType: ['other:Glazed'] })).toHaveLength(1)
    expect(await repository.found({ eventType: ['https://other.example/epcis/Glazed'] })).toHaveLength(1)
    const { items } = await repository.epcis.values('eventTypes', { perPage: 10, token: null })
    expect(items).toContain('https://other.example/epcis/Glazed')
    await repository.remove()
  })
})

describe('MATCH_epcClass', () => {
  const of = (epcClass: string): Json => ({ quantityList: [{ epcClass }] })
  // EPCIS 2.0, 8.2.7.1.1: a pattern matches a class all of whose individuals it holds.
  it('takes a pattern that holds the whole class', () => {
    const wide = { MATCH_epcClass: ['urn:epc:idpat:sgtin:4012345.*.*'] }
    expect(meets(wide, of('urn:epc:idpat:sgtin:4012345.012345.*'))).toBe(true)
    expect(meets(wide, of('https://id.gs1.org/01/04012345123456'))).toBe(true)
    expect(meets(wide, of('urn:epc:idpat:sgtin:4012346.012345.*'))).toBe(false)
    const narrow = { MATCH_epcClass: ['urn:epc:idpat:sgtin:4012345.012345.7'] }
    expect(meets(narrow, of('urn:epc:idpat:sgtin:4012345.012345.*'))).toBe(false)
  })
})

describe('orderBy a field of an extension', () => {
  /** Values in the order of pages of two. */
  function paged(written: readonly unknown[], orderDirection: string): unknown[] {
    const db = openSql(':memory:', { synchronous: 'normal' })
    db.exec(EPCIS_SCHEMA)
    for (const [i, value] of written.entries())
      db.run(
        `insert into event (position, event_id, event_ms, record_ms, declared, json, context) values (?, ?, 0, 0, 0, ?, ?)`,
        i,
        `urn:x:${i}`,
        JSON.stringify(event(value === undefined ? {} : { 'other:field': value })),
        JSON.stringify(CONTEXT),
      )
    const params = paramsOfUrl({ orderBy: 'other:field', orderDirection })
    const found: unknown[] = []
    for (let after: PageCursor | null = null, pages = 0; pages < written.length; pages++) {
      const page = new EventStore(db).page({ params, perPage: 2, after })
      found.push(...page.events.map((e) => e.event['other:field']))
      after = page.next
      if (after === null) break
    }
    db.close()
    return found
  }

  // openapi.json of EPCIS 2.0: strings "according to their case-sensitive lexical ordering" of their UTF-8 codes.
  it('puts texts in the order of their bytes, each once', () => {
    const names = ['9', '10', '1a', '2', 'b', 'B', '\u{1F4A1}', '\uFF21']
    expect(paged(names, 'ASC')).toEqual(['10', '1a', '2', '9', 'B', 'b', '\uFF21', '\u{1F4A1}'])
  })

  it('puts numbers before times before texts, and events without the field last in both directions', () => {
    const mixed = [undefined, 'x', 9, '2026-01-05T07:00:00+01:00', 10, '2026-01-05T05:00:00Z', undefined]
    const [early, late] = ['2026-01-05T05:00:00Z', '2026-01-05T07:00:00+01:00']
    expect(paged(mixed, 'ASC')).toEqual([9, 10, early, late, 'x', undefined, undefined])
    expect(paged(mixed, 'DESC')).toEqual(['x', late, early, 10, 9, undefined, undefined])
  })
})

describe('a conflict in a document', () => {
  it('is reported at its event', async () => {
    const repository = await Repository.open()
    await repository.capture([event({ eventID: 'urn:example:e:1' })])
    const again = [
      event({ eventID: 'urn:example:e:2' }),
      event({ action: 'MOVE' }),
      event({ eventID: 'urn:example:e:1', bizStep: 'shipping' }),
    ]
    const { errors } = await repository.capture(again, 'proceed')
    expect(errors.flatMap((e) => e.faults.map((f) => f.pointer))).toEqual([
      '/epcisBody/eventList/1/action',
      '/epcisBody/eventList/2/eventID',
    ])
    await repository.remove()
  })
})
