import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CodedError } from '../../contracts/index.ts'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { migrate, MIGRATIONS } from '../../traceability/store/migrations.ts'
import { keepSchema, schemaDifferences } from '../../traceability/store/schema-check.ts'
import { capture, signNow, temporary } from './samples/signed-log.ts'

const base = temporary()
let dir: string
beforeAll(async () => {
  await capture(base.dir, 1, 15)
  await signNow(base.dir)
})
beforeEach(() => (dir = base.copy()))
afterAll(() => base.dispose())

function alter(statements: string): void {
  const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
  db.exec(`pragma foreign_keys = off; ${statements}`)
  db.close()
}

const REWRITES = `create trigger helpful after insert on inspection when new.result = 'fail' begin
  update inspection set disposition = 'release' where position = new.position; end`
const schemaOf = async (): Promise<string[]> =>
  (await verifyDataDir(dir)).findings.filter((f) => f.kind === 'schema').map((f) => f.detail)

describe('verify', () => {
  it.each([
    ['a trigger that rewrites records', REWRITES, ['foreign trigger helpful']],
    ['a guard that is gone', 'drop trigger event_no_update', ['missing trigger event_no_update']],
    [
      'a guard without its teeth',
      `drop trigger event_no_delete; create trigger event_no_delete before delete on event begin select 1; end`,
      ['altered trigger event_no_delete'],
    ],
    ['an index that is gone', 'drop index inspection_unit', ['missing index inspection_unit']],
    [
      'an index of something else',
      'drop index hold_active; create index hold_active on hold (target) where released_at is not null',
      ['altered index hold_active'],
    ],
    [
      'a view in place of a table',
      'alter table review rename to review_old; create view review as select * from review_old where 0',
      [
        'missing table review',
        'altered index review_inspection',
        'foreign table review_old',
        'foreign view review',
      ],
    ],
    ['working state that is gone', 'drop table trigger_audit', ['missing table trigger_audit']],
    ['a view that is gone', 'drop view log_leaf', ['missing view log_leaf']],
    ['a further column', 'alter table hold add column note text', ['altered table hold']],
    [
      'a further table',
      'create table notes (text text); create unique index note on notes (text)',
      ['foreign table notes', 'foreign index note'],
    ],
  ])('names %s, and nothing else', async (_, statements, expected) => {
    alter(statements)
    const { state, findings } = await verifyDataDir(dir)
    expect(findings.filter((f) => f.kind !== 'schema')).toEqual([])
    expect(findings.map((f) => f.detail).sort()).toEqual([...expected].sort())
    expect(state).toBe('altered')
  })

  const TABLES = (() => {
    const db = openSql(':memory:', { synchronous: 'normal' })
    for (const script of MIGRATIONS) db.exec(script)
    const tables = db.all<{ name: string }>(`select name from sqlite_schema where type = 'table'`)
    db.close()
    return tables.map(({ name }) => name)
  })()

  it.each(TABLES)('goes on without the table %s, and finds what else was altered', async (table) => {
    alter(`update inspection set lot = 'L9' where position = (select max(position) from inspection where lot is not null);
      drop table ${table}`)
    const report = await verifyDataDir(dir)
    expect(report.findings.map((f) => f.detail)).toContain(`missing table ${table}`)
    expect(report.findings.some((f) => f.kind === (table === 'event' ? 'cut' : 'record'))).toBe(true)
    expect(report.signed).toBeGreaterThan(0)
  })

  it.each(MIGRATIONS.map((_, i) => i + 1))(
    'finds nothing in a file of version %i, nor when it was migrated',
    (version) => {
      const db = openSql(':memory:', { synchronous: 'normal' })
      for (const script of MIGRATIONS.slice(0, version)) db.exec(script)
      db.exec(`pragma user_version = ${version}`)
      expect(schemaDifferences(db)).toEqual([])
      expect(keepSchema(db, 'old')).toBeNull()
      migrate(db, 'old')
      expect(schemaDifferences(db)).toEqual([])
      db.close()
    },
  )

  it('does not mind how a statement is written', () => {
    const db = openSql(':memory:', { synchronous: 'normal' })
    for (const script of MIGRATIONS) db.exec(script)
    db.exec(`pragma user_version = ${MIGRATIONS.length}; drop index hold_active; drop table link_waiting;
      CREATE INDEX "hold_active"
        ON hold(target) /* again */ WHERE released_at IS NULL`)
    db.exec((MIGRATIONS[7] ?? '').replaceAll('link_waiting ', '"link_waiting"  -- again\n'))
    expect(schemaDifferences(db)).toEqual([])
    db.exec('analyze')
    expect(schemaDifferences(db)).toEqual([])
    db.close()
  })
})

describe('the store', () => {
  const open = async (): Promise<CodedError[]> => {
    const said: CodedError[] = []
    const store = await openPartStore({ dataDir: dir, synchronous: 'normal', onAlarm: (e) => said.push(e) })
    await store.close()
    return said
  }

  it.each([
    [REWRITES, 'foreign trigger helpful'],
    [
      `drop trigger event_no_update; create trigger event_no_update before update on event begin select 1; end`,
      'altered trigger event_no_update',
    ],
    ['drop table review', 'missing table review'],
    ['alter table hold add column note text', 'altered table hold'],
  ])('does not open, and puts nothing back: %s', async (statements, what) => {
    alter(`drop index inspection_unit; ${statements}`)
    await expect(open()).rejects.toThrow(new RegExp(`^TRC_SCHEMA: .*found ${what};.*sightline verify`))
    expect(await schemaOf()).toContain('missing index inspection_unit')
  })

  it('puts back guards, indexes and views, says so once, and verifies', async () => {
    alter(`drop trigger event_no_update; drop index inspection_unit; drop view log_leaf;
      drop index hold_active; create index hold_active on hold (target)`)
    const [why, ...more] = await open()
    expect(why?.message).toMatch(
      /^TRC_SCHEMA: .*missing trigger event_no_update, missing view log_leaf, altered index hold_active, missing index inspection_unit; put back/,
    )
    expect(more).toEqual([])
    expect(await open()).toEqual([])
    expect(await verifyDataDir(dir)).toMatchObject({ state: 'intact', findings: [] })
  })

  it('does not open where an index cannot be put back', async () => {
    alter(`drop index event_id; drop trigger event_no_update;
      update event set type = 'y', id = 'same', source = 's' where position in (1, 2)`)
    await expect(open()).rejects.toThrow(/^TRC_SCHEMA: .*expected the index event_id; found missing/)
  })

  it('leaves what others made beside its own', async () => {
    alter('create table notes (text text)')
    expect(await open()).toEqual([])
    expect(await schemaOf()).toEqual(['foreign table notes'])
  })
})
