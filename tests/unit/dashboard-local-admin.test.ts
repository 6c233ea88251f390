import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { uuidv7 } from '../../contracts/index.ts'
import { dataDirToken } from '../../dashboard/index.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

const PASSWORD = 'a long password'

let dir: string
let book: AccountBook
let at: Served
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-local-'))
  book = AccountBook.open(dir)
  at = await serve(1, { accounts: book, access: { localAdmin: false } })
  await book.add({ id: 'li', name: 'Li Wei', role: 'qa', password: PASSWORD }, { by: 'test', from: 'here' })
})
afterAll(async () => {
  await at.dashboard.close()
  book.close()
  rmSync(dir, { recursive: true, force: true })
})

/** From this machine, as nobody's proxy. */
async function asked(path: string, headers: Record<string, string> = {}, body?: object) {
  const res = await fetch(at.url + path, {
    method: body ? 'POST' : 'GET',
    headers: { ...headers, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: res.status, body: (await res.json()) as object, cookie: res.headers.get('set-cookie') }
}
const hold = (by: string) => ({
  id: uuidv7(),
  at: new Date().toISOString(),
  by,
  kind: 'hold',
  target: 'lot/L1',
  reason: 'r',
})

it('takes an account at the line PC, too, where the line file says so', async () => {
  expect((await asked('/api/me')).body).toMatchObject({ role: 'viewer', account: null, maySignIn: true })
  expect(await asked('/api/trace/events', {}, hold('Li Wei'))).toMatchObject({
    status: 403,
    body: { code: 'API_ROLE' },
  })
  // By plain http: the password does not leave the machine.
  const { cookie } = await asked('/api/me/sign-in', {}, { account: 'li', password: PASSWORD })
  const li = { cookie: (cookie ?? '').split(';')[0] ?? '' }
  expect(await asked('/api/trace/events', li, hold('Li Wei'))).toMatchObject({ status: 200 })
  expect(await asked('/api/trace/events', li, hold('Wang'))).toMatchObject({
    status: 409,
    body: { code: 'API_ACCOUNT' },
  })
})

it('obeys a command that can read the key of the data directory, and no other', async () => {
  const bearer = (key: Buffer) => ({ authorization: `Bearer ${dataDirToken(key)}` })
  expect(await asked('/api/trace/events', bearer(book.key), hold('Wang'))).toMatchObject({ status: 200 })
  expect(await asked('/api/trace/events', bearer(Buffer.alloc(32)), hold('Wang'))).toMatchObject({
    status: 401,
    body: { code: 'API_LOGIN' },
  })
})
