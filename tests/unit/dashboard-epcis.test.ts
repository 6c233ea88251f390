import { describe, expect, it } from 'vitest'
import { rawGet } from './samples/dashboard-serve.ts'
import { CONTEXT, epcisDocument, type Json } from './samples/epcis-documents.ts'
import { eventsOf } from './samples/epcis-repository.ts'
import { type Answer, observed, type ServedEpcis, servedEpcis } from './samples/epcis-served.ts'

let served: ServedEpcis['served']
let ask: ServedEpcis['ask']
servedEpcis((open) => ({ served, ask } = open))

const ids = ({ body }: Answer): unknown[] => eventsOf(body).map((e) => e['eventID'])

describe('the EPCIS interface', () => {
  it('captures single events, once', async () => {
    const event = { '@context': CONTEXT, ...observed(1) }
    const made = await ask('POST', '/events', event)
    expect([made.status, made.headers.get('location')]).toEqual([201, '/epcis/events/urn%3Ax%3Aevent%3A1'])
    expect(made.body).toEqual(event)
    const found = await ask('GET', '/events/urn%3Ax%3Aevent%3A1')
    expect(eventsOf(found.body)).toEqual([{ ...event, recordTime: expect.any(String) as string }])
    expect(await ask('POST', '/events', event)).toMatchObject({
      status: 409,
      body: { type: 'epcisException:ResourceAlreadyExistsException', status: 409 },
    })
    expect((await ask('GET', '/events/urn%3Ax%3Anone')).body['type']).toBe(
      'epcisException:NoSuchNameException',
    )
  })

  it('captures documents as jobs', async () => {
    const made = await ask(
      'POST',
      '/capture',
      epcisDocument([observed(2), observed(3, { bizStep: 'packing' })]),
    )
    expect(made.status).toBe(202)
    const location = made.headers.get('location') ?? ''
    expect(location).toMatch(/^\/epcis\/capture\/[0-9a-f-]{36}$/)
    const job = await ask('GET', location.replace('/epcis', ''))
    expect(job.body).toMatchObject({
      running: false,
      success: true,
      captureErrorBehaviour: 'rollback',
      errors: [],
    })
    const jobs = (await ask('GET', '/capture')).body as unknown as Json[]
    expect(jobs[0]).toEqual(job.body)
    expect((await ask('GET', '/capture/none')).status).toBe(404)
  })

  it('refuses what is invalid with a pointer to the fault', async () => {
    const wrong = await ask(
      'POST',
      '/capture',
      epcisDocument([observed(4), observed(5, { epcList: ['SN5'] })]),
    )
    expect(wrong).toMatchObject({
      status: 400,
      body: {
        type: 'epcisException:ValidationException',
        status: 400,
        pointer: '/epcisBody/eventList/1/epcList/0',
        errors: [{ pointer: '/epcisBody/eventList/1/epcList/0', actual: '"SN5"' }],
      },
    })
    expect(wrong.headers.get('content-type')).toContain('application/problem+json')
    const kept = await ask(
      'POST',
      '/capture',
      epcisDocument([observed(4), observed(5, { epcList: ['SN5'] })]),
      {
        'gs1-capture-error-behaviour': 'proceed',
      },
    )
    expect(kept).toMatchObject({
      status: 202,
      body: { success: false, errors: [{ type: 'epcisException:ValidationException' }] },
    })
    expect((await ask('GET', '/events?EQ_eventID=urn:x:event:4%7Curn:x:event:5')).status).toBe(200)
  })

  it.each<[string, string, unknown, Record<string, string>, number, string]>([
    ['POST', '/capture', '{"type":', {}, 400, 'ValidationException'],
    [
      'POST',
      '/capture',
      '<epcis/>',
      { 'content-type': 'application/xml' },
      415,
      'UnsupportedMediaTypeException',
    ],
    ['POST', '/capture', '"x"'.padEnd(2_200_000), {}, 413, 'CaptureLimitExceededException'],
    ['POST', '/capture', {}, { 'gs1-capture-error-behaviour': 'maybe' }, 400, 'ValidationException'],
    ['POST', '/capture', {}, { origin: 'http://evil.example' }, 403, 'SecurityException'],
    ['POST', '/capture', {}, { 'x-forwarded-for': '10.0.0.9' }, 403, 'SecurityException'],
    ['POST', '/capture', {}, { 'gs1-epcis-version': '1.2' }, 406, 'NotAcceptableException'],
    ['GET', '/events', undefined, { accept: 'application/xml' }, 406, 'NotAcceptableException'],
    ['GET', '/events', undefined, { 'gs1-epcis-min': '3.0' }, 406, 'NotAcceptableException'],
    ['GET', '/events', undefined, { 'gs1-epcis-max': '1.2' }, 406, 'NotAcceptableException'],
    ['GET', '/events', undefined, { 'gs1-epc-format': 'Sometimes' }, 406, 'NotAcceptableException'],
    ['GET', '/events?EQ_nothing=1', undefined, {}, 400, 'QueryParameterException'],
    ['GET', '/events?perPage=0', undefined, {}, 400, 'QueryParameterException'],
    ['GET', '/events?nextPageToken=abc', undefined, {}, 400, 'QueryParameterException'],
    ['GET', '/events?eventType=A&eventType=B', undefined, {}, 400, 'QueryParameterException'],
    ['GET', '/events?maxEventCount=1', undefined, {}, 413, 'QueryTooLargeException'],
    ['GET', `/events?EQ_stringValue=${'x'.repeat(9_000)}`, undefined, {}, 414, 'URITooLongException'],
    ['GET', '/bizSteps/glazing', undefined, {}, 404, 'NoSuchNameException'],
    ['GET', '/nothing', undefined, {}, 404, 'NoSuchNameException'],
    ['POST', '/queries', { name: 'a b', query: {} }, {}, 400, 'QueryValidationException'],
    ['POST', '/queries', { name: 'q', query: { EQ_x: [1] } }, {}, 400, 'QueryParameterException'],
    ['DELETE', '/nextPageToken/abc', undefined, {}, 404, 'NoSuchNameException'],
  ])('%s %s is refused (%#)', async (method, path, body, headers, status, exception) => {
    const answer = await ask(method, path, body, headers)
    expect([answer.status, answer.body['type']]).toEqual([status, `epcisException:${exception}`])
    expect(answer.body).toMatchObject({ status, title: expect.any(String) as string })
    expect(answer.headers.get('gs1-epcis-version')).toBe('2.0.0')
  })

  it.each([
    ['PUT', '/events', 'GET, HEAD, OPTIONS, POST'],
    ['DELETE', '/events/urn:x:event:1', 'GET, HEAD, OPTIONS'],
    ['POST', '/', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/queries/x', 'DELETE, GET, HEAD, OPTIONS'],
    ['GET', '/nextPageToken/x', 'DELETE, OPTIONS'],
    ['PROPFIND', '/bizSteps/packing/events', 'GET, HEAD, OPTIONS'],
  ])('%s %s is no method of the resource', async (method, path, allow) => {
    const { status, headers, body } = await ask(method, path)
    expect([status, headers.get('allow')]).toEqual([405, allow])
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(body).toMatchObject({ type: 'about:blank', title: 'Method Not Allowed', status: 405 })
    expect(headers.get('gs1-epcis-version')).toBe('2.0.0')
  })

  it('says from which record time on a subscription goes', async () => {
    await ask('POST', '/queries', { name: 'since', query: {} })
    const made = await ask('POST', '/queries/since/subscriptions', {
      dest: 'https://example.com/in',
      initialRecordTime: '2026-01-05T06:00:00.000Z',
      stream: true,
    })
    expect(made.status).toBe(201)
    const one = `/queries/since/subscriptions/${String(made.body['subscriptionID'])}`
    const { status, headers } = await ask('OPTIONS', one)
    expect([status, headers.get('gs1-query-min-record-time')]).toEqual([204, '2026-01-05T06:00:00.000Z'])
    expect((await ask('OPTIONS', '/queries/since')).headers.has('gs1-query-min-record-time')).toBe(false)
    expect((await ask('OPTIONS', '/queries/since/subscriptions/none')).status).toBe(404)
    expect((await ask('DELETE', '/queries/since')).status).toBe(204)
  })

  it('finds events by the master data that came with a document', async () => {
    const places = 'https://ns.example.com/places#'
    const context = [...CONTEXT, { pl: places }]
    const word = 'urn:epcglobal:cbv:bizstep:packing'
    const element = (id: string, attributes: Json[]) => ({ id, attributes })
    const document = {
      ...epcisDocument([observed(900, { readPoint: { id: 'urn:epc:id:sgln:0614141.07346.1' } })]),
      '@context': context,
      epcisHeader: {
        epcisMasterData: {
          vocabularyList: [
            {
              type: 'urn:epcglobal:epcis:vtype:ReadPoint',
              vocabularyElementList: [
                element('https://id.gs1.org/414/0614141073467/254/1', [
                  { id: 'pl:city', attribute: 'Graz' },
                  { id: 'pl:gate' },
                  { id: 'urn:epcglobal:cbv:mda#countryCode', attribute: 'AT' },
                ]),
              ],
            },
            {
              type: 'urn:epcglobal:epcis:vtype:BusinessStep',
              vocabularyElementList: [element(word, [{ id: 'pl:area', attribute: 7 }])],
            },
          ],
        },
      },
    }
    expect((await ask('POST', '/capture', document)).status).toBe(202)
    const found = async (name: string, value: string, more = ''): Promise<unknown[]> =>
      ids(await ask('GET', `/events?${encodeURIComponent(name)}=${encodeURIComponent(value)}${more}`))
    const own = ['urn:x:event:900']
    await expect.poll(() => found('HASATTR_readPoint', 'pl:city')).toEqual(own)
    // The place is named by URN, its master data by Digital Link; the attribute by prefix, or written out.
    expect(await found('HASATTR_readPoint', `${places}city`)).toEqual(own)
    expect(await found(`EQATTR_readPoint_${places}city`, 'Graz')).toEqual(own)
    expect(await found(`EQATTR_readPoint_${places}city`, 'Linz|Graz')).toEqual(own)
    expect(await found('EQATTR_readPoint_pl:city', 'Linz')).toEqual([])
    // What a prefix means is the query's to say, where it says so.
    const json = { HASATTR_readPoint: ['other:city'], '@context': [{ other: places }] }
    expect((await ask('POST', '/queries', { name: 'attr', query: json })).status).toBe(201)
    expect(ids(await ask('GET', '/queries/attr/events'))).toEqual(own)
    // An attribute without a value is none; those of the CBV have two forms of URI and a prefix.
    expect(await found('HASATTR_readPoint', 'pl:gate')).toEqual([])
    expect(await found('EQATTR_readPoint_cbvmda:countryCode', 'AT')).toEqual(own)
    expect(await found('EQATTR_readPoint_urn:epcglobal:cbv:mda:countryCode', 'AT')).toEqual(own)
    // A word of the CBV is the same bare and as a URN.
    expect(await found('EQATTR_bizStep_pl:area', '7')).toContain('urn:x:event:3')
    const unclear = await ask('GET', '/events?EQATTR_pl:my_field_pl:attr=1')
    expect([unclear.status, unclear.body['pointer']]).toEqual([400, '/EQATTR_pl:my_field_pl:attr'])
    await ask('DELETE', '/queries/attr')
  })

  it('refuses foreign host names like the rest of the server', async () => {
    const { status, text } = await rawGet(served.port, '/epcis/events', { host: 'evil.example' })
    expect([status, (JSON.parse(text) as Json)['type']]).toEqual([403, 'epcisException:SecurityException'])
  })

  it('pages through events without losing or repeating one, and releases tokens', async () => {
    await ask('POST', '/capture', epcisDocument(Array.from({ length: 25 }, (_, i) => observed(100 + i))))
    const seen: unknown[] = []
    let path = '/events?GE_eventTime=2026-01-05T06:00:40Z&perPage=4&orderBy=eventTime&orderDirection=ASC'
    for (let pages = 0; pages < 20; pages++) {
      const page = await ask('GET', path)
      seen.push(...ids(page))
      const next = /^<\/epcis(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
      if (next === undefined) break
      expect(Date.parse(page.headers.get('gs1-next-page-token-expires') ?? '')).toBeGreaterThan(Date.now())
      path = next
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `urn:x:event:${100 + i}`))
    const first = await ask('GET', '/events?perPage=1')
    const token = /nextPageToken=([\w-]+)/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect((await ask('DELETE', `/nextPageToken/${token}`)).status).toBe(204)
    expect((await ask('GET', `/events?nextPageToken=${token}`)).status).toBe(400)
  })

  it('has the values of events as resources', async () => {
    const epc = 'urn:epc:id:sgtin:0614141.107346.2'
    expect((await ask('GET', '/epcs?perPage=1000')).body['member']).toContain(epc)
    expect((await ask('GET', `/epcs/${epc}`)).body['member']).toEqual(['events'])
    expect(ids(await ask('GET', `/epcs/${epc}/events`))).toEqual(['urn:x:event:2'])
    const link = encodeURIComponent('https://id.gs1.org/01/10614141073464/21/2')
    expect(ids(await ask('GET', `/epcs/${link}/events?EQ_bizStep=shipping`))).toEqual(['urn:x:event:2'])
    expect(ids(await ask('GET', '/bizSteps/packing/events'))).toEqual(['urn:x:event:3'])
    expect((await ask('GET', '/dispositions?perPage=1000')).body['member']).toContain('recalled')
    expect((await ask('GET', '/eventTypes/ObjectEvent/events?perPage=1')).headers.get('link')).toContain(
      'next',
    )
    expect((await ask('GET', '/')).body['member']).toHaveLength(9)
  })

  it('writes EPCs as it is asked to', async () => {
    const urn = 'urn:epc:id:sgtin:0614141.107346.2'
    const link = 'https://id.gs1.org/01/10614141073464/21/2'
    const asked = async (format: string): Promise<unknown> =>
      eventsOf(
        (await ask('GET', '/events?EQ_eventID=urn:x:event:2', undefined, { 'gs1-epc-format': format })).body,
      )[0]?.['epcList']
    expect(await asked('Always_GS1_Digital_Link')).toEqual([link])
    expect(await asked('Always_EPC_URN')).toEqual([urn])
    expect(await asked('No_Preference')).toEqual([urn])
  })

  it('says what it can', async () => {
    const { status, headers } = await ask('OPTIONS', '/capture')
    expect([status, headers.get('allow')]).toEqual([204, 'OPTIONS, GET, POST'])
    expect(headers.get('gs1-epcis-capture-limit')).toBe('500')
    expect(headers.get('gs1-capture-error-behaviour')).toBe('all')
    await ask('POST', '/queries', { name: 'able', query: {} })
    expect((await ask('OPTIONS', '/queries/able')).headers.get('allow')).toBe('OPTIONS, GET, DELETE')
    expect((await ask('OPTIONS', '/bizSteps/packing/events')).status).toBe(204)
    expect((await ask('OPTIONS', '/queries/x')).status).toBe(404)
  })

  it('says how much a capture may hold to one that holds more', async () => {
    const large = JSON.stringify({ ...epcisDocument([]), padding: 'x'.repeat(3_000_000) })
    for (const [body, expected] of [
      [large, 'a body of at most 2097152 bytes'],
      [epcisDocument(Array.from({ length: 501 }, (_, i) => observed(i))), 'at most 500 events'],
    ]) {
      const answer = await ask('POST', '/capture', body)
      expect([answer.status, answer.body['errors']]).toMatchObject([413, [{ expected }]])
      expect(answer.headers.get('gs1-epcis-capture-limit')).toBe('500')
      expect(answer.headers.get('gs1-epcis-capture-file-size-limit')).toBe('2097152')
    }
    const query = await ask('POST', '/queries', {
      name: 'large',
      query: { EQ_bizStep: ['x'.repeat(300_000)] },
    })
    expect([query.status, query.body['type']]).toEqual([400, 'epcisException:QueryValidationException'])
    expect(query.headers.has('gs1-epcis-capture-limit')).toBe(false)
  })

  it('refuses a query of which reading would lose a part', async () => {
    const twice = '{"name":"twice","query":{"EQ_bizStep":["shipping"],"EQ_bizStep":["packing"]}}'
    const asked = await ask('POST', '/queries', twice)
    expect([asked.status, asked.body['pointer']]).toEqual([400, '/query/EQ_bizStep'])
    const number = '{"name":"long","query":{"EQ_ext:count":12345678901234567890}}'
    expect((await ask('POST', '/queries', number)).body['pointer']).toBe('/query/EQ_ext:count')
    expect((await ask('GET', '/queries/twice')).status).toBe(404)
  })

  it('answers no page of another query than the one that is asked', async () => {
    const all = Array.from({ length: 3 }, (_, i) => ({ ...observed(300 + i), bizStep: 'picking' }))
    await ask('POST', '/capture', epcisDocument(all))
    const first = await ask('GET', '/events?EQ_bizStep=picking&perPage=1')
    const token = /nextPageToken=([\w-]+)/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const next = async (path: string): Promise<Answer> =>
      ask('GET', `${path}perPage=1&nextPageToken=${token}`)
    for (const same of ['/events?', '/events?EQ_bizStep=picking&', '/bizSteps/picking/events?'])
      expect([same, ids(await next(same))]).toEqual([same, ['urn:x:event:301']])
    for (const other of [
      '/events?EQ_bizStep=packing&',
      '/bizSteps/packing/events?',
      '/events?EQ_action=ADD&',
    ]) {
      const { status, body } = await next(other)
      expect([other, status, body['type']]).toEqual([other, 400, 'epcisException:QueryParameterException'])
    }
  })

  it('does not go on with the pages of a query that was stored anew', async () => {
    const nextOf = ({ headers }: Answer): string =>
      /^<\/epcis(.*)>; rel="next"$/.exec(headers.get('link') ?? '')?.[1] ?? ''
    await ask('POST', '/queries', { name: 'anew', query: { EQ_bizStep: ['shipping'] } })
    const next = nextOf(await ask('GET', '/queries/anew/events?perPage=1'))
    expect((await ask('GET', next)).status).toBe(200)
    await ask('DELETE', '/queries/anew')
    await ask('POST', '/queries', { name: 'anew', query: { EQ_bizStep: ['packing'] } })
    const { status, body } = await ask('GET', next)
    expect([status, body['pointer']]).toEqual([400, '/nextPageToken'])
    // Nor is a token read over what does not belong in one.
    const other = nextOf(await ask('GET', '/events?perPage=1'))
    expect((await ask('GET', other)).status).toBe(200)
    for (const more of ['=', '!!', '%20', '%00'])
      expect([more, (await ask('GET', other + more)).status]).toEqual([more, 400])
  })
})
