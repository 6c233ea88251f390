import { afterEach, describe, expect, it } from 'vitest'
import { createFramePool, generatedSource, httpPushSource } from '../../camera/index.ts'
import type { GeneratedFrame, HttpPushOptions, ListeningSource } from '../../camera/index.ts'
import type { CameraItem, FrameSource } from '../../contracts/index.ts'

const open: FrameSource[] = []
afterEach(async () => {
  for (const source of open.splice(0)) await source.close()
})

async function collect(source: FrameSource, work: () => Promise<void>): Promise<CameraItem[]> {
  const stop = new AbortController()
  const items: CameraItem[] = []
  const reading = (async () => {
    for await (const item of source.items(stop.signal)) {
      if (item.kind !== 'end') items.push(item)
      if (item.kind === 'frame') item.frame.release()
    }
  })()
  await work()
  stop.abort()
  await reading
  return items
}

const brief = (items: CameraItem[]): unknown[] =>
  items.map((i) =>
    i.kind === 'frame'
      ? i.frame.meta.trigger
      : i.kind === 'missed'
        ? [i.trigger, i.code]
        : i.kind !== 'end' && i.code,
  )

describe('http-push with a counter', () => {
  async function pushes(
    over: Partial<HttpPushOptions>,
    work: (
      push: (headers: Record<string, string>) => Promise<[number, Record<string, unknown>]>,
    ) => Promise<void>,
  ): Promise<{ items: CameraItem[]; source: ListeningSource }> {
    const source = httpPushSource({
      station: 'st1',
      view: 'top',
      pool: createFramePool({ slots: 4, slotBytes: 4096 }),
      firstTrigger: 1,
      host: '127.0.0.1',
      port: 0,
      maxBytes: 3000,
      backPressure: 'wait',
      staleMs: 5_000,
      ...over,
    })
    open.push(source)
    await source.open()
    const items = await collect(source, () =>
      work(async (headers) => {
        const answer = await fetch(source.url() ?? '', {
          method: 'POST',
          headers: { 'content-type': 'image/png', ...headers },
          body: 'pixels',
        })
        return [answer.status, (await answer.json()) as Record<string, unknown>]
      }),
    )
    return { items, source }
  }
  const numbered = (n: number, reset = false): Record<string, string> => ({
    'x-trigger': String(n),
    ...(reset && { 'x-counter-reset': '1' }),
  })

  it('goes on by itself when a camera starts again far below', async () => {
    const { items } = await pushes({ firstTrigger: 1_000 }, async (push) => {
      expect(await push(numbered(1_000))).toEqual([202, { trigger: 1_000 }])
      expect(await push(numbered(1))).toEqual([202, { trigger: 1 }])
      expect(await push(numbered(2))).toEqual([202, { trigger: 2 }])
    })
    expect(brief(items)).toEqual([1_000, 'CAM_GAP', 1, 2])
    expect(items[1]).toMatchObject({ fatal: false, message: expect.stringContaining('counter restarted') })
  })

  it('wraps at 32 bits into a new epoch', async () => {
    const { items } = await pushes({}, async (push) => {
      expect((await push(numbered(0xffff_ffff)))[0]).toBe(202)
      expect((await push(numbered(1)))[0]).toBe(202)
    })
    expect(brief(items)).toEqual([0xffff_ffff, 'CAM_GAP', 1])
  })

  it.each([0xffff, 0xffff_ffff])(
    'goes on with 0 behind %i, and is not said to have lost its power',
    async (last) => {
      const { items } = await pushes({ firstTrigger: last }, async (push) => {
        for (const n of [last, 0, 1]) expect(await push(numbered(n))).toEqual([202, { trigger: n }])
        expect((await push(numbered(0)))[0]).toBe(409)
      })
      expect(brief(items)).toEqual([last, 'CAM_GAP', 0, 1, 'CAM_DUPLICATE'])
      expect(items[1]).toMatchObject({ message: expect.stringContaining('went over its greatest number') })
    },
  )

  it('misses the parts that it lost when it wrapped', async () => {
    const { items } = await pushes({ firstTrigger: 65_533 }, async (push) => {
      for (const n of [65_533, 3, 4]) expect(await push(numbered(n))).toEqual([202, { trigger: n }])
    })
    const lost = [65_534, 65_535, 1, 2].map((n) => [n, 'CAM_GAP'])
    expect(brief(items)).toEqual([65_533, 'CAM_GAP', ...lost, 3, 4])
    // The device says that it was begun anew: no part lies between.
    const told = await pushes({ firstTrigger: 65_533 }, async (push) => {
      for (const n of [65_533, 3]) expect((await push(numbered(n, n === 3)))[0]).toBe(202)
    })
    expect(brief(told.items)).toEqual([65_533, 'CAM_GAP', 3])
  })

  it('near below it asks, and takes the word of the sender', async () => {
    const { items } = await pushes({ firstTrigger: 500 }, async (push) => {
      expect((await push(numbered(500)))[0]).toBe(202)
      const [status, body] = await push(numbered(1))
      expect([status, body['code'], body['next']]).toEqual([409, 'CAM_DUPLICATE', 501])
      expect(body['message']).toContain('x-counter-reset: 1')
      expect(await push(numbered(1, true))).toEqual([202, { trigger: 1 }])
      // The same request sent again is not another part.
      expect((await push(numbered(1, true)))[0]).toBe(409)
      expect(await push(numbered(2))).toEqual([202, { trigger: 2 }])
    })
    expect(brief(items)).toEqual([500, 'CAM_DUPLICATE', 'CAM_GAP', 1, 'CAM_DUPLICATE', 2])
  })

  it('takes the first number of a run for a new count, unless it may have been in work at the stop', async () => {
    const { items } = await pushes({ firstTrigger: 101 }, async (push) => {
      // Sent again, since their answers were lost with the program that stopped.
      for (const n of [99, 100]) expect((await push(numbered(n)))[0]).toBe(409)
      // A counter that began anew while nobody was there to be told.
      expect(await push(numbered(60))).toEqual([202, { trigger: 60 }])
      expect(await push(numbered(61))).toEqual([202, { trigger: 61 }])
      expect((await push(numbered(20)))[0]).toBe(409)
    })
    expect(brief(items)).toEqual(['CAM_DUPLICATE', 'CAM_DUPLICATE', 'CAM_GAP', 60, 61, 'CAM_DUPLICATE'])
  })

  it('begins one count anew with frames in flight together, whichever comes first', async () => {
    const { items } = await pushes({ firstTrigger: 501 }, async (push) => {
      expect(await push(numbered(501))).toEqual([202, { trigger: 501 }])
      expect(await push(numbered(2, true))).toEqual([202, { trigger: 2 }])
      // Overtaken on another connection.
      const [status, body] = await push(numbered(1, true))
      expect([status, body['code'], body['next']]).toEqual([409, 'CAM_DUPLICATE', 3])
      expect(body['message']).toContain('late')
      expect((await push(numbered(2, true)))[0]).toBe(409)
      expect(await push(numbered(3, true))).toEqual([202, { trigger: 3 }])
      expect(await push(numbered(4))).toEqual([202, { trigger: 4 }])
      // Said of a count of which it was not said any more: the next one.
      expect(await push(numbered(1, true))).toEqual([202, { trigger: 1 }])
      expect(await push(numbered(40, true))).toEqual([202, { trigger: 40 }])
      // Too far below to have been in flight with it.
      expect(await push(numbered(8, true))).toEqual([202, { trigger: 8 }])
    })
    const late = ['CAM_DUPLICATE', 'CAM_DUPLICATE']
    const lost = Array.from({ length: 38 }, (_, i) => [i + 2, 'CAM_GAP'])
    expect(brief(items)).toEqual([501, 'CAM_GAP', 2, ...late, 3, 4, 'CAM_GAP', 1, ...lost, 40, 'CAM_GAP', 8])
  })

  it('refuses a reset it cannot understand', async () => {
    const { items } = await pushes({}, async (push) => {
      expect(await push({ 'x-counter-reset': '1' })).toMatchObject([400, { code: 'CAM_BAD_REQUEST' }])
      expect(await push({ ...numbered(3), 'x-counter-reset': 'yes' })).toMatchObject([400, {}])
    })
    expect(brief(items)).toEqual(['CAM_BAD_REQUEST', 'CAM_BAD_REQUEST'])
  })

  it('a frame without its number is no part where the gate acts by number', async () => {
    const { items, source } = await pushes({ requireTrigger: true }, async (push) => {
      expect((await push(numbered(7)))[0]).toBe(202)
      const [status, body] = await push({})
      expect([status, body['code'], body['trigger']]).toEqual([400, 'CAM_BAD_REQUEST', undefined])
      expect(body['message']).toContain('x-trigger')
      // It used up no number.
      expect(await push(numbered(8))).toEqual([202, { trigger: 8 }])
    })
    expect(brief(items)).toEqual([7, 'CAM_BAD_REQUEST', 8])
    expect(source.health()).toMatchObject({ frames: 2, missed: 0, faults: 1 })
  })

  it('lists up to 1,000 lost parts and names more as a range', async () => {
    const { items } = await pushes({}, async (push) => {
      for (const n of [1, 1_002, 2_004]) expect((await push(numbered(n)))[0]).toBe(202)
    })
    const lost = Array.from({ length: 1_000 }, (_, i) => [2 + i, 'CAM_GAP'])
    expect(brief(items)).toEqual([1, ...lost, 1_002, 'CAM_GAP', 2_004])
    expect(items.at(-2)).toMatchObject({ kind: 'fault', message: expect.stringContaining('1003 to 2003') })
  })
})

