import { expect, it, vi } from 'vitest'
import { type PostgresDatabase, verifyPlantLog } from '../../traceability/index.ts'
import { type SqlDatabase, uuidv7 } from '../../contracts/index.ts'
import { whereabouts } from '../../traceability/genealogy/whereabouts.ts'
import { postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { plantForEach } from './samples/plant-for-each.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith('PostgreSQL', await postgresPresent(), 'one fact that two lines were told', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine
  let b: PlantLine
  plantForEach((open) => ({ schema, plant, a, b } = open))

  // As when one file of facts is imported on both: the id of a row follows from its content.
  const id = '6f0e6f43-6a6c-5a51-9a45-000000000001'
  const packed = {
    id,
    at: '2026-01-06T00:00:00.000Z',
    by: 'erp',
    kind: 'aggregate',
    child: 'box/B1',
    parent: 'pallet/P1',
  }
  const tell = async (line: PlantLine, fact: object): Promise<unknown> =>
    (await line.store()).recordFact(fact as never, { plant: 'p1', line: line.line })
  const unpacked = (): object => ({
    ...packed,
    id: uuidv7(),
    at: '2026-01-06T01:00:00.000Z',
    kind: 'disaggregate',
  })
  const links = (): unknown =>
    plant.all('select child, valid_to, closed_by is not null as closed from edge order by 1')

  it('is in the plant for both, and both go on', async () => {
    await tell(a, packed)
    await tell(b, packed)
    await tell(b, unpacked())
    carryAll(a.replicator(plant))
    carryAll(b.replicator(plant))
    expect(plant.all(`select count(*) as n from trace_fact where id = ?`, id)).toEqual([{ n: 2 }])
    expect(links()).toMatchObject([{ valid_to: '2026-01-06T01:00:00.000Z', closed: 1 }])
    for (const { log } of [a, b]) expect(verifyPlantLog(plant, schema, log).findings).toEqual([])
  })

  it('that names a part before it is judged goes along, in whatever batches', async () => {
    const unit = `https://id.gs1.org/01/09506000134352/21/${a.serial(1)}`
    await tell(a, { ...packed, child: unit, parent: 'box/B1', at: '2026-01-05T00:00:00.000Z' })
    await a.judge(1)
    carryAll(a.replicator(plant, { batch: 1 }))
    expect(plant.all('select uri, serial from identity')).toEqual([{ uri: unit, serial: a.serial(1) }])
    expect(plant.all('select child from edge where kind = ?', 'aggregate')).toEqual([{ child: unit }])
    expect(verifyPlantLog(plant, schema, a.log).findings).toEqual([])
  })

  it('an end that one of them stated is not undone by the other, which says the beginning later', async () => {
    await tell(a, packed)
    await tell(a, unpacked())
    await tell(b, packed)
    carryAll(a.replicator(plant))
    carryAll(b.replicator(plant))
    expect(links()).toMatchObject([{ valid_to: '2026-01-06T01:00:00.000Z', closed: 1 }])
  })

  it('an end that both stated stands while one of them does, when the other takes its own back', async () => {
    const carry = (): void => {
      for (const line of [a, b]) carryAll(line.replicator(plant))
    }
    for (const line of [a, b]) await tell(line, packed)
    const first = { ...packed, id: uuidv7(), at: '2026-01-06T01:00:00.000Z', kind: 'disaggregate' }
    const second = { ...first, id: uuidv7(), at: '2026-01-06T02:00:00.000Z' }
    await tell(a, first)
    carry()
    await tell(b, second)
    carry()
    expect(links()).toMatchObject([{ valid_to: first.at, closed: 1 }])
    const wrong = { kind: 'retract', reason: 'typing error', by: 'li', at: '2026-01-06T03:00:00.000Z' }
    await tell(a, { ...wrong, id: uuidv7(), supersedes: first.id })
    carry()
    expect(links()).toMatchObject([{ valid_to: second.at, closed: 1 }])
    await tell(b, { ...wrong, id: uuidv7(), supersedes: second.id })
    carry()
    expect(links()).toMatchObject([{ valid_to: null, closed: 0 }])
  })

  it('stays in the plant while one of them still states it', async () => {
    await tell(a, packed)
    await tell(b, packed)
    carryAll(a.replicator(plant))
    carryAll(b.replicator(plant))
    const wrong = {
      kind: 'retract',
      supersedes: id,
      reason: 'typing error',
      by: 'li',
      at: '2026-01-06T02:00:00.000Z',
    }
    await tell(a, { ...wrong, id: uuidv7() })
    carryAll(a.replicator(plant))
    expect(links()).toMatchObject([{ valid_to: null, closed: 0 }])
    await tell(b, { ...wrong, id: uuidv7() })
    carryAll(b.replicator(plant))
    expect(links()).toEqual([])
  })

  it('what one line shipped and another took back is back, whichever of them comes first', async () => {
    const ship = { id: uuidv7(), at: '2026-01-06T02:00:00.000Z', by: 'erp', kind: 'ship', child: 'pallet/P1' }
    const back = {
      id: uuidv7(),
      at: '2026-01-06T03:00:00.000Z',
      by: 'li',
      kind: 'return',
      target: 'pallet/P1',
    }
    await tell(a, packed)
    await tell(a, { ...ship, shipment: 'S1' })
    await tell(b, back)
    carryAll(b.replicator(plant))
    carryAll(a.replicator(plant))
    const shipped = (): unknown => plant.all(`select valid_to from edge where kind = 'ship'`)
    expect(shipped()).toEqual([{ valid_to: back.at }])
    await tell(b, { id: uuidv7(), at: back.at, by: 'li', kind: 'retract', supersedes: back.id, reason: 'no' })
    carryAll(b.replicator(plant))
    expect(shipped()).toEqual([{ valid_to: null }])
    await tell(b, { ...back, id: uuidv7(), target: 'shipment/S1' })
    carryAll(b.replicator(plant))
    expect(shipped()).toEqual([{ valid_to: back.at }])
    for (const { log } of [a, b]) expect(verifyPlantLog(plant, schema, log).findings).toEqual([])
  })

  it('says the same of where a part is as the line that took it back', async () => {
    await a.judge(1)
    const unit = `https://id.gs1.org/01/09506000134352/21/${a.serial(1)}`
    await tell(a, { ...packed, at: '2026-01-06T04:00:00.000Z', child: unit, parent: 'box/B1' })
    await tell(a, { ...packed, id: uuidv7(), at: '2026-01-06T05:00:00.000Z' })
    const ship = { id: uuidv7(), at: '2026-01-06T06:00:00.000Z', by: 'erp', kind: 'ship', child: 'pallet/P1' }
    await tell(a, { ...ship, shipment: 'S1', customer: 'C1' })
    const where = (db: SqlDatabase): unknown => whereabouts(db, [{ uri: unit }], () => false)
    const same = (): unknown => {
      carryAll(a.replicator(plant, { batch: 1 }))
      const line = a.source()
      const here = where(line)
      line.close()
      expect(where(plant)).toMatchObject([
        { ...(here as object[])[0], station: `${a.line}.${(here as { station: string }[])[0]?.station}` },
      ])
      return here
    }
    expect(same()).toMatchObject([{ place: 'shipped', returnedAt: null }])
    const back = { id: uuidv7(), at: '2026-01-06T07:00:00.000Z', by: 'li', kind: 'return', place: 'cage 4' }
    await tell(a, { ...back, target: 'shipment/S1' })
    expect(same()).toMatchObject([
      { place: 'packed', returnedAt: back.at, returnedFrom: 'customer/C1', returnedTo: 'cage 4' },
    ])
  })
})
