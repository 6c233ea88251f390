import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, vi } from 'vitest'
import { CodedError, plantStoreSchema, type ReplicationState, type TraceFact } from '../../contracts/index.ts'
import { plantModes, takeOver } from '../../bin/line/replication.ts'
import {
  identify,
  openHoldBoard,
  PlantDesk,
  type PostgresDatabase,
  type Replication,
  startReplication,
  verifyPlantLog,
} from '../../traceability/index.ts'
import { type CutLink, cutLink } from '../services/cut-link.ts'
import { DATABASE_URL, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { exchange, fact, holdsOf, state, where } from './samples/plant-holds.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { plantForEach } from './samples/plant-for-each.ts'

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const holdEvents = (line: PlantLine): number =>
  line.source().get<{ n: number }>(`select count(*) as n from event where type like 'qe.hold.%'`)?.n ?? -1

it('a line may not take the name of the log of the plant', () => {
  expect(() => plantStoreSchema.parse({ log: 'plant' })).toThrow(/the log of the plant itself/)
})

describeWith('PostgreSQL', await postgresPresent(), 'holds that reach other lines', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine
  let b: PlantLine
  const closers: (() => Promise<void> | void)[] = []

  plantForEach((open) => ({ schema, plant, a, b } = open))
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  const settle = async (): Promise<void> => {
    for (const line of [a, b, a, b]) await exchange(line, plant)
  }

  it('a hold of one line stops parts on the other, and its release there lets both go on, in both logs', async () => {
    await a.judge(2)
    await b.judge(2)
    await state(a, fact('hold', 'lot/M7', 'wang'))
    await settle()
    const store = await b.store()
    const board = openHoldBoard(b.dir, (listener) => store.onAppend(listener), {
      walk: () => Promise.resolve(null),
      walkMs: 1_000,
    })
    closers.push(() => board.close())
    const found = identify([], { id: 'cap' }, 'none')
    const facts = { station: 'st10', recipe: 'r@1', product: { id: 'cap' }, lot: 'M7' }
    const why = await board.over(found, facts)
    expect(why?.en).toContain('lot/M7 is on hold: hold by wang (wang, p1/line-a)')
    expect(why?.zh).toContain('lot/M7 已隔离:hold by wang(wang,p1/line-a)')
    expect(holdsOf(b)).toEqual(['lot/M7 of p1/line-a'])

    await state(b, fact('release', 'lot/M7', 'zhao'))
    expect(await board.over(found, facts)).toBeNull()
    await settle()
    expect(holdsOf(a)).toEqual(['lot/M7 of here, released by zhao of p1/line-b'])
    expect(plant.all('select origin_log, released_by from hold order by position')).toEqual([
      { origin_log: null, released_by: 'zhao' },
      { origin_log: 'p1/line-a', released_by: 'zhao' },
    ])
    // Two events each, however often they ask.
    for (let n = 0; n < 3; n++) await settle()
    expect([holdEvents(a), holdEvents(b)]).toEqual([2, 2])
    for (const { log } of [a, b]) expect(verifyPlantLog(plant, schema, log).findings).toEqual([])
  })

  it('a release ends the hold that its author knew, not one that another line placed meanwhile', async () => {
    await state(a, fact('hold', 'lot/M7', 'wang'))
    await settle()
    // Nobody hears the other.
    await state(b, fact('release', 'lot/M7', 'zhao'))
    await state(a, fact('hold', 'lot/M7', 'chen'))
    await settle()
    expect(holdsOf(a)).toEqual(['lot/M7 of here, released by zhao of p1/line-b', 'lot/M7 of here'])
    expect(holdsOf(b)).toEqual(['lot/M7 of p1/line-a, released by zhao of here', 'lot/M7 of p1/line-a'])
    // Whoever reads the log of line a alone is told that the lot is not free.
    const sql = `select json from event where type = 'qe.hold.released.v1'`
    const released = a.source().get<{ json: string }>(sql)
    expect(JSON.parse(released?.json ?? '{}')).toMatchObject({ data: { stillHeld: true } })
  })

  it('a hold of the plant reaches each line once; stations stay with their line; a release ends all of a target', async () => {
    await a.judge(1)
    await b.judge(1)
    await settle()
    const desk = new PlantDesk(plant)
    const placed = fact('hold', 'supplier/acme', 'qa')
    expect(desk.record(placed)).toMatchObject({ repeated: false })
    expect(desk.record(placed)).toMatchObject({ repeated: true })
    desk.record(fact('hold', 'station/line-b.st10', 'qa'))
    await state(b, fact('hold', 'supplier/acme', 'zhao'))
    await settle()
    expect(holdsOf(a)).toEqual([
      'urn:sightline:supplier:acme of plant',
      'urn:sightline:supplier:acme of p1/line-b',
    ])
    expect(holdsOf(b)).toEqual([
      'urn:sightline:supplier:acme of here',
      'urn:sightline:supplier:acme of plant',
      'urn:sightline:station:st10 of plant',
    ])
    desk.record(fact('release', 'supplier/acme', 'qa'))
    desk.record(fact('release', 'station/line-b.st10', 'qa'))
    await settle()
    const over = ', released by qa of plant'
    expect(holdsOf(a).every((h) => h.endsWith(over))).toBe(true)
    expect(holdsOf(b).every((h) => h.endsWith(over))).toBe(true)
    expect(() => desk.record(fact('release', 'supplier/acme', 'qa'))).toThrow(
      /TRC_GENEALOGY.*something that is on hold/,
    )
    const ship: TraceFact = { ...fact('hold', 'x'), kind: 'use', target: 'unit/1' } as never
    expect(() => desk.record(ship)).toThrow(/TRC_GENEALOGY.*a hold or a release.*stated on the line/)
    expect(verifyPlantLog(plant, schema, 'plant')).toMatchObject({
      findings: [],
      events: 4,
      state: 'unproven',
    })
  })

  it('is released by the name of its lot where the line knows another lot of that name', async () => {
    await a.judge(1, 'M7')
    const { id, at, by } = fact('hold', 'x')
    await state(b, { id, at, by, kind: 'receive', lot: 'M7', product: 'resin', supplier: 's' })
    await state(a, fact('hold', 'lot/M7'))
    await settle()
    const held = holdsOf(b)[0] ?? ''
    expect(held).toMatch(/^https:\/\/id\.gs1\.org\/.*M7 of p1\/line-a$/)
    await state(b, fact('release', 'lot/M7', 'zhao'))
    expect(holdsOf(b)).toEqual([`${held}, released by zhao of here`])
  })

  const replicate = async (line: PlantLine, link: CutLink): Promise<Replication> => {
    await line.store()
    const r = startReplication({
      dataDir: line.dir,
      url: link.url,
      spec: plantStoreSchema.parse({ schema }),
      where: where(line),
      onChange: () => undefined,
      // As a line that is being restarted, when its store is closed.
      onOrder: async (order) => takeOver(order, await line.store(), where(line)),
    })
    closers.push(() => r.close())
    return r
  }
  const until = async (done: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 1_200 && !done(); tries++) await sleep(50)
    expect(done()).toBe(true)
  }

  it('over a link that is cut: as last heard, says since when, and takes all of it over in order afterwards', async () => {
    const [la, lb] = [await cutLink(DATABASE_URL), await cutLink(DATABASE_URL)]
    closers.push(
      () => la.close(),
      () => lb.close(),
    )
    await replicate(a, la)
    let rb = await replicate(b, lb)
    await state(a, fact('hold', 'lot/M1', 'wang'))
    await until(() => holdsOf(b).length === 1)

    lb.cut()
    await until(() => rb.state().state === 'away')
    const { holds } = rb.state()
    const modes = (s: ReplicationState): { en: string; zh: string } =>
      plantModes(s)[0]?.text ?? { en: '', zh: '' }
    expect(modes(rb.state()).en).toContain(`holds of other lines are those of ${holds?.heardAt}`)
    expect(modes(rb.state()).zh).toContain(`其他产线的隔离信息截至 ${holds?.heardAt}`)
    for (const target of ['lot/M2', 'lot/M3']) await state(a, fact('hold', target, 'wang'))
    await state(a, fact('release', 'lot/M1', 'wang'))
    await state(b, fact('hold', 'lot/M9', 'zhao'))
    expect(holdsOf(b)).toEqual(['lot/M1 of p1/line-a', 'lot/M9 of here'])

    // Restarted without the plant: what it heard before stands, and it still knows when that was.
    await rb.close()
    await b.stop()
    rb = await replicate(b, lb)
    await until(() => rb.state().state === 'away')
    expect(Date.parse(rb.state().holds?.heardAt ?? '')).toBeGreaterThan(Date.now() - 60_000)
    expect(holdsOf(b)).toEqual(['lot/M1 of p1/line-a', 'lot/M9 of here'])

    lb.mend()
    await until(
      () =>
        holdsOf(b).length === 4 && holdsOf(a).length === 4 && holdsOf(b)[0]?.includes('released') === true,
    )
    expect(holdsOf(b)).toEqual([
      'lot/M1 of p1/line-a, released by wang of p1/line-a',
      'lot/M9 of here',
      'lot/M2 of p1/line-a',
      'lot/M3 of p1/line-a',
    ])
    expect(holdsOf(a).at(-1)).toBe('lot/M9 of p1/line-b')
    expect([holdEvents(a), holdEvents(b)]).toEqual([5, 5])
  })

  it('one that cannot be recorded is said in both languages and tried again, before any release', async () => {
    await state(a, fact('hold', 'lot/M0', 'wang'))
    await settle()
    // One takes over from the other.
    await state(a, fact('hold', 'lot/M1', 'wang'))
    await state(a, fact('release', 'lot/M0', 'wang'))
    carryAll(a.replicator(plant))
    let refuse = true
    const r = startReplication({
      dataDir: b.dir,
      url: DATABASE_URL,
      spec: plantStoreSchema.parse({ schema }),
      where: where(b),
      onChange: () => undefined,
      onOrder: async (order) => {
        if (refuse && order.kind === 'hold') throw new CodedError('TRC_WRITE', { actual: 'no room' })
        await takeOver(order, await b.store(), where(b))
      },
    })
    closers.push(() => r.close())
    await until(() => r.state().holds?.fault?.code === 'TRC_WRITE')
    const [mode] = plantModes(r.state())
    expect(mode?.text.en).toContain('cannot be recorded here, tried again')
    expect(mode?.text.zh).toContain('无法在本产线记录,正在重试')
    expect(holdsOf(b)).toEqual(['lot/M0 of p1/line-a'])
    refuse = false
    await until(() => holdsOf(b).length === 2 && r.state().holds?.fault === null)
    expect(holdsOf(b)).toEqual(['lot/M0 of p1/line-a, released by wang of p1/line-a', 'lot/M1 of p1/line-a'])
    expect(plantModes(r.state())).toEqual([])
  })
})
