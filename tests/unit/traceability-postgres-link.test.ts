import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterEach, expect, it } from 'vitest'
import { answered } from '../../traceability/plant/postgres.ts'
import { postgresError } from '../../traceability/plant/postgres-errors.ts'
import { cutLink } from '../services/cut-link.ts'
import { DATABASE_URL, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'

const PROGRAM = new URL('./samples/postgres-asker.process.ts', import.meta.url)

describeWith(
  'PostgreSQL',
  await postgresPresent(),
  'a connection to PostgreSQL that blocks its caller',
  () => {
    const children: ChildProcess[] = []
    const closers: (() => void)[] = []
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL')
      for (const close of closers.splice(0)) close()
    })

    const asker = async (url: string, statementMs: number) => {
      const child = fork(PROGRAM, [url, String(statementMs)], { execArgv: ['--import', 'tsx'] })
      children.push(child)
      const heard = async (): Promise<unknown> => (await once(child, 'message'))[0]
      expect(await heard()).toEqual({ open: true })
      const ask = (sql: string): Promise<unknown> => {
        child.send(sql)
        return heard()
      }
      return { child, ask }
    }

    it('says that nobody answered, and answers the next question over a new one', async () => {
      const link = await cutLink(DATABASE_URL)
      closers.push(link.close)
      const { ask } = await asker(link.url, 1_000)
      expect(await ask('select 1 as one')).toEqual({ rows: [{ one: 1 }] })
      link.swallow()
      expect(await ask('select 2 as two')).toEqual({
        fault: expect.stringMatching(/TRC_PLANT.*no answer within 2500 ms: the database was asked/) as string,
      })
      link.mend()
      expect(await ask('select 3 as three')).toEqual({ rows: [{ three: 3 }] })
    })

    it('means the same where the database is set up otherwise', async () => {
      const url = new URL(DATABASE_URL)
      const odd = [
        'standard_conforming_strings=off',
        'extra_float_digits=-10',
        'bytea_output=escape',
        'transform_null_equals=on',
        'lock_timeout=50ms',
        'default_transaction_isolation=serializable',
      ]
      url.searchParams.set('options', odd.map((o) => `-c ${o}`).join(' '))
      const { ask } = await asker(url.href, 5_000)
      const sql = `select '\\x00' as plain, 0.1::float8 + 0.2::float8 as sum, '\\xe38122'::bytea::text as bytes,
          (null = null) is null as unknown, current_setting('lock_timeout') as lock,
          current_setting('transaction_isolation') as isolation`
      expect(await ask(sql)).toEqual({
        rows: [
          {
            plain: '\\x00',
            sum: 0.1 + 0.2,
            bytes: '\\xe38122',
            unknown: 1,
            lock: '0',
            isolation: 'read committed',
          },
        ],
      })
    })

    it('is not ended by what role or database allow an idle session, or a whole transaction (17 and newer)', async () => {
      const limits = `select name from pg_settings where name in ('idle_session_timeout', 'transaction_timeout')`
      const plain = await asker(DATABASE_URL, 5_000)
      const { rows } = (await plain.ask(limits)) as { rows: { name: string }[] }
      const url = new URL(DATABASE_URL)
      url.searchParams.set('options', rows.map(({ name }) => `-c ${name}=300ms`).join(' '))
      const { ask } = await asker(url.href, 5_000)
      const session = await ask('select pg_backend_pid() as pid')
      await sleep(1_000)
      expect(await ask('select pg_backend_pid() as pid, pg_sleep(0) as slept')).toMatchObject(
        session as object,
      )
      expect(await ask('select 1 as one, pg_sleep(0.6) as slept')).toMatchObject({ rows: [{ one: 1 }] })
    })

    it('outlasts a stop of its process that is longer than its limit', async () => {
      const { child, ask } = await asker(DATABASE_URL, 1_000)
      const asked = ask('select pg_sleep(0.5), 1 as one')
      await sleep(100)
      child.kill('SIGSTOP')
      await sleep(4_000)
      child.kill('SIGCONT')
      expect(await asked).toMatchObject({ rows: [{ one: 1 }] })
    })

    it('says at once what its thread died of, and answers the next question over a new connection', async () => {
      const peer = await brokenServer()
      closers.push(() => peer.close())
      const { ask } = await asker(`postgres://x@127.0.0.1:${(peer.address() as AddressInfo).port}/x`, 60_000)
      expect(await ask('select 2 as two')).toEqual({ fault: expect.stringMatching(/TRC_PLANT/) as string })
      expect(await ask('select 3 as three')).toEqual({ rows: [] })
    })

    it('refuses a pooler, behind which schema and rights of another connection may be in force', async () => {
      const pooler = await startPooler()
      closers.push(() => pooler.close())
      const url = new URL(DATABASE_URL)
      url.host = `127.0.0.1:${(pooler.address() as AddressInfo).port}`
      const child = fork(PROGRAM, [url.href, '1000'], { execArgv: ['--import', 'tsx'], silent: true })
      children.push(child)
      expect((await once(child, 'message'))[0]).toEqual({
        fault: expect.stringMatching(/TRC_OPEN.*a pooler in between.*PostgreSQL itself/) as string,
      })
      const late = postgresError(
        { message: 'unsupported startup parameter: statement_timeout', code: '08P01', constraint: '' },
        'TRC_WRITE',
        'x',
      )
      // As PgBouncer 1.24 says by default.
      expect(late).toMatchObject({
        code: 'TRC_OPEN',
        message: expect.stringContaining('not of a pooler') as string,
      })
    })
  },
)

