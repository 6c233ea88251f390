import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFramePool, ffmpegSource } from '../../camera/index.ts'
import type { FfmpegOptions } from '../../camera/index.ts'
import type { CameraItem, FrameSource } from '../../contracts/index.ts'
import { frameSourceSuite } from '../suites/frame-source.suite.ts'

const present = spawnSync('ffmpeg', ['-version']).status === 0
// Absent and required: the tests run and fail.
const skip = !present && !process.env['SIGHTLINE_REQUIRE_SERVICES'] && 'ffmpeg is not on the PATH'
const title = (name: string): string => `${name}${skip ? ` (skipped: ${skip})` : ''}`

const testSource = (rate: number, seconds?: number): string[] => {
  const length = seconds === undefined ? '' : `:duration=${seconds}`
  return ['-re', '-f', 'lavfi', '-i', `testsrc=size=64x48:rate=${rate}${length}`]
}

const options = (over: Partial<FfmpegOptions>): FfmpegOptions => ({
  station: 'st1',
  view: 'top',
  pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
  firstTrigger: 1,
  input: testSource(50),
  widthPx: 64,
  heightPx: 48,
  pixel: 'mono8',
  mode: 'free',
  backPressure: 'wait',
  watchdogMs: 5_000,
  restart: { max: 2, withinMs: 60_000 },
  ...over,
})

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

const sources: FrameSource[] = []
const made = (over: Partial<FfmpegOptions>): FrameSource => {
  const source = ffmpegSource(options(over))
  sources.push(source)
  return source
}
afterEach(async () => {
  for (const source of sources.splice(0)) await source.close()
})

async function read(
  source: FrameSource,
  until = Infinity,
): Promise<{ items: CameraItem[]; pixels: Buffer[] }> {
  const stop = new AbortController()
  const items: CameraItem[] = []
  const pixels: Buffer[] = []
  for await (const item of source.items(stop.signal)) {
    items.push(item)
    if (item.kind === 'frame') {
      pixels.push(Buffer.from(item.frame.bytes))
      item.frame.release()
    }
    if (items.length === until) stop.abort()
  }
  return { items, pixels }
}

describe('ffmpeg options', () => {
  it('says what to install when the program is missing', async () => {
    await expect(made({ binary: 'no-such-ffmpeg' }).open()).rejects.toMatchObject({
      code: 'CAM_OPEN',
      message: expect.stringContaining('install ffmpeg'),
    })
  })

  it('refuses frames larger than a slot before it starts', async () => {
    await expect(made({ widthPx: 640, heightPx: 480 }).open()).rejects.toMatchObject({
      code: 'CAM_FRAME_TOO_LARGE',
    })
  })
})

describe.skipIf(Boolean(skip))(title('ffmpeg'), () => {
  let dir: string
  const path = (name: string): string => join(dir, name)
  const run = (...args: string[]): void =>
    void execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], { stdio: 'pipe' })

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ffmpeg-'))
    run('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10', '-frames:v', '5', '-c:v', 'ffv1', path('five.mkv'))
    // The reference pixels, written by ffmpeg in a format of its own: binary PPM behind a 13-byte header.
    run('-i', path('five.mkv'), '-pix_fmt', 'rgb24', path('want-%d.ppm'))
    const mpeg = ['-c:v', 'mpeg2video', '-f', 'mpegts']
    run('-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=25', '-frames:v', '3', ...mpeg, path('a.ts'))
    run('-f', 'lavfi', '-i', 'testsrc=size=32x24:rate=25', '-frames:v', '3', ...mpeg, path('b.ts'))
  })
  afterAll(() => rm(dir, { recursive: true }))

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
      stop.abort()
    })()
    for await (const item of source.items(stop.signal)) {
      seen.push(item.kind === 'missed' ? [item.trigger, item.code] : item.kind)
      if (item.kind === 'frame') item.frame.release()
    }
    await working
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
    // 4 frames per second: 500 ms, well above the floor of 100 ms.
    const source = made({ mode: 'triggered', input: testSource(4) })
    const seen = await onceMeasured(source, async () => {
      source.trigger?.(1)
      await expect.poll(() => source.health().frames, { timeout: 5_000 }).toBe(1)
    })
    expect(seen).toEqual(['frame', 'end'])
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

  it('opens a camera again until the restart budget is used up, and hides its password', async () => {
    // A port nobody listens on.
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const source = made({ input: ['-i', `http://user:secret@127.0.0.1:${port}/cam`] })
    await source.open()
    const { items } = await read(source)
    expect(items).toMatchObject([
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      { kind: 'fault', code: 'CAM_RESTARTS_EXHAUSTED', fatal: true },
      { kind: 'end' },
    ])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('Connection refused') })
    expect(JSON.stringify(items)).not.toContain('secret')
    expect(source.health()).toMatchObject({ state: 'offline', restarts: 2, faults: 4 })
  })

  it('goes on after the camera was gone for a while', async () => {
    const clip = await readFile(path('a.ts'))
    const server = createServer((socket) => socket.end(clip)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const source = made({ input: ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`] })
    await source.open()
    const { items } = await read(source, 7)
    server.close()
    const triggers = items.flatMap((i) => (i.kind === 'frame' ? [i.frame.meta.trigger] : []))
    expect(triggers.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6])
    expect(items[3]).toMatchObject({ kind: 'fault', code: 'CAM_GONE', fatal: false })
    expect(items[0]).toMatchObject({ frame: { meta: { simulated: false } } })
  })

  it('restarts a camera that is connected but silent', async () => {
    const open = new Set<Socket>()
    const server = createServer((socket) => {
      open.add(socket)
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const input = ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`]
    const source = made({ input, watchdogMs: 1_500, restart: { max: 1, withinMs: 60_000 } })
    await source.open()
    const { items } = await read(source)
    for (const socket of open) socket.destroy()
    server.close()
    expect(open.size).toBe(2)
    expect(items.map((i) => (i.kind === 'fault' ? i.code : i.kind))).toEqual([
      'CAM_GONE',
      'CAM_GONE',
      'CAM_RESTARTS_EXHAUSTED',
      'end',
    ])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('no frame for 1500 ms') })
  })
})
