import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { SqlValue } from '../../contracts/index.ts'
import { migrate, openSql, SCHEMA_VERSION } from '../../traceability/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-sql-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const memory = () => openSql(':memory:', { synchronous: 'normal' })

describe('openSql', () => {
  it('keeps what may be bound', () => {
    const db = memory()
    db.exec('create table t (a any, b blob) strict')
    db.run('insert into t values (?, ?)', 'x', Uint8Array.of(1, 2))
    db.run('insert into t values (?, ?)', 2n, null)
    db.run('insert into t values (?, ?)', 1.5, Buffer.from('ab'))
    expect(db.all('select a, hex(b) as b from t')).toEqual([
      { a: 'x', b: '0102' },
      { a: 2, b: '' },
      { a: 1.5, b: '6162' },
    ])
    expect(db.run('update t set a = 0')).toMatchObject({ changes: 3 })
    db.close()
  })

  it.each([
    ['an array', new Uint8Array(0)],
    ['an array over an empty buffer', new Uint8Array(new ArrayBuffer(0))],
    ['numbers that are none', new Uint8Array(Float64Array.from([]).buffer)],
    ['a buffer', Buffer.alloc(0)],
    ['an end', Uint8Array.of(1).subarray(1)],
  ])('keeps %s without bytes as a blob without bytes', (_name, value) => {
    const db = memory()
    db.exec('create table t (a blob not null)')
    db.run('insert into t values (?)', value)
    db.insert('t', 'a', [[value]])
    const is = 'select typeof(?) as type, length(?) as bytes'
    expect(db.all('select typeof(a) as type, length(a) as bytes from t')).toEqual([
      { type: 'blob', bytes: 0 },
      { type: 'blob', bytes: 0 },
    ])
    expect(db.get(is, value, value)).toEqual({ type: 'blob', bytes: 0 })
    expect(db.all(is, value, value)).toEqual([{ type: 'blob', bytes: 0 }])
    db.close()
  })

  it.each([
    ['a Date', new Date()],
    ['a boolean', true],
    ['undefined', undefined],
    ['an object', { a: 1 }],
    ['an array', [1]],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    // A driver of Node 20 stores 'ab' for it.
    ['text with NUL', 'ab\0cd'],
  ])('refuses %s instead of binding NULL', (_name, value) => {
    const db = memory()
    db.exec('create table t (a any)')
    for (const bind of [
      () => db.run('insert into t values (?)', value as SqlValue),
      () => db.get('select ? as a', value as SqlValue),
      () => db.all('select ? as a', value as SqlValue),
    ])
      expect(bind).toThrow(expect.objectContaining({ code: 'TRC_BINDING' }))
    expect(db.all('select * from t')).toEqual([])
    db.close()
  })

  it('reports a value of a wrong type in a strict column as a binding error', () => {
    const db = memory()
    db.exec('create table t (a integer) strict')
    expect(() => db.run('insert into t values (?)', 'x')).toThrow(
      expect.objectContaining({ code: 'TRC_BINDING' }),
    )
    db.close()
  })

  it('tells what a request can never store from what the log itself got wrong', () => {
    const db = memory()
    migrate(db, 'x')
    const event = (position: number, sequence: number, source: string) =>
      db.run(
        `insert into event values (?, ?, ?, ?, 't', 'u', 'p', '2026-01-05T06:00:00.000Z', '{}', zeroblob(32))`,
        position,
        `id-${position}`,
        source,
        sequence,
      )
    event(1, 1, 's')
    // SQLITE_CONSTRAINT of a check, SQLITE_TOOBIG: sqlite.org/rescode.html.
    for (const sql of [
      `insert into part_trigger values ('s', 1, 1, 't', 'wrong')`,
      `insert into part_trigger values ('s', 1, 1, null, 'open')`,
      'select zeroblob(2000000000)',
    ])
      expect(() => db.run(sql), sql).toThrow(expect.objectContaining({ code: 'TRC_BINDING' }))
    expect(() => event(1, 2, 's')).toThrow(expect.objectContaining({ code: 'TRC_WRITE' }))
    expect(() => event(2, 1, 's')).toThrow(expect.objectContaining({ code: 'TRC_WRITE' }))
    db.close()
  })

  it('rolls back a failed transaction and refuses a nested one', () => {
    const db = memory()
    db.exec('create table t (a integer)')
    expect(() =>
      db.transaction(() => {
        db.run('insert into t values (1)')
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(() => db.transaction(() => db.transaction(() => 1))).toThrow(
      expect.objectContaining({ code: 'TRC_WRITE' }),
    )
    expect(db.transaction(() => db.run('insert into t values (2)').changes)).toBe(1)
    expect(db.all('select a from t')).toEqual([{ a: 2 }])
    db.close()
  })

  it('reports a full database as a full disk', () => {
    const db = memory()
    db.exec('create table t (a text); pragma max_page_count = 20')
    const fill = (): void => {
      for (let i = 0; i < 100; i++) db.run('insert into t values (?)', 'x'.repeat(4_000))
    }
    expect(() => db.transaction(fill)).toThrow(expect.objectContaining({ code: 'TRC_DISK_FULL' }))
    expect(db.all('select * from t')).toEqual([])
    db.close()
  })

  it('runs a file in WAL with full sync and foreign keys, and reads it from a second connection', () => {
    const path = join(dir, 'a.db')
    const db = openSql(path, { synchronous: 'full' })
    db.exec('create table p (a integer primary key); create table c (a integer references p (a))')
    expect(db.get('pragma journal_mode')).toEqual({ journal_mode: 'wal' })
    expect(db.get('pragma synchronous')).toEqual({ synchronous: 2 })
    expect(() => db.run('insert into c values (1)')).toThrow(expect.objectContaining({ code: 'TRC_BINDING' }))
    const reader = openSql(path, { synchronous: 'normal', readOnly: true })
    db.run('insert into p values (7)')
    expect(reader.all('select a from p')).toEqual([{ a: 7 }])
    expect(() => reader.run('insert into p values (8)')).toThrow(
      expect.objectContaining({ code: 'TRC_WRITE' }),
    )
    reader.close()
    db.close()
  })

  it('calls a file without the tables of the program damaged, not busy with a write', () => {
    const empty = join(dir, 'empty.db')
    writeFileSync(empty, '')
    const db = openSql(empty, { synchronous: 'full' })
    expect(() => db.get('select size from log_tree')).toThrow(
      expect.objectContaining({
        code: 'TRC_OPEN',
        message: expect.stringMatching(/empty\.db.*restore it/) as string,
      }),
    )
    db.close()
  })

  it('names the file it cannot open', () => {
    const missing = join(dir, 'no/such/dir/x.db')
    expect(() => openSql(missing, { synchronous: 'full' })).toThrow(missing)
    const junk = join(dir, 'junk.db')
    writeFileSync(junk, 'this is no database, and it is longer than a header: '.repeat(40))
    expect(() => openSql(junk, { synchronous: 'full' })).toThrow(
      expect.objectContaining({ code: 'TRC_OPEN' }),
    )
  })
})

describe('migrations', () => {
  it('bring an empty file to the version of the program, once', () => {
    const db = memory()
    migrate(db, 'x')
    migrate(db, 'x')
    expect(db.get('pragma user_version')).toEqual({ user_version: SCHEMA_VERSION })
    expect(db.get('select size, hex(root) as root from log_tree')).toEqual({
      size: 0,
      root: 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
    })
    db.close()
  })

  it('refuse a file of a newer program', () => {
    const db = memory()
    db.exec(`pragma user_version = ${SCHEMA_VERSION + 1}`)
    expect(() => migrate(db, 'x')).toThrow(expect.objectContaining({ code: 'TRC_OPEN' }))
    db.close()
  })

  it('make the event table append-only', () => {
    const db = memory()
    migrate(db, 'x')
    db.run(
      `insert into event values (1, 'i', 's', 1, 't', 'u', 'p', '2026-01-05T06:00:00.000Z', '{}', zeroblob(32))`,
    )
    expect(() => db.run(`update event set json = '[]'`)).toThrow(/append-only/)
    expect(() => db.run('delete from event')).toThrow(/append-only/)
    db.close()
  })
})
