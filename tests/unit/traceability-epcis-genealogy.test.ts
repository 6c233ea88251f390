import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { byTarget, heldBy, type Hold, holdOver } from '../../traceability/genealogy/holds.ts'
import { openSql, verifyDataDir } from '../../traceability/index.ts'
import { base, BOX, box, link, observed, packed, unit } from './samples/epcis-parts.ts'
import { refusal, Repository } from './samples/epcis-repository.ts'
import { at } from './samples/traceability-requests.ts'

let repository: Repository
beforeEach(async () => {
  repository = await Repository.open()
})
afterEach(() => repository.remove())

const logged = () => repository.asked((q) => q.eventsAfter(0, 100).map((e) => e.event))
const edges = () => repository.asked((q) => q.recall({ target: link(1) }).units.map((u) => [u.uri, u.pallet]))

describe('genealogy from captured events', () => {
  it('knows what is packed where, and no longer after it was taken out', async () => {
    await repository.capture([packed()])
    expect(edges()).toEqual([[link(1), box]])
    await repository.capture([packed({ action: 'DELETE', eventTime: '2026-01-05T07:00:00Z', childEPCs: [] })])
    expect(edges()).toEqual([[link(1), null]])
  })

  // GDTI 0614141 12345 with check digit 2, serial 400 (TDS 1.13, 6.3.8).
  it.each([
    ['urn:epc:id:gdti:0614141.12345.400', 'urn:epc:id:gdti:0614141.12345.400'],
    ['urn:epc:id:gdti:0614141.12345.400', 'https://id.gs1.org/253/0614141123452400'],
    ['https://id.gs1.org/253/0614141123452400', 'urn:epc:id:gdti:0614141.12345.400'],
    ['urn:uuid:7f6d0f0e-0000-4000-8000-000000000001', 'urn:uuid:7f6d0f0e-0000-4000-8000-000000000001'],
  ])('leads from a lot to the unit over a transformation id %s and %s', async (id, again) => {
    const lot = 'urn:epc:class:lgtin:4012345.011111.4444'
    await repository.capture([
      { ...base, type: 'TransformationEvent', transformationID: id, inputQuantityList: [{ epcClass: lot }] },
      {
        ...base,
        type: 'TransformationEvent',
        transformationID: again,
        outputEPCList: [unit(1)],
        ilmd: { 'cbvmda:lotNumber': 'FG7' },
      },
    ])
    const units = repository.asked(
      (q) => q.recall({ target: 'https://id.gs1.org/01/04012345111118/10/4444' }).units,
    )
    expect(units).toMatchObject([{ uri: link(1), serial: '1', lot: 'FG7', certain: true }])
    expect(repository.asked((q) => q.recall({ target: 'lot/4444' }).units)).toEqual(units)
    expect(repository.asked((q) => q.recall({ target: '4444' }).units)).toEqual(units)
    await repository.store.recordFact(
      { id: uuidv7(), at: at(0), by: 'qa1', kind: 'hold', target: 'lot/4444', reason: 'x' },
      { plant: 'p', line: 'l' },
    )
    expect(repository.asked((q) => q.recall({ target: 'lot/4444' }).units)).toMatchObject([
      { uri: link(1), held: true },
    ])
    expect(repository.asked((q) => q.holdOver([{ uri: link(1) }]))?.target).toBe('lot/4444')
    const over = repository.asked((q) => q.recall({ target: again }).units)
    expect(over).toMatchObject([{ uri: link(1) }])
    const holds = byTarget([{ target: 'https://id.gs1.org/01/04012345111118/10/4444' } as Hold])
    const db = openSql(join(repository.dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    expect(holdOver(db, holds, [{ uri: link(1) }])).not.toBeNull()
    expect(heldBy(db, holds, [{ uri: link(1) }], 1_000).hold).not.toBeNull()
    db.close()
  })

  // Names of parts other than serialised trade items: CPI and GIAI of TDS 1.13 (6.3.9, 6.3.5), CBV 2.0 (8.2), those that
  // a line gives to parts of a product without GTIN, as another line hears of them from its events.
  it.each([
    ['urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345', '12345', '06141415PQ7/Z43'],
    ['urn:epc:id:giai:0614141.12345400', '061414112345400', ''],
    ['https://id.gs1.org/8006/095201234567880102/21/7', '7', '095201234567880102'],
    ['urn:epc:id:gid:95100000.12345.400', '400', ''],
    ['urn:acme:parts:obj:A-7', 'A-7', ''],
    ['https://acme.example/hub/obj/A%2F7', 'A/7', ''],
    ['urn:sightline:serial:hub:H%3A1', 'H:1', 'hub'],
  ])('recalls a unit that goes by %s', async (uri, serial, product) => {
    const lot = { epcClass: 'urn:sightline:lot:steel:S7', quantity: 2, uom: 'KGM' }
    await repository.capture([
      { ...base, type: 'TransformationEvent', inputQuantityList: [lot], outputEPCList: [uri] },
      packed({ childEPCs: [uri] }),
    ])
    for (const target of ['lot/S7', 'S7', lot.epcClass])
      expect(repository.asked((q) => q.recall({ target }))).toMatchObject({
        certain: 1,
        places: { packed: 1 },
        units: [
          { serial, product, lot: null, pallet: expect.stringContaining('106141412345678908') as string },
        ],
      })
  })

  it('makes nothing from itself: a lot on both sides of a transformation', async () => {
    const lots = ['1', '2', '3'].map((n) => `urn:epc:class:lgtin:4012345.011111.${n}`)
    const [topped, added, mixed] = lots.map((epcClass) => ({ epcClass, quantity: 5, uom: 'KGM' }))
    const uri = (n: number): string => `https://id.gs1.org/01/04012345111118/10/${n}`
    await repository.capture([
      {
        ...base,
        type: 'TransformationEvent',
        transformationID: 'urn:epc:id:gdti:0614141.12345.400',
        inputQuantityList: [topped, added],
        outputQuantityList: [topped],
        outputEPCList: [unit(1)],
      },
      // Two lots stirred into each other: one direction stands, the log says why the other does not.
      {
        ...base,
        type: 'TransformationEvent',
        inputQuantityList: [added, mixed],
        outputQuantityList: [added, mixed],
      },
    ])
    const made = repository.asked((q) => q.recall({ target: uri(2) }))
    expect(made.units.map((u) => u.uri)).toEqual([link(1)])
    const lines = repository.asked((q) => q.recall({ target: uri(3) }).units.map((u) => u.uri))
    expect(lines).toEqual([link(1)])
    const notLinked = logged().map((e) => (e.data as { notLinked?: { reason: string }[] }).notLinked ?? [])
    expect(notLinked.map((list) => list.length)).toEqual([0, 1])
    expect(notLinked[1]?.[0]?.reason).toContain('TRC_GENEALOGY')
  })

  it('says when something is taken out before it was put in', async () => {
    await repository.capture([
      packed(),
      packed({ action: 'DELETE', eventTime: '2026-01-05T05:00:00Z', eventID: 'urn:x:early' }),
    ])
    expect(edges()).toEqual([[link(1), box]])
    const [, early] = logged().map((e) => (e.data as { notLinked?: { reason: string }[] }).notLinked)
    expect(early?.[0]?.reason).toContain('2026-01-05T05:00:00')
  })

  it.each([
    ['1 and 3 in, 2 and 4 out, in the order in which it happened', [1, 2, 3, 4]],
    ['the last unpacking before the second packing', [1, 4, 3, 2]],
    ['the last unpacking before the second packing, and the first one between', [1, 4, 2, 3]],
    ['all backwards', [4, 3, 2, 1]],
  ])('leaves nothing in a box that it was taken out of last: %s', async (_, hours) => {
    for (const n of hours)
      await repository.capture([
        packed({
          action: n % 2 === 0 ? 'DELETE' : 'ADD',
          eventTime: `2026-01-05T0${n}:00:00Z`,
          eventID: `urn:x:${n}`,
        }),
      ])
    expect(edges()).toEqual([[link(1), null]])
    // What is put in after the last unpacking stays.
    await repository.capture([packed({ eventTime: '2026-01-05T05:00:00Z', eventID: 'urn:x:5' })])
    expect(edges()).toEqual([[link(1), box]])
    expect((await verifyDataDir(repository.dataDir)).findings).toEqual([])
  })

  it('follows what was built in', async () => {
    const part = 'urn:epc:id:giai:4000001.12345'
    await repository.capture([
      { ...base, type: 'ObjectEvent', action: 'ADD', epcList: [unit(1)] },
      { ...base, type: 'AssociationEvent', action: 'ADD', parentID: unit(1), childEPCs: [part] },
    ])
    expect(
      repository.asked((q) =>
        q.recall({ target: 'https://id.gs1.org/8004/400000112345' }).units.map((u) => u.uri),
      ),
    ).toContain(link(1))
  })

  it('takes back what an event said that is declared an error, and keeps both', async () => {
    const wrong = packed({ eventID: 'urn:x:wrong' })
    await repository.capture([wrong])
    const errorDeclaration = { declarationTime: '2026-01-06T06:00:00Z', reason: 'did_not_occur' }
    expect((await repository.capture([{ ...wrong, errorDeclaration }])).success).toBe(true)
    expect(edges()).toEqual([[link(1), null]])
    expect(await repository.found({ EQ_eventID: ['urn:x:wrong'] })).toHaveLength(2)
    expect(await repository.found({ EXISTS_errorDeclaration: [''] })).toMatchObject([{ errorDeclaration }])
    // Messages overtake each other.
    const late = packed({ eventID: 'urn:x:late', childEPCs: [unit(2)] })
    await repository.capture([{ ...late, errorDeclaration }])
    await repository.capture([late])
    expect(edges()).toEqual([[link(1), null]])
    expect(await repository.found({ EQ_eventID: ['urn:x:late'] })).toHaveLength(2)
  })

  it('lets an event be declared an error that would not be taken today', async () => {
    const errorDeclaration = { declarationTime: '2026-01-06T06:00:00Z', reason: 'incorrect_data' }
    for (const amount of [{ quantity: 0 }, { quantity: 1.5 }, { quantity: 0, uom: 'KGM' }]) {
      const wrong = observed({ eventID: 'urn:x:nought', quantityList: [{ epcClass: 'urn:x:c', ...amount }] })
      expect(await refusal(repository.capture([wrong]))).toMatchObject({
        pointers: ['/epcisBody/eventList/0/quantityList/0/quantity'],
      })
      expect((await repository.capture([{ ...wrong, errorDeclaration }])).success).toBe(true)
    }
  })

  it('keeps an event that contradicts it, and says in the log which link was not made', async () => {
    await repository.capture([packed()])
    const other = packed({
      parentID: 'urn:epc:id:sscc:0614141.1234567891',
      eventTime: '2026-01-05T08:00:00Z',
    })
    const loop = packed({ parentID: unit(1), childEPCs: [BOX], eventTime: '2026-01-05T09:00:00Z' })
    expect((await repository.capture([other, loop])).success).toBe(true)
    expect(await repository.found()).toHaveLength(3)
    expect(edges()).toEqual([[link(1), box]])
    const notLinked = logged().map((e) => (e.data as { notLinked?: { reason: string }[] }).notLinked ?? [])
    expect(notLinked.map((list) => list.length)).toEqual([0, 2, 1])
    expect(notLinked[2]?.[0]?.reason).toContain('TRC_GENEALOGY')
  })
})
