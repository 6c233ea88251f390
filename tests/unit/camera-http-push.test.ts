import { once } from 'node:events'
import { request } from 'node:http'
import type { OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createFramePool, httpPushSource, watchFrames } from '../../camera/index.ts'
import type { HttpPushOptions, ListeningSource } from '../../camera/index.ts'
import { type CameraItem, monoMs } from '../../contracts/index.ts'
import { frameSourceSuite } from '../suites/frame-source.suite.ts'

const options = (over: Partial<HttpPushOptions>): HttpPushOptions => ({
  station: 'st1',
  view: 'top',
  pool: createFramePool({ slots: 4, slotBytes: 4096 }),
  firstTrigger: 1,
  host: '127.0.0.1',
  port: 0,
  maxBytes: 3000,
  backPressure: 'miss',
  staleMs: 5_000,
  ...over,
})

interface Answer {
  status: number
  body: { trigger?: number; code?: string; message?: string; next?: number }
}

const image = { 'content-type': 'image/png' }

async function post(url: string, headers: OutgoingHttpHeaders, bytes: Uint8Array = Buffer.from('pixels')) {
  const req = request(url, {
    method: 'POST',
    headers: { 'content-length': bytes.length, ...headers },
    agent: false,
  })
  req.on('error', () => {})
  req.end(bytes)
  const [res] = await once(req, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk)
  const answer: Answer = { status: res.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) }
  return answer
}

const urlOf = (source: ListeningSource): string => source.url() ?? 'closed'

frameSourceSuite({
  name: 'http-push',
  ends: false,
  firstTrigger: 7,
  make: async (pool, _parts, backPressure) => {
    const source = httpPushSource(options({ pool, backPressure, firstTrigger: 7 }))
    return {
      source,
      show: async (parts) => {
        for (let i = 0; i < parts; i++) await post(urlOf(source), image)
      },
    }
  },
})

const open: ListeningSource[] = []
afterEach(async () => {
  for (const source of open.splice(0)) await source.close()
})

/** An open source whose items are collected while `work` runs; frames are released at the end. */
async function during(
  over: Partial<HttpPushOptions>,
  work: (url: string, source: ListeningSource) => Promise<void>,
  wrap: (s: ListeningSource) => ListeningSource = (s) => s,
): Promise<{ items: CameraItem[]; source: ListeningSource }> {
  const source = wrap(httpPushSource(options(over)))
  open.push(source)
  await source.open()
  const stop = new AbortController()
  const items: CameraItem[] = []
  const reading = (async () => {
    for await (const item of source.items(stop.signal)) if (item.kind !== 'end') items.push(item)
  })()
  await work(urlOf(source), source)
  stop.abort()
  await reading
  for (const item of items) if (item.kind === 'frame') item.frame.release()
  return { items, source }
}

const brief = (items: CameraItem[]): unknown[] =>
  items.map((i) =>
    i.kind === 'frame'
      ? i.frame.meta.trigger
      : i.kind === 'missed'
        ? [i.trigger, i.reason, i.code]
        : i.kind === 'fault'
          ? i.code
          : i.kind,
  )

