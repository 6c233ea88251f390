import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { CodedError, type SqlDatabase, type SqlRow, type SqlValue, uuidv7 } from '../../contracts/index.ts'
import {
  migratePostgres,
  NOT_REPLICATED,
  openSql,
  plantImage,
  plantLogs,
  type PostgresDatabase,
  REPLICA_TABLES,
  verifyPlantLog,
} from '../../traceability/index.ts'
import { openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { signNow } from './samples/signed-log.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { count, plantForEach } from './samples/plant-for-each.ts'

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith('PostgreSQL', await postgresPresent(), 'the log of a line in the plant store', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine
  let b: PlantLine

  plantForEach((open) => ({ schema, plant, a, b } = open))

  it('has every table of a line, or a reason why not', async () => {
    await a.judge(1)
    const tables = a
      .source()
      .all<{ name: string }>(
        `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`,
      )
      .map((t) => t.name)
    const known = [...REPLICA_TABLES.map((t) => t.table), ...Object.keys(NOT_REPLICATED)]
    expect(tables.filter((t) => !known.includes(t))).toEqual([])
  })

  it('takes each event once, in batches, from two lines with stations of the same name', async () => {
    await a.judge(130)
    await b.judge(70)
    const [ra, rb] = [a.replicator(plant, { batch: 50 }), b.replicator(plant, { batch: 50 })]
    for (let n = 0; n < 4; n++) {
      ra.step()
      rb.step()
    }
    // A second replicator of the same log, from the start: everything is there already.
    carryAll(a.replicator(plant))
    expect(plantLogs(plant).map(({ log, events }) => [log, events])).toEqual([
      ['p1/line-a', 130],
      ['p1/line-b', 70],
    ])
    expect([count(plant, 'event'), count(plant, 'inspection'), count(plant, 'identity')]).toEqual([
      200, 200, 200,
    ])
    expect(plant.all('select distinct station from inspection order by 1')).toEqual([
      { station: 'line-a.st10' },
      { station: 'line-b.st10' },
    ])
    expect(
      count(plant, 'event', `position / 10000000000 = to_char(now() at time zone 'UTC', 'YYYYMM')::bigint`),
    ).toBe(200)
    for (const { log } of plantLogs(plant))
      expect(verifyPlantLog(plant, schema, log)).toMatchObject({ state: 'unproven', findings: [] })
  })

  it('follows facts: closed boxes, corrections, holds and their release', async () => {
    const store = await a.store()
    await a.judge(6)
    const where = { plant: 'p1', line: 'line-a' }
    const replicator = a.replicator(plant)
    let clock = Date.UTC(2026, 0, 6)
    const fact = async (rest: object): Promise<string> => {
      const id = uuidv7()
      clock += 1_000
      await store.recordFact({ id, at: new Date(clock).toISOString(), by: 'li', ...rest } as never, where)
      // After each fact, so that a later one changes rows that are there already.
      carryAll(replicator)
      return id
    }
    const [one, two] = [`unit/${a.serial(1)}`, `unit/${a.serial(2)}`]
    await fact({ kind: 'aggregate', child: one, parent: 'box/B1' })
    const wrong = await fact({ kind: 'aggregate', child: two, parent: 'box/B1' })
    await fact({ kind: 'disaggregate', child: one, parent: 'box/B1' })
    await fact({ kind: 'associate', child: 'station/st10', parent: 'lot/M1' })
    await fact({ kind: 'retract', supersedes: wrong, reason: 'typing error' })
    await fact({ kind: 'hold', target: 'lot/M1', reason: 'crack' })
    await fact({ kind: 'release', target: 'lot/M1', reason: 'seen' })
    expect(
      plant.all(`select child, valid_to is not null as closed from edge where kind = 'aggregate'`),
    ).toEqual([{ child: expect.stringContaining(a.serial(1)) as string, closed: 1 }])
    expect(plant.all(`select child from edge where child like '%station%'`)).toEqual([
      { child: 'urn:sightline:station:line-a.st10' },
    ])
    expect(plant.all('select released_by from hold')).toEqual([{ released_by: 'li' }])
    const dispose = { kind: 'dispose', unit: two, reason: 'seen' }
    const scrapped = await fact({ ...dispose, disposition: 'scrap' })
    await fact({ ...dispose, disposition: 'rework', supersedes: scrapped })
    expect(count(plant, 'trace_fact', 'superseded_by is not null')).toBe(2)
    expect(verifyPlantLog(plant, schema, a.log).findings).toEqual([])
    // All at once gives the same as one after the other.
    const rows = (): unknown => [
      plant.all('select child, parent, kind, valid_from, valid_to from edge order by 1, 2, 3, 4'),
      plant.all('select id, kind, superseded_by is null as stands from trace_fact order by id'),
      plant.all('select id, released_at, release_reason from hold'),
    ]
    const stepwise = rows()
    plant.exec(`drop schema ${schema} cascade`)
    migratePostgres(plant, schema, 'plant')
    carryAll(a.replicator(plant))
    expect(rows()).toEqual(stepwise)
  })

  it('brings along what the gate answers after a restart with the clock set back', async () => {
    await a.judge(2)
    const ids = a.source().all<{ inspection_id: string }>('select inspection_id from inspection')
    const gate = { command: { action: 'hold' } as never, ack: { ok: true } as never }
    const note = async (n: number): Promise<void> =>
      (await a.store()).annotate(ids[n]?.inspection_id ?? '', { gate })
    await note(0)
    await a.stop()
    const ms = (Date.now() + 2 * 3_600_000).toString(16).padStart(12, '0')
    const file = openSql(join(a.dir, 'trace.db'), { synchronous: 'normal' })
    file.run('update gate set id = ?', `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`)
    file.close()
    const replicator = a.replicator(plant)
    carryAll(replicator)
    await note(1)
    carryAll(replicator)
    expect(count(plant, 'gate')).toBe(2)
  })

  it('goes on where the plant lacks gate answers when its connection is another, not from the first', async () => {
    await a.judge(1)
    const part = a.source().get<{ inspection_id: string }>('select inspection_id from inspection')
    await a.stop()
    const ANSWERS = 9_000
    const file = openSql(join(a.dir, 'trace.db'), { synchronous: 'normal' })
    // One in 3 s.
    const idOf = (n: number): string => {
      const ms = (Date.UTC(2026, 0, 5) + n * 3_000).toString(16).padStart(12, '0')
      return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`
    }
    file.transaction(() => {
      for (let n = 1; n <= ANSWERS; n++)
        file.run(
          `insert into gate (id, inspection_id, at, ok, command, ack) values (?, ?, '', 1, '{}', '{}')`,
          idOf(n),
          part?.inspection_id ?? '',
        )
    })
    const replicator = a.replicator(plant)
    carryAll(replicator)
    const sent = vi.spyOn(plant, 'run')
    const sentIds = (): string[] =>
      sent.mock.calls
        .splice(0)
        .flatMap(([sql, rows]) =>
          sql.startsWith('insert into gate') ? (JSON.parse(String(rows)) as { id: string }[]) : [],
        )
        .map((row) => row.id)
    const add = (n: number): void =>
      void file.run(
        `insert into gate select ?, inspection_id, at, ok, command, ack from gate where id = ?`,
        idOf(n),
        idOf(1),
      )

    replicator.compareAnew()
    add(ANSWERS + 1)
    replicator.step()
    expect(sentIds()).toEqual([idOf(ANSWERS + 1)])

    for (const lost of [[7_777], [1, ANSWERS], [2_000, 2_001, 8_999], [ANSWERS + 1]]) {
      plant.run(
        `delete from gate where id in (select value from json_each(?))`,
        JSON.stringify(lost.map(idOf)),
      )
      replicator.compareAnew()
      replicator.step()
      expect(count(plant, 'gate')).toBe(ANSWERS + 1)
      // Nothing before the first gap, though an hour is looked back for answers that come late.
      expect(sentIds()[0]).toBe(idOf(lost[0] ?? 0))
    }
    sent.mockRestore()
    file.close()
  })

  it('brings along gate answers, late ones too, and images by option', async () => {
    const store = await a.store()
    await a.judge(6)
    const replicator = a.replicator(plant, { images: 'fail' })
    carryAll(replicator)
    const ids = plant.all<{ inspection_id: string }>('select inspection_id from inspection order by position')
    const gate = { command: { action: 'hold' } as never, ack: { ok: true } as never }
    for (const { inspection_id } of ids.slice(0, 3)) await store.annotate(inspection_id, { gate })
    const sent = vi.spyOn(plant, 'run')
    const notesSent = (): unknown[] =>
      sent.mock.calls
        .splice(0)
        .flatMap(([sql, rows]) => (sql.startsWith('insert into gate') ? JSON.parse(String(rows)) : []))
    carryAll(replicator)
    expect(notesSent()).toHaveLength(3)
    // What is looked back for went along.
    await store.annotate(ids[3]?.inspection_id ?? '', { gate })
    carryAll(replicator)
    expect(notesSent()).toHaveLength(1)
    sent.mockRestore()
    carryAll(a.replicator(plant))
    expect(count(plant, 'gate', `log = 'p1/line-a'`)).toBe(4)
    const failed = plant.all<{ sha256: string }>(
      `select v.sha256 from inspection_image v join inspection i on i.position = v.position where i.result = 'fail'`,
    )
    expect(failed).toHaveLength(2)
    expect(plantImage(plant, failed[0]?.sha256 ?? '')?.subarray(-8, -1)).toEqual(
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7),
    )
    expect(count(plant, 'image_bytes')).toBe(2)
    // What retention deletes later is told.
    const { sha256 } = failed[0] ?? { sha256: '' }
    const data = { class: 'fail' as const, images: [sha256], bytes: 8, freeBytes: 1, minFreeBytes: 2 }
    await store.deleteImages({
      specversion: '1.0',
      id: uuidv7(),
      source: '/plants/p1/lines/line-a',
      type: 'qe.image.deleted.v1',
      subject: 'retention',
      time: new Date().toISOString(),
      datacontenttype: 'application/json',
      dataschema: 'urn:sightline:schema:qe.image.deleted.v1',
      partitionkey: 'line-a',
      data,
    })
    carryAll(replicator)
    expect(plant.all('select sha256 from image where deleted_at is not null')).toEqual([{ sha256 }])
    // The database itself refuses bytes that are not the image.
    expect(() => plant.run(`update image_bytes set bytes = '\\x00'`)).toThrow(/image_bytes/)
  })

  it.each([
    ['an event', `update event set json = replace(json, '"trigger":4', '"trigger":9') where position = 4`, 4],
    ['a record', `update inspection set result = 'pass', disposition = 'release' where position = 6`, 6],
    ['a column of an event', `update event set subject = 'unit/X' where position = 5`, 5],
    ['a gap', 'delete from inspection where position = 7; delete from event where position = 7', 7],
  ])('refuses a log with %s altered, and names it', async (_what, sql, position) => {
    await a.judge(3)
    const replicator = a.replicator(plant)
    carryAll(replicator)
    await a.judge(5)
    a.tamper(sql)
    expect(() => replicator.step()).toThrow(
      expect.objectContaining({
        code: 'TRC_REPLICA',
        detail: expect.objectContaining({ path: `position ${position}` }) as object,
      }),
    )
    expect(count(plant, 'event')).toBe(3)
  })

  it('keeps the checkpoints of the line that come later, and refuses another key', async () => {
    await a.judge(5)
    const replicator = a.replicator(plant)
    carryAll(replicator)
    await signNow(a.dir)
    replicator.step()
    expect(plantLogs(plant)).toMatchObject([
      { events: 5, signed: 5, vkey: expect.stringContaining('+') as string },
    ])
    expect(verifyPlantLog(plant, schema, a.log)).toMatchObject({ state: 'intact', signed: 5, findings: [] })
    plant.exec(`update line_log set vkey = 'another+key'`)
    expect(() => a.replicator(plant).step()).toThrow(/TRC_REPLICA.*expected checkpoints by/)
  })

  it('takes a checkpoint for what it says, also where an older program kept it under the size before', async () => {
    await a.judge(3)
    const replicator = a.replicator(plant)
    for (let n = 0; n < 2; n++) {
      carryAll(replicator)
      await signNow(a.dir)
      replicator.step()
      await a.judge(2)
    }
    carryAll(replicator)
    plant.exec(`update line_head set note = (select note from line_head where size = 5) where size = 3;
      delete from line_head where size = 5`)
    expect(verifyPlantLog(plant, schema, a.log)).toMatchObject({
      state: 'intact',
      events: 7,
      signed: 5,
      checkpoints: 1,
    })
    plant.exec('update line_head set size = 7')
    expect(verifyPlantLog(plant, schema, a.log).findings).toMatchObject([
      { kind: 'checkpoint', detail: expect.stringMatching(/kept as one over 7 events is over 5/) as string },
    ])
  })

  it('calls a log intact that goes on being replicated meanwhile', async () => {
    await a.judge(10)
    a.replicator(plant, { batch: 4 }).step()
    const other = await openSchema(schema)
    let more = 0
    // As soon as the check knows how long the log is, the rest of it arrives.
    const reading: SqlDatabase = {
      exec: (sql) => plant.exec(sql),
      run: (sql, ...values) => plant.run(sql, ...values),
      insert: (...row) => plant.insert(...row),
      all: (sql, ...values) => plant.all(sql, ...values),
      transaction: (work) => plant.transaction(work),
      close: () => undefined,
      get: <R extends SqlRow>(sql: string, ...values: SqlValue[]) => {
        const row = plant.get<R>(sql, ...values)
        if (more++ === 0) carryAll(a.replicator(other))
        return row
      },
    }
    try {
      expect(verifyPlantLog(reading, schema, a.log)).toMatchObject({ events: 4, findings: [] })
      expect(verifyPlantLog(plant, schema, a.log)).toMatchObject({ events: 10, findings: [] })
    } finally {
      other.close()
    }
  })

  it('finds a record without an event, and tells it with the log of its line', async () => {
    await a.judge(3)
    await b.judge(3)
    carryAll(a.replicator(plant))
    carryAll(b.replicator(plant))
    plant.exec(`create temp table forged as select * from inspection where station = 'line-a.st10' limit 1;
      update forged set position = position + 1000, inspection_id = 'forged', serial = 'F1';
      insert into inspection select * from forged`)
    expect(verifyPlantLog(plant, schema, a.log).findings).toMatchObject([
      { kind: 'record', event: 'forged', subject: 'unit/F1', detail: 'a record without an event' },
    ])
    expect(verifyPlantLog(plant, schema, b.log).findings).toEqual([])
    // Of a line that nobody knows: told with every log.
    plant.exec(`update ${schema}.inspection set station = 'line-x.st10' where inspection_id = 'forged'`)
    for (const log of [a.log, b.log])
      expect(verifyPlantLog(plant, schema, log).findings.map((f) => f.event)).toEqual(['forged'])
    // More than are named are counted.
    plant.exec(`insert into forged select (f).* from (select jsonb_populate_record(f, jsonb_build_object('inspection_id',
        'forged' || n, 'position', f.position + n, 'trigger_number', f.trigger_number + n)) as f
      from forged f cross join generate_series(1, 1002) n) x;
      insert into ${schema}.inspection select * from forged where inspection_id <> 'forged'`)
    const many = verifyPlantLog(plant, schema, a.log)
    expect([many.findings.length, many.more]).toEqual([1_000, 3])
  })

  it('finds a decision about a part that was turned off, or given to another part', async () => {
    const store = await a.store()
    await a.judge(2)
    const source = { plant: 'p1', line: 'line-a' }
    const decision = { by: 'li', kind: 'dispose', unit: `unit/${a.serial(1)}`, reason: 'seen' } as const
    const fact = { id: uuidv7(), at: '2026-01-06T00:00:00.000Z', disposition: 'scrap', ...decision } as const
    await store.recordFact(fact, source)
    carryAll(a.replicator(plant))
    const found = (): string[] => verifyPlantLog(plant, schema, a.log).findings.map((f) => f.detail)
    expect(found()).toEqual([])
    plant.exec(`update ${schema}.trace_fact set superseded_by = 1 where kind = 'dispose'`)
    expect(found()).toEqual(['superseded_by is 0 in the table trace_fact and null in the log'])
    plant.exec(
      `update ${schema}.trace_fact set superseded_by = null, subject = 'unit/X' where kind = 'dispose'`,
    )
    expect(found()).toEqual([expect.stringMatching(/^subject is unit\/X/)])
  })

  it('finds a column of a record that its event does not have', async () => {
    await a.judge(3)
    carryAll(a.replicator(plant))
    plant.exec(`update inspection set severity = 'minor' where result = 'fail'`)
    plant.exec(
      `update carrier_read set text = 'other' where position = (select min(position) from inspection)`,
    )
    expect(verifyPlantLog(plant, schema, a.log).findings.map((f) => f.detail)).toEqual([
      expect.stringMatching(/^the carrier_read rows/),
      expect.stringMatching(/^severity is minor/),
    ])
  })

  it('sends images before their events, so that a link that breaks does not begin again', async () => {
    await a.judge(6)
    const source = a.source()
    const [lost] = source.all<{ path: string }>('select path from image order by stored_at limit 1')
    rmSync(join(a.dir, lost?.path ?? ''))
    // The connection breaks behind the third image, and once more before the events.
    let left = 3
    const broken = (): never => {
      throw new CodedError('TRC_PLANT', { expected: 'an answer', actual: 'none' })
    }
    const breaking: SqlDatabase = {
      exec: (sql) => plant.exec(sql),
      run: (sql, ...values) => {
        if (sql.includes('image_bytes') && left-- === 0) broken()
        return plant.run(sql, ...values)
      },
      insert: (...row) => plant.insert(...row),
      get: (sql, ...values) => plant.get(sql, ...values),
      all: (sql, ...values) => plant.all(sql, ...values),
      transaction: (work) => (left === 0 ? broken() : plant.transaction(work)),
      close: () => undefined,
    }
    const replicator = a.replicator(breaking, { images: 'all' })
    expect(() => replicator.step()).toThrow(/TRC_PLANT/)
    expect([count(plant, 'image_bytes'), count(plant, 'event')]).toEqual([3, 0])
    left = 2
    expect(() => a.replicator(breaking, { images: 'all' }).step()).toThrow(/TRC_PLANT/)
    expect([count(plant, 'image_bytes'), count(plant, 'event')]).toEqual([5, 0])
    // The one that is gone is counted once, and stays counted.
    expect(a.replicator(plant, { images: 'all' }).step()).toMatchObject({ received: 6, imagesMissing: 1 })
    await a.judge(1)
    expect(a.replicator(plant, { images: 'all' }).step()).toMatchObject({ received: 7, imagesMissing: 1 })
  })

  it('takes no more events at once than their images allow', async () => {
    await a.judge(5)
    // As the line says how large they are.
    a.tamper(`update image set bytes = 5 * 1024 * 1024`)
    const replicator = a.replicator(plant, { images: 'all' })
    const received = Array.from({ length: 5 }, () => replicator.step().received)
    expect(received).toEqual([1, 2, 3, 4, 5])
    expect(count(plant, 'image_bytes')).toBe(5)
  })

  it('finds a part that was moved to a station of another line', async () => {
    await a.judge(3)
    carryAll(a.replicator(plant))
    plant.exec(`update inspection set station = replace(station, 'line-a', 'line-b')
      where position = (select min(position) from inspection)`)
    const report = verifyPlantLog(plant, schema, 'p1/line-a')
    expect(report.findings.map((f) => f.kind)).toEqual(['record'])
  })

  it('finds what is altered in the plant store itself, which takes no change of the log', async () => {
    await a.judge(9)
    carryAll(a.replicator(plant))
    expect(() => plant.exec(`update event set subject = 'unit/X'`)).toThrow(/append-only/)
    expect(() => plant.exec('delete from event')).toThrow(/append-only/)
    plant.exec(`update inspection set result = 'pass' where result = 'fail' and position = (select min(position) from
      inspection where result = 'fail')`)
    plant.exec(`alter table event disable trigger event_append_only; alter table event drop constraint event_leaf;
      update event set json = replace(json, 'caps', 'cups'), subject = 'unit/Y' where log_position = 5`)
    const report = verifyPlantLog(plant, schema, 'p1/line-a')
    expect(report.state).toBe('altered')
    expect([...new Set(report.findings.map((f) => f.position))]).toEqual(expect.arrayContaining([3, 5]))
  })
})
