import { describe, expect, it } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { renderUnitLife, type TraceQuery, type TraceStore } from '../../traceability/index.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ store, query } = open))

const line = { plant: 'p1', line: 'caps-a' }
type Asked = {
  [K in TraceFact['kind']]: Omit<Extract<TraceFact, { kind: K }>, 'id' | 'at' | 'by' | 'certainty'>
}[TraceFact['kind']]
const stated = (fact: Asked & { certainty?: 'certain' | 'probable' }, n = 0): TraceFact =>
  ({ id: uuidv7(), at: at(n), by: 'qa1', ...fact }) as TraceFact
const tell = (fact: Asked & { certainty?: 'certain' | 'probable' }, n = 0) =>
  store.recordFact(stated(fact, n), line)
const commission = (...serials: string[]) =>
  Promise.all(serials.map((unit) => tell({ kind: 'commission', unit, product: 'cap' })))
const recalled = (target: string, window: { from?: string; to?: string } = {}): string[] =>
  query
    .recall({ target, ...window })
    .units.map((u) => `${u.serial} ${u.certain ? 'certain' : 'probable'}`)
    .sort()

describe('facts', () => {
  it('are events in the log, and the same id is recorded once', async () => {
    const fact = stated({
      kind: 'receive',
      lot: 'L1',
      product: 'cap',
      supplier: 'acme',
      quantity: 500,
      uom: 'pcs',
    })
    const first = await store.recordFact(fact, line)
    expect(first).toEqual({ id: fact.id, position: 1, repeated: false })
    expect(await store.recordFact(fact, line)).toEqual({ id: fact.id, position: 1, repeated: true })
    await expect(store.recordFact({ ...fact, quantity: 501 } as TraceFact, line)).rejects.toMatchObject({
      code: 'TRC_DUPLICATE',
    })
    expect(query.eventsAfter(0, 10).map((e) => e.event)).toMatchObject([
      {
        id: fact.id,
        type: 'ext.receipt.posted.v1',
        source: '/plants/p1/lines/caps-a/trace',
        subject: 'urn:sightline:lot:cap:L1',
        data: { lot: 'L1', supplier: 'acme', quantity: 500, uom: 'pcs', by: 'qa1' },
      },
    ])
  })

  it.each<[string, Asked, string]>([
    ['an unknown unit', { kind: 'rework', unit: 'unit/none', reason: 'r' }, 'TRC_NOT_FOUND'],
    ['an unknown lot', { kind: 'transform', child: 'unit/A', parent: 'lot/none' }, 'TRC_NOT_FOUND'],
    [
      'an unknown kind of thing',
      { kind: 'transform', child: 'unit/A', parent: 'planet/mars' },
      'TRC_GENEALOGY',
    ],
    ['a release of what is not held', { kind: 'release', target: 'unit/A', reason: 'r' }, 'TRC_GENEALOGY'],
    [
      'an unpacking of what is not packed',
      { kind: 'disaggregate', child: 'unit/A', parent: 'pallet/P' },
      'TRC_GENEALOGY',
    ],
    [
      'a correction of nothing',
      { kind: 'retract', supersedes: '01890000-0000-7000-8000-000000000001', reason: 'r' },
      'TRC_NOT_FOUND',
    ],
    [
      'an end before the beginning',
      { kind: 'associate', child: 'unit/A', parent: 'pallet/P', to: at(-5) },
      'TRC_GENEALOGY',
    ],
    [
      'a URI that is cut in a character',
      { kind: 'associate', child: 'unit/A', parent: 'urn:sightline:lot:p:%E0%A4%A' },
      'TRC_GENEALOGY',
    ],
    [
      'a URI of two lines',
      { kind: 'aggregate', child: 'unit/A', parent: 'urn:sightline:box:a\nb' },
      'TRC_GENEALOGY',
    ],
    ['half of a surrogate pair', { kind: 'commission', unit: 'A\ud83d', product: 'cap' }, 'EVT_SCHEMA'],
    ['an empty reason', { kind: 'hold', target: 'unit/A', reason: ' ' }, 'EVT_SCHEMA'],
  ])('refuses %s', async (_name, fact, code) => {
    await commission('A')
    const before = query.lastPosition()
    await expect(tell(fact)).rejects.toMatchObject({ code })
    expect(query.lastPosition()).toBe(before)
  })

  it('refuse the detour by plain events', async () => {
    await expect(
      store.emit({
        specversion: '1.0',
        id: uuidv7(),
        source: '/x',
        type: 'qe.hold.placed.v1',
        subject: 'lot/L',
        time: at(1),
        datacontenttype: 'application/json',
        dataschema: 'urn:x',
        partitionkey: 'caps-a',
        data: { target: 'lot/L', reason: 'r', by: 'b' },
      }),
    ).rejects.toMatchObject({ code: 'EVT_SCHEMA' })
  })

  it('refuse a cycle with its path, however long, and a thing made from itself', async () => {
    await commission('A', 'B', 'C', 'D')
    await tell({ kind: 'transform', child: 'unit/B', parent: 'unit/A' })
    await tell({ kind: 'transform', child: 'unit/C', parent: 'unit/B' })
    await tell({ kind: 'associate', child: 'unit/D', parent: 'unit/C' })
    await expect(tell({ kind: 'transform', child: 'unit/A', parent: 'unit/D' })).rejects.toThrow(
      'unit/A → unit/B → unit/C → unit/D → unit/A',
    )
    await expect(tell({ kind: 'associate', child: 'unit/A', parent: 'unit/A' })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
    })
    await tell({ kind: 'aggregate', child: 'box/1', parent: 'box/2' })
    await expect(tell({ kind: 'aggregate', child: 'box/2', parent: 'box/1' })).rejects.toThrow(
      'box/1 → box/2 → box/1',
    )
    // At another time one box may well be in the other.
    await tell({ kind: 'disaggregate', child: 'box/1', parent: 'box/2' }, 10)
    await tell({ kind: 'aggregate', child: 'box/2', parent: 'box/1' }, 20)
  })

  it('of a receipt move its lot from the wrong supplier to the right one', async () => {
    await tell({ kind: 'receive', lot: 'L0', product: 'foil', supplier: 'acme' })
    const wrong = await tell({ kind: 'receive', lot: 'L1', product: 'foil', supplier: 'acme' })
    await commission('A')
    await tell({ kind: 'transform', child: 'unit/A', parent: 'lot/L1' })
    expect(recalled('supplier/acme')).toEqual(['A certain'])
    const right = await tell({
      kind: 'receive',
      lot: 'L1',
      product: 'foil',
      supplier: 'bolt',
      supersedes: wrong.id,
    })
    expect([recalled('supplier/acme'), recalled('supplier/bolt')]).toEqual([[], ['A certain']])
    await tell({ kind: 'receive', lot: 'L0', product: 'foil', supplier: 'bolt' }, 2)
    await tell({ kind: 'retract', supersedes: right.id, reason: 'never came' })
    expect(recalled('supplier/bolt')).toEqual([])
  })

  it('leave a lot with the supplier that an inspection names, too', async () => {
    const posted = await tell({ kind: 'receive', lot: 'L1', product: 'cap', supplier: 'acme' })
    await store.capture({
      ...request(1, passVerdict()),
      context: { ...context, lot: 'L1', supplier: 'acme' },
    })
    expect(recalled('supplier/acme')).toHaveLength(1)
    await tell({ kind: 'retract', supersedes: posted.id, reason: 'posted twice' }, 9)
    expect(recalled('supplier/acme')).toHaveLength(1)
  })

  it('are corrected by new facts: the effect goes, both events stay', async () => {
    await commission('A', 'B')
    await tell({ kind: 'receive', lot: 'L1', product: 'foil', supplier: 's' })
    await tell({ kind: 'receive', lot: 'L2', product: 'foil', supplier: 's' })
    const wrong = await tell({ kind: 'transform', child: 'unit/A', parent: 'lot/L1' })
    expect(recalled('lot/L1')).toEqual(['A certain'])
    const right = await tell({ kind: 'transform', child: 'unit/A', parent: 'lot/L2', supersedes: wrong.id })
    expect([recalled('lot/L1'), recalled('lot/L2')]).toEqual([[], ['A certain']])
    await expect(
      tell({ kind: 'transform', child: 'unit/B', parent: 'lot/L1', supersedes: wrong.id }),
    ).rejects.toThrow(`superseded at position ${right.position}`)
    await expect(
      tell({ kind: 'rework', unit: 'unit/A', reason: 'r', supersedes: right.id }),
    ).rejects.toMatchObject({ code: 'TRC_GENEALOGY' })
    const [life] = await query.unitLives('A')
    expect(life?.timeline.entries.filter((e) => e.what === 'transform')).toMatchObject([
      { position: wrong.position, supersededBy: right.position, text: 'lot/L1' },
      { position: right.position, supersededBy: null, text: 'lot/L2' },
    ])
    await tell({ kind: 'retract', supersedes: right.id, reason: 'mixed up' })
    expect(recalled('lot/L2')).toEqual([])
    // A wrong direction can be turned round although the old link stands in the way.
    const turned = await tell({ kind: 'transform', child: 'unit/A', parent: 'unit/B' })
    await tell({ kind: 'transform', child: 'unit/B', parent: 'unit/A', supersedes: turned.id })
    // An unpacking taken back leaves the part packed.
    await tell({ kind: 'aggregate', child: 'unit/A', parent: 'pallet/P' })
    const out = await tell({ kind: 'disaggregate', child: 'unit/A', parent: 'pallet/P' }, 5)
    expect((await query.unitLives('A'))[0]?.where.pallet).toBeNull()
    await tell({ kind: 'retract', supersedes: out.id, reason: 'never left' }, 6)
    expect((await query.unitLives('A'))[0]?.where.pallet).toBe('pallet/P')
    await expect(tell({ kind: 'aggregate', child: 'unit/A', parent: 'pallet/Q' }, 7)).rejects.toThrow(
      'it is in urn:sightline:pallet:P',
    )
  })
})

