import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFramePool, ffmpegSource } from '../../camera/index.ts'
import type { FfmpegOptions } from '../../camera/index.ts'
import { inputName } from '../../camera/ffmpeg-process.ts'
import { errorText, monoMs } from '../../contracts/index.ts'
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

/** What ffmpeg writes of a picture from the network before it shows it. */
const STAMPED = 'echo "frame:0 pts:0 pts_time:0" >&3'

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
  onItem = (): unknown => undefined,
): Promise<{ items: CameraItem[]; pixels: Buffer[] }> {
  const stop = new AbortController()
  const items: CameraItem[] = []
  const pixels: Buffer[] = []
  for await (const item of source.items(stop.signal)) {
    items.push(item)
    onItem()
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

  it.each([
    // What is missing would be grey in a JPEG; elsewhere it would show the picture before.
    ['mjpeg', 'ffd8ff', 5],
    // The decoder holds one picture back, for it may be shown after the next one.
    ['mpeg2video', '00000100', 4],
  ])('gives no picture of damaged video, but a missed trigger: %s', async (format, start, before) => {
    const clip = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=25', '-frames:v', '20', '-bf', '0']
    run(...clip, '-c:v', format, '-f', format, path(`whole.${format}`))
    const bytes = await readFile(path(`whole.${format}`))
    const pictures = [...bytes.keys()].filter((i) => bytes.toString('hex', i, i + start.length / 2) === start)
    const [from = 0, to = 0] = pictures.slice(5, 7)
    const half = bytes.subarray(0, (from + to) / 2)
    await writeFile(path(`hurt.${format}`), Buffer.concat([half, bytes.subarray(to)]))
    const [good, hurt] = await Promise.all(
      ['whole', 'hurt'].map(async (name) => {
        const source = made({ input: ['-i', path(`${name}.${format}`)] })
        await source.open()
        return read(source)
      }),
    )
    const shown = hurt?.pixels ?? []
    expect(shown).toHaveLength(before)
    expect(shown).toEqual(good?.pixels.slice(0, before))
    expect(hurt?.items.slice(before)).toMatchObject([
      { kind: 'missed', trigger: before + 1, reason: 'incomplete', code: 'CAM_INCOMPLETE' },
      { kind: 'fault', code: 'CAM_GONE', fatal: true },
      { kind: 'end' },
    ])
    expect(good?.items.map((i) => i.kind)).toEqual([...Array<string>(20).fill('frame'), 'end'])
  })

  it('gives no picture behind lost packets of a transport stream, but a missed trigger', async () => {
    const clip = await readFile(path('a.ts'))
    // ISO/IEC 13818-1: packets of 188 bytes with a counter of four bits
    const middle = 188 * Math.floor(clip.length / 376)
    const lossy = Buffer.concat([clip.subarray(0, middle), clip.subarray(middle + 376)])
    await writeFile(path('lossy.ts'), lossy)
    const source = made({ input: ['-i', path('lossy.ts')] })
    await source.open()
    const { items } = await read(source)
    expect(items.slice(-3)).toMatchObject([
      { kind: 'missed', code: 'CAM_INCOMPLETE' },
      { kind: 'fault', code: 'CAM_GONE', fatal: true },
      { kind: 'end' },
    ])
  })

  it('takes up a running stream of H.264 at its next key frame, and still tells what is damaged behind it', async () => {
    const clip = [
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=64x48:rate=25',
      '-frames:v',
      '60',
      '-g',
      '20',
      '-bf',
      '2',
    ]
    run(...clip, '-c:v', 'libx264', '-sc_threshold', '0', '-f', 'mpegts', path('long.ts'))
    const bytes = await readFile(path('long.ts'))
    const from = 188 * Math.floor(bytes.length / 188 / 6)
    const lost = 188 * Math.floor((5 * bytes.length) / 188 / 6)
    await writeFile(path('running.ts'), bytes.subarray(from))
    await writeFile(path('holed.ts'), Buffer.concat([bytes.subarray(from, lost), bytes.subarray(lost + 376)]))
    const [long, running, holed] = await Promise.all(
      ['long', 'running', 'holed'].map(async (name) => {
        const source = made({ input: ['-i', path(`${name}.ts`)] })
        await source.open()
        return read(source)
      }),
    )
    expect(long?.pixels).toHaveLength(60)
    expect(running?.pixels).toEqual(long?.pixels.slice(20))
    expect(running?.items.at(-1)).toMatchObject({ kind: 'end' })
    const shown = holed?.pixels ?? []
    const whole = new Set(long?.pixels.map((p) => p.toString('base64')))
    expect(shown.length).toBeGreaterThan(20)
    expect(shown.filter((p) => !whole.has(p.toString('base64')))).toEqual([])
    expect(holed?.items.slice(shown.length)).toMatchObject([
      { kind: 'missed', code: 'CAM_INCOMPLETE' },
      { kind: 'fault', code: 'CAM_GONE', fatal: true },
      { kind: 'end' },
    ])
  })

  /** Pictures of a clip; behind those of `halved` the second half is missing. */
  async function motionJpeg(pictures: number, halved: number[]): Promise<{ bytes: Buffer; good: Buffer[] }> {
    const clip = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=25', '-frames:v', `${pictures}`]
    run(...clip, '-c:v', 'mjpeg', '-f', 'mjpeg', path('cut.mjpeg'))
    const bytes = await readFile(path('cut.mjpeg'))
    const at = [...bytes.keys()].filter((i) => bytes.toString('hex', i, i + 3) === 'ffd8ff')
    const parts = at.map((from, n) => {
      const to = at[n + 1] ?? bytes.length
      return bytes.subarray(from, halved.includes(n) ? (from + to) / 2 : to)
    })
    const gray = ['-fps_mode', 'passthrough', '-vf', 'format=gray', '-f', 'rawvideo']
    run('-i', path('cut.mjpeg'), ...gray, path('cut.raw'))
    const raw = await readFile(path('cut.raw'))
    const good = parts.map((_, n) => raw.subarray(64 * 48 * n, 64 * 48 * (n + 1)))
    return { bytes: Buffer.concat(parts), good: good.filter((_, n) => !halved.includes(n)) }
  }

  /** A camera that shows the next of `clips` at every connection, and the last one again and again. */
  async function camera(...clips: Buffer[]): Promise<{ url: string; close: () => void }> {
    const server = createServer((socket) => {
      const [clip = Buffer.alloc(0)] = clips.length > 1 ? clips.splice(0, 1) : clips
      socket.on('error', () => {}).end(clip)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    return { url: `tcp://127.0.0.1:${port}`, close: () => void server.close() }
  }

  const triggersOf = (items: CameraItem[]): unknown[] =>
    items.map((i) =>
      i.kind === 'frame' ? i.frame.meta.trigger : i.kind === 'missed' ? [i.trigger, i.code] : i.kind,
    )

  it('shows MJPEG behind a damaged first picture, and counts the damaged ones that follow', async () => {
    const { bytes, good } = await motionJpeg(9, [0, 3, 6, 7])
    await writeFile(path('first.mjpeg'), bytes)
    const cam = await camera(bytes)
    const [ofCamera, ofFile] = await Promise.all(
      [
        { input: ['-f', 'mjpeg', '-i', cam.url], restart: { max: 0, withinMs: 60_000 } },
        { input: ['-i', path('first.mjpeg')] },
      ].map(async (over) => {
        const source = made(over)
        await source.open()
        return read(source)
      }),
    )
    cam.close()
    const lost = 'CAM_INCOMPLETE'
    expect(ofCamera?.pixels).toEqual(good)
    expect(triggersOf(ofCamera?.items ?? [])).toEqual([
      1,
      2,
      [3, lost],
      4,
      5,
      [6, lost],
      [7, lost],
      8,
      'fault',
      'end',
    ])
    // A file's first picture was a part, too.
    expect(ofFile?.pixels).toEqual(good)
    expect(triggersOf(ofFile?.items ?? [])).toEqual([
      [1, lost],
      2,
      3,
      [4, lost],
      5,
      6,
      [7, lost],
      [8, lost],
      9,
      'end',
    ])
  })

  it('shows no wrong picture of MPEG-2 whose first one is damaged', async () => {
    const clip = await readFile(path('whole.mpeg2video'))
    const second = clip.indexOf(
      Buffer.from('00000100', 'hex'),
      clip.indexOf(Buffer.from('00000100', 'hex')) + 4,
    )
    await writeFile(
      path('first.mpeg2video'),
      Buffer.concat([clip.subarray(0, second / 2), clip.subarray(second)]),
    )
    const source = made({ input: ['-i', path('first.mpeg2video')] })
    await source.open()
    expect(triggersOf((await read(source)).items)).toEqual([[1, 'CAM_INCOMPLETE'], 'fault', 'end'])
  })

  it('damaged pictures take nothing from the restart budget', async () => {
    const { bytes, good } = await motionJpeg(4, [2])
    const cam = await camera(bytes)
    const source = made({ input: ['-f', 'mjpeg', '-i', cam.url], restart: { max: 0, withinMs: 60_000 } })
    await source.open()
    const { items, pixels } = await read(source, 8 * 4)
    cam.close()
    const each = items.slice(0, 8 * 4).map((i) => (i.kind === 'missed' ? i.code : i.kind))
    expect(each).toEqual(Array<string[]>(8).fill(['frame', 'frame', 'CAM_INCOMPLETE', 'fault']).flat())
    expect(pixels.slice(0, 16)).toEqual(Array<Buffer[]>(8).fill(good.slice(0, 2)).flat())
    expect(source.health().restarts).toBeGreaterThanOrEqual(7)
  })

  it('a camera that comes back with another codec is read strictly again', async () => {
    const { bytes, good } = await motionJpeg(4, [2])
    const running = await readFile(path('running.ts'))
    const cam = await camera(running, running, bytes)
    const source = made({ input: ['-i', cam.url] })
    await source.open()
    const { items, pixels } = await read(source, 45)
    cam.close()
    expect(triggersOf(items).slice(39, 44)).toEqual([40, 'fault', 41, 42, [43, 'CAM_INCOMPLETE']])
    expect(pixels.slice(40, 42)).toEqual(good.slice(0, 2))
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

  it.each([
    // As ffmpeg 5.1, 6.1 and 7.1 print it.
    'Error while decoding stream #0:0: Invalid data found when processing input',
    '[vist#0:0/mjpeg @ 0x1] Decoding error: Invalid data found when processing input',
    '[vist#0:0/mjpeg @ 0x1] [dec:mjpeg @ 0x2] Error submitting packet to decoder: Invalid data found',
  ])('knows as damage: %s', async (line) => {
    const binary = path('says.sh')
    const frame = 'head -c 3072 /dev/zero'
    await writeFile(binary, `#!/bin/sh\n[ "$1" = -version ] && exit\n${frame}\necho '${line}' >&2\nexit 1\n`)
    await chmod(binary, 0o755)
    const source = made({ binary, input: ['-i', path('five.mkv')] })
    await source.open()
    expect(triggersOf((await read(source)).items)).toEqual([1, [2, 'CAM_INCOMPLETE'], 'fault', 'end'])
  })

  it.each([
    ['rtp', 'rawvideo', 'bcd'],
    ['sdp', 'bitpacked', 'bcd'],
    ['rtsp', 'h264', 'abc'],
    ['nut', 'rawvideo', 'abc'],
  ])(
    'leaves out the first picture, which may be a part of one, of raw video over RTP alone: %s, %s',
    async (format, codec, shown) => {
      const binary = path('midway.sh')
      const told = `[info] Input #0, ${format}, from x\\n[info]   Stream #0:0 -> #0:0 (${codec} (native) -> rawvideo (native))`
      const frames = `for c in a b c d; do ${STAMPED}; head -c 3072 /dev/zero | tr "\\0" $c; done`
      await writeFile(
        binary,
        `#!/bin/sh\n[ "$1" = -version ] && exit\nprintf '${told}\\n' >&2\n${frames}\nexec sleep 60\n`,
      )
      await chmod(binary, 0o755)
      const source = made({ binary, input: ['-i', 'rtp://127.0.0.1:1'] })
      await source.open()
      const { items, pixels } = await read(source, 3)
      expect(triggersOf(items.slice(0, 3))).toEqual([1, 2, 3])
      expect(
        pixels
          .slice(0, 3)
          .map((p) => p.toString('latin1', 0, 1))
          .join(''),
      ).toBe(shown)
    },
  )

  it('opens raw video over RTP as often as it takes until no packet of its first pictures is lost', async () => {
    const binary = path('loses.sh')
    const told =
      '[info] Input #0, rtp, from x\\n[info]   Stream #0:0 -> #0:0 (rawvideo (native) -> rawvideo (native))'
    const lost = `echo x >> ${path('opened')}; [ "$(wc -l < ${path('opened')})" -gt 4 ] || { echo '[warning] RTP: missed 3 packets' >&2; exec sleep 60; }`
    await writeFile(
      binary,
      `#!/bin/sh\n[ "$1" = -version ] && exit\nprintf '${told}\\n' >&2\n${lost}\nfor c in a b c; do ${STAMPED}; head -c 3072 /dev/zero; done\nexec sleep 60\n`,
    )
    await chmod(binary, 0o755)
    const source = made({ binary, input: ['-i', 'rtp://127.0.0.1:1'] })
    await source.open()
    expect(triggersOf((await read(source, 6)).items)).toEqual([
      ...Array<string>(4).fill('fault'),
      1,
      2,
      'end',
    ])
  }, 60_000)

  it('opens a camera again within the restart budget, says when it is used up, and hides its password', async () => {
    // A port nobody listens on.
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const input = ['-i', `http://user:secret@127.0.0.1:${port}/cam`]
    const source = made({ input, restart: { max: 2, withinMs: 2_500 } })
    await source.open()
    const at: number[] = []
    const { items } = await read(source, 5, () => at.push(monoMs()))
    expect(items.slice(0, 5)).toMatchObject([
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      { kind: 'fault', code: 'CAM_GONE', fatal: false },
      ...Array<object>(3).fill({ kind: 'fault', code: 'CAM_RESTARTS_EXHAUSTED', fatal: false }),
    ])
    // The third restart and the fourth, each 2.5 s behind the second one before it.
    expect((at[3] ?? 0) - (at[1] ?? 0)).toBeGreaterThan(2_000)
    expect((at[4] ?? 0) - (at[2] ?? 0)).toBeGreaterThan(2_000)
    for (const told of items.slice(0, 5))
      expect(told).toMatchObject({ message: expect.stringContaining('Connection refused') })
    expect(JSON.stringify(items)).not.toContain('secret')
    const last = items[4]
    expect(last?.kind === 'fault' && errorText(last).zh).toMatch(
      /2500 ms 内至多重启 2 次;.*;请检查相机、其线缆、地址与密码;相机将自动重新打开$/s,
    )
    expect(source.health()).toMatchObject({ state: 'offline', restarts: 4, faults: 5 })
  })

  it('a camera that comes after the budget is used up is seen, and the budget of none ends at the first loss', async () => {
    const clip = await readFile(path('a.ts'))
    const server = createServer((socket) => socket.end(clip)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const input = ['-f', 'mpegts', '-i', `tcp://127.0.0.1:${port}`]
    const source = made({ input, restart: { max: 1, withinMs: 1_500 } })
    await source.open()
    const states: string[] = []
    const { items } = await read(source, 4, () => {
      states.push(source.health().state)
      if (states.length === 2) server.listen(port, '127.0.0.1')
    })
    const none = made({ input: ['-i', `tcp://127.0.0.1:1`], restart: { max: 0, withinMs: 60_000 } })
    await none.open()
    const { items: once } = await read(none)
    server.close()
    expect(items.slice(0, 3).map((i) => (i.kind === 'fault' ? i.code : i.kind))).toEqual([
      'CAM_GONE',
      'CAM_RESTARTS_EXHAUSTED',
      'frame',
    ])
    expect(states[2]).toBe('online')
    expect(once).toMatchObject([
      { kind: 'fault', code: 'CAM_RESTARTS_EXHAUSTED', fatal: true },
      { kind: 'end' },
    ])
    expect(none.health()).toMatchObject({ state: 'offline', restarts: 0 })
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
    const { items } = await read(source, 2)
    for (const socket of open) socket.destroy()
    server.close()
    expect(open.size).toBe(2)
    expect(items.map((i) => (i.kind === 'fault' ? i.code : i.kind))).toEqual([
      'CAM_GONE',
      'CAM_RESTARTS_EXHAUSTED',
      'end',
    ])
    expect(items[0]).toMatchObject({ message: expect.stringContaining('no frame for 1500 ms') })
  })
})
