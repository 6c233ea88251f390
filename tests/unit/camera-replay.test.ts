import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFramePool, listImages, replaySource } from '../../camera/index.ts'
import type { ReplayEntry, ReplayOptions } from '../../camera/index.ts'
import type { CameraItem, FrameSource } from '../../contracts/index.ts'
import { decodeImage } from '../../inspection/index.ts'
import { frameSourceSuite } from '../suites/frame-source.suite.ts'

let dir: string
const entries: ReplayEntry[] = []
const grey = (level: number) =>
  sharp({ create: { width: 4, height: 2, channels: 3, background: { r: level, g: level, b: level } } })

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'replay-'))
  for (const n of [1, 2, 3, 4, 5, 6, 10]) {
    const path = join(dir, `part-${n}.png`)
    await grey(n * 20)
      .png()
      .toFile(path)
    if (n < 10) entries.push({ path })
  }
  await writeFile(join(dir, 'notes.txt'), 'not an image')
})
afterAll(() => rm(dir, { recursive: true }))

const options = (over: Partial<ReplayOptions>): ReplayOptions => ({
  station: 'st1',
  view: 'top',
  pool: createFramePool({ slots: 4, slotBytes: 4096 }),
  firstTrigger: 1,
  rate: 'max',
  loop: false,
  decode: null,
  backPressure: 'wait',
  from: dir,
  ...over,
})

async function collect(source: FrameSource): Promise<CameraItem[]> {
  await source.open()
  const items: CameraItem[] = []
  for await (const item of source.items(new AbortController().signal)) {
    items.push(item)
    if (item.kind === 'frame') item.frame.release()
  }
  return items
}

frameSourceSuite({
  name: 'replay',
  ends: true,
  firstTrigger: 41,
  make: async (pool, parts, backPressure) => ({
    source: replaySource(
      options({
        pool,
        backPressure,
        firstTrigger: 41,
        rate: 200,
        loop: parts === null,
        from: entries.slice(0, parts ?? 6),
      }),
    ),
  }),
  makeTriggered: async (pool) => ({
    source: replaySource(options({ pool, firstTrigger: 41, rate: 'triggered', loop: true })),
  }),
})

