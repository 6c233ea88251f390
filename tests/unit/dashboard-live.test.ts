import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { LatencyWindow, nearestRank } from '../../dashboard/server/live/latency-window.ts'
import { LIVE_MESSAGES } from '../../dashboard/server/schemas/live.schema.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

interface Message {
  id: string | null
  name: keyof typeof LIVE_MESSAGES
  data: unknown
}

const open: { at: Served; abort: AbortController }[] = []
afterEach(async () => {
  for (const { at, abort } of open.splice(0)) {
    abort.abort()
    await at.dashboard.close()
  }
})

/** Reads server-sent events until `enough`; every message is checked against its documented schema. */
async function follow(
  at: Served,
  headers: Record<string, string>,
  enough: (messages: Message[]) => boolean,
  started: () => void = () => {},
): Promise<Message[]> {
  const abort = new AbortController()
  open.push({ at, abort })
  const res = await fetch(`${at.url}/api/events`, { headers, signal: abort.signal })
  expect(res.headers.get('content-type')).toContain('text/event-stream')
  const messages: Message[] = []
  let text = ''
  let first = true
  const decoder = new TextDecoder()
  for await (const chunk of res.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string): string | null =>
        new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
      const name = field('event')
      if (name === null) continue
      const known = name as Message['name']
      const schema: z.ZodType = LIVE_MESSAGES[known]
      messages.push({ id: field('id'), name: known, data: schema.parse(JSON.parse(field('data') ?? 'null')) })
    }
    if (first) started()
    first = false
    if (enough(messages)) break
  }
  return messages
}

const ids = (messages: Message[]): number[] => messages.filter((m) => m.id !== null).map((m) => Number(m.id))

describe('live feed', () => {
  it('sends state and beat at once, then each new part with its log position', async () => {
    const at = await serve(5)
    const messages = await follow(
      at,
      {},
      (m) => ids(m).length >= 2,
      () => {
        at.line.judge()
        at.line.judge({ serial: 'SN-LIVE' })
      },
    )
    expect(messages.slice(0, 2).map((m) => m.name)).toEqual(['state', 'beat'])
    expect(ids(messages)).toEqual([6, 7])
    expect(messages.at(-1)?.data).toMatchObject({ serial: 'SN-LIVE', position: 7 })
  })

  it('replays after Last-Event-ID without gap or repetition while new parts arrive', async () => {
    const at = await serve(450)
    const messages = await follow(
      at,
      { 'Last-Event-ID': '100' },
      (m) => ids(m).length >= 352,
      () => {
        at.line.judge()
        at.line.judge()
      },
    )
    expect(ids(messages)).toEqual(Array.from({ length: 352 }, (_, i) => 101 + i))
  })

  it('tells a client that is too far behind to reload', async () => {
    const at = await serve(2_300)
    const messages = await follow(at, { 'Last-Event-ID': '10' }, (m) => ids(m).includes(2_300))
    const gap = messages.find((m) => m.name === 'gap')
    expect(gap?.data).toEqual({ from: 10, to: 300 })
    expect(ids(messages)).toEqual(Array.from({ length: 2_001 }, (_, i) => 300 + i))
  })

  it.each([0, 3])('tells a client that saw another log to reload, and goes on from %i', async (parts) => {
    const at = await serve(parts)
    const messages = await follow(
      at,
      { 'Last-Event-ID': '8500' },
      (m) => ids(m).length > 0,
      () => at.line.judge({ serial: 'SN-OF-THIS-LOG' }),
    )
    expect(messages.find((m) => m.name === 'gap')?.data).toEqual({ from: 8_500, to: parts })
    expect(messages.at(-1)?.data).toMatchObject({ serial: 'SN-OF-THIS-LOG', position: parts + 1 })
  })

  it('sends alarms with their data and other events without', async () => {
    const at = await serve(3)
    const alarm = { station: 'st10-top', alarm: 'camera', active: true, code: 'CAM_GONE', message: 'gone' }
    const messages = await follow(
      at,
      {},
      (m) => ids(m).length > 0,
      () => at.line.alarm(alarm),
    )
    expect(messages.at(-1)).toMatchObject({ name: 'event', data: { type: 'qe.station.health.v1', alarm } })
  })

  it('refuses a bad Last-Event-ID', async () => {
    const at = await serve(1)
    open.push({ at, abort: new AbortController() })
    const res = await fetch(`${at.url}/api/events`, { headers: { 'Last-Event-ID': 'abc' } })
    expect(res.status).toBe(400)
  })

  it('takes 200 screens and tells the next one so', async () => {
    const at = await serve(1)
    const abort = new AbortController()
    open.push({ at, abort })
    const ask = (): Promise<Response> => fetch(`${at.url}/api/events`, { signal: abort.signal })
    const screens = await Promise.all(Array.from({ length: 200 }, ask))
    expect(new Set(screens.map((res) => res.status))).toEqual(new Set([200]))
    const refused = await ask()
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'API_BUSY' }])
    expect((await fetch(`${at.url}/api/line`)).status).toBe(200)
  })

  it('drops a client that does not read, and goes on serving the others', async () => {
    const at = await serve(1)
    open.push({ at, abort: new AbortController() })
    const socket = connect(at.port, '127.0.0.1')
    socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
    socket.pause()
    const reasons = Array.from({ length: 40 }, () => ({ zh: '字'.repeat(500), en: 'x'.repeat(500) }))
    const dropped = async (): Promise<boolean> =>
      (await (await fetch(`${at.url}/metrics`)).text()).includes('sightline_live_clients_dropped_total 1')
    let gone = false
    for (let i = 0; i < 400 && !gone; i++) {
      for (let n = 0; n < 20; n++) at.line.judge().row.reasons = reasons
      await new Promise((resolve) => setTimeout(resolve, 5))
      gone = await dropped()
    }
    expect(gone).toBe(true)
    socket.destroy()
    const after = await follow(
      at,
      {},
      (m) => ids(m).length > 0,
      () => at.line.judge(),
    )
    expect(ids(after)).toEqual([at.line.events.length])
  })

  it('goes on after a read of the log failed', async () => {
    const at = await serve(1)
    let failures = 1
    const read = at.line.queries.eventsAfter
    at.line.queries.eventsAfter = (position, limit) => {
      if (failures-- > 0) throw new Error('locked')
      return read(position, limit)
    }
    const messages = await follow(
      at,
      {},
      (m) => ids(m).length > 0,
      () => at.line.judge(),
    )
    expect(ids(messages)).toEqual([2])
    expect(at.logged).toHaveLength(1)
  })
})

describe('latency', () => {
  // Nearest rank of 15, 20, 35, 40, 50 at 30 %, 40 %, 50 % and 100 %: the worked example of
  // en.wikipedia.org/wiki/Percentile#Worked_examples_of_the_nearest-rank_method
  it('is a time that occurred', () => {
    const sorted = [15, 20, 35, 40, 50]
    expect([0.3, 0.4, 0.5, 1].map((q) => nearestRank(sorted, q))).toEqual([20, 20, 35, 50])
  })

  it('forgets all but the newest 500', () => {
    const window = new LatencyWindow()
    for (let i = 0; i < 600; i++) window.add('a', i < 100 ? 9_999 : 7)
    expect(window.all()).toMatchObject([{ station: 'a', n: 500, p50Ms: 7, p99Ms: 7 }])
  })
})
