import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { z } from 'zod'
import { openSinks, type Sinks } from '../../bin/line/sinks.ts'
import { sinksSchema } from '../../contracts/index.ts'
import {
  lettersAnswerSchema,
  sinkReplayAnswerSchema,
  sinksAnswerSchema,
} from '../../dashboard/server/schemas/sinks.schema.ts'
import { openEventLog, openPartStore, openTraceQuery } from '../../traceability/index.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'
import { Receiver } from './samples/webhook-receiver.ts'

let at: Served
let sinks: Sinks
let receiver: Receiver
let recorded: () => unknown[]
const closers: (() => unknown)[] = []

/** A line of six parts with a sink that refused the first three, and a sink that was taken out of the line file. */
beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightline-dashboard-sinks-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
  closers.push(() => store.close())
  const log = openEventLog(dataDir, (l) => store.onAppend(l))
  closers.push(() => log.close())
  await Promise.all([1, 2, 3, 4, 5, 6].map((n) => store.capture(request(n, passVerdict()))))
  await store.advance('sink:old', 4)
  receiver = await Receiver.start()
  closers.push(() => receiver.stop())
  receiver.answers.push(422, 422, 422)
  const line = {
    plant: 'p1',
    line: 'caps-a',
    sinks: sinksSchema.parse([
      { id: 'mes', adapter: 'webhook', url: receiver.url, events: ['qe.inspection.*'] },
    ]),
  }
  sinks = openSinks(line, new Map(), log, store)
  closers.push(() => sinks.close())
  const query = openTraceQuery(dataDir)
  closers.push(() => query.close())
  recorded = () =>
    query
      .eventsAfter(0, 100)
      .filter(({ event }) => event.type === 'qe.sink.replayed.v1')
      .map(({ event }) => [event.subject, event.data])
  at = await serve(0, { queries: query as never, sinks })
  closers.push(() => at.dashboard.close())
  sinks.start()
  await vi.waitUntil(() => sinks.health()[0]?.position === 6, { timeout: 15_000 })
  at.line.state.sinks.push(...sinks.health())
}, 60_000)
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

const got = async <S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S>> => {
  const res = await fetch(`${at.url}${path}`)
  expect(res.status).toBe(200)
  return schema.parse(await res.json())
}
const replay = async (sink: string, body?: unknown, headers: Record<string, string> = {}) => {
  const res = await fetch(`${at.url}/api/sinks/${sink}/replay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: res.status, body: (await res.json()) as { code?: string; message?: string; zh?: string } }
}
const triggers = (): number[] =>
  receiver.got.map(({ body }) => (JSON.parse(body) as { data: { trigger: number } }).data.trigger)

describe('the API of sinks', () => {
  it('says how far each is, also one that the line file no longer has', async () => {
    const { sinks: shown } = await got('/api/sinks', sinksAnswerSchema)
    expect(shown).toEqual([
      { sink: 'mes', position: 6, end: 6, behind: 0, retrying: null, dead: 3, configured: true },
      { sink: 'old', position: 4, end: 6, behind: 2, retrying: null, dead: 0, configured: false },
    ])
  })

  it('pages through what was not taken, newest first', async () => {
    const first = await got('/api/sinks/mes/letters?limit=2', lettersAnswerSchema)
    expect(first.letters.map((l) => l.position)).toEqual([3, 2])
    expect(first.letters[0]).toMatchObject({
      state: 'dead',
      type: 'qe.inspection.completed.v1',
      attempts: 1,
      reason: `HTTP 422 from ${receiver.url}`,
    })
    const rest = await got(`/api/sinks/mes/letters?limit=2&before=${first.nextBefore}`, lettersAnswerSchema)
    expect([rest.letters.map((l) => l.position), rest.nextBefore]).toEqual([[1], null])
    expect((await fetch(`${at.url}/api/sinks/mes/letters?limit=0`)).status).toBe(400)
    expect((await fetch(`${at.url}/api/sinks/nobody/letters`)).status).toBe(404)
  })

  it.each([
    ['mes', { from: 7, by: 'li' }, 400, /TRC_SINK.*expected a position from 0 to 6.*found 7/],
    [
      'mes',
      { from: -1, by: 'li' },
      400,
      /API_REQUEST.*body: from\); expected a position of the log, a whole number from 0; found -1/,
    ],
    ['mes', { from: 1.5, by: 'li' }, 400, /API_REQUEST.*body: from\); expected int/],
    ['mes', { from: 1, dead: true, by: 'li' }, 400, /either from, a position, or dead: true/],
    ['mes', { by: 'li' }, 400, /either from, a position, or dead: true/],
    ['mes', { dead: true }, 400, /body: by\); expected string; found nothing/],
    ['mes', { dead: true, by: ' ' }, 400, /the name of who asks/],
    ['mes', undefined, 400, /API_REQUEST/],
    ['nobody', { dead: true, by: 'li' }, 404, /expected a sink: mes, old; found nobody/],
    ['old', { dead: true, by: 'li' }, 404, /expected a sink: mes; found old/],
  ])('refuses %s %o', async (sink, body, status, says) => {
    const refused = await replay(sink, body)
    expect(refused.body.message).toMatch(says)
    expect(refused.status).toBe(status)
    expect(refused.body.zh).toMatch(/[\u4e00-\u9fff]/)
    expect(recorded()).toEqual([])
  })

  it('refuses whoever is not at the line PC, and other web sites', async () => {
    const ask = { dead: true, by: 'li' }
    expect((await replay('mes', ask, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await replay('mes', ask, { 'x-forwarded-for': '10.0.0.9' })).status).toBe(403)
    expect((await got('/api/sinks', sinksAnswerSchema)).sinks[0]?.dead).toBe(3)
  })

  it('sends dead letters again, then everything behind a position, and records who asked', async () => {
    expect(triggers()).toEqual([4, 5, 6])
    const dead = await replay('mes', { dead: true, by: 'li' })
    expect(sinkReplayAnswerSchema.parse(dead.body)).toEqual({ sink: 'mes', from: null, events: 3 })
    await expect.poll(triggers).toEqual([4, 5, 6, 1, 2, 3])
    await expect.poll(async () => (await got('/api/sinks', sinksAnswerSchema)).sinks[0]?.dead).toBe(0)
    const from = await replay('mes', { from: 4, by: 'wang' })
    expect(sinkReplayAnswerSchema.parse(from.body)).toMatchObject({ sink: 'mes', from: 4 })
    await expect.poll(triggers).toEqual([4, 5, 6, 1, 2, 3, 5, 6])
    await expect.poll(() => sinks.health()[0]?.position).toBe(8)
    expect(recorded()).toEqual([
      ['sink/mes', { sink: 'mes', from: null, by: 'li' }],
      ['sink/mes', { sink: 'mes', from: 4, by: 'wang' }],
    ])
  })
})