describe('replay', () => {
  it('lists images in natural order and nothing else', async () => {
    expect((await listImages(dir)).map((e) => e.path.slice(dir.length + 1))).toEqual([
      'part-1.png',
      'part-2.png',
      'part-3.png',
      'part-4.png',
      'part-5.png',
      'part-6.png',
      'part-10.png',
    ])
  })

  it('refuses a missing and an empty folder before it starts', async () => {
    await expect(replaySource(options({ from: join(dir, 'nowhere') })).open()).rejects.toMatchObject({
      code: 'CAM_OPEN',
    })
    const empty = await mkdtemp(join(dir, 'empty-'))
    await expect(replaySource(options({ from: empty })).open()).rejects.toMatchObject({ code: 'CAM_OPEN' })
  })

  it('passes file bytes on unchanged, the golden template behind them in the same slot', async () => {
    const pool = createFramePool({ slots: 1, slotBytes: 4096 })
    const path = join(dir, 'part-1.png')
    const referencePath = join(dir, 'part-2.png')
    const source = replaySource(options({ pool, from: [{ path, referencePath }] }))
    await source.open()
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind !== 'frame') continue
      const { frame } = item
      expect(Buffer.from(frame.bytes)).toEqual(await grey(20).png().toBuffer())
      expect(frame.meta.format).toEqual({ kind: 'encoded', mime: 'image/png' })
      expect(frame.reference && Buffer.from(frame.reference.bytes)).toEqual(await grey(40).png().toBuffer())
      expect(frame.reference?.bytes.byteOffset).toBe(frame.bytes.byteLength)
      expect(frame.meta).toMatchObject({ trigger: 1, cameraCounter: 0, source: path, simulated: true })
      frame.release()
    }
  })

  it('decodes to raw pixels: grey to mono8, colour to rgb8, alpha dropped', async () => {
    const pool = createFramePool({ slots: 2, slotBytes: 4096 })
    const mono = join(dir, 'raw-mono.png')
    await sharp(Buffer.from([0, 50, 100, 150, 200, 255]), { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(mono)
    const rgba = join(dir, 'raw-rgba.png')
    await sharp(Buffer.from([1, 2, 3, 255, 4, 5, 6, 255]), { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toFile(rgba)
    const source = replaySource(
      options({ pool, decode: decodeImage, from: [{ path: mono }, { path: rgba }] }),
    )
    await source.open()
    const got: unknown[] = []
    for await (const item of source.items(new AbortController().signal)) {
      if (item.kind !== 'frame') continue
      got.push([item.frame.meta.format, [...item.frame.bytes]])
      item.frame.release()
    }
    await Promise.all([unlink(mono), unlink(rgba)])
    expect(got).toEqual([
      [{ kind: 'raw', pixel: 'mono8', widthPx: 3, heightPx: 2 }, [0, 50, 100, 150, 200, 255]],
      [{ kind: 'raw', pixel: 'rgb8', widthPx: 2, heightPx: 1 }, [1, 2, 3, 4, 5, 6]],
    ])
  })

  it('turns vanished, unreadable, oversized and undecodable files into missed items and goes on', async () => {
    const big = join(dir, 'big.bin.png')
    await writeFile(big, Buffer.alloc(5000))
    const exact = join(dir, 'exact.png')
    await writeFile(exact, Buffer.alloc(4096, 7))
    const loop = join(dir, 'loop.png')
    await symlink(loop, loop)
    const zero = join(dir, 'zero.png')
    await writeFile(zero, '')
    const good = join(dir, 'part-1.png')
    const list = [join(dir, 'gone.png'), loop, big, exact, zero, good].map((path) => ({ path }))
    const pool = createFramePool({ slots: 2, slotBytes: 4096 })
    const items = await collect(replaySource(options({ pool, from: list })))
    expect(items.map((i) => (i.kind === 'missed' ? [i.trigger, i.reason, i.code] : i.kind))).toEqual([
      [1, 'camera-gone', 'CAM_GONE'],
      [2, 'incomplete', 'CAM_INCOMPLETE'],
      [3, 'too-large', 'CAM_FRAME_TOO_LARGE'],
      'frame',
      'frame',
      'frame',
      'end',
    ])
    expect(items[4]?.kind === 'frame' && items[4].frame.meta.byteLength).toBe(0)
    expect(pool.free).toBe(2)
    await Promise.all([big, exact, loop, zero].map((path) => unlink(path)))
  })

  it('refuses in raw mode what is not judged, with a code: 16 bits, CMYK, cut off, damaged, transparent, too large', async () => {
    const deep = join(dir, 'deep.png')
    await sharp(Buffer.alloc(8 * 2 * 2), { raw: { width: 4, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toFile(deep)
    const cmyk = join(dir, 'cmyk.jpg')
    await grey(90).toColourspace('cmyk').jpeg().toFile(cmyk)
    const cut = join(dir, 'cut.jpg')
    await sharp({ create: { width: 40, height: 30, channels: 3, background: 'red' } })
      .jpeg()
      .toFile(cut)
    await truncate(cut, 200)
    const wide = join(dir, 'wide.png')
    await sharp({ create: { width: 2000, height: 2000, channels: 3, background: 'red' } })
      .png()
      .toFile(wide)
    // The scan ends early: libvips gives what is left of the picture.
    const early = join(dir, 'early.jpg')
    const whole = await grey(90).resize(40, 30).jpeg().toBuffer()
    await writeFile(early, Buffer.concat([whole.subarray(0, -12), Buffer.from([0xff, 0xd9])]))
    const clear = join(dir, 'clear.png')
    await grey(90).ensureAlpha(0.5).png().toFile(clear)
    const paths = [deep, cmyk, cut, early, clear, wide]
    const items = await collect(
      replaySource(options({ decode: decodeImage, from: paths.map((path) => ({ path })) })),
    )
    expect(items.map((i) => (i.kind === 'missed' ? [i.reason, i.code] : i.kind))).toEqual([
      ['incomplete', 'INS_IMAGE_FORMAT'],
      ['incomplete', 'INS_IMAGE_FORMAT'],
      ['incomplete', 'INS_DECODE'],
      ['incomplete', 'INS_DECODE'],
      ['incomplete', 'INS_IMAGE_FORMAT'],
      ['too-large', 'CAM_FRAME_TOO_LARGE'],
      'end',
    ])
    await Promise.all(paths.map((path) => unlink(path)))
  })

  it('lists files and links to files, and waits for no pipe', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'replay-links-'))
    const one = join(folder, '1.png')
    await writeFile(one, 'x')
    await writeFile(join(folder, '._1.png'), 'what macOS leaves behind')
    await symlink(one, join(folder, '2.png'))
    await symlink(join(folder, 'gone.png'), join(folder, '3.png'))
    await symlink(folder, join(folder, '4.png'))
    await writeFile(join(folder, '6.JFIF'), 'x')
    execFileSync('mkfifo', [join(folder, '5.png')])
    // The link that leads nowhere is an image that somebody meant: it becomes a missed trigger.
    expect((await listImages(folder)).map((e) => basename(e.path))).toEqual([
      '1.png',
      '2.png',
      '3.png',
      '6.JFIF',
    ])
    await rm(folder, { recursive: true })
  })

  it('keeps its rate without drift and starts each deadline at the scheduled moment', async () => {
    const items = await collect(replaySource(options({ rate: 50, backPressure: 'miss', from: entries })))
    const at = items.flatMap((i) => (i.kind === 'frame' ? [i.frame.meta.triggeredAtMs] : []))
    expect(at).toHaveLength(6)
    for (let i = 1; i < at.length; i++) expect((at[i] ?? 0) - (at[i - 1] ?? 0)).toBeCloseTo(20, 6)
  })

  it('gives pending triggers an answer when the pictures run out', async () => {
    const source = replaySource(options({ rate: 'triggered', from: entries.slice(0, 1) }))
    await source.open()
    source.trigger?.(7)
    source.trigger?.(8)
    const items: unknown[] = []
    for await (const item of source.items(new AbortController().signal)) {
      items.push(item.kind === 'frame' ? item.frame.meta.trigger : item.kind === 'missed' ? item : item.kind)
      if (item.kind === 'frame') item.frame.release()
    }
    expect(items).toEqual([7, expect.objectContaining({ trigger: 8, reason: 'camera-gone' }), 'end'])
  })
})
