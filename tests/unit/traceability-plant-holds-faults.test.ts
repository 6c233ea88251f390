import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { plantModes, takeOver } from '../../bin/line/replication.ts'
import {
  CodedError,
  plantStoreSchema,
  type ReplicationState,
  type SqlDatabase,
  toFact,
} from '../../contracts/index.ts'
import {
  holdOrders,
  PlantDesk,
  PlantQuery,
  type PostgresDatabase,
  startReplication,
} from '../../traceability/index.ts'
import { postgresError } from '../../traceability/plant/postgres-errors.ts'
import { openTraceQuery } from '../../traceability/query/index.ts'
import { DATABASE_URL, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { exchange, fact, hear, holdsOf, state, where } from './samples/plant-holds.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { plantForEach } from './samples/plant-for-each.ts'

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

it('says when the plant was not heard for a while although the connection stands', () => {
  const heardAt = '2026-11-27T10:00:00.000Z'
  const nowMs = Date.parse(heardAt)
  const heard: ReplicationState = {
    log: 'p1/line-a',
    state: 'behind',
    received: 1,
    events: 9,
    imagesMissing: 0,
    fault: null,
    currentAt: null,
    holds: { heardAt, fault: null },
  }
  expect(plantModes(heard, nowMs + 30_000)).toEqual([])
  const [mode, ...others] = plantModes(heard, nowMs + 30_001)
  expect(others).toEqual([])
  expect(mode).toEqual({
    id: 'plant-heard',
    text: {
      en: `The plant has not told of its holds since ${heardAt}; those of then are in force`,
      zh: `自 ${heardAt} 起未收到工厂的隔离信息,当前以当时的隔离为准`,
    },
  })
  // One mode says it of a plant that is away; a plant that refuses the log is heard all the same.
  const fault = { code: 'TRC_PLANT', message: 'nobody' }
  const ids = (s: ReplicationState): string[] => plantModes(s, nowMs + 60_000).map((m) => m.id)
  expect(ids({ ...heard, state: 'away', fault })).toEqual(['plant-store'])
  expect(ids({ ...heard, state: 'refused', fault })).toEqual(['plant-store', 'plant-heard'])
  // So is one without room: what is read out on the page does not change every second.
  const full: ReplicationState = {
    ...heard,
    state: 'away',
    fault: { code: 'TRC_DISK_FULL', message: 'full' },
  }
  expect(plantModes(full, nowMs)[0]?.text.en).toBe('The plant store is away, events wait here: full')
  expect(ids(full)).toEqual(['plant-store', 'plant-heard'])
})

it('says in Chinese, too, why the plant takes nothing, or a hold of it is not recorded', () => {
  const away: ReplicationState = {
    log: 'p1/line-a',
    state: 'away',
    received: 1,
    events: 9,
    imagesMissing: 0,
    fault: toFact(
      postgresError({ message: 'none', code: '3D000', constraint: '' }, 'TRC_WRITE', 'db:5432/plant'),
    ),
    currentAt: null,
    holds: { heardAt: null, fault: toFact(new CodedError('TRC_WRITE', { actual: 'nothing' })) },
  }
  const zh = (s: ReplicationState): string[] => plantModes(s).map((m) => m.text.zh)
  expect(zh(away)).toEqual([
    '工厂数据库不可用,事件暂存于本机:TRC_OPEN:存储无法打开(db:5432/plant);实际为 none (3D000);请检查 URL 中的数据库、用户及其权限;从未收到其他产线的隔离信息',
    '工厂下达的隔离或解除无法在本产线记录,正在重试:TRC_WRITE:存储拒绝写入;实际为 无',
  ])
  expect(zh({ ...away, state: 'refused' })[0]).toMatch(/^工厂数据库拒绝本产线的日志:TRC_OPEN:存储无法打开/)
})

describeWith('PostgreSQL', await postgresPresent(), 'holds of a plant when something is lost', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine
  let b: PlantLine

  plantForEach((open) => ({ schema, plant, a, b } = open))
  const settle = async (): Promise<void> => {
    for (const line of [a, b, a, b]) await exchange(line, plant)
  }
  const replicating = (): ReturnType<typeof startReplication> =>
    startReplication({
      dataDir: a.dir,
      url: DATABASE_URL,
      spec: plantStoreSchema.parse({ schema }),
      where: where(a),
      onChange: () => undefined,
      onOrder: async (order) => takeOver(order, await a.store(), where(a)),
    })

  it('gives a line back its own holds when its data directory was restored from a copy, and goes on to', async () => {
    await a.judge(2)
    await a.stop()
    const copy = mkdtempSync(join(tmpdir(), 'sightline-copy-'))
    cpSync(a.dir, copy, { recursive: true })
    await state(a, fact('hold', 'lot/M7', 'wang'))
    await settle()
    expect(await hear(a, plant)).toBe(0)
    await a.stop()
    rmSync(a.dir, { recursive: true })
    cpSync(copy, a.dir, { recursive: true })
    rmSync(copy, { recursive: true })
    expect(holdsOf(a)).toEqual([])

    await a.store()
    const r = replicating()
    try {
      await expect.poll(() => holdsOf(a), { timeout: 60_000 }).toEqual(['lot/M7 of p1/line-a'])
      await expect.poll(() => r.state().state, { timeout: 60_000 }).toBe('refused')
      // Its log is tried again after longer and longer pauses; holds are asked for every second.
      await sleep(7_000)
      expect(r.state().state).toBe('refused')
      expect(Date.now() - Date.parse(r.state().holds?.heardAt ?? '')).toBeLessThan(2_500)
    } finally {
      await r.close()
    }
  })

  it('goes on being asked every second while it has no room for the events of the line', async () => {
    await a.judge(1)
    plant.exec(`create sequence tries;
      create function full_disk() returns trigger language plpgsql as $$ begin
        perform nextval('tries');
        raise 'could not extend file' using errcode = '53100';
      end $$;
      create trigger full_disk before insert on event for each row execute function full_disk()`)
    const heard = new Set<string | null>()
    const r = replicating()
    try {
      // One try for each time that it is asked would take minutes: the pauses between tries grow.
      const times = (): number => heard.add(r.state().holds?.heardAt ?? null).size
      await expect.poll(times, { timeout: 60_000, interval: 20 }).toBeGreaterThan(10)
      expect(r.state()).toMatchObject({ state: 'away', received: 0, fault: { code: 'TRC_DISK_FULL' } })
      const { n } = plant.get<{ n: number }>('select last_value as n from tries') ?? { n: Infinity }
      expect(n).toBeLessThan(9)
      plant.exec('drop trigger full_disk on event')
      await expect.poll(() => r.state().state, { timeout: 60_000 }).toBe('current')
    } finally {
      await r.close()
    }
  })

  it('opens no gate for a release that stands in the table alone', async () => {
    await state(a, fact('hold', 'lot/M7', 'wang'))
    await settle()
    plant.exec(
      `update hold set released_by = 'x', released_at = '2026-11-27T10:00:00.000Z', release_reason = 'y'`,
    )
    for (const line of [a, b]) expect(holdOrders(line.source(), plant, line.line)).toEqual([])
    // Nor with the time of a release of the same lot before.
    await state(a, fact('hold', 'lot/M8', 'wang'))
    await settle()
    await state(a, fact('release', 'lot/M8', 'wang'))
    await settle()
    await state(a, fact('hold', 'lot/M8', 'wang'))
    await settle()
    plant.exec(`update hold set (released_by, released_at, release_reason) = (select o.released_by, o.released_at,
      o.release_reason from hold o where o.target = 'lot/M8' and o.released_at is not null limit 1)
      where target = 'lot/M8' and released_at is null`)
    expect(holdOrders(b.source(), plant, b.line)).toEqual([])
    expect(holdsOf(b)).toEqual([
      'lot/M7 of p1/line-a',
      'lot/M8 of p1/line-a, released by wang of p1/line-a',
      'lot/M8 of p1/line-a',
    ])
  })

  it('leaves no gap where one hold takes over from another while the plant is being asked', async () => {
    const desk = new PlantDesk(plant)
    desk.record(fact('hold', 'lot/M7', 'qa'))
    await settle()
    let asked = 0
    const meanwhile: Pick<SqlDatabase, 'all'> = {
      all: (sql, ...values) => {
        if (asked++ === 1) {
          desk.record(fact('hold', 'lot/M8', 'qa'))
          desk.record(fact('release', 'lot/M7', 'qa'))
        }
        return plant.all(sql, ...values)
      },
    }
    const orders = holdOrders(b.source(), meanwhile as SqlDatabase, b.line)
    expect(orders.map((o) => `${o.kind} ${o.target}`)).toEqual(['hold lot/M8'])
    await settle()
    expect(holdsOf(b)).toEqual(['lot/M7 of plant, released by qa of plant', 'lot/M8 of plant'])
  })

  it('shows and releases a hold that the plant lost and its lines still have', async () => {
    const desk = new PlantDesk(plant)
    const query = new PlantQuery(plant, schema)
    desk.record(fact('hold', 'lot/M7', 'qa'))
    desk.record(fact('hold', 'lot/M8', 'qa'))
    await settle()
    // As in a backup that is older than the hold.
    plant.exec('delete from hold where origin_id is null')
    const shown = (): string[] =>
      query
        .holds()
        .map((h) => `${h.target} ${h.originLog} ${h.releasedBy ?? 'held'} ${h.takenBy?.join(' ')}`)
        .sort()
    const takenBy = 'p1/line-a p1/line-b'
    expect(shown()).toEqual([`lot/M7 plant held ${takenBy}`, `lot/M8 plant held ${takenBy}`])
    expect(query.activeHolds()).toBe(2)
    desk.record(fact('release', 'lot/M7', 'qa'))
    await state(a, fact('release', 'lot/M8', 'wang'))
    await settle()
    expect(shown()).toEqual([`lot/M7 plant qa ${takenBy}`, `lot/M8 plant wang ${takenBy}`])
    expect(query.activeHolds()).toBe(0)
    expect(holdsOf(b)).toEqual([
      'lot/M7 of plant, released by qa of plant',
      'lot/M8 of plant, released by wang of p1/line-a',
    ])
  })

  it('lists every hold in force, however many came and went since', async () => {
    for (const n of [1, 2, 3, 4]) await state(a, fact('hold', `lot/M${n}`))
    for (const n of [3, 4]) await state(a, fact('release', `lot/M${n}`))
    await settle()
    const line = openTraceQuery(a.dir)
    for (const query of [line, new PlantQuery(plant, schema)]) {
      expect(query.holds(1).map((h) => h.target)).toEqual(['lot/M2', 'lot/M1'])
      expect(query.holds(3).map((h) => h.target)).toEqual(['lot/M2', 'lot/M1', 'lot/M4'])
    }
    line.close()
  })

  it('refuses the hold of a station that no line would take over', async () => {
    await a.judge(1)
    await settle()
    const desk = new PlantDesk(plant)
    for (const target of ['station/st10', 'station/line-c.st10', 'station/line-a'])
      expect(() => desk.record(fact('hold', target, 'qa'))).toThrow(/TRC_NOT_FOUND.*known lines: line-a/)
    expect(desk.record(fact('hold', 'station/line-a.st10', 'qa'))).toMatchObject({ repeated: false })
  })

  it('of a station holds on the line, too, when that got another name and goes on under its log', async () => {
    await a.judge(1)
    await settle()
    a.line = 'line-z'
    await a.store()
    const r = startReplication({
      dataDir: a.dir,
      url: DATABASE_URL,
      spec: plantStoreSchema.parse({ schema, log: 'p1/line-a' }),
      where: where(a),
      onChange: () => undefined,
      onOrder: async (order) => takeOver(order, await a.store(), where(a)),
    })
    try {
      const desk = new PlantDesk(plant)
      desk.record(fact('hold', 'station/line-a.st10', 'qa'))
      await expect
        .poll(() => holdsOf(a), { timeout: 60_000 })
        .toEqual(['urn:sightline:station:st10 of plant'])
      // The copy of it is of the same station there.
      await expect
        .poll(() => plant.all('select distinct target from hold'), { timeout: 60_000 })
        .toEqual([{ target: 'urn:sightline:station:line-a.st10' }])
      await expect.poll(() => plant.all('select 1 from hold').length, { timeout: 60_000 }).toBe(2)
    } finally {
      await r.close()
    }
  })

  it('is asked for holds between the images of a step', async () => {
    await a.judge(3)
    let asked = 0
    carryAll(a.replicator(plant, { images: 'all', meanwhile: () => void (asked += 1) }))
    // Before each image, and before the check of the events.
    expect(asked).toBe(1 + 3)
  })
})
