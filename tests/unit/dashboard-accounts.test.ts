import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { Sessions } from '../../dashboard/server/accounts/session.ts'
import { openSql } from '../../traceability/index.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

const by = { by: 'test', from: 'here' }
/** As a reverse proxy with https hands it on from another machine. */
const AFAR = { 'x-forwarded-for': '10.0.0.9', 'x-forwarded-proto': 'https' }
const PASSWORD = 'a long password'

let dir: string
let book: AccountBook
let at: Served
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-accounts-'))
  book = AccountBook.open(dir)
  at = await serve(3, { accounts: book })
  await book.add({ id: 'li', name: 'Li Wei', role: 'qa', password: PASSWORD }, by)
  await book.add({ id: 'op', name: 'Op', role: 'operator', password: PASSWORD }, by)
  await book.add({ id: 'boss', name: 'Boss', role: 'admin', password: PASSWORD }, by)
})
afterAll(async () => {
  await at.dashboard.close()
  book.close()
  rmSync(dir, { recursive: true, force: true })
})

interface Answer {
  status: number
  body: { code?: string; role?: string; account?: { id: string } | null; token?: string }
  cookie: string | null
}

async function ask(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = AFAR,
): Promise<Answer> {
  const res = await fetch(at.url + path, {
    method,
    headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  return {
    status: res.status,
    body: (await res.json()) as Answer['body'],
    cookie: res.headers.get('set-cookie'),
  }
}

/** Headers of a browser in which somebody signed in. */
async function signedIn(account: string, password = PASSWORD): Promise<Record<string, string>> {
  const { status, cookie } = await ask('POST', '/api/me/sign-in', { account, password })
  expect(status).toBe(200)
  return { ...AFAR, cookie: (cookie ?? '').split(';')[0] ?? '' }
}

const hold = (name: string) => ({
  id: uuidv7(),
  at: new Date().toISOString(),
  by: name,
  kind: 'hold',
  target: 'lot/L1',
  reason: 'r',
})

describe('an account', () => {
  it('does from afar what its role allows, under its own name', async () => {
    expect(await ask('POST', '/api/trace/events', hold('Li Wei'))).toMatchObject({
      status: 403,
      body: { code: 'API_ROLE' },
    })
    const li = await signedIn('li')
    expect((await ask('GET', '/api/me', undefined, li)).body).toMatchObject({
      role: 'qa',
      account: { id: 'li' },
    })
    expect(await ask('POST', '/api/trace/events', hold('Li Wei'), li)).toMatchObject({ status: 200 })
    expect(await ask('POST', '/api/trace/events', hold('Somebody else'), li)).toMatchObject({
      status: 409,
      body: { code: 'API_ACCOUNT' },
    })
    expect(await ask('POST', '/api/trace/events', [hold('Li Wei'), hold('Wang')], li)).toMatchObject({
      status: 409,
    })
    expect(await ask('GET', '/api/accounts', undefined, li)).toMatchObject({ status: 403 })
    // Another site cannot use the session that the browser holds.
    expect(
      await ask('POST', '/api/trace/events', hold('Li Wei'), { ...li, origin: 'https://evil.example' }),
    ).toMatchObject({ status: 403 })
  })

  it('lets go only with the role that answers for quality', async () => {
    const op = await signedIn('op')
    expect((await ask('POST', '/api/trace/events', hold('Op'), op)).status).toBe(200)
    const release = { ...hold('Op'), kind: 'release' }
    expect(await ask('POST', '/api/trace/events', release, op)).toMatchObject({ body: { code: 'API_ROLE' } })
    const undone = { ...hold('Op'), supersedes: uuidv7() }
    expect(await ask('POST', '/api/trace/events', undone, op)).toMatchObject({ body: { code: 'API_ROLE' } })
    const li = await signedIn('li')
    expect((await ask('POST', '/api/trace/events', { ...release, by: 'Li Wei' }, li)).status).toBe(200)
  })

  it('needs its password, and https where others could read it', async () => {
    const wrong = await ask('POST', '/api/me/sign-in', { account: 'li', password: 'wrong' })
    expect(wrong).toMatchObject({ status: 401, body: { code: 'API_LOGIN' }, cookie: null })
    const nobody = await ask('POST', '/api/me/sign-in', { account: 'nobody', password: PASSWORD })
    expect([nobody.status, nobody.body]).toEqual([401, wrong.body])
    const plain = { 'x-forwarded-for': '10.0.0.9' }
    const bare = await ask('POST', '/api/me/sign-in', { account: 'li', password: PASSWORD }, plain)
    expect(bare).toMatchObject({ status: 401, body: { code: 'API_LOGIN' }, cookie: null })
    expect((await ask('POST', '/api/me/sign-in', { account: 'li', password: PASSWORD })).cookie).toMatch(
      /^sightline_[0-9a-f]{8}=\S+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    )
    expect((await ask('POST', '/api/me/sign-in', { account: 'li', password: PASSWORD }, {})).status).toBe(200)
  })

  it('is tried five times, then not for a while, from that address', async () => {
    const limited = AccountBook.open(mkdtempSync(join(dir, 'limit-')))
    await limited.add({ id: 'li', name: 'Li Wei', role: 'qa', password: PASSWORD }, by)
    for (let n = 0; n < 5; n++)
      await expect(limited.signIn('li', 'wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'API_LOGIN' })
    await expect(limited.signIn('li', PASSWORD, '10.0.0.1')).rejects.toThrow('a pause of')
    await expect(limited.signIn('li', PASSWORD, '10.0.0.2')).resolves.toMatchObject({ id: 'li' })
    expect(limited.audits({ open: true, limit: 10 }).map((a) => a.audit.action)).toEqual([
      'made',
      'locked',
      'signed-in',
    ])
    limited.close()
  })

  it('is not tried more often by asking all at once', async () => {
    const limited = AccountBook.open(mkdtempSync(join(dir, 'at-once-')))
    await limited.add({ id: 'li', name: 'Li Wei', role: 'qa', password: PASSWORD }, by)
    const tries = [...Array.from({ length: 7 }, () => 'wrong'), PASSWORD].map((p) =>
      limited.signIn('li', p, '10.0.0.1').catch((error: unknown) => (error as Error).message),
    )
    expect((await Promise.all(tries)).slice(5)).toEqual(Array(3).fill(expect.stringContaining('a pause of')))
    await expect(limited.signIn('li', PASSWORD, '10.0.0.1')).rejects.toThrow('a pause of')
    limited.close()
  })

  it('is in files that nobody else reads, and keeps nobody waiting for another program', async () => {
    const own = mkdtempSync(join(dir, 'own-'))
    const one = AccountBook.open(own)
    for (const file of readdirSync(own))
      if (process.platform !== 'win32')
        expect([file, statSync(join(own, file)).mode & 0o77]).toEqual([file, 0])
    const other = openSql(join(own, 'accounts.db'), { synchronous: 'full' })
    other.exec('begin immediate')
    const from = performance.now()
    await expect(one.add({ id: 'm', name: 'M', role: 'viewer' }, by)).rejects.toMatchObject({
      code: expect.stringMatching(/^TRC_/) as string,
    })
    expect(performance.now() - from).toBeLessThan(1_500)
    other.exec('rollback')
    other.close()
    one.close()
  })

  it('ends its sessions with its password, role or removal; another key or a forged one opens none', async () => {
    await book.add({ id: 'temp', name: 'Temp', role: 'qa', password: PASSWORD }, by)
    const role = async (headers: Record<string, string>): Promise<string | undefined> =>
      (await ask('GET', '/api/me', undefined, headers)).body.role
    const first = await signedIn('temp')
    expect(await role(first)).toBe('qa')
    await book.change('temp', { role: 'operator' }, by)
    expect(await role(first)).toBe('viewer')
    const second = await signedIn('temp')
    expect(await role(second)).toBe('operator')
    const own = await ask('POST', '/api/me/password', { old: PASSWORD, password: 'another long one' }, second)
    expect(await role(second)).toBe('viewer')
    const third = { ...AFAR, cookie: (own.cookie ?? '').split(';')[0] ?? '' }
    expect(await role(third)).toBe('operator')
    expect(await role({ ...third, cookie: third.cookie.replace('temp:', 'boss:') })).toBe('viewer')
    const { stamp = '' } = book.find('temp') ?? {}
    const forged = new Sessions(Buffer.alloc(32)).begin({ account: 'temp', stamp }, true)
    const name = third.cookie.split('=')[0]
    const value = (forged.split(';')[0] ?? '').split('=')[1]
    expect(await role({ ...AFAR, cookie: `${name}=${value}` })).toBe('viewer')
    book.remove('temp', by)
    expect(await role(third)).toBe('viewer')
    await book.add({ id: 'temp', name: 'Temp', role: 'qa', password: PASSWORD }, by)
    expect(await role(third)).toBe('viewer')
  })

  it('ends a session for good by signing out, also for whoever has a copy; another one goes on', async () => {
    const [one, other] = [await signedIn('op'), await signedIn('op')]
    expect((await ask('POST', '/api/me/sign-out', {}, one)).status).toBe(200)
    expect((await ask('GET', '/api/me', undefined, one)).body.role).toBe('viewer')
    expect((await ask('GET', '/api/me', undefined, other)).body.role).toBe('operator')
  })

  it('is known by the address that the proxy here adds, and by no other that is told', async () => {
    const via = { ...AFAR, 'x-forwarded-for': '10.9.9.9, 10.0.0.77' }
    await ask('POST', '/api/me/sign-in', { account: 'op', password: PASSWORD }, via)
    expect(book.audits({ open: false, limit: 1 })[0]?.audit.from).toBe('10.0.0.77')
    for (const header of ['via', 'x-real-ip', 'x-forwarded-host'])
      expect((await ask('GET', '/api/me', undefined, { [header]: '10.0.0.9' })).body.role).toBe('viewer')
  })

  it('of a machine shows a token, and names the people it acts for', async () => {
    const { token = '' } = await book.add({ id: 'mes', name: 'MES', role: 'operator' }, by)
    const bearer = { ...AFAR, authorization: `Bearer ${token}` }
    expect((await ask('POST', '/api/trace/events', hold('Wang of MES'), bearer)).status).toBe(200)
    expect(await ask('GET', '/api/parts', undefined, { authorization: 'Bearer wrong' })).toMatchObject({
      status: 401,
      body: { code: 'API_LOGIN' },
    })
    expect((await ask('POST', '/api/me/sign-in', { account: 'mes', password: token })).status).toBe(401)
    const { token: next = '' } = await book.change('mes', { token: true }, by)
    expect((await ask('GET', '/api/me', undefined, bearer)).status).toBe(401)
    expect(
      (await ask('GET', '/api/me', undefined, { ...AFAR, authorization: `Bearer ${next}` })).body,
    ).toMatchObject({ role: 'operator', account: { id: 'mes' } })
  })

  it('is made, changed and removed by an administrator; what is wrong is said', async () => {
    const boss = await signedIn('boss')
    const made = { id: 'new', role: 'qa', kind: 'person', password: PASSWORD }
    expect((await ask('POST', '/api/accounts', made, boss)).status).toBe(200)
    expect(await ask('POST', '/api/accounts', made, boss)).toMatchObject({
      status: 409,
      body: { code: 'API_ACCOUNT' },
    })
    for (const wrong of [
      { ...made, id: 'New One' },
      { ...made, id: 'short', password: 'short' },
      { ...made, id: 'none', password: undefined },
      { ...made, id: 'machine', kind: 'machine' },
      { ...made, id: 'role', role: 'king' },
    ])
      expect([wrong.id, (await ask('POST', '/api/accounts', wrong, boss)).status]).toEqual([wrong.id, 400])
    expect((await ask('POST', '/api/accounts/new', { token: true }, boss)).status).toBe(409)
    expect((await ask('POST', '/api/accounts/none', { role: 'qa' }, boss)).status).toBe(404)
    expect((await ask('POST', '/api/accounts/new', { role: 'operator' }, boss)).status).toBe(200)
    expect(book.find('new')).toMatchObject({ name: 'new', role: 'operator' })
    expect((await ask('DELETE', '/api/accounts/new', undefined, boss)).status).toBe(200)
    expect((await ask('DELETE', '/api/accounts/new', undefined, boss)).status).toBe(404)
    const about = book.audits({ open: false, limit: 100 }).filter((a) => a.audit.account === 'new')
    expect(about.map(({ audit }) => [audit.action, audit.by])).toEqual([
      ['made', 'Boss'],
      ['changed', 'Boss'],
      ['removed', 'Boss'],
    ])
  })

  it('remembers the newest of what happened, however many sign in; what the log does not have is never forgotten', () => {
    const own = mkdtempSync(join(tmpdir(), 'sightline-accounts-'))
    AccountBook.open(own).close()
    const db = openSql(join(own, 'accounts.db'), { synchronous: 'normal' })
    db.exec(`with recursive n (i) as (select 1 union all select i + 1 from n where i < 30000)
      insert into account_audit (id, at, audit, logged)
      select 'a' || i, '2026-01-01T00:00:00Z', '{"action":"signed-in","account":"li","by":"li","from":"x"}', i <> 7 from n`)
    const newest = AccountBook.open(own)
    const count = (): unknown => db.get('select count(*) as n, min(position) as first from account_audit')
    newest.logged('a30000')
    expect(count()).toEqual({ n: 10_001, first: 7 })
    expect(newest.audits({ open: true, limit: 10 }).map((a) => a.id)).toEqual(['a7'])
    newest.close()
    db.close()
    rmSync(own, { recursive: true, force: true })
  })

  it('keeps no password, and its file is for nobody else', () => {
    const bytes = ['accounts.db', 'accounts.db-wal']
      .map((name) => readFileSync(join(dir, name), 'latin1'))
      .join('')
    expect(bytes).toContain('scrypt:15:8:3:')
    expect(bytes).not.toContain(PASSWORD)
    expect(bytes).not.toContain('sightline_')
    if (process.platform !== 'win32') expect(statSync(join(dir, 'accounts.db')).mode & 0o077).toBe(0)
  })
})

describe('a session', () => {
  // Browsers keep the cookie of https, and drop what http sets by the same name.
  it('of https and one of http have cookies of two names, each for its own', () => {
    const sessions = new Sessions(Buffer.alloc(32, 7))
    const [byHttps = '', byHttp = ''] = [true, false].map(
      (secure) => sessions.begin({ account: 'li', stamp: 's' }, secure).split(';')[0],
    )
    const both = `${byHttp}; ${byHttps}`
    expect(byHttp.split('=')[0]).not.toBe(byHttps.split('=')[0])
    expect(sessions.of(both, true)).toEqual(sessions.of(byHttps, true))
    expect(sessions.of(both, false)).toEqual(sessions.of(byHttp, false))
    expect([sessions.of(byHttp, true), sessions.of(byHttps, false)]).toEqual([null, null])
    expect(sessions.end(false)).toContain(`${byHttp.split('=')[0] ?? ''}=;`)
  })

  it('lasts 12 h from its last use, and a day at most', () => {
    const sessions = new Sessions(Buffer.alloc(32, 7))
    const start = Date.now()
    const hour = (n: number): void => void vi.setSystemTime(start + n * 3_600_000)
    const cookieOf = (set: string): string => set.split(';')[0] ?? ''
    vi.useFakeTimers({ toFake: ['Date'], now: start })
    try {
      const first = cookieOf(sessions.begin({ account: 'li', stamp: 's' }, true))
      hour(11.9)
      const session = sessions.of(first, true)
      expect(session && sessions.isOld(session)).toBe(true)
      const set = sessions.begin(session ?? { account: '', stamp: '' }, true)
      const second = cookieOf(set)
      hour(12.1)
      expect([sessions.of(first, true), sessions.of(second, true)?.account]).toEqual([null, 'li'])
      hour(23.8)
      const third = sessions.begin(sessions.of(second, true) ?? { account: '', stamp: '' }, true)
      expect(Number(/Max-Age=(\d+)/.exec(third)?.[1])).toBeLessThanOrEqual(0.2 * 3600 + 1)
      const last = sessions.of(cookieOf(third), true)
      expect(last && sessions.isOld(last)).toBe(false)
      hour(24.1)
      expect(sessions.of(cookieOf(third), true)).toBeNull()
    } finally {
      vi.useRealTimers()
    }
  })
})

it('asks a module for its role before it reads what was sent', async () => {
  const res = await fetch(`${at.url}/api/m/lean/rebuild`, {
    method: 'POST',
    headers: { ...AFAR, 'content-type': 'application/json' },
    body: '{ this is no JSON',
  })
  expect([res.status, ((await res.json()) as { code: string }).code]).toEqual([403, 'API_ROLE'])
})