describe('time windows', () => {
  it('tell which of several lots a part met on a station', async () => {
    await tell({ kind: 'receive', lot: 'P1', product: 'paste', supplier: 'chem' })
    await tell({ kind: 'receive', lot: 'P2', product: 'paste', supplier: 'chem' })
    await tell({ kind: 'associate', child: 'station/st10', parent: 'lot/P1', from: at(1), to: at(10) })
    await tell({ kind: 'associate', child: 'station/st10', parent: 'lot/P2', from: at(10) })
    for (const n of [5, 9, 10, 15])
      await store.capture(request(n, passVerdict({ codes: [gs1Code(`T${n}`)] })))
    await store.capture(request(5, passVerdict({ codes: [gs1Code('other')] }), { station: 'st20' }))
    expect(recalled('lot/P1')).toEqual(['T5 certain', 'T9 certain'])
    expect(recalled('lot/P2')).toEqual(['T10 certain', 'T15 certain'])
    expect(recalled('supplier/chem')).toHaveLength(4)
    expect(recalled('station/st10', { from: at(9), to: at(15) })).toEqual(['T10 certain', 'T9 certain'])
    const [life] = await query.unitLives('T9')
    // The station is no item: what it met stands under the part, with the station named.
    expect(life?.backward.items).toMatchObject([
      { name: 'lot/P1', depth: 2, level: 0, via: 'urn:sightline:station:st10' },
      { name: 'supplier/chem', depth: 3, level: 1, via: 'urn:sightline:lot:paste:P1' },
    ])
  })

  it('keep what left a box before the box was shipped out of the shipment', async () => {
    await commission('A', 'B')
    await tell({ kind: 'aggregate', child: 'unit/A', parent: 'pallet/P' }, 1)
    await tell({ kind: 'aggregate', child: 'unit/B', parent: 'pallet/P' }, 1)
    await tell({ kind: 'disaggregate', child: 'unit/B', parent: 'pallet/P' }, 2)
    await tell({ kind: 'ship', child: 'pallet/P', shipment: 'S1', customer: 'C1', order: 'O1' }, 3)
    const [a, b] = [(await query.unitLives('A'))[0], (await query.unitLives('B'))[0]]
    expect(a?.forward.items.map((i) => i.name)).toEqual([
      'pallet/P',
      'shipment/S1',
      'customer/C1',
      'order/O1',
    ])
    expect(b?.forward.items.map((i) => i.name)).toEqual(['pallet/P'])
    expect(a?.where).toMatchObject({
      place: 'shipped',
      pallet: 'pallet/P',
      shipment: 'shipment/S1',
      customer: 'customer/C1',
      order: 'order/O1',
    })
    expect(b?.where).toMatchObject({ place: 'line', pallet: null, shipment: null })
  })

  it('say of what was shipped on the last customer, whatever the shipments are called', async () => {
    await commission('A')
    await tell({ kind: 'ship', child: 'unit/A', shipment: 'Z1', customer: 'depot' }, 1)
    await tell({ kind: 'ship', child: 'unit/A', shipment: 'A2', customer: 'buyer' }, 2)
    const where = { shipment: 'shipment/A2', customer: 'customer/buyer' }
    expect(query.recall({ target: 'unit/A' }).units).toMatchObject([where])
    expect((await query.unitLives('A'))[0]?.where).toMatchObject(where)
  })

  it('know one lot by one name, however its letters are composed', async () => {
    await tell({ kind: 'receive', lot: 'Gr\u00fcn1', product: 'cap', supplier: 'M\u00fcller' })
    await tell({ kind: 'commission', unit: 'A', product: 'cap', lot: 'Gru\u0308n1 ' })
    for (const target of ['supplier/M\u00fcller', 'supplier/Mu\u0308ller', 'lot/Gru\u0308n1'])
      expect(recalled(target), target).toEqual(['A certain'])
  })

  it('know a lot that a line spells otherwise, and hold it by every spelling', async () => {
    const [composed, apart] = ['Gr\u00fcn9', 'Gru\u0308n9']
    const asked = request(1, passVerdict({ codes: [gs1Code('A')] }))
    await store.capture({ ...asked, context: { ...asked.context, lot: apart } })
    await tell({ kind: 'hold', target: 'lot/later ', reason: 'r' }, 1)
    for (const target of [`lot/${composed}`, `lot/${apart}`]) {
      expect(recalled(target), target).toEqual(['A certain'])
      await tell({ kind: 'hold', target, reason: 'r' }, 2)
      expect(query.recall({ target: 'unit/A' }).units).toMatchObject([{ held: true }])
      await tell({ kind: 'release', target: `lot/${composed}`, reason: 'r' }, 3)
      expect(query.recall({ target: 'unit/A' }).units).toMatchObject([{ held: false }])
    }
    await tell({ kind: 'commission', unit: 'B', product: 'cap', lot: 'later' }, 4)
    expect(query.recall({ target: 'unit/B' }).units).toMatchObject([{ held: true }])
    await tell({ kind: 'associate', child: 'unit/B', parent: 'urn:sightline:supplier:Mu%CC%88ller' }, 5)
    for (const name of ['M\u00fcller', 'Mu\u0308ller'])
      expect(recalled(`supplier/${name}`), name).toEqual(['B certain'])
  })

  it('keep certain and probable apart, the certain way first', async () => {
    await commission('A', 'B', 'C')
    await tell({ kind: 'receive', lot: 'L', product: 'x', supplier: 's' })
    await tell({ kind: 'associate', child: 'run/oven-7', parent: 'lot/L', certainty: 'probable' })
    await tell({ kind: 'associate', child: 'unit/A', parent: 'run/oven-7' })
    await tell({ kind: 'associate', child: 'unit/B', parent: 'run/oven-7' })
    await tell({ kind: 'transform', child: 'unit/B', parent: 'lot/L' })
    expect(recalled('lot/L')).toEqual(['A probable', 'B certain'])
    expect(query.recall({ target: 'lot/L' })).toMatchObject({ certain: 1, probable: 1, cut: false })
  })
})

