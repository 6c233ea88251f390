import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CodedError } from '../../contracts/index.ts'
import { rawGet, serve, type Served } from './samples/dashboard-serve.ts'

let at: Served
let breaksAt = 0
beforeAll(async () => {
  at = await serve(1)
  at.line.queries.exportPage = ({ after }) => {
    const page = Number(after ?? 0)
    if (page === breaksAt) throw new CodedError('TRC_PLANT', { expected: 'an answer' })
    return { rows: [['row']], next: page === 3 ? null : page + 1 } as never
  }
})
afterAll(() => at.dashboard.close())

/** What a client without chunks, as nginx is by default, takes for the whole answer. */
const byHttp10 = (): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(at.port, '127.0.0.1')
    socket.on('error', reject)
    socket.on('end', () => resolve(text))
    socket.on('data', (bytes) => (text += bytes.toString()))
    socket.write(`GET /api/export HTTP/1.0\r\nHost: localhost\r\n\r\n`)
  })

it('breaks half an export off, so that nobody takes it for a whole one', async () => {
  breaksAt = 2
  await expect(fetch(`${at.url}/api/export`).then((res) => res.text())).rejects.toThrow('terminated')
  breaksAt = 0
  expect((await rawGet(at.port, '/api/export')).text).toContain('TRC_PLANT')
  breaksAt = -1
  expect((await rawGet(at.port, '/api/export')).text.match(/^row$/gm)).toHaveLength(4)
})

it('refuses an export by HTTP/1.0, where half a file looks whole, and says how to ask', async () => {
  breaksAt = 2
  expect(await byHttp10()).toMatch(/^HTTP\/1.1 400 [^]*API_REQUEST[^]*proxy_http_version 1.1/)
})
