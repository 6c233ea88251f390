import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { uuidv7 } from '../../contracts/index.ts'
import {
  ncrAckSchema,
  ncrDetailSchema,
  ncrEffectSchema,
  ncrListSchema,
} from '../../dashboard/server/schemas/ncr.schema.ts'
import { livesSchema } from '../../dashboard/server/schemas/genealogy.schema.ts'
import { changedAt, serveStore, type StoreServed } from './samples/dashboard-store.ts'

let at: StoreServed
beforeAll(async () => {
  at = await serveStore()
}, 60_000)
afterAll(() => at.close())

interface Answer {
  status: number
  body: { code?: string; message?: string; zh?: string }
}
const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> => {
  const res = await fetch(`${at.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: res.status, body: (await res.json()) as Answer['body'] }
}
const step = (rest: object, headers?: Record<string, string>) =>
  post('/api/ncrs/steps', { id: uuidv7(), by: 'li', ...rest }, headers)
const got = async <S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S>> =>
  schema.parse(await (await fetch(`${at.url}${path}`)).json())
const opened = async (over: object = {}): Promise<string> => {
  const { body } = await step({
    kind: 'open',
    title: 'scratches',
    severity: 'major',
    targets: ['lot/L1'],
    ...over,
  })
  return ncrAckSchema.parse(body).ncr
}

describe('the API of nonconformance reports', () => {
  it('takes one from opening to closing, compared by what was judged', async () => {
    const ncr = await opened({ evidence: { classes: ['scratch'] } })
    const hold = uuidv7()
    await post('/api/trace/events', {
      id: hold,
      at: '2026-01-05T06:00:00.000Z',
      by: 'li',
      kind: 'hold',
      target: 'lot/L1',
      reason: 'scratches',
    })
    expect((await step({ kind: 'contain', ncr, holds: [hold] })).status).toBe(200)
    await step({ kind: 'cause', ncr, category: 'material', whys: ['parts rub'] })
    const action = uuidv7()
    await step({ kind: 'act', ncr, action, text: 'new tray', owner: 'zhang', due: '2020-01-01' })
    expect((await got('/api/ncrs?open=true&target=lot%2FL1', ncrListSchema)).reports).toMatchObject([
      { id: ncr, state: 'act', missing: ['act', 'verify', 'release'], overdue: 1, owner: 'zhang' },
    ])
    await step({ kind: 'done', ncr, action, note: 'in use' })
    const verified = await step({
      kind: 'verify',
      ncr,
      change: changedAt,
      class: 'scratch',
      effective: true,
      reason: 'rate fell',
    })
    expect(verified.status).toBe(200)
    const early = await step({ kind: 'close', ncr, reason: 'done' })
    expect([early.status, early.body.code]).toEqual([409, 'TRC_NCR'])
    expect(early.body.message).toContain('lot/L1 on hold')
    expect(early.body.zh).toContain('不合格报告')
    await post('/api/trace/events', {
      id: uuidv7(),
      at: '2026-01-06T06:00:00.000Z',
      by: 'wang',
      kind: 'release',
      target: 'lot/L1',
      reason: 'sorted',
    })
    expect((await step({ kind: 'close', ncr, reason: 'done' })).status).toBe(200)
    const found = await got(`/api/ncrs/${ncr}`, ncrDetailSchema)
    // 12 of 100 and 2 of 100: chi-square 7.680, p = 0.00558 (scipy.stats.chi2_contingency, correction=False).
    expect(found.verification?.comparison).toMatchObject({
      n: 100,
      bad: 2,
      beforeN: 100,
      beforeBad: 12,
      method: 'chi-square',
      p: expect.closeTo(0.00558, 5) as number,
    })
    expect(found).toMatchObject({ state: 'closed', ended: { by: 'li' }, missing: [] })
    expect((await got('/api/ncrs?open=true', ncrListSchema)).total).toBe(0)
    expect((await got('/api/parts/P1/life', livesSchema)).units[0]?.ncrs.map((n) => n.id)).toEqual([ncr])
    expect((await got('/api/parts/P2/life', livesSchema)).units[0]?.ncrs).toEqual([])
  })

  it('compares within a lot, and says when there is nothing to compare', async () => {
    const of = (query: string) => got(`/api/ncrs/effect?change=${changedAt}&${query}`, ncrEffectSchema)
    // Every scratched part is an odd one: all are of L1.
    expect((await of('factor=lot&value=L1')).comparison).toMatchObject({
      n: 50,
      bad: 2,
      beforeN: 50,
      beforeBad: 12,
    })
    expect((await of('factor=lot&value=L2')).comparison).toMatchObject({ bad: 0, beforeBad: 0, beforeN: 50 })
    expect(await of('factor=lot&value=none')).toMatchObject({ shown: false, comparison: { n: 0, p: 1 } })
    expect((await of('class=dent')).comparison).toMatchObject({ n: 100, bad: 0, beforeBad: 0 })
  })

  it('does not take numbers from outside, nor an effect that the counts do not show', async () => {
    const ncr = await opened()
    await step({ kind: 'cause', ncr, category: 'method', whys: ['w'] })
    const action = uuidv7()
    await step({ kind: 'act', ncr, action, text: 't', owner: 'o', due: '2026-01-31' })
    await step({ kind: 'done', ncr, action, note: 'n' })
    const verify = { kind: 'verify', ncr, change: changedAt, effective: true, reason: 'r' }
    const own = { n: 9, bad: 0, beforeN: 9, beforeBad: 9, ratio: 0, low: 0, high: 0, method: 'fisher', p: 0 }
    expect(await step({ ...verify, comparison: own })).toMatchObject({
      status: 400,
      body: { code: 'API_REQUEST' },
    })
    const unknown = await step({ ...verify, class: 'dent' })
    expect(unknown).toMatchObject({ status: 409, body: { code: 'TRC_NCR' } })
    expect(unknown.body.message).toContain('0 of 100 before, 0 of 100 after')
    expect((await step({ ...verify, class: 'dent', despite: 'no more dents' })).status).toBe(200)
  })

  it.each([
    ['an unknown kind', { kind: 'melt' }, 400, 'API_REQUEST'],
    ['no name', { kind: 'close', ncr: 'x', reason: 'r', by: '' }, 400, 'API_REQUEST'],
    ['an id of no report', { kind: 'close', ncr: '../x', reason: 'r' }, 400, 'API_REQUEST'],
    ['an unknown report', { kind: 'close', ncr: 'x', reason: 'r' }, 404, 'TRC_NOT_FOUND'],
    [
      'an unknown unit',
      { kind: 'open', title: 't', severity: 'major', targets: ['unit/none'] },
      404,
      'TRC_NOT_FOUND',
    ],
    ['no target', { kind: 'open', title: 't', severity: 'major', targets: [] }, 400, 'API_REQUEST'],
    [
      'a day that is none',
      { kind: 'act', ncr: 'x', action: uuidv7(), text: 't', owner: 'o', due: '2026-02-30' },
      400,
      'API_REQUEST',
    ],
  ])('refuses %s', async (_name, body, status, code) => {
    const answer = await step(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
  })

  it('refuses bad questions, other web sites and other machines', async () => {
    const status = async (path: string) => (await fetch(`${at.url}${path}`)).status
    expect(await status('/api/ncrs?open=maybe')).toBe(400)
    expect(await status('/api/ncrs?target=mars')).toBe(409)
    expect(await status('/api/ncrs?colour=red')).toBe(400)
    expect(await status('/api/ncrs/effect?change=yesterday')).toBe(400)
    expect(await status('/api/ncrs/effect')).toBe(400)
    expect(await status('/api/ncrs/effect?change=2026-01-05T06:00:00Z&factor=lot')).toBe(400)
    expect(await status('/api/ncrs/none')).toBe(404)
    const open = { kind: 'open', title: 't', severity: 'major', targets: ['lot/L1'] }
    expect((await step(open, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await step(open, { 'x-forwarded-for': '10.0.0.9' })).status).toBe(403)
  })
})