describe('http-push', () => {
  it('takes encoded and raw frames as they are and answers 202 with the trigger', async () => {
    const raw = Buffer.from([1, 2, 3, 4, 5, 6])
    const { items } = await during({}, async (url) => {
      expect(await post(url, image, Buffer.from('abc'))).toEqual({ status: 202, body: { trigger: 1 } })
      const headers = { 'content-type': 'application/octet-stream', 'x-pixel': 'mono8' }
      const at = new Date().toISOString()
      const answer = await post(
        url,
        { ...headers, 'x-width': 3, 'x-height': 2, 'x-trigger': 2, 'x-captured-at': at },
        raw,
      )
      expect(answer).toEqual({ status: 202, body: { trigger: 2 } })
    })
    const frames = items.map((i) => (i.kind === 'frame' ? [Buffer.from(i.frame.bytes), i.frame.meta] : i))
    expect(frames).toMatchObject([
      [
        Buffer.from('abc'),
        { trigger: 1, cameraCounter: null, format: { kind: 'encoded', mime: 'image/png' } },
      ],
      [
        raw,
        { trigger: 2, cameraCounter: 2, format: { kind: 'raw', pixel: 'mono8', widthPx: 3, heightPx: 2 } },
      ],
    ])
  })

  it('refuses noise without making a trigger of it', async () => {
    const token = 'correct-horse-battery'
    const bearer = { authorization: `Bearer ${token}` }
    const { items } = await during({ token }, async (url) => {
      expect((await post(url, image)).status).toBe(401)
      expect((await post(url, { ...image, authorization: 'Bearer wrong-token-of-16' })).status).toBe(401)
      expect((await post(`${url}x`, { ...image, ...bearer })).status).toBe(404)
      expect((await post(url, { ...image, ...bearer, origin: 'http://evil.example' })).status).toBe(403)
      const got = await fetch(url, { headers: bearer })
      expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST'])
      expect((await post(url, { ...image, ...bearer })).status).toBe(202)
    })
    expect(brief(items)).toEqual([1])
  })

  it('takes no compressed frame, and no name whose characters are not certain', async () => {
    const { items } = await during({}, async (url) => {
      const messages: (string | undefined)[] = []
      // Node writes headers as latin1: the bytes of UTF-8 are what most other programs send.
      for (const headers of [
        { 'content-encoding': 'gzip' },
        { 'x-cavity': Buffer.from('Nest ü').toString('latin1') },
        { 'x-cavity': ['1', '2'] },
      ])
        messages.push((await post(url, { ...image, ...headers })).body.message)
      expect(messages.map((m) => /\((\S+)\)/.exec(m ?? '')?.[1])).toEqual([
        'content-encoding',
        'x-cavity',
        'x-cavity',
      ])
      expect((await post(url, { ...image, 'x-cavity': encodeURIComponent('Nest ü') })).status).toBe(202)
      for (const none of ['Identity', ''])
        expect((await post(url, { ...image, 'content-encoding': none })).status).toBe(202)
    })
    expect(items.map((i) => (i.kind === 'frame' ? i.frame.meta.place : i.kind))).toContainEqual({
      cavity: 'Nest ü',
    })
  })

  it('takes no day that its month has not for the time of a frame', async () => {
    const asked = async (url: string, at: string): Promise<number> =>
      (await post(url, { ...image, 'x-captured-at': at })).status
    const { items } = await during({}, async (url) => {
      const times = ['2026-02-29T12:00:00Z', '2026-04-31T12:00:00+02:00', '2026-02-28T24:00:00Z']
      for (const at of [...times, '2026-13-01T12:00:00Z', '2026-02-28T12:00:60Z'])
        expect([at, await asked(url, at)]).toEqual([at, 400])
      for (const at of ['2028-02-29T23:59:59.123456+14:00', '2026-12-31t12:00:00-00:00'])
        expect([at, await asked(url, at)]).toEqual([at, 202])
    })
    const taken = items.flatMap((i) => (i.kind === 'frame' ? [i.frame.meta.capturedAt] : []))
    expect(taken).toEqual(['2028-02-29T09:59:59.123Z', '2026-12-31T12:00:00.000Z'])
    expect(items).toHaveLength(7)
  })

  it('accounts for every malformed push of an entitled sender', async () => {
    const octets = { 'content-type': 'application/octet-stream' }
    const { items, source } = await during({}, async (url) => {
      const answers = [
        await post(url, { 'content-type': 'text/plain' }),
        await post(url, { ...octets, 'x-pixel': 'mono12', 'x-width': 2, 'x-height': 3 }),
        await post(url, { ...octets, 'x-pixel': 'mono8', 'x-width': 2, 'x-height': 2 }),
        await post(url, { ...image, 'x-captured-at': 'yesterday' }),
        await post(url, { ...image, 'x-encoder': '12 mm' }),
        await post(url, { ...image, 'x-cavity': '%FF' }),
        await post(url, image, Buffer.alloc(3001)),
      ]
      expect(answers.map((a) => [a.status, a.body.code, a.body.trigger])).toEqual([
        [415, 'CAM_BAD_REQUEST', 1],
        [400, 'CAM_BAD_REQUEST', 2],
        [400, 'CAM_BAD_REQUEST', 3],
        [400, 'CAM_BAD_REQUEST', 4],
        [400, 'CAM_BAD_REQUEST', 5],
        [400, 'CAM_BAD_REQUEST', 6],
        [413, 'CAM_FRAME_TOO_LARGE', 7],
      ])
      expect(answers[2]?.body.message).toContain('4 bytes (mono8, 2 x 2)')
      const chunked = await fetch(url, {
        method: 'POST',
        headers: image,
        body: new ReadableStream({
          start(c) {
            c.enqueue(new Uint8Array(4))
            c.close()
          },
        }),
        duplex: 'half',
      } as RequestInit)
      expect(chunked.status).toBe(411)
    })
    expect(brief(items)).toEqual([
      [1, 'incomplete', 'CAM_BAD_REQUEST'],
      [2, 'incomplete', 'CAM_BAD_REQUEST'],
      [3, 'incomplete', 'CAM_BAD_REQUEST'],
      [4, 'incomplete', 'CAM_BAD_REQUEST'],
      [5, 'incomplete', 'CAM_BAD_REQUEST'],
      [6, 'incomplete', 'CAM_BAD_REQUEST'],
      [7, 'too-large', 'CAM_FRAME_TOO_LARGE'],
      [8, 'incomplete', 'CAM_BAD_REQUEST'],
    ])
    expect(source.health()).toMatchObject({ frames: 0, missed: 8 })
  })

  it('makes an upload that breaks off an incomplete frame and keeps the order', async () => {
    const { items } = await during({}, async (url, source) => {
      const { port, pathname } = new URL(url)
      const socket = connect(Number(port), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\n1234`,
      )
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect((await post(url, image)).body).toEqual({ trigger: 2 })
      socket.destroy()
      await expect.poll(() => source.health().missed).toBe(1)
    })
    expect(brief(items)).toEqual([[1, 'incomplete', 'CAM_INCOMPLETE'], 2])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('4 of 9 bytes') })
  })

  it('limits a stalled upload to the staleness budget', async () => {
    const { items } = await during({ staleMs: 100 }, async (url, source) => {
      const { port, pathname } = new URL(url)
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(
        `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 9\r\n\r\n1234`,
      )
      await expect.poll(() => source.health().missed).toBe(1)
      socket.destroy()
    })
    expect(brief(items)).toEqual([[1, 'incomplete', 'CAM_INCOMPLETE']])
  })

  it('gives a part up whose upload stalls before whole frames have waited too long, and keeps the order', async () => {
    const delivered: number[] = []
    const { items, source } = await during({ waitMs: 100 }, async (url, s) => {
      const { port, pathname } = new URL(url)
      const stall = async (n: number) => {
        const socket = connect(Number(port), '127.0.0.1')
        socket.on('error', () => {})
        socket.write(
          `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 1000\r\nx-trigger: ${n}\r\n\r\nabc`,
        )
        await new Promise((resolve) => setTimeout(resolve, 50))
        return socket
      }
      const first = await stall(1)
      const since = monoMs()
      for (const n of [2, 3]) expect((await post(url, { ...image, 'x-trigger': n })).status).toBe(202)
      await expect.poll(() => s.health().missed).toBe(1)
      delivered.push(monoMs() - since)
      // Nobody waits behind this one, so it may take its time.
      const second = await stall(4)
      await new Promise((resolve) => setTimeout(resolve, 300))
      expect(s.health().missed).toBe(1)
      second.write(Buffer.alloc(997))
      await expect.poll(() => s.health().frames).toBe(3)
      for (const socket of [first, second]) socket.destroy()
    })
    expect(brief(items)).toEqual([[1, 'incomplete', 'CAM_INCOMPLETE'], 2, 3, 4])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('3 of 1000 bytes') })
    // Far below the 5,000 ms of staleness.
    expect(delivered[0]).toBeLessThan(2_000)
    expect(source.health()).toMatchObject({ frames: 3, missed: 1 })
  })

  it("follows the camera's own trigger counter: gaps become missed triggers, repeats are refused", async () => {
    const { items } = await during({ firstTrigger: 100 }, async (url) => {
      const push = (n: number | string) => post(url, { ...image, 'x-trigger': n })
      expect((await push(101)).body).toEqual({ trigger: 101 })
      expect(await push(101)).toMatchObject({ status: 409, body: { code: 'CAM_DUPLICATE', next: 102 } })
      expect((await push(104)).body).toEqual({ trigger: 104 })
      expect(await push('12e3')).toMatchObject({ status: 400, body: { code: 'CAM_BAD_REQUEST' } })
      expect((await post(url, image)).body).toEqual({ trigger: 105 })
      expect((await push(200_000)).body).toEqual({ trigger: 200_000 })
    })
    // Number 100 came while nothing ran: no link lost it, and the station closes it as interrupted.
    expect(brief(items)).toEqual([
      101,
      'CAM_DUPLICATE',
      [102, 'timeout', 'CAM_GAP'],
      [103, 'timeout', 'CAM_GAP'],
      104,
      'CAM_BAD_REQUEST',
      105,
      'CAM_GAP',
      200_000,
    ])
  })

  it('tells the sender when no slot is free, and accounts for the part', async () => {
    const pool = createFramePool({ slots: 1, slotBytes: 4096 })
    const { items } = await during({ pool }, async (url) => {
      expect((await post(url, image)).status).toBe(202)
      expect(await post(url, image)).toMatchObject({
        status: 429,
        body: { trigger: 2, code: 'CAM_NO_BUFFER' },
      })
    })
    expect(brief(items)).toEqual([1, [2, 'no-buffer', 'CAM_NO_BUFFER']])
  })

  it('says how long a frame has waited for a slot, and when one that was not counted may come again', async () => {
    const pool = createFramePool({ slots: 1, slotBytes: 4096 })
    const { items } = await during({ pool, backPressure: 'wait', staleMs: 150 }, async (url) => {
      await post(url, image)
      const refused = await fetch(url, { method: 'POST', headers: image, body: 'pixels' })
      expect(refused.status).toBe(429)
      // Sent again it would be another part.
      expect(refused.headers.get('retry-after')).toBeNull()
      expect(await refused.json()).toMatchObject({
        trigger: 2,
        message: expect.stringMatching(/found none within 1\d\d ms|found none within [2-9]\d\d+ ms/),
      })
    })
    expect(brief(items)).toEqual([1, [2, 'no-buffer', 'CAM_NO_BUFFER']])
    const source = httpPushSource(options({}))
    open.push(source)
    await source.open()
    const url = urlOf(source)
    const stop = new AbortController()
    stop.abort()
    for await (const item of source.items(stop.signal)) expect(item.kind).toBe('end')
    const stopping = await fetch(url, { method: 'POST', headers: image, body: 'pixels' })
    expect(stopping.status).toBe(503)
    expect(stopping.headers.get('retry-after')).toBe('5')
    expect(await stopping.json()).toMatchObject({ message: expect.stringContaining('was not counted') })
  })

  it('drops frames that are older than the staleness budget, or from the future', async () => {
    const watch = { staleMs: 1_000, frozenAfter: 0, counter: 'off' } as const
    const { items, source } = await during(
      {},
      async (url, s) => {
        for (const ageMs of [60_000, -60_000, 20 * 365 * 86_400_000, 0])
          await post(url, { ...image, 'x-captured-at': new Date(Date.now() - ageMs).toISOString() })
        await expect.poll(() => s.health().frames + s.health().missed).toBe(4)
      },
      (s) => watchFrames(s, watch),
    )
    const stale = [1, 2, 3].map((trigger) => [trigger, 'stale', 'CAM_STALE'])
    expect(brief(items)).toEqual([...stale, 4])
    expect(items.map((i) => (i.kind === 'missed' ? i.message : ''))).toEqual([
      expect.stringMatching(/the link or the pipeline is behind/),
      expect.stringMatching(/the clock of the camera is wrong/),
      expect.stringMatching(/the clock of the camera is wrong/),
      '',
    ])
    expect(source.health()).toMatchObject({ frames: 1, missed: 3 })
  })

  it('refuses to start on a taken port, and on an open network without a token', async () => {
    const first = httpPushSource(options({}))
    open.push(first)
    await first.open()
    const port = Number(new URL(urlOf(first)).port)
    await expect(httpPushSource(options({ port })).open()).rejects.toMatchObject({ code: 'CFG_PORT_IN_USE' })
    await expect(httpPushSource(options({ host: '0.0.0.0' })).open()).rejects.toMatchObject({
      code: 'CFG_INVALID',
      detail: { path: 'camera.token' },
    })
  })

  it('delivers what it has accepted after an abort and refuses the rest', async () => {
    const source = httpPushSource(options({}))
    open.push(source)
    await source.open()
    await post(urlOf(source), image)
    await post(urlOf(source), image)
    const stop = new AbortController()
    stop.abort()
    const seen: unknown[] = []
    for await (const item of source.items(stop.signal)) {
      seen.push(item.kind === 'frame' ? item.frame.meta.trigger : item.kind)
      if (item.kind === 'frame') item.frame.release()
    }
    expect(seen).toEqual([1, 2, 'end'])
    expect(await post(urlOf(source), image)).toMatchObject({ status: 503, body: { code: 'CAM_GONE' } })
  })
})