describe('rework', () => {
  it('is neither lost nor counted twice', async () => {
    const code = gs1Code('R1')
    await store.capture(request(1, failVerdict({ codes: [code] })))
    await tell({ kind: 'rework', unit: 'unit/R1', reason: 'scratch polished' }, 2)
    const again = request(3, passVerdict({ codes: [code] }))
    await store.capture(again)
    // The same capture once more, as after a crash, is still the same.
    expect(await store.capture(again)).toMatchObject({ inspectionId: again.inspectionId })
    await tell({ kind: 'reinspect', unit: 'unit/R1', result: 'pass', reason: 'by eye' }, 4)
    const counts = query
      .eventsAfter(0, 50)
      .filter((e) => e.event.type === 'qe.inspection.completed.v1')
      .map((e) => (e.event.data as { unit: { reworkCount: number } }).unit.reworkCount)
    expect(counts).toEqual([0, 1])
    const [life] = await query.unitLives('R1')
    expect(life).toMatchObject({
      inspections: { total: 2 },
      rework: { count: 1, firstResult: 'fail', lastResult: 'pass' },
    })
    expect(life?.timeline.entries.map((e) => e.what)).toEqual(
      expect.arrayContaining(['fail', 'rework', 'pass', 'reinspect']),
    )
    await tell({ kind: 'receive', lot: 'M', product: 'm', supplier: 's' })
    await tell({ kind: 'transform', child: 'unit/R1', parent: 'lot/M' })
    expect(recalled('lot/M')).toEqual(['R1 certain'])
  })
})

