import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createFramePool, httpPushSource } from '../../camera/index.ts'
import type { ListeningSource } from '../../camera/index.ts'
import type { CameraItem } from '../../contracts/index.ts'

let source: ListeningSource
let stop: AbortController
let items: CameraItem[]
let reading: Promise<void>

beforeEach(async () => {
  source = httpPushSource({
    station: 'st1',
    view: 'top',
    pool: createFramePool({ slots: 4, slotBytes: 4096 }),
    firstTrigger: 1,
    host: '127.0.0.1',
    port: 0,
    maxBytes: 3000,
    backPressure: 'miss',
    staleMs: 5_000,
  })
  await source.open()
  stop = new AbortController()
  items = []
  reading = (async () => {
    for await (const item of source.items(stop.signal)) {
      items.push(item)
      if (item.kind === 'frame') item.frame.release()
    }
  })()
})
afterEach(async () => {
  stop.abort()
  await reading
  await source.close()
})

/** All that the server says to these bytes until it ends the connection, or is silent for 300 ms after an answer. */
function said(...parts: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(source.url() ?? '').port), '127.0.0.1')
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      socket.setTimeout(300, () => socket.destroy())
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
    for (const part of parts) socket.write(part)
  })
}

const head = (...lines: string[]): string =>
  ['POST /ingest/st1 HTTP/1.1', 'host: x', 'content-type: image/png', ...lines, '', ''].join('\r\n')

it.each([
  ['a length that is none', head('content-length: -5'), 400, /Content-Length/i],
  ['two lengths', head('content-length: 5', 'content-length: 6'), 400, /content-length/i],
  ['a length and chunks', head('content-length: 5', 'transfer-encoding: chunked'), 400, /content-length/i],
  ['a control character in a header', head('x-cav\u0001ity: a'), 400, /header/i],
  ['no HTTP at all', 'hello\r\n\r\n', 400, /method/i],
  ['TLS', '\u0016\u0003\u0001hello', 400, /http:\/\/; found https/],
  ['headers without an end', head(`x-note: ${'a'.repeat(20_000)}`), 431, /16 kB/],
])('answers %s with a code and shows it, without making a part of it', async (_name, bytes, status, why) => {
  const answer = await said(bytes)
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  const body = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as { code: string; message: string }
  expect(body.code).toBe('CAM_BAD_REQUEST')
  expect(body.message).toMatch(why)
  expect(source.health().lastError).toBe(body.message)
  expect(items).toEqual([])
})

it('says nothing of a connection that is just cut', async () => {
  const socket = connect(Number(new URL(source.url() ?? '').port), '127.0.0.1')
  socket.write('POST /ingest/st1 HTTP/1.1\r\nhost: x\r\n')
  await sleep(50)
  socket.resetAndDestroy()
  await sleep(50)
  expect([source.health().lastError, items]).toEqual([null, []])
})

it('takes a frame with an expectation that is not known', async () => {
  expect(await said(head('expect: 200-ok', 'content-length: 6'), 'pixels')).toMatch(/^HTTP\/1.1 202 /)
  expect(items).toMatchObject([{ kind: 'frame' }])
})

it('leaves the parts before it on the connection their answers', async () => {
  const part = head('content-length: 6') + 'pixels'
  const answer = await said(part + part + head('content-length: -5'), 'what else was on the way')
  expect(answer.match(/HTTP\/1\.1 \d+|"trigger":\d+|"code":"\w+"/g)).toEqual([
    'HTTP/1.1 202',
    '"trigger":1',
    'HTTP/1.1 202',
    '"trigger":2',
    'HTTP/1.1 400',
    '"code":"CAM_BAD_REQUEST"',
  ])
  expect(items).toMatchObject([{ kind: 'frame' }, { kind: 'frame' }])
})

it('misses a part whose sender ends in its body at once, behind the answers of those before it', async () => {
  const part = head('content-length: 6') + 'pixels'
  const socket = connect(Number(new URL(source.url() ?? '').port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  // Long before the limit of a stalled upload.
  const over = once(socket, 'close', { signal: AbortSignal.timeout(3_000) })
  socket.end(`${part}${head('content-length: 100')}pix`)
  await over
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 400'])
  await expect.poll(() => items.length).toBe(2)
  expect(items).toMatchObject([{ kind: 'frame' }, { kind: 'missed', code: 'CAM_INCOMPLETE' }])
  expect(source.health().lastError).toMatch(/CAM_INCOMPLETE/)
})

it('answers once where a part was refused by its headers and its body breaks off', async () => {
  const socket = connect(Number(new URL(source.url() ?? '').port), '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  const over = once(socket, 'close', { signal: AbortSignal.timeout(3_000) })
  socket.write(`${head('content-length: 3001')}pix`)
  await expect.poll(() => answer).toContain('HTTP/1.1 413')
  socket.end()
  await over
  expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 413'])
  expect(items).toMatchObject([{ kind: 'missed', code: 'CAM_FRAME_TOO_LARGE' }])
})
