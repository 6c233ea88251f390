import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ffmpegSource } from '../../camera/index.ts'
import { inputName } from '../../camera/ffmpeg-process.ts'
import type { FrameSource } from '../../contracts/index.ts'
import { frameSourceSuite } from '../suites/frame-source.suite.ts'
import { describeFfmpeg, made, options, read, skip, testSource } from './samples/ffmpeg-source.ts'

frameSourceSuite({
  name: 'ffmpeg',
  skip,
  ends: true,
  firstTrigger: 11,
  make: async (pool, parts, backPressure) => ({
    source: ffmpegSource(
      options({
        pool,
        backPressure,
        firstTrigger: 11,
        input: testSource(50, parts === null ? undefined : parts / 50),
      }),
    ),
  }),
  makeTriggered: async (pool) => ({
    source: ffmpegSource(options({ pool, mode: 'triggered', firstTrigger: 11, timeoutMs: 5_000 })),
  }),
})

describe('ffmpeg options', () => {
  it('says what to install when the program is missing', async () => {
    await expect(made({ binary: 'no-such-ffmpeg' }).open()).rejects.toMatchObject({
      code: 'CAM_OPEN',
      message: expect.stringContaining('install ffmpeg'),
    })
  })

  it.each([
    ['rtsp://admin:p@ss@10.0.0.9/ch1', 'rtsp://***@10.0.0.9/ch1'],
    ['rtsp://10.0.0.9/user=a&password=geheim&channel=1', 'rtsp://10.0.0.9/user=a&password=***&channel=1'],
    ['http://10.0.0.9/video?usr=a&pwd=geheim', 'http://10.0.0.9/video?usr=a&pwd=***'],
    ['rtsp://10.0.0.9:554/ch1@main', 'rtsp://10.0.0.9:554/ch1@main'],
  ])('shows nobody the password of %s', (url, shown) => {
    expect(inputName(['-rtsp_transport', 'tcp', '-i', url])).toBe(shown)
  })

  it('refuses frames larger than a slot before it starts', async () => {
    await expect(made({ widthPx: 640, heightPx: 480 }).open()).rejects.toMatchObject({
      code: 'CAM_FRAME_TOO_LARGE',
    })
  })
})

