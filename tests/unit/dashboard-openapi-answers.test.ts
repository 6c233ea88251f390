import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve, type Served } from './samples/dashboard-serve.ts'
import { CONTEXT, epcisDocument, type Json } from './samples/epcis-documents.ts'
import { Repository } from './samples/epcis-repository.ts'

type Content = Record<string, { schema: object }>
interface Operation {
  parameters?: { name: string; in: string; style?: string; schema: Json }[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content }>
}

let repository: Repository
let at: Served
let paths: Record<string, Record<string, Operation>>
const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }))

beforeAll(async () => {
  repository = await Repository.open()
  at = await serve(3, { epcis: repository.epcis })
  const doc = (await (await fetch(`${at.url}/openapi.json`)).json()) as { paths: typeof paths }
  paths = doc.paths
  ajv.addSchema(doc, 'doc')
})
afterAll(async () => {
  await at.dashboard.close()
  await repository.remove()
})

/** Null when the value is as the schema of the document says. */
function faults(schema: object, value: unknown): string | null {
  const whole = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/')) as object
  return ajv.validate(whole, value) ? null : ajv.errorsText()
}

const operation = (method: string, path: string): Operation => {
  const found = paths[path]?.[method]
  if (found === undefined) throw new Error(`${method} ${path} is not described`)
  return found
}

interface Ask {
  path?: Record<string, string>
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
}

