import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve, type Served } from './samples/dashboard-serve.ts'

let at: Served
beforeAll(async () => {
  at = await serve(1)
})
afterAll(() => at.dashboard.close())

const MODULE = '/api/m/lean/rebuild'
const FACTS = '/api/trace/events'

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: string; message: string; zh: string; body?: unknown }> {
  const res = await fetch(at.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: res.status, ...((await res.json()) as { code: string; message: string; zh: string }) }
}

describe.each([MODULE, FACTS])('a body for %s', (path) => {
  it.each([
    ['a key twice', '{"why":"a","why":"b"}', {}, 400, /\(body\/why\); expected each key once/],
    ['a key of the language', '{"__proto__":{"why":"a"}}', {}, 400, /body\/__proto__/],
    [
      'nesting without end',
      '['.repeat(200_000) + ']'.repeat(200_000),
      {},
      400,
      /at most 64 levels of nesting/,
    ],
    ['objects without end', '{"a":'.repeat(99_000) + '1' + '}'.repeat(99_000), {}, 400, /at most 64 levels/],
    ['a number that no double holds', '{"n":1e999}', {}, 400, /body\/n.*double/],
    ['NaN', '{"n":NaN}', {}, 400, /expected a body of JSON/],
    [
      'text with NUL',
      '{"why":["\\\\u0000",{"b":"x\\u0000"}]}',
      {},
      400,
      /\(body\/why\/1\/b\); expected text without NUL/,
    ],
    ['a key with NUL', '{"a":{"\\u0000":1}}', {}, 400, /\(body\/a\); expected text without NUL/],
    ['half a character', '{"why":"\\ud800"}', {}, 400, /half of a surrogate pair/],
    [
      'bytes of another character set',
      Buffer.from('{"why":"\xd6\xd0"}', 'latin1'),
      {},
      400,
      /expected a body in UTF-8/,
    ],
    [
      'another character set',
      '{}',
      { 'content-type': 'application/json; charset=gbk' },
      415,
      /UTF-8; found .*gbk/,
    ],
    [
      'text',
      '{}',
      { 'content-type': 'text/plain' },
      415,
      /expected Content-Type: application\/json.*found text\/plain/,
    ],
    ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /application\/json/],
    [
      'another compression',
      '{}',
      { 'content-encoding': 'zstd' },
      415,
      /expected gzip, deflate, br or none; found zstd/,
    ],
    ['what is not compressed', '{}', { 'content-encoding': 'gzip' }, 400, /incorrect header check/],
    [
      'a bomb',
      gzipSync(Buffer.alloc(60_000_000, ' ')),
      { 'content-encoding': 'gzip' },
      413,
      /expected a body of at most \d+ bytes/,
    ],
  ] as const)('is refused as %s', async (_, body, headers, status, message) => {
    const answer = await post(path, body as string, headers)
    expect(answer).toMatchObject({ status, code: 'API_REQUEST', message: expect.stringMatching(message) })
    expect(answer.zh).not.toMatch(/a well-formed|a body|Content-Type: application\/json, in/)
    expect(at.logged).toEqual([])
  })
})

it('is taken as it was sent, compressed too', async () => {
  const body = { why: '中文 \u{1f600}', n: 0.1 }
  const text = JSON.stringify(body)
  expect((await post(MODULE, text)).body).toEqual(body)
  expect((await post(MODULE, text, { 'content-type': 'Application/JSON; charset="UTF-8"' })).body).toEqual(
    body,
  )
  expect((await post(MODULE, gzipSync(text), { 'content-encoding': 'gzip' })).body).toEqual(body)
})
