import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CodedError } from '../../contracts/index.ts'
import { openPartStore, openSql, openTraceQuery } from '../../traceability/index.ts'
import { passVerdict, request } from './samples/traceability-requests.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-wal-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const onLinux = process.platform === 'linux'
const walBytes = (path: string): number => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0

it('a database that is read while it is closed is said to be left in two files, and nothing is lost', () => {
  const path = join(dir, 'a.db')
  const said: CodedError[] = []
  const open = () => openSql(path, { synchronous: 'full', onWalLeft: (why) => said.push(why) })
  const writer = open()
  writer.exec('create table t (a)')
  writer.run('insert into t values (1)')
  const reader = openSql(path, { synchronous: 'normal', readOnly: true })
  reader.exec('begin')
  reader.all('select * from t')
  writer.run('insert into t values (2)')
  writer.close()
  expect(said.map((e) => e.code)).toEqual(['TRC_WAL'])
  expect(said[0]?.message).toMatch(/\d+ of \d+ pages in it after 500 ms.*nothing is lost.*a\.db-wal/)
  if (onLinux) expect(said[0]?.message).toContain(`held by a query of this program (pid ${process.pid})`)
  expect(walBytes(path)).toBeGreaterThan(0)
  reader.exec('commit')
  reader.close()
  const again = open()
  expect(again.all('select a from t order by a')).toEqual([{ a: 1 }, { a: 2 }])
  again.close()
  expect(said).toHaveLength(1)
  expect(walBytes(path)).toBe(0)
})

it('the store says which other program held its database when it stopped', async () => {
  const path = join(dir, 'trace.db')
  const said: CodedError[] = []
  const open = () => openPartStore({ dataDir: dir, onAlarm: (e) => said.push(e) })
  const store = await open()
  await store.capture(request(1, passVerdict()))
  const sample = fileURLToPath(new URL('samples/wal-reader.ts', import.meta.url))
  const reader = spawn(process.execPath, ['--import', 'tsx', sample, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(reader.stdout, 'data')
    await store.capture(request(2, passVerdict()))
    await store.close()
    expect(said.map((e) => e.code)).toEqual(['TRC_WAL'])
    if (onLinux) expect(said[0]?.message).toContain(`(pid ${reader.pid})`)
  } finally {
    reader.kill('SIGKILL')
    await once(reader, 'exit')
  }
  const query = openTraceQuery(dir)
  expect(await query.recentParts({ limit: 9 })).toHaveLength(2)
  query.close()
  await (await open()).close()
  expect(said).toHaveLength(1)
  expect(walBytes(path)).toBe(0)
}, 60_000)
