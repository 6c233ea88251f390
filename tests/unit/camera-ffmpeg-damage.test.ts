import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { describeFfmpeg, made, read, triggersOf } from './samples/ffmpeg-source.ts'

describeFfmpeg('damaged pictures of ffmpeg', ({ path, run }) => {
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
})
