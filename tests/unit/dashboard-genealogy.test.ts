import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import {
  factsAnswerSchema,
  livesSchema,
  recallSchema,
} from '../../dashboard/server/schemas/genealogy.schema.ts'
import { rawGet, serve, type Served } from './samples/dashboard-serve.ts'

let at: Served
beforeAll(async () => {
  at = await serve(20)
})
afterAll(() => at.dashboard.close())

const post = async (body: unknown, headers: Record<string, string> = {}) => {
  const res = await fetch(`${at.url}/api/trace/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: res.status, body: (await res.json()) as { code?: string; message?: string } }
}
const hold = (target: string) => ({
  id: uuidv7(),
  at: '2026-01-05T06:00:00.000Z',
  by: 'qa1',
  kind: 'hold',
  target,
  reason: 'pits',
})

describe('facts', () => {
  it('are recorded one by one or as a list, with a result each', async () => {
    const one = await post(hold('lot/L1'))
    expect([one.status, factsAnswerSchema.parse(one.body).recorded]).toEqual([200, 1])
    const bad = { ...hold('x'), kind: 'rework', unit: 'unit/none' }
    const { target: _target, ...rework } = bad
    const some = await post([hold('lot/L2'), rework])
    expect(some.status).toBe(207)
    expect(factsAnswerSchema.parse(some.body)).toMatchObject({
      recorded: 1,
      refused: 1,
      results: [{ position: expect.any(Number) as number }, { code: 'TRC_NOT_FOUND' }],
    })
    expect(await post(rework)).toMatchObject({ status: 404, body: { code: 'TRC_NOT_FOUND' } })
    expect(at.line.stated.map((f) => f.kind)).toEqual(['hold', 'hold'])
  })

  it.each([
    ['an unknown key', { ...hold('lot/L'), colour: 'red' }, 'colour'],
    ['no reason', { ...hold('lot/L'), reason: '' }, 'reason'],
    ['an unknown kind', { ...hold('lot/L'), kind: 'melt' }, 'kind'],
    ['no list of facts', [], 'body'],
    ['one malformed fact in a list', [hold('lot/L'), { kind: 'hold' }], 'body[1]'],
  ])('refuse %s and record nothing', async (_name, body, path) => {
    const before = at.line.stated.length
    const answer = await post(body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'API_REQUEST' } })
    expect(answer.body.message).toContain(path)
    expect(at.line.stated).toHaveLength(before)
  })

  it('are not taken from other web sites, nor from elsewhere', async () => {
    expect(await post(hold('lot/L'), { origin: 'https://evil.example' })).toMatchObject({ status: 403 })
    expect(await post(hold('lot/L'), { 'x-forwarded-for': '10.0.0.9' })).toMatchObject({ status: 403 })
  })
})

describe('questions', () => {
  it('answer the life of a part', async () => {
    const res = await fetch(`${at.url}/api/parts/SN240007/life?shown=5`)
    expect(livesSchema.parse(await res.json()).units[0]?.where.pallet).toBe('pallet/P1')
    const none = await rawGet(at.port, '/api/parts/nobody/life')
    expect([none.status, (JSON.parse(none.text) as { code: string }).code]).toEqual([404, 'API_NOT_FOUND'])
    expect((await rawGet(at.port, '/api/parts/SN240007/life?shown=0')).status).toBe(400)
  })

  it('answer a recall as JSON, CSV and EPCIS', async () => {
    const of = async (format: string) => fetch(`${at.url}/api/recall?target=lot/L1&format=${format}`)
    expect(recallSchema.parse(await (await of('json')).json()).target).toBe('lot/L1')
    expect(await (await of('csv')).text()).toMatch(/^serial,certainty,place/)
    // Excel takes CSV without a byte order mark for text in the code page of the machine: Chinese would not be readable.
    const marked = await (await of('csv&bom=1')).arrayBuffer()
    expect(Buffer.from(marked).subarray(0, 9).toString('hex')).toBe(
      'efbbbf' + Buffer.from('serial').toString('hex'),
    )
    expect((await of('epcis')).headers.get('content-type')).toContain('application/ld+json')
    expect((await of('xml')).status).toBe(400)
    expect((await fetch(`${at.url}/api/recall?target=L&from=yesterday`)).status).toBe(400)
    expect(await (await fetch(`${at.url}/api/holds`)).json()).toEqual([])
  })
})
