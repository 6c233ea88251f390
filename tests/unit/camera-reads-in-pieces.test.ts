import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createIdentitySource, httpReads } from '../../camera/index.ts'
import { KeyboardLines } from '../../camera/readers/keyboard-lines.ts'
import { LineSplitter } from '../../camera/readers/line-splitter.ts'
import { TimedLines } from '../../camera/readers/timed-lines.ts'
import {
  type IdentityRead,
  type IdentitySource,
  identitySourceSchema,
  monoMs,
} from '../../contracts/index.ts'

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
/** Key codes of linux/input-event-codes.h. */
const KEYS: Record<string, number> = { s: 31, n: 49, '-': 12, 1: 2, 2: 3, 3: 4, '\n': 28 }

/** Press and release of each key as `struct input_event` (linux/input.h). */
function typed(text: string): Buffer {
  const events = [...text].flatMap((key) =>
    [1, 0].map((value) => {
      const bytes = Buffer.alloc(24)
      bytes.writeUInt16LE(1, 16)
      bytes.writeUInt16LE(KEYS[key] ?? 0, 18)
      bytes.writeInt32LE(value, 20)
      return bytes
    }),
  )
  return Buffer.concat(events)
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 5_000, interval: 10 })

async function opened(source: IdentitySource): Promise<{ reads: IdentityRead[] }> {
  const reads: IdentityRead[] = []
  closers.push(() => source.close())
  await source.open((item) => {
    if (item.kind === 'read') reads.push(item.read)
  })
  return { reads }
}

/** A scanner that other programs connect to. */
async function scanner(): Promise<{ port: number; socket: Promise<Socket> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => void server.close())
  const socket = once(server, 'connection').then(([s]) => {
    closers.push(() => void (s as Socket).destroy())
    return s as Socket
  })
  return { port: (server.address() as AddressInfo).port, socket }
}

const passed = (ms: number): Promise<void> => {
  const from = monoMs()
  return until(() => expect(monoMs() - from).toBeGreaterThan(ms))
}

it('a read over HTTP is of the time at which it began to come, not of its last byte', async () => {
  const source = httpReads({ id: 'web', adapter: 'http-reads', host: '127.0.0.1', port: 0 })
  const { reads } = await opened(source)
  const socket = connect(Number(new URL(source.url() ?? '').port), '127.0.0.1')
  closers.push(() => void socket.destroy())
  socket.write('POST /reads HTTP/1.1\r\nHost: line\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  // The answer to `Expect` says that the head is here.
  await once(socket, 'data')
  const stalledMs = monoMs()
  await passed(50)
  socket.write('SN-1')
  await until(() => expect(reads).toMatchObject([{ text: 'SN-1' }]))
  expect(reads[0]?.atMs).toBeLessThanOrEqual(stalledMs)
})

describe('a line of a scanner', () => {
  it('is of the time of its first byte, the next one of its own', () => {
    const lines = new TimedLines(new LineSplitter(40))
    expect(lines.push(Buffer.from('SN'), 1_000)).toEqual([])
    expect(lines.push(Buffer.from('-1\rSN-2\rSN'), 1_900)).toEqual([
      { text: 'SN-1', atMs: 1_000 },
      { text: 'SN-2', atMs: 1_900 },
    ])
    expect(lines.push(Buffer.from('-3\r'), 2_000)).toEqual([{ text: 'SN-3', atMs: 1_900 }])
    expect(lines.push(Buffer.from('\nSN-4\r'), 9_000)).toEqual([{ text: 'SN-4', atMs: 9_000 }])
  })

  it.each([
    ['of bytes', () => new LineSplitter(40), (text: string) => Buffer.from(text.replace('\n', '\r'))],
    ['of keys', () => new KeyboardLines(40), typed],
  ])('%s that broke off is told at the next one and is not its beginning', (_what, make, bytes) => {
    const lines = new TimedLines(make())
    expect(lines.push(bytes('sn-1'), 1_000)).toEqual([])
    const [told, ...others] = lines.push(bytes('sn-2'), 60_000)
    expect(told).toMatchObject({
      code: 'CAM_BAD_REQUEST',
      detail: { hint: expect.stringContaining('Enter') },
    })
    expect(others).toEqual([])
    // Nobody knows whether this goes on with the first or is another code.
    expect(lines.push(bytes('\n'), 60_010)).toEqual([])
    expect(lines.push(bytes('sn-3\n'), 90_000)).toEqual([{ text: 'sn-3', atMs: 90_000 }])
  })

  it.each([
    ['of bytes', () => new LineSplitter(40), (text: string) => Buffer.from(text.replaceAll('\n', '\r'))],
    ['of keys', () => new KeyboardLines(40), typed],
  ])(
    '%s behind one that broke off is of its own time, also where both come at once',
    (_what, make, bytes) => {
      const lines = new TimedLines(make())
      expect(lines.push(bytes('sn-'), 1_000)).toEqual([])
      // As a network does that was away: what it lost comes with all that was sent since.
      const [told, ...others] = lines.push(bytes('1\nsn-2\nsn'), 9_000)
      expect(told).toMatchObject({ code: 'CAM_BAD_REQUEST' })
      expect(others).toEqual([{ text: 'sn-2', atMs: 9_000 }])
      expect(lines.push(bytes('-3\n'), 9_100)).toEqual([{ text: 'sn-3', atMs: 9_000 }])
      expect(lines.push(bytes('sn-'), 20_000)).toEqual([])
      expect(lines.push(bytes('1\nsn'), 30_000)).toHaveLength(1)
      expect(lines.push(bytes('-2\n'), 30_100)).toEqual([{ text: 'sn-2', atMs: 30_000 }])
    },
  )

  it.each([
    ['of bytes', () => new LineSplitter(40), (text: string) => Buffer.from(text.replaceAll('\n', '\r'))],
    ['of keys', () => new KeyboardLines(40), typed],
  ])(
    '%s that came as soon as the scanner was opened may be the rest of another code',
    (_what, make, bytes) => {
      const lines = new TimedLines(make(), 1_200)
      expect(lines.push(bytes('12'), 1_010)).toEqual([])
      expect(lines.push(bytes('3\nsn-'), 1_190)).toMatchObject([
        { code: 'CAM_BAD_REQUEST', detail: { actual: '"123"' } },
      ])
      // Kept until somebody came for it, as by a converter from serial lines to Ethernet.
      expect(lines.push(bytes('1\n'), 1_210)).toMatchObject([{ code: 'CAM_BAD_REQUEST' }])
      expect(lines.push(bytes('sn-2\n'), 1_220)).toEqual([{ text: 'sn-2', atMs: 1_220 }])
    },
  )

  it('is read so from a connection', async () => {
    const { port, socket } = await scanner()
    const source = createIdentitySource(
      identitySourceSchema.parse({ id: 'gun', adapter: 'scanner-tcp', host: '127.0.0.1', port }),
    )
    const { reads } = await opened(source)
    const peer = await socket
    await until(() => expect(source.health().state).toBe('running'))
    peer.setNoDelay(true)
    peer.write('SN')
    await passed(200)
    const restMs = monoMs()
    peer.write('-1\r\n')
    await until(() => expect(reads).toMatchObject([{ text: 'SN-1' }]))
    expect(reads[0]?.atMs).toBeLessThan(restMs)
  })
})
