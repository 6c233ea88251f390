import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { createFramePool, type FfmpegOptions, ffmpegSource } from '../../camera/index.ts'
import { type FrameSource, monoMs } from '../../contracts/index.ts'

const PERIOD_MS = 40

describe.skipIf(process.platform === 'win32')('a camera at this machine behind a PLC', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-held-up-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))

  /** In place of ffmpeg: each picture begins with the number of periods since 1970, of 32 bits. */
  function camera(): string {
    const file = join(dir, 'camera')
    const show = `const b = Buffer.alloc(64 * 48); b.writeUInt32BE(Math.floor(Date.now() / ${PERIOD_MS}) % 2 ** 32); process.stdout.write(b)`
    const text = `if (process.argv[2] !== '-version') setInterval(() => { ${show} }, ${PERIOD_MS})`
    writeFileSync(file, `#!${process.execPath}\n${text}\n`)
    chmodSync(file, 0o755)
    return file
  }

  const sourceWith = (over: Pick<FfmpegOptions, 'mode' | 'watchdogMs' | 'timeoutMs'>): FrameSource =>
    ffmpegSource({
      station: 'st1',
      view: 'top',
      pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
      firstTrigger: 1,
      binary: camera(),
      input: ['-f', 'v4l2', '-i', '/dev/video0'],
      widthPx: 64,
      heightPx: 48,
      pixel: 'mono8',
      backPressure: 'miss',
      restart: { max: 0, withinMs: 60_000 },
      ...over,
    })

  it('gives no trigger a picture that waited while this process stood still', async () => {
    const source = sourceWith({ mode: 'triggered', watchdogMs: 60_000, timeoutMs: 5_000 })
    const stop = new AbortController()
    await source.open()
    const items = source.items(stop.signal)[Symbol.asyncIterator]()
    try {
      const next = items.next()
      await expect.poll(() => source.health().state, { timeout: 20_000 }).toBe('online')
      const until = monoMs() + 700
      while (monoMs() < until);
      const atTrigger = Math.floor(Date.now() / PERIOD_MS) % 2 ** 32
      source.trigger?.(1)
      const { value } = await next
      if (value?.kind !== 'frame') throw new Error(JSON.stringify(value))
      const { buffer, byteOffset } = value.frame.bytes
      const older = atTrigger - new DataView(buffer, byteOffset).getUint32(0)
      value.frame.release()
      expect(older).toBeLessThanOrEqual(1)
    } finally {
      stop.abort()
      await source.close()
    }
  }, 60_000)

  it('is not called silent for a time in which this process stood still', async () => {
    const source = sourceWith({ mode: 'free', watchdogMs: 20_000 })
    const stop = new AbortController()
    await source.open()
    const kinds: string[] = []
    let stoodAt = Infinity
    /** The clock goes on meanwhile, and what looks for silence is due before what came is read. */
    const standStill = (): void => {
      const { now } = performance
      vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 30_000)
      const until = Date.now() + 100
      while (Date.now() < until);
      stoodAt = kinds.length
    }
    try {
      for await (const item of source.items(stop.signal)) {
        kinds.push(item.kind)
        if (item.kind === 'frame') item.frame.release()
        if (kinds.length === 3) setImmediate(standStill)
        if (kinds.length >= stoodAt + 5 || item.kind === 'fault') break
      }
    } finally {
      vi.restoreAllMocks()
      stop.abort()
      await source.close()
    }
    expect(new Set(kinds)).toEqual(new Set(['frame']))
  }, 60_000)
})