describe('counts for the ranking of causes', () => {
  it('take each unit once per station by its first verdict, by class or at all', async () => {
    const lots = (lot: string) => ({ context: { ...context, lot, supplier: `s-${lot}` } })
    const bad = (serial: string) => failVerdict({ codes: [gs1Code(serial)] })
    const good = (serial: string) => passVerdict({ codes: [gs1Code(serial)] })
    await store.capture(request(1, bad('A1'), lots('A')))
    await store.capture(request(2, good('A2'), lots('A')))
    await store.capture(request(3, good('B1'), lots('B')))
    // Reworked and judged again: the first verdict counts.
    await store.capture(request(4, good('A1'), lots('A')))
    const of = (factor: string, query = {}) =>
      counted(query)
        .filter((c) => c.factor === factor)
        .map((c) => [c.value, c.n, c.bad])
    const counted = (q: object) => query.causeCounts(q)
    expect(of('lot')).toEqual([
      ['A', 2, 1],
      ['B', 1, 0],
    ])
    expect(of('supplier')).toEqual([
      ['s-A', 2, 1],
      ['s-B', 1, 0],
    ])
    expect(of('station')).toEqual([['st10', 3, 1]])
    expect(of('station', { class: 'scratch' })).toEqual([['st10', 3, 1]])
    expect(of('station', { class: 'dust' })).toEqual([['st10', 3, 0]])
    expect(of('station', { from: at(2), to: at(4) })).toEqual([['st10', 2, 0]])
  })
})

