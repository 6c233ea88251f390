import { expect, it, vi } from 'vitest'
import { type SqlDatabase, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { TraceQuery } from '../../traceability/query/index.ts'
import { type PostgresDatabase, verifyPlantLog } from '../../traceability/index.ts'
import { postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { epcisDocument, type Json } from './samples/epcis-documents.ts'
import { plantForEach } from './samples/plant-for-each.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const UNIT = 'https://id.gs1.org/01/10614141073464/21/1'
const URN = 'urn:epc:id:sgtin:0614141.107346.1'
const hour = (h: number): string => `2026-01-05T${String(h).padStart(2, '0')}:00:00.000Z`
let ids = 0
const event = (h: number, fields: Json): Json => ({
  eventID: `urn:x:captured:${++ids}`,
  eventTime: hour(h),
  eventTimeZoneOffset: '+00:00',
  ...fields,
})
const seen = (h: number, action: string, fields: Json): Json =>
  event(h, { type: 'ObjectEvent', action, ...fields })

const capture = async (line: PlantLine, ...events: Json[]): Promise<void> => {
  const { items, errors } = new Checks().document(JSON.stringify(epcisDocument(events)), {
    single: false,
    most: 100,
  })
  expect(errors).toEqual([])
  const store = await line.store()
  await store.captureEpcis({
    capture: uuidv7(),
    recordTime: hour(12),
    source: { plant: 'p1', line: line.line },
    items,
    masterData: null,
    rollback: true,
  })
}

describeWith('PostgreSQL', await postgresPresent(), 'what events of others state, in a plant', () => {
  let schema: string
  let plant: PostgresDatabase
  let a: PlantLine
  let b: PlantLine
  plantForEach((open) => ({ schema, plant, a, b } = open))

  /** Of these columns both have the same. */
  const inBoth = (line: PlantLine, sql: string): unknown => {
    const source = line.source()
    const of = (db: SqlDatabase): unknown => db.all(sql)
    try {
      expect(of(plant)).toEqual(of(source))
    } finally {
      source.close()
    }
    return of(plant)
  }

  it.each([1, 500])('a unit and a lot that nothing but an event names are found, batch %i', async (batch) => {
    await capture(
      a,
      seen(6, 'OBSERVE', { epcList: [URN], bizStep: 'receiving' }),
      seen(7, 'ADD', {
        quantityList: [{ epcClass: 'urn:epc:class:lgtin:4012345.011111.L7', quantity: 5, uom: 'KGM' }],
      }),
    )
    carryAll(a.replicator(plant, { batch }))
    expect(inBoth(a, 'select uri, serial, product, lot, first_at from identity')).toMatchObject([
      { uri: UNIT, serial: '1', lot: null, first_at: hour(6) },
    ])
    expect(inBoth(a, 'select uri, lot, product, supplier, first_at from material_lot')).toMatchObject([
      { lot: 'L7' },
    ])
    const query = new TraceQuery('', plant)
    expect(query.recall({ target: 'unit/1' }).units).toMatchObject([{ uri: UNIT, certain: true }])
    expect(query.recall({ target: 'lot/L7' }).units).toEqual([])
    expect(verifyPlantLog(plant, schema, a.log).findings).toEqual([])
  })

  it('the lot of a unit is the one that a later event says, and none where that is declared an error', async () => {
    const lots = 'select uri, lot from identity'
    await capture(a, seen(6, 'OBSERVE', { epcList: [URN] }))
    carryAll(a.replicator(plant))
    const made = seen(5, 'ADD', { epcList: [URN], ilmd: { 'cbvmda:lotNumber': 'L1' } })
    await capture(a, made)
    carryAll(a.replicator(plant))
    expect(inBoth(a, lots)).toEqual([{ uri: UNIT, lot: 'L1' }])
    await capture(a, {
      ...made,
      errorDeclaration: { declarationTime: hour(11), reason: 'incorrect_data' },
    })
    carryAll(a.replicator(plant))
    expect(inBoth(a, lots)).toEqual([{ uri: UNIT, lot: null }])
  })

  it('a packing that waited ends with the return that another line was told, as on one line', async () => {
    const box = (n: number): string => `urn:epc:id:sscc:0614141.123456789${n}`
    const packing = (h: number, action: string, n: number): Json =>
      event(h, { type: 'AggregationEvent', action, parentID: box(n), childEPCs: [URN] })
    const pack = packing(6, 'ADD', 1)
    // It is in box 0 when it is said to be put into box 1, which then leaves.
    await capture(a, packing(5, 'ADD', 0), pack)
    const told = async (line: PlantLine, fact: object): Promise<unknown> =>
      (await line.store()).recordFact({ id: uuidv7(), by: 'li', ...fact } as never, {
        plant: 'p1',
        line: line.line,
      })
    await told(a, { kind: 'ship', child: box(1), shipment: 'S1', at: hour(7) })
    await told(b, { kind: 'return', target: UNIT, at: hour(9) })
    for (const line of [a, b]) carryAll(line.replicator(plant))
    const links = `select parent, valid_to from edge where child = '${UNIT}' and kind = 'aggregate' order by valid_from`
    expect(inBoth(a, links)).toMatchObject([{ valid_to: null }])
    // Told late: it had left box 0 before, so that it was in box 1, which is away.
    await capture(a, { ...packing(5, 'DELETE', 0), eventTime: '2026-01-05T05:30:00.000Z' })
    carryAll(a.replicator(plant))
    expect(plant.all(links)).toMatchObject([{}, { valid_to: hour(9) }])
  })
})
