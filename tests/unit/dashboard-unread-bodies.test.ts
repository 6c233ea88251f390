import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'
import { Repository } from './samples/epcis-repository.ts'

let dir: string
let book: AccountBook
let repository: Repository
let at: Served
/** Where a request may take 300 ms. */
let brief: Served
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-bodies-'))
  book = AccountBook.open(dir)
  repository = await Repository.open()
  at = await serve(1, { accounts: book, epcis: repository.epcis })
  brief = await serve(1, { accounts: book, epcis: repository.epcis, requestMs: 300 })
})
afterAll(async () => {
  await at.dashboard.close()
  await brief.dashboard.close()
  await repository.remove()
  book.close()
  rmSync(dir, { recursive: true, force: true })
})

const JSON_TYPE = { 'content-type': 'application/json' }
const CHUNK = Buffer.alloc(65_536, ' ')
const IN_CHUNKS = Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')])
/** What is under way in the buffers of both ends. */
const UNDER_WAY = 32_000_000

interface Ended {
  answer: string
  sent: number
  ms: number
}

function open(port: number, method: string, path: string, headers: Record<string, string>): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  const length = 'content-length' in headers ? {} : { 'transfer-encoding': 'chunked' }
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...length, ...headers })
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.map((l) => `${l.join(': ')}\r\n`).join('')}\r\n`)
  return socket
}

/** How long a client goes on by itself. */
const CLIENT_MS = 20_000

/** Sends a chunk again and again, for `CLIENT_MS` or until the connection ends. */
function sendOn(socket: Socket, chunk: Buffer, everyMs = 0): Promise<Ended> {
  const began = performance.now()
  let answer = ''
  let over = false
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
  const more = (): void => {
    if (over || socket.destroyed) return
    socket.write(chunk, (error) => {
      if (!error) setTimeout(more, everyMs)
    })
  }
  more()
  const limit = setTimeout(() => socket.destroy(), CLIENT_MS)
  return new Promise((resolve) =>
    socket.on('close', () => {
      over = true
      clearTimeout(limit)
      resolve({ answer, sent: socket.bytesWritten, ms: performance.now() - began })
    }),
  )
}

const endless = (method: string, path: string, headers: Record<string, string> = {}): Promise<Ended> =>
  sendOn(open(at.port, method, path, { ...JSON_TYPE, ...headers }), IN_CHUNKS)

describe.concurrent('a body without end', () => {
  it.each([
    ['too large', 'POST', '/api/me/sign-in', {}, 413, 4_096],
    ['too large for EPCIS', 'POST', '/epcis/capture', {}, 413, 2_097_152],
    ['of another type', 'POST', '/api/m/lean/rebuild', { 'content-type': 'text/plain' }, 415, 0],
    ['of another type for EPCIS', 'POST', '/epcis/events', { 'content-type': 'text/plain' }, 415, 0],
    ['of another compression', 'POST', '/api/trace/events', { 'content-encoding': 'zstd' }, 415, 0],
    ['from a stranger', 'POST', '/api/trace/events', { authorization: 'Bearer none' }, 401, 0],
    ['from a viewer', 'POST', '/api/m/lean/rebuild', { 'x-forwarded-for': '10.0.0.9' }, 403, 0],
    ['from another page', 'POST', '/api/trace/events', { origin: 'http://example.com' }, 403, 0],
    ['for another host', 'POST', '/api/trace/events', { host: 'example.com' }, 403, 0],
    ['for no path', 'POST', '/nothing', {}, 404, 0],
    ['by another method', 'PUT', '/api/trace/events', {}, 405, 0],
    ['that no question has', 'GET', '/api/parts', {}, 200, 0],
  ] as const)('%s is answered, and read no further', async (_, method, path, headers, status, limit) => {
    const { answer, sent, ms } = await endless(method, path, headers)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nConnection: close\r\n`))
    expect(sent).toBeLessThan(limit + UNDER_WAY)
    expect(ms).toBeLessThan(5_000)
  })

  it('is too large, though nothing comes of it when it is unpacked', async () => {
    // Empty stored blocks (RFC 1951, 3.2.4) behind the head of a gzip file.
    const socket = open(at.port, 'POST', '/api/me/sign-in', { ...JSON_TYPE, 'content-encoding': 'gzip' })
    const head = gzipSync('').subarray(0, 10)
    socket.write(Buffer.concat([Buffer.from('a\r\n'), head, Buffer.from('\r\n')]))
    const blocks = Buffer.alloc(65_535, Buffer.from([0, 0, 0, 255, 255]))
    const { answer, sent } = await sendOn(
      socket,
      Buffer.concat([Buffer.from('ffff\r\n'), blocks, Buffer.from('\r\n')]),
    )
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(sent).toBeLessThan(UNDER_WAY)
  })
})

