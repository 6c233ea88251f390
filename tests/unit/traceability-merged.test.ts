import { afterAll, beforeAll, expect, it } from 'vitest'
import { type SqlDatabase, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { recallCsv } from '../../traceability/index.ts'
import { follow } from '../../traceability/genealogy/flow.ts'
import { identityMap } from '../../traceability/genealogy/identity-names.ts'
import { TraceQuery } from '../../traceability/query/index.ts'
import { recallEpcis } from '../../traceability/genealogy/recall-forms.ts'
import { inBothStores, line, type Opened } from './samples/both-stores.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const uri = (serial: string): string => `urn:sightline:serial:cap:${serial}`

/**
 * S1 and S2 are one part with two labels, S3 another of the same lot L1; box B1 and box B2 are one box. S1 and S2 were
 * both judged at st10, S1 bad first. The car is built from S2, C1 from S1.
 */
function merged(open: () => Promise<Opened>): void {
  let o: Opened
  let query: TraceQuery
  let clock = 100
  const tell = (fact: object): Promise<unknown> =>
    o.store.recordFact({ id: uuidv7(), at: at(clock++), by: 'qa1', ...fact } as TraceFact, line)
  const change = (kind: 'merge' | 'split', canonical: string, other: string): Promise<unknown> =>
    o.changes.change({ kind, canonical, uris: [other], by: 'qa1', reason: 'label printed twice' })
  const recalled = (target: string): string[] =>
    query
      .recall({ target })
      .units.map((u) => [u.serial, u.place, ...(u.aliases ?? [])].join(' '))
      .sort()
  const lives = async (name: string) => query.unitLives(name)
  const stations = (): number[] =>
    query
      .causeCounts({})
      .filter((c) => c.factor === 'station')
      .map((c) => c.n)

  beforeAll(async () => {
    o = await open()
    query = new TraceQuery('', o.db)
    await tell({ kind: 'receive', lot: 'L1', product: 'foil', supplier: 'mill' })
    for (const unit of ['S1', 'S2', 'S3', 'C1', 'CAR'])
      await tell({ kind: 'commission', unit, product: 'cap' })
    for (const unit of ['S1', 'S2', 'S3'])
      await tell({ kind: 'associate', child: `unit/${unit}`, parent: 'lot/L1' })
    await tell({ kind: 'associate', child: 'unit/C1', parent: 'unit/S1' })
    await o.store.capture(request(1, failVerdict({ codes: [gs1Code('J1')] }), { context }))
    await o.store.capture(request(2, passVerdict({ codes: [gs1Code('J2')] }), { context }))
    await o.store.capture(request(3, passVerdict({ codes: [gs1Code('J3')] }), { context }))
  })
  afterAll(async () => {
    await o.close()
  })

  it('are two things before', async () => {
    expect(recalled('unit/S1')).toEqual(['C1 line', 'S1 line'])
    expect(recalled('lot/L1')).toEqual(['C1 line', 'S1 line', 'S2 line', 'S3 line'])
    expect((await lives('S1'))[0]?.siblings[0]).toMatchObject({ kind: 'lot', count: 2 })
    expect(stations()).toEqual([3])
  })

  it('are one thing after: in recalls from either name and from what it was made of', async () => {
    await change('merge', 'unit/S1', 'unit/S2')
    await tell({ kind: 'associate', child: 'unit/CAR', parent: 'unit/S2' })
    const all = ['C1 line', 'CAR line', `S1 line ${uri('S2')}`]
    expect(recalled('unit/S1')).toEqual(all)
    expect(recalled('unit/S2')).toEqual(all)
    expect(recalled('lot/L1')).toEqual([...all, 'S3 line'])
    const list = query.recall({ target: 'unit/S2' })
    expect(list).toMatchObject({ certain: 3, probable: 0, of: [uri('S1')], places: { line: 3 } })
    expect(recallCsv(list)).toContain(`,${uri('S1')},${uri('S2')},\r\n`)
    expect(JSON.stringify(recallEpcis(list))).toContain(`"${uri('S1')}","${uri('S2')}"`)
  })

  it('are one thing in walks, under the canonical name', () => {
    const walk = (from: string, direction: 'up' | 'down'): string[] =>
      follow(o.db, [{ uri: from }], direction, 100)
        .nodes.map((n) => `${n.depth} ${n.uri.split(':').at(-1)}`)
        .sort()
    expect(walk(uri('S2'), 'down')).toEqual(['0 S1', '1 C1', '1 CAR'])
    expect(walk(uri('S2'), 'up')).toEqual(walk(uri('S1'), 'up'))
    expect(walk(uri('CAR'), 'up')).toEqual(['0 CAR', '1 S1', '2 L1', '3 mill'])
  })

  it('close no cycle through a name, nor by being merged', async () => {
    await expect(tell({ kind: 'associate', child: 'unit/S1', parent: 'unit/CAR' })).rejects.toThrow(
      'unit/S1 → unit/CAR → unit/S1',
    )
    await expect(tell({ kind: 'associate', child: 'unit/S1', parent: 'unit/S2' })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
    })
    await expect(change('merge', 'unit/CAR', 'unit/S1')).rejects.toMatchObject({ code: 'TRC_GENEALOGY' })
    await expect(change('merge', 'unit/S2', 'unit/CAR')).rejects.toMatchObject({ code: 'TRC_GENEALOGY' })
    await expect(change('merge', 'unit/S1', 'unit/S2')).rejects.toMatchObject({ code: 'TRC_IDENTITY' })
  })

  it('are one life, with the merge in it, and no sibling of themselves', async () => {
    const [life, ...more] = await lives('S2')
    expect(more).toEqual([])
    expect(life).toMatchObject({ serial: 'S1', uri: uri('S1') })
    expect(life?.aliases[0]).toEqual({ scheme: 'uri', value: uri('S2') })
    expect(life?.forward.items.map((i) => i.name)).toEqual(['unit/C1', 'unit/CAR'])
    expect(life?.siblings[0]).toMatchObject({ kind: 'lot', count: 1, units: [{ serial: 'S3' }] })
    expect(life?.timeline.entries.filter((e) => e.what === 'merge')).toMatchObject([
      { subject: 'unit/S1, unit/S2', by: 'qa1', text: 'label printed twice' },
    ])
    const own = life?.timeline.entries.filter((e) => ['unit/S1', 'unit/S2'].includes(e.subject))
    expect(own?.map((e) => e.what).sort()).toEqual(['associate', 'associate', 'commission', 'commission'])
    expect((await lives('S3'))[0]?.siblings[0]).toMatchObject({ count: 1, units: [{ serial: 'S1' }] })
  })

  it('are one judged unit, by the first verdict at a station', async () => {
    await change('merge', 'unit/J1', 'unit/J2')
    expect(stations()).toEqual([2])
    expect(query.causeCounts({}).find((c) => c.factor === 'station')).toMatchObject({ n: 2, bad: 1 })
    const [life] = await lives('J2')
    expect(life).toMatchObject({
      inspections: { total: 2 },
      rework: { firstResult: 'fail', lastResult: 'pass' },
    })
    expect(life?.siblings.find((s) => s.kind === 'minutes')).toMatchObject({
      count: 1,
      units: [{ serial: 'J3' }],
    })
    const [third] = await lives('J3')
    expect(third?.siblings.find((s) => s.kind === 'minutes')).toMatchObject({
      count: 1,
      units: [{ serial: 'J1' }],
    })
    const detail = await query.bySerial('J2')
    expect(detail?.events.map((e) => e.type)).toContain('qe.identity.changed.v1')
    expect(detail?.inspections).toHaveLength(2)
    await change('split', 'unit/J1', 'unit/J2')
    expect(stations()).toEqual([3])
  })

  it('are in one place: boxed, shipped and held under any name, of part and box', async () => {
    await tell({ kind: 'aggregate', child: 'unit/S2', parent: 'box/B2' })
    await expect(tell({ kind: 'aggregate', child: 'unit/S1', parent: 'box/B9' })).rejects.toThrow('it is in')
    await change('merge', 'box/B1', 'box/B2')
    await tell({ kind: 'ship', child: 'box/B1', shipment: 'SH', customer: 'cu' })
    await tell({ kind: 'hold', target: 'unit/S2', reason: 'crack' })
    const [row] = query.recall({ target: 'unit/S1' }).units
    expect(row).toMatchObject({
      serial: 'S1',
      place: 'shipped',
      pallet: 'box/B1',
      shipment: 'shipment/SH',
      customer: 'customer/cu',
      held: true,
    })
    expect((await lives('S1'))[0]?.where).toMatchObject({ place: 'shipped', pallet: 'box/B1' })
    // What was built from it is held too.
    expect(query.holdOver([{ uri: uri('C1') }])).toMatchObject({ target: uri('S2') })
    expect(query.recall({ target: 'unit/C1' }).units[0]).toMatchObject({ place: 'held', held: true })
    expect(recalled('box/B2')).toEqual(recalled('box/B1'))
  })

  it('are two again after a split', async () => {
    await change('split', 'box/B1', 'box/B2')
    await change('split', 'unit/S1', 'unit/S2')
    expect(recalled('unit/S1')).toEqual(['C1 line', 'S1 line'])
    expect(recalled('unit/S2')).toEqual(['CAR held', 'S2 packed'])
    expect(recalled('lot/L1')).toHaveLength(5)
    expect(query.holdOver([{ uri: uri('C1') }])).toBeNull()
    for (const serial of ['S1', 'S2']) {
      const [life, ...more] = await lives(serial)
      expect(more).toEqual([])
      expect(life?.serial).toBe(serial)
      expect(life?.timeline.entries.map((e) => e.what)).toEqual(expect.arrayContaining(['merge', 'split']))
      expect(life?.siblings[0]).toMatchObject({ kind: 'lot', count: 2 })
    }
    await tell({ kind: 'associate', child: 'unit/S1', parent: 'unit/CAR' })
  })
}

await inBothStores('merged names', merged)

it('forget a change that was rolled back after it had been read', () => {
  const event = (position: number, canonical: string): object => ({
    position,
    json: JSON.stringify({ data: { kind: 'merge', canonical, uris: ['b'], by: 'q', reason: canonical } }),
  })
  let log = [event(3, 'a')]
  const db = {
    all: (_sql: string, _subject: string, from: number) =>
      log.filter((e) => (e as { position: number }).position >= from),
  } as unknown as SqlDatabase
  expect(identityMap(db).names('b')).toEqual(['a', 'b'])
  log = []
  expect(identityMap(db).names('b')).toEqual(['b'])
  log = [event(3, 'a')]
  expect(identityMap(db).names('b')).toEqual(['a', 'b'])
  log = [event(3, 'c'), event(4, 'a')]
  expect(identityMap(db).names('b')).toEqual(['a', 'c', 'b'])
})
