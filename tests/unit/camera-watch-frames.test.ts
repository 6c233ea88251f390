import { describe, expect, it } from 'vitest'
import {
  createFramePool,
  createFrameSource,
  generatedSource,
  listeningUrl,
  watchFrames,
} from '../../camera/index.ts'
import type { GeneratedFrame, SharedFramePool, WatchOptions } from '../../camera/index.ts'
import { cameraSchema } from '../../contracts/index.ts'
import type { FrameSource } from '../../contracts/index.ts'

interface Shot {
  level: number
  counter?: number
}

/** A camera that takes these pictures; each is four pixels of one grey level. */
function camera(pool: SharedFramePool, shots: Shot[]): FrameSource {
  async function* frames(): AsyncGenerator<GeneratedFrame> {
    for (const { level, counter } of shots)
      yield {
        bytes: new Uint8Array(4).fill(level),
        format: { kind: 'raw', pixel: 'mono8', widthPx: 2, heightPx: 2 },
        source: 'test',
        cameraCounter: counter ?? null,
      }
  }
  const common = { adapter: 'test', station: 'st1', view: 'top', pool, backPressure: 'wait' } as const
  return generatedSource({ ...common, firstTrigger: shots[0]?.counter ?? 1, rate: 1_000, frames })
}

async function watched(shots: Shot[], over: Partial<WatchOptions>, holdMs = 0) {
  const pool = createFramePool({ slots: 3, slotBytes: 64 })
  const source = watchFrames(camera(pool, shots), { staleMs: 5_000, frozenAfter: 0, counter: 'off', ...over })
  await source.open()
  const seen: unknown[] = []
  for await (const item of source.items(new AbortController().signal)) {
    if (item.kind === 'frame') {
      seen.push(item.frame.bytes[0])
      item.frame.release()
      if (holdMs > 0) await new Promise((resolve) => setTimeout(resolve, holdMs))
    } else seen.push(item.kind === 'missed' ? [item.trigger, item.reason, item.code] : item.kind)
  }
  expect(pool.free).toBe(3)
  return { seen, health: source.health() }
}

const levels = (...list: number[]): Shot[] => list.map((level) => ({ level }))

describe('frozen image', () => {
  it('is missed after N identical images in a row, until as many differ', async () => {
    const { seen, health } = await watched(levels(7, 7, 7, 7, 8, 9, 9, 10), { frozenAfter: 2 })
    const held = [3, 4, 5].map((trigger) => [trigger, 'frozen', 'CAM_FROZEN'])
    expect(seen).toEqual([7, 7, ...held, 9, 9, 10, 'end'])
    expect(health).toMatchObject({ frames: 5, missed: 3 })
  })

  it('stays one when a key frame codes the same scene a little differently', async () => {
    const gop = [50, 51, 52, ...Array<number>(22).fill(52)]
    const { seen } = await watched(levels(...gop, ...gop, ...gop, 60, 61, 62, 63, 64), { frozenAfter: 5 })
    // Five of the first group, and the fifth picture of a stream that moves again.
    expect(seen.filter((s) => typeof s === 'number')).toEqual([50, 51, 52, 52, 52, 52, 52, 64])
    expect(seen).toHaveLength(81)
  })

  it('is over with a stream that moves, also one that shows each picture more than once', async () => {
    const each = (times: number): number[] => [...Array(60).keys()].map((i) => 100 + Math.floor(i / times))
    for (const times of [1, 2, 5]) {
      const { seen } = await watched(levels(...Array<number>(20).fill(7), ...each(times)), { frozenAfter: 5 })
      const from = times * 4
      expect(seen.slice(20, -1).map((s) => typeof s === 'number')).toEqual(each(1).map((_, i) => i >= from))
    }
  })

  it('is not looked for unless asked: stills may repeat', async () => {
    expect((await watched(levels(7, 7, 7), {})).seen).toEqual([7, 7, 7, 'end'])
  })

  it('with 1 refuses the first repetition, and a change back counts as a change', async () => {
    const { seen } = await watched(levels(1, 1, 2, 1), { frozenAfter: 1 })
    expect(seen).toEqual([1, [2, 'frozen', 'CAM_FROZEN'], 2, 1, 'end'])
  })
})

