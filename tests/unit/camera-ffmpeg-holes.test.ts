import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFramePool, ffmpegSource } from '../../camera/index.ts'
import type { CameraItem } from '../../contracts/index.ts'
import { describeWith } from '../services/require-service.ts'

const [WIDTH, HEIGHT, KEY] = [160, 120, 20]
const CODECS: Record<
  string,
  { encoder: string[]; rtp: string; filter?: string; format?: string; every?: number }
> = {
  hevc: {
    encoder: [
      '-c:v',
      'libx265',
      '-x265-params',
      `keyint=${KEY}:min-keyint=${KEY}:scenecut=0:log-level=error`,
    ],
    rtp: 'H265',
    filter: 'hevc_mp4toannexb,dump_extra',
  },
  h264: {
    encoder: ['-c:v', 'libx264', '-g', `${KEY}`, '-sc_threshold', '0'],
    rtp: 'H264',
    filter: 'h264_mp4toannexb,dump_extra',
  },
  // RTP fills what is missing with what lay there before.
  rawvideo: {
    encoder: ['-c:v', 'rawvideo', '-pix_fmt', 'uyvy422'],
    rtp: 'raw',
    format: `sampling=YCbCr-4:2:2; width=${WIDTH}; height=${HEIGHT}; depth=8`,
    every: 4_500,
  },
  // RTP leaves out pictures that are not whole.
  mjpeg: { encoder: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-huffman', 'default'], rtp: 'JPEG' },
}

describeWith('ffmpeg', spawnSync('ffmpeg', ['-version']).status === 0, 'video with holes', () => {
  let dir = ''
  const path = (name: string): string => join(dir, name)
  const ffmpeg = (...args: string[]): void =>
    void execFileSync('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args])

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-holes-'))
    const clip = ['-f', 'lavfi', '-i', `testsrc2=size=${WIDTH}x${HEIGHT}:rate=25:duration=8`]
    for (const [name, { encoder }] of Object.entries(CODECS)) {
      ffmpeg(...clip, ...encoder, path(`${name}.mkv`))
      ffmpeg('-i', path(`${name}.mkv`), '-vf', 'format=gray', '-f', 'rawvideo', path(`${name}.raw`))
    }
  })
  afterAll(() => rm(dir, { recursive: true, force: true }))

  /** Pictures of the whole clip, to be compared with. */
  const whole = async (codec: string): Promise<string[]> => {
    const raw = await readFile(path(`${codec}.raw`))
    const size = WIDTH * HEIGHT
    return Array.from({ length: raw.length / size }, (_, n) =>
      raw.toString('base64', n * size, (n + 1) * size),
    )
  }

  const open = (input: string[]): ReturnType<typeof ffmpegSource> =>
    ffmpegSource({
      station: 'st1',
      view: 'top',
      pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
      firstTrigger: 1,
      input,
      widthPx: WIDTH,
      heightPx: HEIGHT,
      pixel: 'mono8',
      mode: 'free',
      backPressure: 'wait',
      watchdogMs: 4_000,
      restart: { max: 100, withinMs: 60_000 },
    })

  async function read(input: string[], holes = Infinity): Promise<{ items: CameraItem[]; shown: string[] }> {
    const source = open(input)
    const stop = new AbortController()
    const items: CameraItem[] = []
    const shown: string[] = []
    await source.open()
    for await (const item of source.items(stop.signal)) {
      items.push(item)
      if (items.filter((i) => i.kind === 'missed').length >= holes) stop.abort()
      if (item.kind !== 'frame') continue
      shown.push(Buffer.from(item.frame.bytes).toString('base64'))
      item.frame.release()
    }
    await source.close()
    return { items, shown }
  }

  it('of H.265 begins at the next key frame, and ends at a picture that never came', async () => {
    ffmpeg('-i', path('hevc.mkv'), '-c', 'copy', '-bsf:v', 'hevc_mp4toannexb', path('whole.hevc'))
    const bytes = await readFile(path('whole.hevc'))
    // ISO/IEC 23008-2, 7.3.1.2: six bits of the type of a unit behind its start code; below 32 a slice, 1 is referred to.
    const starts = [...bytes.keys()].filter((i) => bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1)
    const units = starts.map((at) => ({ at, type: ((bytes[at + 3] ?? 0) >> 1) & 63 }))
    const slices = units.filter((u) => u.type < 32)
    const [first, late] = [slices[5]?.at ?? 0, slices[2 * KEY + 3]?.at ?? 0]
    await writeFile(
      path('late.hevc'),
      Buffer.concat([bytes.subarray(0, slices[0]?.at), bytes.subarray(first)]),
    )
    const lost = units.findIndex((u) => u.at > late && u.type === 1)
    const hole = Buffer.concat([bytes.subarray(0, units[lost]?.at), bytes.subarray(units[lost + 1]?.at)])
    await writeFile(path('hole.hevc'), hole)
    const key = units.findIndex((u) => u.at > first && u.type >= 16 && u.type < 24)
    const soon = units.findIndex((u, n) => n > key && u.type === 1)
    await writeFile(
      path('soon.hevc'),
      Buffer.concat([
        bytes.subarray(0, slices[0]?.at),
        bytes.subarray(first, units[soon]?.at),
        bytes.subarray(units[soon + 1]?.at),
      ]),
    )
    const good = await whole('hevc')
    expect((await read(['-i', path('late.hevc')])).shown).toEqual(good.slice(KEY))
    // Its hole is told long before the key frame comes out of so many threads.
    expect(
      (await read(['-threads', '17', '-i', path('soon.hevc')])).shown.filter((p) => !good.includes(p)).length,
    ).toBe(0)
    // At the pace of a camera: what waits in the pipe when the hole is told is not shown.
    const { shown, items } = await read(['-re', '-i', path('hole.hevc')])
    expect(shown.length).toBeGreaterThan(KEY)
    expect(shown.filter((p) => !good.includes(p))).toEqual([])
    expect(items.slice(-3)).toMatchObject([
      { kind: 'missed', code: 'CAM_INCOMPLETE' },
      {
        kind: 'fault',
        code: 'CAM_GONE',
        fatal: true,
        message: expect.stringContaining('a part of the video is missing') as string,
      },
      { kind: 'end' },
    ])
  })

  it.each(Object.keys(CODECS))(
    '%s over RTP that loses packets shows no wrong picture and goes on',
    async (codec) => {
      const relay = createSocket('udp4')
      await new Promise<void>((done) => relay.bind(0, '127.0.0.1', done))
      const probe = createSocket('udp4')
      await new Promise<void>((done) => probe.bind(0, '127.0.0.1', done))
      const to = probe.address().port
      await new Promise<void>((done) => probe.close(() => done()))
      const { rtp = '', filter, format, every = 150 } = CODECS[codec] ?? {}
      let packets = 0
      relay.on('message', (bytes) => {
        packets += 1
        if (packets % every !== 100) relay.send(bytes, to, '127.0.0.1')
      })
      await writeFile(
        path(`${codec}.sdp`),
        `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video ${to} RTP/AVP 96\na=rtpmap:96 ${rtp}/90000\n${format ? `a=fmtp:96 ${format}\n` : ''}`,
      )
      const from = `rtp://127.0.0.1:${(relay.address() as AddressInfo).port}?pkt_size=700`
      const copied = [
        '-re',
        '-stream_loop',
        '-1',
        '-i',
        path(`${codec}.mkv`),
        '-c',
        'copy',
        ...(filter ? ['-bsf:v', filter] : []),
      ]
      const sender = spawn(
        'ffmpeg',
        ['-loglevel', 'quiet', ...copied, '-f', 'rtp', '-payload_type', '96', from],
        { stdio: 'ignore' },
      )
      try {
        const input = ['-protocol_whitelist', 'file,udp,rtp', '-i', path(`${codec}.sdp`)]
        const { shown, items } = await read(input, 2)
        const good = new Set(await whole(codec))
        expect(shown.filter((p) => !good.has(p)).length).toBe(0)
        expect(shown.length).toBeGreaterThan(KEY)
        const holes = items.filter((i) => i.kind === 'missed' && i.code === 'CAM_INCOMPLETE')
        expect(holes.length).toBeGreaterThan(1)
      } finally {
        sender.kill('SIGKILL')
        relay.close()
      }
    },
  )
})
