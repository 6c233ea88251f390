import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createFramePool, ffmpegSource } from '../../camera/index.ts'
import { monoMs, wallMs } from '../../contracts/index.ts'
import type { CameraItem, FrameSource } from '../../contracts/index.ts'
import { clip, takenAt } from './samples/flv-clip.ts'

const present = spawnSync('ffmpeg', ['-version']).status === 0
const skip = !present && !process.env['SIGHTLINE_REQUIRE_SERVICES'] && 'ffmpeg is not on the PATH'
const title = (name: string): string => `${name}${skip ? ` (skipped: ${skip})` : ''}`

/** How many pictures one is behind the `newest`, at most 89; one that was made later is before it. */
const behindOf = (newest: number, bytes: Uint8Array): number =>
  ((newest - Math.round(((bytes[0] ?? 0) - 20) / 2) + 110) % 100) - 10

/** A source, behind a PLC where nothing else is said, of video that the test writes. */
async function connected(
  input: string[],
  timeoutMs: number,
  restarts = 0,
  mode: 'free' | 'triggered' = 'triggered',
): Promise<{
  source: FrameSource
  items: AsyncIterator<CameraItem>
  socket: Socket
  close: () => Promise<void>
}> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = once(server, 'connection') as Promise<[Socket]>
  const source = ffmpegSource({
    station: 'st1',
    view: 'top',
    pool: createFramePool({ slots: 4, slotBytes: 65_536 }),
    firstTrigger: 1,
    input: [...input, '-f', 'flv', '-i', `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`],
    widthPx: 64,
    heightPx: 48,
    pixel: 'mono8',
    mode,
    backPressure: 'miss',
    watchdogMs: 60_000,
    timeoutMs,
    restart: { max: restarts, withinMs: 60_000 },
  })
  const stop = new AbortController()
  await source.open()
  const items = source.items(stop.signal)[Symbol.asyncIterator]()
  const first = items.next()
  const [socket] = await connection
  socket.on('error', () => {})
  let begun = false
  return {
    source,
    items: { next: () => (begun ? items.next() : ((begun = true), first)) },
    socket,
    close: async () => {
      stop.abort()
      await source.close()
      socket.destroy()
      server.close()
    },
  }
}

/** ffmpeg looks at no picture before it shows the first. */
const QUICK = ['-probesize', '32', '-analyzeduration', '0', '-fpsprobesize', '0']

/** A camera of 25 pictures per second behind a link that, once it is slow, brings 4 of 5 at an even pace. */
function slowLink(socket: Socket): { made: number[]; waiting(): number; slow: boolean; stop(): void } {
  const { head, pictures } = clip(1_500)
  const link: Buffer[] = []
  const made: number[] = []
  socket.write(head)
  const camera = setInterval(() => {
    link.push(takenAt(pictures[made.length], performance.now()))
    made.push(monoMs())
    if (!it.slow) socket.write(Buffer.concat(link.splice(0)))
  }, 40)
  const pace = setInterval(() => it.slow && socket.write(link.shift() ?? ''), 50)
  const stop = (): void => [camera, pace].forEach((timer) => clearInterval(timer))
  const it = { made, waiting: () => link.length, slow: false, stop }
  return it
}

