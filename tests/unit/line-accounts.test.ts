import { cpSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AccountBook } from '../../bin/accounts/account-book.ts'
import { openLineAccounts } from '../../bin/line/accounts.ts'
import { type LineSpec, lineSchema, type PartStore } from '../../contracts/index.ts'
import type { LineState } from '../../dashboard/index.ts'
import {
  openEventLog,
  openPartStore,
  openSql,
  type SqliteEventLog,
  verifyDataDir,
} from '../../traceability/index.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'

const spec: LineSpec = lineSchema.parse({
  line: 'caps-a',
  title: { zh: '瓶盖', en: 'Caps' },
  stations: [{ id: 'st10', camera: { adapter: 'sample-line', rate: 1 }, recipe: 'cap@1', budgetMs: 100 }],
})
const doer = { by: 'ann', from: 'command line' }

let dir: string
let store: PartStore
let events: SqliteEventLog
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-line-accounts-'))
  store = await openPartStore({ dataDir: dir, spoolAfterMs: 20_000 })
  events = openEventLog(dir)
})
afterEach(async () => {
  events.close()
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
  const { accounts, close } = openLineAccounts(dir, spec, store, events, [])
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
  await openLineAccounts(dir, spec, store, events, []).close()
  expect(logged()).toEqual([made('before'), made('while')])
  await store.close()
  expect(await verifyDataDir(dir)).toMatchObject({ findings: [] })
})

it('lets the line go on where the accounts cannot be read, and says so', async () => {
  writeFileSync(join(dir, 'accounts.db'), 'no database')
  const notices: LineState['degraded'] = []
  const { accounts, close } = openLineAccounts(dir, spec, store, events, notices)
  expect(accounts).toBeUndefined()
  expect(notices).toMatchObject([
    { id: 'accounts', text: { zh: expect.stringContaining('账户无法读取') as string } },
  ])
  await close()
})

/** What a start says of the accounts that it finds. */
async function started(): Promise<{ ids: string[] | null; said: string }> {
  const notices: LineState['degraded'] = []
  const { accounts, close } = openLineAccounts(dir, spec, store, events, notices)
  const ids = accounts?.list().map((a) => a.id) ?? null
  await close()
  return { ids, said: notices.map((n) => n.text.en).join() }
}

it.each<[string, (db: string) => void]>([
  ['emptied', (db) => truncateSync(db)],
  ['gone', (db) => rmSync(db)],
  ['without its accounts', (db) => (rmSync(db), AccountBook.open(dir).close())],
  ['an older copy', (db) => cpSync(`${db}.old`, db)],
])('takes no accounts.db that is %s for the accounts, and says so', async (_what, damage) => {
  const file = join(dir, 'accounts.db')
  const command = AccountBook.open(dir)
  await command.add({ id: 'left', name: 'Left since', role: 'operator' }, doer)
  command.close()
  expect(await started()).toEqual({ ids: ['left'], said: '' })
  cpSync(file, `${file}.old`)
  const later = AccountBook.open(dir)
  later.remove('left', doer)
  await later.add({ id: 'stays', name: 'Stays', role: 'operator' }, doer)
  later.close()
  expect(await started()).toEqual({ ids: ['stays'], said: '' })
  damage(file)
  for (let start = 0; start < 2; start++) {
    const { ids, said } = await started()
    expect(ids).toBeNull()
    expect(said).toMatch(/TRC_OPEN.*put the newest copy back/)
  }
  // What a person says since counts.
  rmSync(file)
  const anew = AccountBook.open(dir)
  await anew.add({ id: 'anew', name: 'Anew', role: 'admin' }, doer)
  anew.close()
  expect(await started()).toEqual({ ids: ['anew'], said: '' })
  expect(await started()).toEqual({ ids: ['anew'], said: '' })
})

it('knows nobody while accounts.db is not in its place, says so, and goes on when it is back', async () => {
  const command = AccountBook.open(dir)
  const { token = '' } = await command.add({ id: 'robot', name: 'Robot', role: 'admin' }, doer)
  command.close()
  const notices: LineState['degraded'] = []
  const { accounts, close } = openLineAccounts(dir, spec, store, events, notices)
  const patient = { timeout: 20_000 }
  const known = (): unknown[] => [accounts?.byToken(token)?.id, accounts?.find('robot')?.id]
  expect(known()).toEqual(['robot', 'robot'])

  const file = join(dir, 'accounts.db')
  const nobody = async (): Promise<void> => {
    for (const ask of [known, () => accounts?.list(), () => accounts?.find('robot')])
      expect(ask).toThrow(/TRC_WRITE.*accounts\.db.*expected the file that the line has open/)
    await expect(accounts?.signIn('robot', 'x', 'here')).rejects.toThrow('TRC_WRITE')
    await expect(accounts?.add({ id: 'new', name: 'New', role: 'admin' }, doer)).rejects.toThrow('TRC_WRITE')
    await expect
      .poll(() => notices.map((n) => n.text.zh).join(), patient)
      .toMatch(/无法登录.*请将其放回原处,或重新启动/)
  }
  renameSync(file, `${file}.away`)
  await nobody()
  renameSync(`${file}.away`, file)
  expect(known()).toEqual(['robot', 'robot'])
  await expect.poll(() => notices, patient).toEqual([])
  // Begun anew by a command, without that account.
  renameSync(file, `${file}.away`)
  AccountBook.open(dir).close()
  await nobody()
  await close()
  expect(logged()).toHaveLength(1)
}, 60_000)
