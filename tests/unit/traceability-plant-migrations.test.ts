import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  migratePostgres,
  openPartStore,
  openPlantQuery,
  openPostgres,
  type PostgresDatabase,
  scriptsOf,
  type StoreKind,
} from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { ensureMonths } from '../../traceability/plant/months.ts'
import { missingInCompat } from '../../traceability/plant/compat.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'

const KINDS: StoreKind[] = ['line', 'plant']
const EVERY = KINDS.flatMap((kind) => scriptsOf(kind).map((_, i) => [kind, i + 1] as const))

/** Tables, columns, indices and checks of a schema, as text. */
function shape(db: PostgresDatabase, schema: string): unknown {
  const plain = (s: string): string => s.replaceAll(schema, 'here').replaceAll('edge_3', 'edge')
  const rows = (sql: string): string[] =>
    db
      .all<{ t: string }>(sql, schema)
      .map((r) => plain(r.t))
      .sort()
  return [
    rows(`select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable as t
          from information_schema.columns where table_schema = ?`),
    rows('select indexdef as t from pg_indexes where schemaname = ?'),
  ]
}

it('a plant is not migrated by what changes nothing that lines share', () => {
  const [line, plant] = KINDS.map((kind) => scriptsOf(kind).filter((s) => s.includes('trigger_superseded')))
  expect([line?.length, plant]).toEqual([1, []])
  // Lines of the program before go on writing there.
  expect(scriptsOf('plant')).toHaveLength(15)
})

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith('PostgreSQL', await postgresPresent(), 'migrations of the stores on PostgreSQL', () => {
  let schema: string
  let db: PostgresDatabase
  beforeEach(async () => {
    schema = freshSchema()
    db = await openSchema(schema)
  })
  afterEach(async () => {
    db.close()
    await dropSchema(schema)
  })

  it.each(EVERY)('a %s store goes on from version %i to the shape of a new one', async (kind, version) => {
    migratePostgres(db, schema, kind, version)
    migratePostgres(db, schema, kind)
    const other = freshSchema()
    const fresh = await openSchema(other)
    try {
      migratePostgres(fresh, other, kind)
      expect(shape(db, schema)).toEqual(shape(fresh, other))
      expect(db.all('select kind, version from schema_version')).toEqual([
        { kind, version: scriptsOf(kind).length },
      ])
    } finally {
      fresh.close()
      await dropSchema(other)
    }
  })

  it('makes a month while somebody reads for long, with all that its table asks of a row', async () => {
    migratePostgres(db, schema, 'plant')
    const [last] = db.all<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = 'event'::regclass order by 1 desc limit 1`,
    )
    const month = Number(last?.name.slice('event_'.length))
    const whole = shape(db, schema)
    const guards = `select tgname || tgrelid::regclass as t from pg_trigger
      where tgrelid in (select inhrelid from pg_inherits where inhparent = 'event'::regclass) union
      select conname || conrelid::regclass from pg_constraint
      where conrelid in (select inhrelid from pg_inherits where inhparent = 'event'::regclass) order by 1`
    const asked = db.all(guards)
    for (const name of ['event', 'inspection', 'defect', 'measurement', 'carrier_read', 'inspection_image'])
      db.exec(`drop table ${name}_${month}`)

    const reader = await openSchema(schema)
    const line = await openPostgres(DATABASE_URL, { schema, statementMs: 3_000 })
    try {
      reader.transaction(() => {
        reader.all('select count(*) as n from event')
        ensureMonths(line)
      })
    } finally {
      reader.close()
      line.close()
    }
    expect(shape(db, schema)).toEqual(whole)
    expect(db.all(guards)).toEqual(asked)
  })

  it('makes the months ahead, and each month once when many lines start at the same time', async () => {
    const lines = await Promise.all([1, 2, 3].map(() => openSchema(schema)))
    for (const line of lines) {
      migratePostgres(line, schema, 'plant')
      line.close()
    }
    const months = db.all<{ n: number }>(
      `select count(*) as n from pg_class where relname ~ '^event_[0-9]{6}$' and relnamespace = cast(? as regnamespace)`,
      schema,
    )
    expect(months).toEqual([{ n: 3 }])
  })

  it('leaves a store of another version as it is for who only asks, and asks as a role that may only read', async () => {
    const newest = scriptsOf('plant').length
    migratePostgres(db, schema, 'plant', newest - 1)
    const older = `TRC_OPEN: .*expected schema version ${newest}; found version ${newest - 1};.*older program`
    await expect(openPlantQuery(DATABASE_URL, schema)).rejects.toThrow(new RegExp(older))
    expect(db.all('select version from schema_version')).toEqual([{ version: newest - 1 }])
    migratePostgres(db, schema, 'plant')
    expect(missingInCompat(db)).toEqual([])
    // as where an older program made none of them
    expect(missingInCompat(db, schema)).toContain(`${schema}.json_each(text, text)`)
    const reader = `${schema}_reader`
    db.exec(`create role ${reader} login password 'reads';
      grant usage on schema ${schema} to ${reader};
      grant select on all tables in schema ${schema} to ${reader}`)
    try {
      const url = new URL(DATABASE_URL)
      Object.assign(url, { username: reader, password: 'reads' })
      await expect(openPlantQuery(url.href, schema)).rejects.toThrow(/TRC_OPEN: .*sightline_compat/)
      db.exec(`grant usage on schema sightline_compat to ${reader}`)
      const query = await openPlantQuery(url.href, schema)
      expect(query.lastPosition()).toBe(0)
      const target = 'https://id.gs1.org/01/04012345111118/10/4444'
      expect(() => query.recall({ target })).toThrow(/^TRC_NOT_FOUND/)
      query.close()
    } finally {
      db.exec(`drop owned by ${reader}; drop role ${reader}`)
    }
  })

  it('makes no schema for who only asks, and says which there are', async () => {
    migratePostgres(db, schema, 'plant')
    const nobodys = freshSchema()
    const asked = openPlantQuery(DATABASE_URL, nobodys)
    const none = /^TRC_OPEN: .*expected the schema of a plant store: .*; found \w+, which is none/
    await expect(asked).rejects.toThrow(none)
    // nor tables in the schema of something else
    db.exec(`create schema ${nobodys}`)
    await expect(openPlantQuery(DATABASE_URL, nobodys)).rejects.toThrow(none)
    db.exec(`drop schema ${nobodys}`)
    await expect(openPlantQuery(DATABASE_URL, 'a b')).rejects.toMatchObject({ code: 'CFG_INVALID' })
    expect(db.all('select 1 as n from pg_namespace where nspname = ?', nobodys)).toEqual([])
  })

  it('makes no store where text of another script has no place', async () => {
    const name = `${schema}_latin`
    db.exec(`create database ${name} encoding 'LATIN1' locale 'C' template template0`)
    try {
      const url = new URL(DATABASE_URL)
      url.pathname = name
      const latin = await openPostgres(url.href, { schema })
      const said = /^TRC_OPEN: .*expected a database of encoding UTF8; found LATIN1; make one: /
      expect(() => migratePostgres(latin, schema, 'plant')).toThrow(said)
      expect(latin.all('select nspname from pg_namespace where nspname = ?', schema)).toEqual([])
      await latin.abandon()
    } finally {
      db.exec(`drop database ${name} with (force)`)
    }
  })

  it('refuses a store of a newer program, and one of the other kind', () => {
    migratePostgres(db, schema, 'plant')
    expect(() => migratePostgres(db, schema, 'line')).toThrow(/TRC_OPEN.*holds a plant store/)
    db.exec('update schema_version set version = 99')
    expect(() => migratePostgres(db, schema, 'plant')).toThrow(/TRC_OPEN.*version 99/)
  })

  it('takes nothing from a line whose program is newer than the plant', async () => {
    const line = new PlantLine('line-a')
    try {
      await line.judge(1)
      migratePostgres(db, schema, 'plant')
      db.exec('alter table hold drop column release_reason')
      expect(() => carryAll(line.replicator(db))).toThrow(/TRC_OPEN.*only the line has release_reason/)
    } finally {
      await line.dispose()
    }
  })

  it('says what is wrong with an address, without its password', async () => {
    const wrong = DATABASE_URL.replace(/\/\/.*?@/, '//nobody:sesame@').replace(/:\d+\//, ':1/')
    const failure = await openPlantQuery(wrong, schema).catch((error: unknown) => String(error))
    expect(failure).toMatch(/^CodedError: TRC_PLANT: .*127\.0\.0\.1:1\//)
    expect(failure).not.toContain('sesame')
    await expect(
      openPartStore({ dataDir: '/tmp/nowhere-sightline', database: { url: wrong, schema } }),
    ).rejects.toMatchObject({ code: 'TRC_PLANT' })
  })
})