describeFfmpeg('ffmpeg', ({ path }) => {
  it('cuts the pipe into the exact frames of the file', async () => {
    const source = made({ input: ['-i', path('five.mkv')], pixel: 'rgb8' })
    await source.open()
    const { items, pixels } = await read(source)
    expect(items.map((i) => i.kind)).toEqual(['frame', 'frame', 'frame', 'frame', 'frame', 'end'])
    const want = await Promise.all([1, 2, 3, 4, 5].map((n) => readFile(path(`want-${n}.ppm`))))
    expect(want[0]?.subarray(0, 13).toString()).toBe('P6\n64 48\n255\n')
    expect(pixels).toEqual(want.map((ppm) => ppm.subarray(13)))
    expect(items[0]).toMatchObject({
      frame: { meta: { format: { kind: 'raw', pixel: 'rgb8', widthPx: 64, heightPx: 48 }, simulated: true } },
    })
  })

  it('refuses a stream of another size instead of scaling it', async () => {
    const source = made({ input: ['-i', path('five.mkv')], widthPx: 62, heightPx: 48 })
    await source.open()
    const { items } = await read(source)
    expect(items).toMatchObject([{ kind: 'fault', code: 'CAM_OPEN', fatal: true }, { kind: 'end' }])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('62 x 48') })
  })

  it('stops at a change of size in mid-stream', async () => {
    const source = made({ input: ['-i', `concat:${path('a.ts')}|${path('b.ts')}`] })
    await source.open()
    const kinds = (await read(source)).items.map((i) => i.kind)
    expect(kinds.slice(-2)).toEqual(['fault', 'end'])
    expect(kinds.filter((k) => k === 'frame').length).toBeLessThanOrEqual(3)
  })

  it('refuses a file that is not there before it starts', async () => {
    await expect(made({ input: ['-i', path('none.mkv')] }).open()).rejects.toMatchObject({ code: 'CAM_OPEN' })
  })

  it('takes for each trigger a frame that began after it', async () => {
    const source = made({ mode: 'triggered', input: testSource(25), timeoutMs: 5_000 })
    await source.open()
    const stop = new AbortController()
    let frames = 0
    source.trigger?.(5)
    for await (const item of source.items(stop.signal)) {
      if (item.kind !== 'frame') continue
      frames += 1
      expect(item.frame.meta.trigger).toBe(4 + frames)
      expect(Date.parse(item.frame.meta.capturedAt)).toBeGreaterThanOrEqual(
        Math.floor(item.frame.meta.triggeredAtMs),
      )
      item.frame.release()
      if (frames === 3) stop.abort()
      else setTimeout(() => source.trigger?.(5 + frames), 60)
    }
    expect(source.health()).toMatchObject({ frames: 3, missed: 0 })
  })

  it('two triggers before one frame: the newest gets it, the part of the other has passed', async () => {
    const source = made({ mode: 'triggered', input: testSource(25), timeoutMs: 5_000 })
    await source.open()
    source.trigger?.(1)
    source.trigger?.(2)
    const { items } = await read(source, 2)
    expect(items).toMatchObject([
      { kind: 'missed', trigger: 1, reason: 'timeout', code: 'CAM_TIMEOUT' },
      { kind: 'frame', frame: { meta: { trigger: 2 } } },
      { kind: 'end' },
    ])
  })

  /** Runs `work` once frames nobody asked for have shown the period, and collects what follows. */
  async function onceMeasured(source: FrameSource, work: () => Promise<void>): Promise<unknown[]> {
    await source.open()
    const stop = new AbortController()
    const seen: unknown[] = []
    const working = (async () => {
      await expect.poll(() => source.health().state, { timeout: 5_000 }).toBe('online')
      await new Promise((resolve) => setTimeout(resolve, 500))
      await work()
    })().finally(() => stop.abort())
    const reading = (async () => {
      for await (const item of source.items(stop.signal)) {
        seen.push(item.kind === 'missed' ? [item.trigger, item.code] : item.kind)
        if (item.kind === 'frame') item.frame.release()
      }
    })()
    await Promise.all([working, reading])
    return seen
  }

  it('a trigger waits two frame periods, not for the watchdog', async () => {
    // 20 ms apart, then a hole of two seconds: the first frame after it would show another part.
    const hole = 'setpts=if(gt(N\\,40)\\,N/50/TB+2/TB\\,N/50/TB)'
    const input = ['-re', '-f', 'lavfi', '-i', `testsrc=size=64x48:rate=50:duration=3,${hole}`]
    const source = made({ mode: 'triggered', input })
    let waitedMs = Infinity
    const seen = await onceMeasured(source, async () => {
      await new Promise((resolve) => setTimeout(resolve, 800))
      const from = performance.now()
      source.trigger?.(1)
      await expect.poll(() => source.health().missed, { timeout: 5_000 }).toBe(1)
      waitedMs = performance.now() - from
    })
    expect(seen).toEqual([[1, 'CAM_TIMEOUT'], 'end'])
    expect(waitedMs).toBeGreaterThanOrEqual(95)
    expect(waitedMs).toBeLessThan(1_000)
  })

  it('a slow stream gives its triggers two of its own periods', async () => {
    // 4 frames per second for two seconds, then a hole of four: 500 ms, well above the floor of 100 ms.
    const hole = 'setpts=if(gt(N\\,8)\\,N/4/TB+4/TB\\,N/4/TB)'
    const input = ['-re', '-f', 'lavfi', '-i', `testsrc=size=64x48:rate=4:duration=4,${hole}`]
    const source = made({ mode: 'triggered', input })
    let waitedMs = 0
    const seen = await onceMeasured(source, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2_000))
      const from = performance.now()
      source.trigger?.(1)
      await expect.poll(() => source.health().missed, { timeout: 5_000 }).toBe(1)
      waitedMs = performance.now() - from
    })
    expect(seen).toEqual([[1, 'CAM_TIMEOUT'], 'end'])
    // A busy machine moves the frames that were measured; it cannot make two periods of them less than one.
    expect(waitedMs).toBeGreaterThanOrEqual(250)
  })

  it('a trigger while no frame has come yet is missed after 100 ms', async () => {
    const source = made({ mode: 'triggered' })
    await source.open()
    source.trigger?.(1)
    await expect.poll(() => source.health().missed, { timeout: 3_000 }).toBe(1)
    const { items } = await read(source, 1)
    expect(items).toMatchObject([{ kind: 'missed', trigger: 1, code: 'CAM_GONE' }, { kind: 'end' }])
  })

  it('a trigger that gets no frame in time is missed', async () => {
    const source = made({ mode: 'triggered', input: testSource(1), timeoutMs: 300 })
    await source.open()
    const stop = new AbortController()
    const seen: unknown[] = []
    // Frames nobody asked for make it online; the next one is then almost a second away.
    const online = setInterval(() => {
      if (source.health().state !== 'online') return
      clearInterval(online)
      source.trigger?.(1)
    }, 5)
    for await (const item of source.items(stop.signal)) {
      seen.push(item.kind === 'missed' ? [item.trigger, item.reason, item.code] : item.kind)
      stop.abort()
    }
    expect(seen).toEqual([[1, 'timeout', 'CAM_TIMEOUT'], 'end'])
  })

  it('answers a trigger that is pending when the line stops', async () => {
    const source = made({ mode: 'triggered', input: testSource(1), timeoutMs: 30_000 })
    await source.open()
    const stop = new AbortController()
    const seen: unknown[] = []
    setTimeout(() => {
      source.trigger?.(1)
      source.trigger?.(2)
      stop.abort()
    }, 50)
    for await (const item of source.items(stop.signal))
      seen.push(item.kind === 'missed' ? [item.trigger, item.reason] : item.kind)
    expect(seen).toEqual([[1, 'camera-gone'], [2, 'camera-gone'], 'end'])
  })
})