it('lets whoever sends a little too much send it, and read why it is refused', async () => {
  const body = Buffer.alloc(900_000, ' ')
  for (const path of ['/api/me/sign-in', '/nothing']) {
    const socket = open(at.port, 'POST', path, {
      ...JSON_TYPE,
      'content-length': String(body.length),
    })
    let answer = ''
    // Reads nothing before everything is sent, as a simple client does.
    for (let i = 0; i < body.length; i += 100_000) {
      await new Promise<void>((resolve, reject) =>
        socket.write(body.subarray(i, i + 100_000), (error) => (error ? reject(error) : resolve())),
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const began = performance.now()
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    await new Promise((resolve) => socket.on('end', resolve))
    socket.destroy()
    expect(answer).toMatch(path === '/nothing' ? /^HTTP\/1.1 404 / : /^HTTP\/1.1 413 /)
    expect(performance.now() - began).toBeLessThan(1_500)
  }
})

it('keeps the connection of a body that was read, whether it was good or not', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const post = (path: string, body: string): Promise<[number, number]> =>
    new Promise((resolve, reject) => {
      const asked = request({ agent, port: at.port, method: 'POST', path, headers: JSON_TYPE }, (res) => {
        const from = res.socket.localPort ?? 0
        res.resume().on('end', () => resolve([res.statusCode ?? 0, from]))
      })
      asked.on('error', reject).end(body)
    })
  const [good, from] = await post('/api/m/lean/rebuild', '{"why":"a"}')
  expect(good).toBe(200)
  expect(await post('/api/m/lean/rebuild', '{"why"')).toEqual([400, from])
  expect(await post('/api/m/lean/rebuild', '{}')).toEqual([200, from])
  agent.destroy()
})

describe.concurrent('a body that trickles', () => {
  it.each(['/api/me/sign-in', '/api/m/lean/rebuild', '/epcis/capture', '/nothing'])(
    'ends when its time is over, for %s',
    async (path) => {
      const socket = open(brief.port, 'POST', path, JSON_TYPE)
      const { answer, ms } = await sendOn(socket, Buffer.from('1\r\n \r\n'), 50)
      expect(answer).toMatch(path === '/nothing' ? /^HTTP\/1.1 404 / : /^HTTP\/1.1 408 /)
      expect(ms).toBeLessThan(4_000)
    },
  )

  it('ends nothing else: what was asked whole is answered as long as it takes', async () => {
    await repository.epcis.addQuery({ name: 'all', query: {} })
    const ended = vi.fn()
    const live = await fetch(`${brief.url}/api/events`)
    const reader = live.body?.getReader()
    const read = async (): Promise<void> => {
      while ((await reader?.read())?.done === false);
    }
    void read()
      .catch(() => {})
      .finally(ended)
    const client = new WebSocket(`ws://127.0.0.1:${brief.port}/epcis/queries/all/events?stream=true`)
    await new Promise((resolve, reject) => client.on('open', resolve).on('error', reject))
    client.on('close', ended)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(ended).not.toHaveBeenCalled()
    client.terminate()
    await reader?.cancel()
  })
})
