import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { dataDirToken } from '../../dashboard/index.ts'
import { lockDataDir } from '../../bin/setup/data-dir-lock.ts'
import { inDataDir, type LineToAsk, postToLine } from '../../bin/setup/in-data-dir.ts'
import { announceLine } from '../../bin/setup/line-address.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-in-dir-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const both = {
  throughLine: (line: LineToAsk) => postToLine<{ sum: number }>(line, '/api/sum', [1, 2]),
  alone: () => Promise.resolve('alone'),
}
const HOLDER = `
  import { lockDataDir } from ${JSON.stringify(`${process.env['SIGHTLINE_BUILT'] ?? ''}/bin/setup/data-dir-lock.js`)}
  const [dir, ms] = process.argv.slice(1)
`
/** A process of its own that runs `body`; `dir`, `ms` and `lockDataDir` are there. */
function holder(body: string, ms = 0): ChildProcess {
  const args = ['--input-type=module', '-e', HOLDER + body, dir, String(ms)]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}
const said = async (child: ChildProcess): Promise<string> => {
  let text = ''
  for await (const chunk of child.stdout ?? []) text += String(chunk)
  return text
}

it('works alone where nobody does, and gives the folder back, also when that fails', async () => {
  expect(await inDataDir<unknown>(dir, both)).toBe('alone')
  const refused = inDataDir(dir, { ...both, alone: () => Promise.reject(new Error('refused')) })
  await expect(refused).rejects.toThrow('refused')
  expect(existsSync(join(dir, 'lock'))).toBe(false)
})

it('asks the line that works there, and says what it answers', async () => {
  const bodies: string[] = []
  const tokens: unknown[] = []
  let status = 409
  const server = createServer((req, res) => {
    tokens.push(req.headers.authorization)
    req.on('data', (chunk: Buffer) => bodies.push(chunk.toString()))
    req.on('end', () => res.writeHead(status).end('{"message":"not now"}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const unlock = lockDataDir(dir)
  announceLine(dir, { url, plant: 'p1', line: 'caps-a' })
  expect(await inDataDir<unknown>(dir, both)).toEqual({ status: 409, answer: { message: 'not now' } })
  expect(bodies).toEqual(['[1,2]'])
  // A line that trusts its machine, as one from before there was the token, is not shown it.
  const accounts = AccountBook.open(dir)
  await inDataDir<unknown>(dir, both)
  expect(tokens).toEqual([undefined, undefined])
  // Another one may want to see that who asks can read what it keeps.
  status = 403
  expect(await inDataDir<unknown>(dir, both)).toEqual({ status, answer: { message: 'not now' } })
  accounts.close()
  expect(tokens.slice(2)).toEqual([undefined, `Bearer ${dataDirToken(accounts.key)}`])
  await new Promise((resolve) => server.close(resolve))
  // The line is there and does not answer any more.
  await expect(inDataDir<unknown>(dir, both)).rejects.toMatchObject({
    code: 'CFG_DATA_DIR',
    detail: { expected: `the line at ${url}`, actual: 'no answer' },
  })
  unlock()
})

it('refuses where another program works that has no address', async () => {
  const unlock = lockDataDir(dir)
  const actual = `in use by process ${process.pid}`
  await expect(inDataDir<unknown>(dir, both)).rejects.toMatchObject({
    code: 'CFG_DATA_DIR',
    detail: { actual },
  })
  unlock()
  expect(await inDataDir<unknown>(dir, both)).toBe('alone')
})

it('is given to one of several processes that want it at once', async () => {
  const body = `
    import { existsSync, rmSync, writeFileSync } from 'node:fs'
    const until = Date.now() + Number(ms)
    let had = 0, shared = 0
    while (Date.now() < until) {
      try {
        const unlock = lockDataDir(dir)
        had += 1
        if (existsSync(dir + '/inside')) shared += 1
        writeFileSync(dir + '/inside', '')
        for (const left = Date.now() + 2; Date.now() < left; );
        rmSync(dir + '/inside', { force: true })
        unlock()
      } catch (error) {
        if (error.code !== 'CFG_DATA_DIR') throw error
      }
    }
    process.stdout.write(JSON.stringify({ had, shared }))`
  const told = await Promise.all(Array.from({ length: 4 }, () => said(holder(body, 2_500))))
  const all = told.map((text) => JSON.parse(text) as { had: number; shared: number })
  expect(all.every(({ had }) => had > 0)).toBe(true)
  expect(all.map(({ shared }) => shared)).toEqual([0, 0, 0, 0])
}, 30_000)

it('is free when its process was killed, whoever has that number now', async () => {
  const child = holder('lockDataDir(dir); console.log("in"); setInterval(() => {}, 1000)')
  await once(child.stdout ?? child, 'data')
  expect(() => lockDataDir(dir)).toThrow(`in use by process ${child.pid}`)
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
  // As in a container, where the numbers begin anew while the machine goes on.
  const [, ...rest] = readFileSync(join(dir, 'lock'), 'utf8').split(' ')
  writeFileSync(join(dir, 'lock'), [process.ppid, ...rest].join(' '))
  lockDataDir(dir)()
})

it('leaves it to a line of a program that knew no other lock than the number of its process', () => {
  const unlock = lockDataDir(dir)
  const [, boot] = readFileSync(join(dir, 'lock'), 'utf8').split(' ')
  unlock()
  writeFileSync(join(dir, 'lock'), `${process.ppid} ${boot}`)
  expect(() => lockDataDir(dir)).toThrow(`in use by process ${process.ppid}`)
  // The machine was started again since.
  writeFileSync(join(dir, 'lock'), `${process.ppid} another`)
  lockDataDir(dir)()
})

it('does not shut out the line of another user when root was there', (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root may give files to another user')
  const [uid, gid] = [65_534, 65_534]
  const of = mkdtempSync(join(tmpdir(), 'sightline-owner-'))
  chownSync(of, uid, gid)
  lockDataDir(of)()
  expect(statSync(join(of, 'lock.db'))).toMatchObject({ uid, gid })
  // Left behind when its process was killed.
  writeFileSync(join(of, 'lock'), '1 x lock.db')
  process.seteuid?.(uid)
  try {
    lockDataDir(of)()
  } finally {
    process.seteuid?.(0)
  }
  rmSync(of, { recursive: true })
})

it('says why it cannot be made', (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root may become another user')
  const of = mkdtempSync(join(tmpdir(), 'sightline-owner-'))
  chmodSync(of, 0o755)
  process.seteuid?.(65_534)
  try {
    expect(() => lockDataDir(of)).toThrow(/^CFG_DATA_DIR.*EACCES/)
  } finally {
    process.seteuid?.(0)
  }
  rmSync(of, { recursive: true })
})
