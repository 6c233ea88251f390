import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { openLineAccounts } from '../../bin/line/accounts.ts'
import { type LineSpec, lineSchema, type PartStore } from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'

const spec: LineSpec = lineSchema.parse({
  line: 'caps-a',
  title: { zh: '瓶盖', en: 'Caps' },
  stations: [{ id: 'st10', camera: { adapter: 'sample-line', rate: 1 }, recipe: 'cap@1', budgetMs: 100 }],
})
const doer = { by: 'ann', from: 'command line' }

let dir: string
let store: PartStore
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-line-accounts-'))
  store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
})
afterEach(async () => {
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

const logged = (): unknown[] => {
  const query = openTraceQuery(dir)
  try {
    return query
      .eventsAfter(0, 100)
      .map((l) => l.event)
      .filter((e) => e.type === 'qe.audit.v1')
      .map((e) => [e.subject, e.data])
  } finally {
    query.close()
  }
}
const made = (id: string) => [
  `account/${id}`,
  { action: 'made', account: id, role: 'operator', by: 'ann', from: 'command line' },
]

it('takes over into the log what a command did to accounts, also one that ran before the line, once', async () => {
  const command = AccountBook.open(dir)
  await command.add({ id: 'before', name: 'Before', role: 'operator' }, doer)
  const { accounts, close } = openLineAccounts(dir, spec, store, [])
  await command.add({ id: 'while', name: 'While', role: 'operator' }, doer)
  command.close()
  expect(accounts?.list().map((a) => a.id)).toEqual(['before', 'while'])
  await close()
  expect(logged()).toEqual([made('before'), made('while')])
  // As after a kill between event and mark.
  const again = AccountBook.open(dir)
  const [first] = again.audits({ open: false, limit: 10 })
  again.close()
  const db = openSql(join(dir, 'accounts.db'), { synchronous: 'full' })
  db.run('update account_audit set logged = 0 where id = ?', first?.id ?? '')
  db.close()
  await openLineAccounts(dir, spec, store, []).close()
  expect(logged()).toEqual([made('before'), made('while')])
  await store.close()
  expect(await verifyDataDir(dir)).toMatchObject({ findings: [] })
})

it('lets the line go on where the accounts cannot be read, and says so', async () => {
  writeFileSync(join(dir, 'accounts.db'), 'no database')
  const notices: LineState['degraded'] = []
  const { accounts, close } = openLineAccounts(dir, spec, store, notices)
  expect(accounts).toBeUndefined()
  expect(notices).toMatchObject([
    { id: 'accounts', text: { zh: expect.stringContaining('账户无法读取') as string } },
  ])
  await close()
})
