import { afterEach, beforeEach, expect, it } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { recallCsv, recallEpcis, renderUnitLife } from '../../traceability/index.ts'
import { TraceQuery } from '../../traceability/query/index.ts'
import { inBothStores, line, type Opened } from './samples/both-stores.ts'
import { at } from './samples/traceability-requests.ts'

/** Cells C1 and C2 of lot L1 are in battery B1, that is in car CAR; C3 of the same lot is in nothing. */
function components(open: () => Promise<Opened>): void {
  let o: Opened
  let query: TraceQuery
  let clock = 0
  const told = async (fact: object): Promise<string> => {
    const id = uuidv7()
    await o.store.recordFact({ id, at: at(++clock), by: 'qa1', ...fact } as TraceFact, line)
    return id
  }
  const build = (child: string, parent: string, more: object = {}): Promise<string> =>
    told({ kind: 'associate', child: `unit/${child}`, parent: `unit/${parent}`, ...more })
  /** Where a recall and the life of each part say that it is, which is to be the same. */
  const places = async (): Promise<Record<string, unknown>> => {
    const list = query.recall({ target: 'lot/L1' })
    const said = Object.fromEntries(
      list.units.map((u) => [u.serial, [u.place, u.into, u.pallet ?? u.shipment]]),
    )
    for (const { serial } of list.units) {
      const [life] = await query.unitLives(serial)
      const where = life?.where
      expect([where?.place, where?.into, where?.pallet ?? where?.shipment], serial).toEqual(said[serial])
    }
    return said
  }

  beforeEach(async () => {
    o = await open()
    query = new TraceQuery('', o.db)
    clock = 0
    await told({ kind: 'receive', lot: 'L1', product: 'foil', supplier: 'mill' })
    for (const unit of ['C1', 'C2', 'C3', 'B1', 'CAR']) await told({ kind: 'commission', unit, product: 'p' })
    for (const unit of ['C1', 'C2', 'C3'])
      await told({ kind: 'associate', child: `unit/${unit}`, parent: 'lot/L1' })
    await told({ kind: 'aggregate', child: 'unit/C1', parent: 'pallet/cells' })
    await build('B1', 'C1')
    await build('B1', 'C2')
    await build('CAR', 'B1')
  })
  afterEach(async () => {
    await o.close()
  })

  it('are where the product is that they are in, however deep', async () => {
    expect(await places()).toEqual({
      // The pallet that it came on is behind it.
      C1: ['line', 'unit/B1', null],
      C2: ['line', 'unit/B1', null],
      C3: ['line', null, null],
      B1: ['line', 'unit/CAR', null],
      CAR: ['line', null, null],
    })
    await told({ kind: 'ship', child: 'unit/CAR', shipment: 'S1', customer: 'C1', order: 'O1' })
    const away = ['shipped', 'unit/B1', 'shipment/S1']
    expect(await places()).toEqual({
      C1: away,
      C2: away,
      C3: ['line', null, null],
      B1: ['shipped', 'unit/CAR', 'shipment/S1'],
      CAR: ['shipped', null, 'shipment/S1'],
    })
    const list = query.recall({ target: 'lot/L1' })
    expect(list.places).toEqual({ shipped: 4, line: 1 })
    expect(list.units.find((u) => u.serial === 'C1')).toMatchObject({
      customer: 'customer/C1',
      order: 'order/O1',
    })
    const [head, ...rows] = recallCsv(list).trimEnd().split('\r\n')
    expect(head?.split(',').at(-1)).toBe('into')
    expect(rows.find((r) => r.startsWith('C1,'))).toMatch(/,unit\/B1$/)
    expect(JSON.stringify(recallEpcis(list))).toContain('"sightline:into":"unit/B1"')
    const [life] = await query.unitLives('C2')
    if (life === undefined) throw new Error('no life')
    expect(renderUnitLife(life, 'en')).toContain('shipment/S1, customer/C1, order/O1, part of unit/B1')
    expect(renderUnitLife(life, 'zh')).toContain('order/O1, 属于 unit/B1')
    await told({ kind: 'return', target: 'unit/CAR', place: 'yard' })
    expect((await places())['C2']).toEqual(['back', 'unit/B1', null])
  })

  it('stay what they are where the product is at the line', async () => {
    await told({ kind: 'dispose', unit: 'unit/C2', disposition: 'scrap', reason: 'swollen' })
    expect((await places())['C2']).toEqual(['scrapped', 'unit/B1', null])
    await told({ kind: 'ship', child: 'unit/CAR', shipment: 'S1', customer: 'C1', order: 'O1' })
    expect((await places())['C2']).toEqual(['shipped', 'unit/B1', 'shipment/S1'])
  })

  it('are held with the product', async () => {
    await told({ kind: 'hold', target: 'unit/CAR', reason: 'brakes' })
    expect(await places()).toEqual({
      C1: ['held', 'unit/B1', null],
      C2: ['held', 'unit/B1', null],
      C3: ['line', null, null],
      B1: ['held', 'unit/CAR', null],
      CAR: ['held', null, null],
    })
  })

  it('are elsewhere when they left it', async () => {
    await told({ kind: 'ship', child: 'unit/CAR', shipment: 'S1', customer: 'C1', order: 'O1' })
    // Said of the part alone.
    await told({ kind: 'return', target: 'unit/C1', place: 'laboratory' })
    await told({ kind: 'ship', child: 'unit/C2', shipment: 'S2', customer: 'C2', order: 'O2' })
    expect(await places()).toMatchObject({
      C2: ['shipped', null, 'shipment/S2'],
      B1: ['shipped', 'unit/CAR', 'shipment/S1'],
    })
    await told({ kind: 'return', target: 'unit/C2' })
    expect((await places())['C2']).toEqual(['back', null, null])
  })

  it('are in none where that was wrong, only probable, or one of several', async () => {
    const wrong = await build('CAR', 'C3')
    expect((await places())['C3']).toEqual(['line', 'unit/CAR', null])
    await told({ kind: 'retract', supersedes: wrong, reason: 'typing error' })
    expect((await places())['C3']).toEqual(['line', null, null])
    await build('CAR', 'C3', { certainty: 'probable' })
    expect((await places())['C3']).toEqual(['line', null, null])
    await build('CAR', 'C2')
    await told({ kind: 'ship', child: 'unit/CAR', shipment: 'S1', customer: 'C1', order: 'O1' })
    expect((await places())['C2']).toEqual(['line', null, null])
  })

  it('are in a product that goes by two names, under either of their own', async () => {
    const same = (canonical: string, other: string): Promise<unknown> =>
      o.changes.change({ kind: 'merge', canonical, uris: [other], by: 'qa1', reason: 'label printed twice' })
    await told({ kind: 'commission', unit: 'CAR2', product: 'p' })
    await build('CAR2', 'C3')
    await same('unit/CAR', 'unit/CAR2')
    await same('unit/C3', 'unit/C2')
    await told({ kind: 'ship', child: 'unit/CAR2', shipment: 'S1', customer: 'C1', order: 'O1' })
    expect(await places()).toMatchObject({
      C1: ['shipped', 'unit/B1', 'shipment/S1'],
      B1: ['shipped', 'unit/CAR', 'shipment/S1'],
      // In two things at once: in the battery by one of its names, in the car by the other.
      C3: ['line', null, null],
    })
  })
}

await inBothStores('components', components)
