import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createFramePool, ffmpegSource } from '../../camera/index.ts'

const present = spawnSync('ffmpeg', ['-version']).status === 0
const skip = !present && !process.env['SIGHTLINE_REQUIRE_SERVICES'] && 'ffmpeg is not on the PATH'
const title = (name: string): string => `${name}${skip ? ` (skipped: ${skip})` : ''}`

/** Flat pictures of H.264 that become brighter by 10 grey levels each: what comes before them, and each by itself. */
function clip(pictures: number): { head: Buffer; pictures: Buffer[] } {
  const drawn = `color=c=black:size=64x48:rate=25,format=gray,geq=lum=20+10*N`
  const args = ['-v', 'error', '-f', 'lavfi', '-i', drawn, '-frames:v', String(pictures)]
  const coded = ['-pix_fmt', 'yuvj420p', '-c:v', 'libx264', '-tune', 'zerolatency', '-f', 'flv', '-']
  const flv = execFileSync('ffmpeg', [...args, ...coded])
  const cut: Buffer[] = []
  let head = 13
  // Adobe Flash Video File Format 10.1, annex E: tags of 11 bytes, their data and 4 bytes; 9 = video, then 1 = a picture.
  for (let at = 13; at + 11 < flv.length;) {
    const end = at + 15 + flv.readUIntBE(at + 1, 3)
    if (flv[at] === 9 && flv[at + 12] === 1) cut.push(flv.subarray(at, end))
    else if (cut.length === 0) head = end
    at = end
  }
  return { head: flv.subarray(0, head), pictures: cut }
}

describe.skipIf(skip)(title('ffmpeg behind a PLC'), () => {
  it('gives a trigger a picture at most one behind the newest, however many threads decode', async () => {
    const { head, pictures } = clip(6)
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const connected = once(server, 'connection') as Promise<[Socket]>
    const url = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
    // It looks at no picture before it shows the first.
    const quick = [
      '-threads',
      '4',
      '-probesize',
      '32',
      '-analyzeduration',
      '0',
      '-fpsprobesize',
      '0',
      '-f',
      'flv',
    ]
    const source = ffmpegSource({
      station: 'st1',
      view: 'top',
      pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
      firstTrigger: 1,
      input: [...quick, '-i', url],
      widthPx: 64,
      heightPx: 48,
      pixel: 'mono8',
      mode: 'triggered',
      backPressure: 'miss',
      watchdogMs: 60_000,
      timeoutMs: 10_000,
      restart: { max: 0, withinMs: 60_000 },
    })
    const stop = new AbortController()
    const closers: (() => void)[] = []
    try {
      await source.open()
      const items = source.items(stop.signal)[Symbol.asyncIterator]()
      let next = items.next()
      const [socket] = await connected
      closers.push(() => socket.destroy())
      socket.on('error', () => {})
      // ffmpeg 7 shows a picture when the next one comes.
      socket.write(Buffer.concat([head, ...pictures.slice(0, 2)]))
      await expect.poll(() => source.health().state, { timeout: 20_000 }).toBe('online')
      const behind: number[] = []
      for (let n = 2; n < pictures.length; n++) {
        source.trigger?.(n)
        socket.write(pictures[n] ?? head)
        const { value } = await next
        if (value?.kind !== 'frame') throw new Error(JSON.stringify(value))
        behind.push(n - Math.round(((value.frame.bytes[0] ?? 0) - 20) / 10))
        value.frame.release()
        next = items.next()
      }
      expect(behind).toHaveLength(4)
      expect(Math.max(...behind)).toBeLessThanOrEqual(1)
    } finally {
      stop.abort()
      await source.close()
      for (const close of closers) close()
      server.close()
    }
  }, 60_000)
})