describe.skipIf(skip)(title('ffmpeg behind a PLC'), () => {
  it('gives a trigger a picture at most one behind the newest, however many threads decode', async () => {
    const { head, pictures } = clip(400)
    const { source, items, socket, close } = await connected(['-threads', '4', ...QUICK], 10_000)
    try {
      socket.write(head)
      let n = 0
      const write = (): void => void socket.write(takenAt(pictures[n++], performance.now()))
      // What comes as long after the first one as that took may be old.
      await expect
        .poll(() => (write(), source.health().state), { timeout: 20_000, interval: 60 })
        .toBe('online')
      const behind: number[] = []
      for (let trigger = 1; trigger <= 4; trigger++) {
        await sleep(60)
        source.trigger?.(trigger)
        const next = items.next()
        // One that comes after a break of the test's own is taken for held up.
        let newest: number
        do {
          newest = n
          write()
        } while ((await Promise.race([next, sleep(1_000)])) === undefined)
        const { value } = await next
        if (value?.kind !== 'frame') throw new Error(JSON.stringify(value))
        behind.push(behindOf(newest, value.frame.bytes))
        value.frame.release()
      }
      expect(Math.max(...behind)).toBeLessThanOrEqual(1)
    } finally {
      await close()
    }
  }, 60_000)

  it('gives no trigger a picture that was gathered while the stream was opened', async () => {
    const { head, pictures } = clip(600)
    // ffmpeg looks at 40 pictures, and then shows them all at once.
    const { source, items, socket, close } = await connected(['-fpsprobesize', '40'], 100)
    const sent: number[] = [0]
    let n = 0
    socket.write(head)
    const pace = setInterval(() => {
      socket.write(takenAt(pictures[n++], performance.now()))
      source.trigger?.(sent.length)
      sent.push(n)
    }, 40)
    try {
      const behind: number[] = []
      while (behind.length < 5) {
        const { value } = await items.next()
        if (value?.kind !== 'frame') continue
        const { bytes, meta } = value.frame
        behind.push(behindOf(sent[meta.trigger] ?? 0, bytes))
        value.frame.release()
      }
      expect(Math.max(...behind)).toBeLessThan(20)
    } finally {
      clearInterval(pace)
      await close()
    }
  }, 60_000)

  it('gives no trigger a picture that was held up on the way while the stream stood still', async () => {
    const { head, pictures } = clip(600)
    // Nobody says when they were taken.
    const stamps = ['-use_wallclock_as_timestamps', '1']
    const { source, items, socket, close } = await connected([...stamps, ...QUICK], 30_000)
    let n = 0
    const write = (): void => void socket.write(pictures[n++] ?? head)
    socket.write(head)
    let stands = false
    const pace = setInterval(() => (stands ? n++ : write()), 50)
    const picture = async (trigger: number): Promise<number> => {
      source.trigger?.(trigger)
      const { value } = await items.next()
      if (value?.kind !== 'frame') throw new Error(JSON.stringify(value))
      const behind = behindOf(n, value.frame.bytes)
      value.frame.release()
      return behind
    }
    try {
      await expect.poll(() => source.health().state, { timeout: 20_000 }).toBe('online')
      for (let trigger = 1; trigger <= 8; trigger++) await picture(trigger)
      const from = n
      stands = true
      await expect.poll(() => n - from, { timeout: 20_000 }).toBeGreaterThan(40)
      const behind = picture(9)
      socket.write(Buffer.concat(pictures.slice(from, n)))
      stands = false
      expect(await behind).toBeLessThan(20)
    } finally {
      clearInterval(pace)
      await close()
    }
  }, 60_000)

  it('gives no trigger a picture that waited behind others on a link that is too slow', async () => {
    const { source, items, socket, close } = await connected(QUICK, 100)
    const link = slowLink(socket)
    const newest: number[] = [0]
    const plc = setInterval(() => {
      source.trigger?.(newest.length)
      newest.push(link.made.length)
    }, 100)
    const behind: number[] = []
    const told: string[] = []
    try {
      const until = async (enough: () => boolean): Promise<void> => {
        while (!enough()) {
          const { value } = await items.next()
          if (value?.kind === 'missed') told.push(value.message)
          if (value?.kind !== 'frame') continue
          behind.push(behindOf(newest[value.frame.meta.trigger] ?? 0, value.frame.bytes))
          value.frame.release()
        }
      }
      await until(() => behind.length >= 5)
      link.slow = true
      await until(() => link.waiting() > 40)
      expect(source.health()).toMatchObject({
        state: 'late',
        lastError: expect.stringContaining('CAM_STALE') as string,
      })
      expect(told.at(-1)).toContain('the link or this machine is too slow for the stream')
      link.slow = false
      const before = behind.length
      await until(() => behind.length >= before + 5)
      expect(source.health().state).toBe('online')
      expect(Math.max(...behind)).toBeLessThan(12)
    } finally {
      clearInterval(plc)
      link.stop()
      await close()
    }
  }, 60_000)

  it.each([
    ['whose pictures -r counts at another rate', ['-r', '25'], 0],
    ['whose clock is set ahead by more than 30 h', [], 31 * 3_600_000],
  ])(
    'takes no camera for late for ever %s',
    async (_, rate, aheadMs) => {
      const { head, pictures } = clip(1_000)
      const { source, items, socket, close } = await connected([...rate, ...QUICK], 100, 0, 'free')
      socket.write(head)
      let n = 0
      let seen = 0
      // At 20 a second, where the stream says 25.
      const camera = setInterval(() => {
        socket.write(takenAt(pictures[n++], performance.now() + (seen < 20 ? 0 : aheadMs)))
      }, 50)
      try {
        for (; seen < 80; seen++) {
          const { value } = await items.next()
          if (value?.kind === 'frame') value.frame.release()
        }
        await expect.poll(() => source.health().state, { timeout: 5_000 }).toBe('online')
      } finally {
        clearInterval(camera)
        await close()
      }
    },
    30_000,
  )

  it('says of a picture of a camera that runs freely when it was taken, however late it came', async () => {
    const { items, socket, close } = await connected(QUICK, 100, 0, 'free')
    const link = slowLink(socket)
    const apart: number[] = []
    let last = 0
    try {
      while (link.waiting() < 40) {
        const { value } = await items.next()
        if (value?.kind !== 'frame') continue
        const { bytes, meta } = value.frame
        last += (100 - behindOf(last, bytes)) % 100
        const takenMs = link.made[last] ?? 0
        apart.push(meta.triggeredAtMs - takenMs, Date.parse(meta.capturedAt) - wallMs(takenMs))
        value.frame.release()
        link.slow ||= apart.length > 20
      }
      expect(Math.max(...apart)).toBeLessThan(500)
    } finally {
      link.stop()
      await close()
    }
  }, 60_000)

  it('tells every trigger the same of a camera that is gone', async () => {
    const { source, items, socket, close } = await connected([], 100, 100)
    try {
      socket.destroy()
      await expect.poll(() => source.health().faults, { timeout: 20_000 }).toBe(1)
      const told: string[] = []
      for (let trigger = 1; told.length < 4;) {
        const { value } = await items.next()
        if (value?.kind === 'missed') told.push(value.message)
        if (told.length < 4) source.trigger?.(trigger++)
      }
      expect(new Set(told).size).toBe(1)
      expect(told[0]?.split('CAM_GONE')).toHaveLength(2)
    } finally {
      await close()
    }
  }, 60_000)
})