/** Wakes who waits at the first word, and changes it only 50 ms after that. */
const WAKES_TOO_SOON = `
  const { workerData: words } = require('node:worker_threads')
  const sleep = (ms) => Atomics.wait(words, 1, 0, ms)
  while (Atomics.notify(words, 0) === 0) sleep(1)
  sleep(50)
  Atomics.add(words, 0, 1)
  Atomics.notify(words, 0)`

it('an answer is waited for beyond what wakes, as the end of the one before may', async () => {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const thread = new Worker(WAKES_TOO_SOON, { eval: true, workerData: words })
  try {
    await once(thread, 'online')
    answered(words, 0, 20_000)
    expect(words[0]).toBe(1)
  } finally {
    await thread.terminate()
  }
})

/** PostgreSQL behind somebody who gives out keys of their own, as PgBouncer does. */
async function startPooler(): Promise<Server> {
  const to = new URL(DATABASE_URL)
  const server = createServer((client) => {
    const far = connect(Number(to.port || '5432'), to.hostname)
    for (const [a, b] of [
      [client, far],
      [far, client],
    ] as const) {
      a.on('error', () => b.destroy())
      a.on('close', () => b.destroy())
    }
    client.on('data', (bytes) => far.write(bytes))
    far.on('data', (bytes) => {
      const key = bytes.indexOf(message('K', Buffer.alloc(8)).subarray(0, 5))
      if (key >= 0) bytes.writeInt32BE(bytes.readInt32BE(key + 5) ^ 1, key + 5)
      client.write(bytes)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Messages of the PostgreSQL protocol 3.0 (manual, 55.7): a type, the length with itself, a body. */
const message = (type: string, body: Buffer | string = ''): Buffer => {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(4 + Buffer.byteLength(body), 1)
  return Buffer.concat([head, Buffer.from(body)])
}
const READY = message('Z', 'I')
const SET = Buffer.concat([message('C', 'SET\0'), READY])
/** One row with one number, 0. */
const PID = Buffer.concat([
  message('T', Buffer.from('\0\x01pid\0\0\0\0\0\0\0\0\0\0\x17\0\x04\0\0\0\0\0\0', 'latin1')),
  message('D', Buffer.from('\0\x01\0\0\0\x010', 'latin1')),
  SET,
])
const DONE = Buffer.concat([message('1'), message('2'), message('n'), message('C', 'SELECT 0\0'), READY])

/** A server whose third answer to a statement of the first connection is not of the protocol: a row without its columns. */
async function brokenServer(): Promise<Server> {
  let connections = 0
  const server = createServer((socket) => {
    const first = ++connections === 1
    let statements = 0
    socket.on('error', () => undefined)
    socket.once('data', () => {
      socket.write(Buffer.concat([message('R', Buffer.alloc(4)), message('K', Buffer.alloc(8)), READY]))
      socket.on('data', (bytes) => {
        if (bytes[0] === 'X'.charCodeAt(0)) return void socket.end()
        if (bytes[0] === 'Q'.charCodeAt(0))
          return void socket.write(bytes.includes('pg_backend_pid') ? PID : SET)
        statements++
        socket.write(first && statements === 2 ? message('D') : DONE)
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