describe('camera counter', () => {
  const counted = (...list: number[]): Shot[] => list.map((counter, i) => ({ level: i + 1, counter }))

  it('as trigger number: one missed item per lost trigger; a repeat has its item already', async () => {
    const { seen, health } = await watched(counted(5, 6, 9, 9, 10), { counter: 'trigger' })
    expect(seen).toEqual([1, 2, [7, 'timeout', 'CAM_GAP'], [8, 'timeout', 'CAM_GAP'], 3, 'fault', 5, 'end'])
    expect(health).toMatchObject({ frames: 5, missed: 2, faults: 1 })
  })

  it('that was restarted is one fault, and the frame is a frame', async () => {
    const { seen, health } = await watched(counted(5_000, 5_001, 1, 2), { counter: 'trigger' })
    expect(seen).toEqual([1, 2, 'fault', 3, 4, 'end'])
    expect(health).toMatchObject({ frames: 4, missed: 0, faults: 1 })
    expect(health.lastError).toContain('counter restarted')
  })

  it('as a count of its own: a gap is reported, a repeated frame is a missed trigger', async () => {
    const { seen, health } = await watched(counted(100, 102, 102, 103), { counter: 'frames' })
    expect(seen).toEqual([1, 'fault', 2, [102, 'duplicate', 'CAM_DUPLICATE'], 4, 'end'])
    expect(health).toMatchObject({ frames: 3, missed: 1, faults: 1 })
  })
})

describe('staleness', () => {
  it('frames that waited too long for the line are missed', async () => {
    const { seen } = await watched(levels(1, 2, 3), { staleMs: 400 }, 600)
    expect(seen[0]).toBe(1)
    expect(seen.slice(1)).toContainEqual([2, 'stale', 'CAM_STALE'])
    expect(seen.at(-1)).toBe('end')
    expect(seen).toHaveLength(4)
  })
})

describe('registry', () => {
  const context = () => ({
    station: 'st1',
    pool: createFramePool({ slots: 2, slotBytes: 64 }),
    firstTrigger: 1,
    budgetMs: 200,
  })

  it('makes every adapter of the line schema, with triggers where they exist', async () => {
    const make = (spec: unknown) =>
      createFrameSource(cameraSchema.parse(spec), { ...context(), generate: async function* () {} })
    const free = make({ adapter: 'replay', path: '/none', rate: 'max' })
    expect([free.adapter, free.trigger, listeningUrl(free)]).toEqual(['replay', undefined, null])
    expect(make({ adapter: 'replay', path: '/none', rate: 'triggered' }).trigger).toBeTypeOf('function')
    expect(make({ adapter: 'sample-line', rate: 5 }).adapter).toBe('sample-line')
    const size = { widthPx: 4, heightPx: 4 }
    expect(make({ adapter: 'ffmpeg', input: ['-i', 'x'], mode: 'triggered', ...size }).trigger).toBeTypeOf(
      'function',
    )
    const numbered = createFrameSource(cameraSchema.parse({ adapter: 'http-push', port: 0 }), {
      ...context(),
      numbered: true,
    })
    await numbered.open()
    const answer = await fetch(listeningUrl(numbered) ?? '', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: 'pixels',
    })
    expect(answer.status).toBe(400)
    await numbered.close()
    const push = make({ adapter: 'http-push', port: 0 })
    await push.open()
    expect(listeningUrl(push)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ingest\/st1$/)
    await push.close()
    expect(listeningUrl(push)).toBeNull()
  })

  it('refuses a sample line without a generator', () => {
    const spec = cameraSchema.parse({ adapter: 'sample-line', rate: 5 })
    expect(() => createFrameSource(spec, context())).toThrow(/CFG_UNKNOWN_REFERENCE/)
  })
})