describe('life of a unit', () => {
  it('names siblings by lot, recipe, fixture, shift and time, with counts and bounds', async () => {
    const lotted = { ...context, lot: 'M1', supplier: 'acme' }
    for (let n = 1; n <= 8; n++)
      await store.capture(
        request(n, passVerdict({ codes: [gs1Code(`S${n}`)] }), { context: n < 6 ? lotted : context }),
      )
    // 11 minutes later: same shift and recipe, outside the window.
    await store.capture(request(660, passVerdict({ codes: [gs1Code('S9')] })))
    for (const n of [1, 7]) await tell({ kind: 'associate', child: `unit/S${n}`, parent: 'carrier/C4' })
    const [life] = await query.unitLives('S1', { shown: 3 })
    expect(life?.siblings.map((s) => [s.kind, s.shared, s.count, s.units.length])).toEqual([
      ['lot', 'lot/M1', 4, 3],
      ['fixture', 'carrier/C4', 1, 1],
      ['recipe', 'cap-top@4', 8, 3],
      ['shift', 'day', 8, 3],
      ['minutes', `st10 ${at(1)}`, 7, 3],
    ])
    expect(life?.siblings.at(-1)?.units.map((u) => u.serial)).toEqual(['S2', 'S3', 'S4'])
    expect(life?.backward.items.map((i) => i.name)).toEqual(['lot/M1', 'supplier/acme', 'carrier/C4'])
    expect(await query.unitLives('nobody')).toEqual([])
  })

  it('lists what it was made of as a tree: each under the thing that it went into, once', async () => {
    await commission('A', 'B')
    for (const [lot, supplier] of [
      ['CUF', 'foil-mill'],
      ['LAM', 'laminate-works'],
      ['RES', 'resin-plant'],
    ] as const)
      await tell({ kind: 'receive', lot, product: 'p', supplier })
    for (const lot of ['LAM', 'CUF']) await tell({ kind: 'transform', child: 'unit/A', parent: `lot/${lot}` })
    await tell({ kind: 'associate', child: 'unit/A', parent: 'unit/B', certainty: 'probable' })
    // The resin went into the laminate and into B: two ways of one length, of which the certain one is told.
    await tell({ kind: 'transform', child: 'lot/LAM', parent: 'lot/RES' })
    await tell({ kind: 'transform', child: 'unit/B', parent: 'lot/RES' })
    const [life] = await query.unitLives('A')
    const { items } = life?.backward ?? expect.fail('gone')
    const tree = items.map((i) => '.'.repeat(i.level) + i.name)
    const expected = [
      'lot/CUF',
      '.supplier/foil-mill',
      'lot/LAM',
      '.lot/RES',
      '..supplier/resin-plant',
      '.supplier/laminate-works',
      'unit/B',
    ]
    expect(tree).toEqual(expected)
    for (const { name, via, level } of items)
      expect([name, via === life?.uri || items.some((i) => i.uri === via && i.level === level - 1)]).toEqual([
        name,
        true,
      ])
    expect(renderUnitLife(life ?? expect.fail('gone'), 'en')).toContain(
      expected
        .map((e) => `  ${e.replaceAll('.', '  ')}`)
        .join('\n')
        .replace('unit/B', 'unit/B (probable)'),
    )
    const zh = renderUnitLife(life ?? expect.fail('gone'), 'zh')
    for (const word of ['收货', '转化', '赋码', '关联']) expect(zh).toContain(`  ${word}  `)
    expect(zh).not.toMatch(/  (receive|transform|commission|associate)  /)
    // The nearest are kept, and hang together.
    const [short] = await query.unitLives('A', { shown: 4 })
    expect(short?.backward.items.map((i) => i.name)).toEqual(['lot/CUF', 'lot/LAM', 'lot/RES', 'unit/B'])
  })
})