describe('a gate that demands frames', () => {
  const demanded = (): FrameSource => {
    async function* frames(): AsyncGenerator<GeneratedFrame> {
      for (;;)
        yield {
          bytes: new Uint8Array(4).fill(1),
          format: { kind: 'raw', pixel: 'mono8', widthPx: 2, heightPx: 2 },
          source: 'test',
        }
    }
    const pool = createFramePool({ slots: 2, slotBytes: 64 })
    const common = { adapter: 'test', station: 'st1', view: 'top', pool, backPressure: 'wait' } as const
    const source = generatedSource({ ...common, firstTrigger: 1, rate: 'triggered', frames })
    open.push(source)
    return source
  }

  it('may start its count again', async () => {
    const source = demanded()
    await source.open()
    const items = await collect(source, async () => {
      source.trigger?.(500)
      source.trigger?.(1)
      source.trigger?.(1, true)
      source.trigger?.(2)
      await expect.poll(() => source.health().frames).toBe(3)
    })
    // Faults are told at once, frames in the order of their triggers.
    expect(brief(items).filter((i) => typeof i === 'number')).toEqual([500, 1, 2])
    expect(brief(items).filter((i) => typeof i === 'string')).toEqual(['CAM_DUPLICATE', 'CAM_GAP'])
  })

  it('a long gap lets the event loop have its turns', async () => {
    const source = demanded()
    await source.open()
    source.trigger?.(1)
    source.trigger?.(902)
    let turns = 0
    let counting = true
    const turn = (): void => {
      turns += 1
      if (counting) setImmediate(turn)
    }
    const items: unknown[] = []
    let before = 0
    let within = 0
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind === 'frame') item.frame.release()
      items.push(item)
      if (items.length === 1) setImmediate(turn)
      if (items.length === 2) before = turns
      if (items.length === 901) within = turns - before
      if (items.length === 902) break
    }
    counting = false
    // 900 lost parts in portions of 50.
    expect(within).toBeGreaterThanOrEqual(16)
  })
})
