import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { CodedError } from '../../contracts/index.ts'
import { openDerived, openSql } from '../../traceability/index.ts'

let dir = ''
let said: CodedError[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-derived-'))
  said = []
})
afterEach(() => rmSync(dir, { recursive: true }))

const open = (file: string) =>
  openDerived((why) => said.push(why))(join(dir, file), { synchronous: 'normal' })

function filled(file: string): void {
  const db = openSql(join(dir, file), { synchronous: 'full' })
  db.exec('create table t(x text); create index i on t(x)')
  db.transaction(() => {
    for (let n = 0; n < 2_000; n++) db.run('insert into t values(?)', `row ${n} `.repeat(20))
  })
  db.exec('pragma wal_checkpoint(truncate)')
  db.close()
}

it('keeps a file that is whole', () => {
  filled('a.db')
  const db = open('a.db')
  expect(db.get('select count(*) n from t')).toEqual({ n: 2000 })
  db.close()
  expect(said).toEqual([])
})

// What opens well and is found damaged only when its pages are read.
it('sets a file aside whose header is right and whose pages are not', () => {
  filled('a.db')
  const bytes = readFileSync(join(dir, 'a.db'))
  bytes.fill(0x5a, 40_000, 90_000)
  writeFileSync(join(dir, 'a.db'), bytes)
  const db = open('a.db')
  expect(db.get('select count(*) n from sqlite_schema')).toEqual({ n: 0 })
  db.close()
  expect(said.map((e) => e.message)).toEqual([expect.stringMatching(/TRC_REBUILT.*a\.db\).*a\.db\.damaged-/)])
  const aside = readdirSync(dir).find((f) => f.startsWith('a.db.damaged-')) ?? ''
  expect(readFileSync(join(dir, aside)).equals(bytes)).toBe(true)
})

it('does not touch what it only may not read', () => {
  const db = openSql(join(dir, 'a.db'), { synchronous: 'full' })
  db.exec('create table t(x); pragma locking_mode = exclusive; begin exclusive')
  expect(() => open('a.db')).toThrow(/TRC_OPEN.*another program holds/)
  db.close()
  expect(() => open('none/a.db')).toThrow(/TRC_OPEN/)
  expect([said, readdirSync(dir).filter((f) => f.includes('damaged'))]).toEqual([[], []])
}, 20_000)