/** Asks as the document says, and holds the answer against it. */
async function asDescribed(method: string, path: string, ask: Ask = {}): Promise<[number, string, unknown]> {
  const { parameters = [], requestBody, responses } = operation(method, path)
  const names = (place: string): string[] => parameters.filter((p) => p.in === place).map((p) => p.name)
  expect(names('path')).toEqual(expect.arrayContaining(Object.keys(ask.path ?? {})))
  expect(names('query')).toEqual(expect.arrayContaining(Object.keys(ask.query ?? {})))
  expect(names('header')).toEqual(expect.arrayContaining(Object.keys(ask.headers ?? {})))
  if (ask.body !== undefined)
    expect(faults(requestBody?.content['application/json']?.schema ?? { not: {} }, ask.body)).toBeNull()
  const url = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ask.path?.[name] ?? 'x'))
  const response = await fetch(`${at.url}${url}?${new URLSearchParams(ask.query).toString()}`, {
    method: method.toUpperCase(),
    headers: { ...ask.headers, ...(ask.body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
  })
  const told = responses[response.status] ?? responses['default']
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  if (response.status === 204) return [204, '', null]
  const bytes = await response.text()
  const schema = told?.content?.[type]?.schema
  expect(schema, `${method} ${path}: ${response.status} ${type}: ${bytes.slice(0, 200)}`).toBeDefined()
  const answer: unknown = type.endsWith('json') ? JSON.parse(bytes) : bytes
  expect(faults(schema ?? {}, answer), `${method} ${path}: ${bytes.slice(0, 300)}`).toBeNull()
  return [response.status, type, answer]
}

const event: Json = {
  '@context': CONTEXT,
  type: 'ObjectEvent',
  eventID: 'urn:x:event:1',
  eventTime: '2026-01-05T06:00:00.000Z',
  eventTimeZoneOffset: '+00:00',
  action: 'OBSERVE',
  epcList: ['urn:epc:id:sgtin:0614141.107346.1'],
  bizStep: 'shipping',
}

describe('EPCIS by its description', () => {
  it('captures, queries and subscribes', async () => {
    const { '@context': _, ...plain } = event
    const document = epcisDocument([{ ...plain, eventID: 'urn:x:event:2' }])
    expect((await asDescribed('post', '/epcis/events', { body: event }))[0]).toBe(201)
    const headers = { 'GS1-Capture-Error-Behaviour': 'proceed', 'GS1-EPCIS-Version': '2.0.0' }
    const [status, , job] = await asDescribed('post', '/epcis/capture', { headers, body: document })
    expect(status).toBe(202)
    const { captureID } = job as { captureID: string }
    await asDescribed('get', '/epcis/capture')
    await asDescribed('get', '/epcis/capture/{captureID}', { path: { captureID } })
    const query = { perPage: '1', EQ_bizStep: 'shipping|packing' }
    await asDescribed('get', '/epcis/events', { query, headers: { 'GS1-EPC-Format': 'Always_EPC_URN' } })
    await asDescribed('get', '/epcis/bizSteps/{bizStep}/events', { path: { bizStep: 'shipping' } })
    const named = { name: 'shipped', query: { EQ_bizStep: ['shipping'] } }
    expect((await asDescribed('post', '/epcis/queries', { body: named }))[0]).toBe(201)
    const path = { queryName: 'shipped' }
    const to = { dest: 'https://mes.example/hook', schedule: { hour: '1' }, signatureToken: '12345678' }
    const made = await asDescribed('post', '/epcis/queries/{queryName}/subscriptions', { path, body: to })
    expect(made[0]).toBe(201)
    const { subscriptionID } = made[2] as { subscriptionID: string }
    const one = '/epcis/queries/{queryName}/subscriptions/{subscriptionID}'
    await asDescribed('get', one, { path: { ...path, subscriptionID } })
    await asDescribed('delete', one, { path: { ...path, subscriptionID } })
    await asDescribed('get', '/epcis/queries/{queryName}/events', { path, query: { perPage: '1' } })
  })

  it('has no parameter of events that is refused', async () => {
    const ofType: Record<string, string> = { boolean: 'true', number: '1', integer: '9', array: 'ADD' }
    const value = (name: string, { type, format }: Json): string =>
      OWN[name] ?? (format === 'date-time' ? '2100-01-05T06:00:00Z' : (ofType[String(type)] ?? ''))
    const OWN: Record<string, string> = { orderDirection: 'ASC', orderBy: 'eventTime' }
    const { parameters = [] } = operation('get', '/epcis/events')
    const asked = parameters.filter((p) => p.in === 'query' && p.style !== 'form')
    expect(asked.length).toBeGreaterThan(60)
    for (const { name, schema } of asked) {
      if (name === 'nextPageToken') continue
      const text = name.startsWith('MATCH_') ? 'urn:epc:id:sgtin:0614141.107346.1' : value(name, schema)
      const query = { orderBy: 'eventTime', [name]: text }
      expect([name, (await asDescribed('get', '/epcis/events', { query }))[0]]).toEqual([name, 200])
    }
  })

  it('tells each failure as a problem', async () => {
    const failures: [string, string, Ask, number][] = [
      ['get', '/epcis/events', { headers: { 'GS1-EPCIS-Min': '3.0' } }, 406],
      ['get', '/epcis/events', { query: { GE_eventTime: 'noon' } }, 400],
      ['get', '/epcis/events/{eventID}', { path: { eventID: 'urn:x:none' } }, 404],
      ['post', '/epcis/events', { body: { ...event, eventID: 'urn:x:event:9', action: 'SEE' } }, 400],
      ['delete', '/epcis/queries/{queryName}', { path: { queryName: 'none' } }, 404],
    ]
    for (const [method, path, ask, status] of failures)
      expect((await asDescribed(method, path, ask)).slice(0, 2)).toEqual([status, 'application/problem+json'])
  })
})

describe('other answers by their description', () => {
  it('has every type of a file and of a list', async () => {
    const types: [string, Ask['query'], string][] = [
      ['/api/recall', { target: 'LOT-1' }, 'application/json'],
      ['/api/recall', { target: 'LOT-1', format: 'csv' }, 'text/csv'],
      ['/api/recall', { target: 'LOT-1', format: 'epcis' }, 'application/ld+json'],
      ['/api/analysis', {}, 'application/json'],
      ['/api/analysis', { format: 'csv' }, 'text/csv'],
      ['/api/export', {}, 'text/csv'],
      ['/api/export', { format: 'parquet' }, 'application/vnd.apache.parquet'],
    ]
    for (const [path, query, type] of types)
      expect([path, ...(await asDescribed('get', path, { query })).slice(0, 2)]).toEqual([path, 200, type])
  })

  it('has an answer for every status of an endpoint of modules and models', () => {
    for (const path of ['/api/m/{slug}/ref/{table}', '/api/m/{slug}/jobs/{job}'])
      for (const { responses } of Object.values(paths[path] ?? {}))
        expect(Object.keys(responses)).toEqual(
          expect.arrayContaining(['200', '400', '403', '404', '409', '422', '503', 'default']),
        )
  })
})
