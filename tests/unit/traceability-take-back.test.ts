import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SqlDatabase, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import {
  IdentityChanges,
  migratePostgres,
  openPartStore,
  openSql,
  type TraceStore,
  verifyDataDir,
} from '../../traceability/index.ts'
import { DATABASE_URL, dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { epcisDocument } from './samples/epcis-documents.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'
import { at, context, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const line = { plant: 'p1', line: 'caps-a' }
const unit = (serial: string): string => `https://id.gs1.org/01/09506000134352/21/${serial}`
const LOT = 'https://id.gs1.org/01/09506000134352/10/M1'

interface Opened {
  /** Null: on a server, whose links `verify` does not look at. */
  dataDir: string | null
  store: TraceStore
  db: SqlDatabase
  remove(): Promise<void>
}

function takenBack(open: () => Promise<Opened>): void {
  let o: Opened
  let trigger = 0
  beforeEach(async () => {
    o = await open()
    trigger = 0
  })
  afterEach(() => o.remove())

  /** @returns its id */
  const tell = async (fact: object, n: number): Promise<string> => {
    const id = uuidv7()
    await o.store.recordFact({ id, at: at(n), by: 'li', ...fact } as TraceFact, line)
    return id
  }
  const retract = (supersedes: string): Promise<string> =>
    tell({ kind: 'retract', supersedes, reason: 'wrong' }, 90)
  /** At one second after the other. */
  const judge = (serial: string, more: object = {}): Promise<unknown> =>
    o.store.capture(
      request(++trigger, passVerdict({ codes: [gs1Code(serial)] }), { context: { ...context, ...more } }),
    )
  const identity = (kind: 'merge' | 'split'): Promise<unknown> =>
    new IdentityChanges(o.db, o.store, line).change({
      kind,
      canonical: unit('S2'),
      uris: [unit('S1')],
      by: 'li',
      reason: 'two labels',
    })

  it.each(['while they are one', 'after they were split'])(
    'an unpacking leaves the part packed that was unpacked by another of its names, %s',
    async (when) => {
      await judge('S1')
      await judge('S2')
      await tell({ kind: 'aggregate', child: 'unit/S1', parent: 'box/B1' }, 51)
      await identity('merge')
      const out = await tell({ kind: 'disaggregate', child: 'unit/S2', parent: 'box/B1' }, 52)
      const packed = (): unknown =>
        o.db.all(`select child, valid_to, closed_by from edge where kind = 'aggregate'`)
      expect(packed()).toMatchObject([{ child: unit('S1'), valid_to: at(52) }])
      if (when === 'after they were split') await identity('split')
      await retract(out)
      expect(packed()).toEqual([{ child: unit('S1'), valid_to: null, closed_by: null }])
    },
  )

  const boxed = (): unknown[] =>
    o.db
      .all(`select parent, valid_from, valid_to from edge where kind = 'aggregate' order by valid_from`)
      .map((e) => [String(e['parent']).slice(-2), e['valid_from'], e['valid_to']])
  const pack = (box: string, n: number, more: object = {}): Promise<string> =>
    tell({ kind: 'aggregate', child: 'unit/S1', parent: `box/${box}`, ...more }, n)
  const unpack = (box: string, n: number, more: object = {}): Promise<string> =>
    tell({ kind: 'disaggregate', child: 'unit/S1', parent: `box/${box}`, ...more }, n)

  it('an unpacking stays where the part was packed anew since, and its correction leaves that alone', async () => {
    await judge('S1')
    await pack('B1', 10)
    await expect(unpack('B1', 10)).rejects.toThrow(`an end after ${at(10)}`)
    const out = await unpack('B1', 20)
    await pack('B1', 30)
    await expect(retract(out)).rejects.toThrow(`packed in urn:sightline:box:B1 at ${at(30)}`)
    await expect(unpack('B1', 31, { supersedes: out })).rejects.toThrow(`until ${at(31)}`)
    await expect(unpack('B2', 25, { supersedes: out })).rejects.toThrow('what was unpacked then')
    await unpack('B1', 25, { supersedes: out })
    expect(boxed()).toEqual([
      ['B1', at(10), at(25)],
      ['B1', at(30), null],
    ])
    expect(await findings()).toEqual([])
  })

  it('a packing that was unpacked since stays so when it is corrected', async () => {
    await judge('S1')
    const wrong = await pack('B1', 10)
    await unpack('B1', 20)
    await expect(pack('B1', 21, { supersedes: wrong })).rejects.toThrow(`an end after ${at(21)}`)
    await expect(pack('B2', 9, { supersedes: wrong })).rejects.toThrow('retract its disaggregate first')
    await pack('B1', 8, { supersedes: await pack('B1', 9, { supersedes: wrong }) })
    expect(boxed()).toEqual([['B1', at(8), at(20)]])
    expect(await findings()).toEqual([])
  })

  it('a link that two facts state stays the one of the other', async () => {
    await judge('S1')
    const first = await tell({ kind: 'ship', child: 'unit/S1', shipment: 'X', customer: 'zeta' }, 10)
    await tell({ kind: 'ship', child: 'unit/S1', shipment: 'X' }, 10)
    const linked = { kind: 'transform', child: 'unit/S1', parent: 'supplier/acme', uom: 'KGM' }
    const five = await tell({ ...linked, quantity: 5 }, 10)
    await tell({ ...linked, quantity: 3 }, 10)
    await retract(five)
    const corrected = { kind: 'ship', child: 'unit/S1', shipment: 'X', customer: 'beta', supersedes: first }
    await tell(corrected, 10)
    expect(
      o.db.all('select position, parent, quantity from edge order by kind').map((e) => Object.values(e)),
    ).toEqual([
      [7, 'urn:sightline:customer:beta', null],
      [3, 'urn:sightline:shipment:X', null],
      [5, 'urn:sightline:supplier:acme', 3],
    ])
    expect(await findings()).toEqual([])
  })

  const M1 = { lot: 'M1' }
  const acme = { ...M1, supplier: 'acme' }
  const told = (child: string, n: number): Promise<string> =>
    tell({ kind: 'associate', child: unit(child), parent: LOT }, n)
  const received = (n: number, more: object = {}): Promise<string> =>
    tell({ kind: 'receive', lot: 'M1', product: 'cap', supplier: 'acme', ...more }, n)
  /** Links to the lot, or of it: place in the log, begin, end, amount. */
  const links = (of: 'parent' | 'child' = 'parent'): unknown[] =>
    o.db
      .all(
        `select position, valid_from, valid_to, quantity from edge where ${of} = ? and kind = 'associate' order by position`,
        LOT,
      )
      .map((e) => [e['position'], e['valid_from'], e['valid_to'], e['quantity']])
  const suppliers = (): unknown => o.db.all('select supplier from material_lot where lot = ?', 'M1')
  const capture = async (event: object): Promise<void> => {
    const text = JSON.stringify(epcisDocument([{ eventTimeZoneOffset: '+00:00', ...event }]))
    const { items, errors } = new Checks().document(text, { single: false, most: 100 })
    expect(errors).toEqual([])
    const ask = { capture: uuidv7(), recordTime: at(60), source: line, rollback: true, masterData: null }
    await o.store.captureEpcis({ ...ask, items })
  }
  const findings = async (): Promise<unknown> =>
    o.dataDir === null ? [] : (await verifyDataDir(o.dataDir)).findings

  const move = (action: 'ADD' | 'DELETE', child: string, parentID: string, n: number): Promise<void> =>
    capture({ type: 'AggregationEvent', action, eventTime: at(n), parentID, childEPCs: [child] })
  const [CASE, PALLET] = ['urn:epc:id:sscc:0614141.1234567890', 'urn:epc:id:sscc:0614141.1234567891']
  const ends = (): unknown[] =>
    o.db
      .all(`select valid_from, valid_to from edge where kind = 'aggregate' order by valid_from`)
      .map((e) => [e['valid_from'], e['valid_to']])

  it('an end that was stated early holds for what a merge of names or a correction opens, once it is in the way', async () => {
    await judge('S1')
    await judge('S2')
    await move('DELETE', unit('S1'), CASE, 20)
    await move('ADD', unit('S2'), CASE, 10)
    await identity('merge')
    await move('ADD', unit('S2'), PALLET, 30)
    expect(ends()).toEqual([
      [at(10), at(20)],
      [at(30), null],
    ])

    await judge('S3')
    await tell({ kind: 'aggregate', child: 'unit/S3', parent: 'box/B3' }, 40)
    const out = await tell({ kind: 'disaggregate', child: 'unit/S3', parent: 'box/B3' }, 60)
    await move('DELETE', unit('S3'), 'urn:sightline:box:B3', 50)
    await retract(out)
    await move('ADD', unit('S3'), CASE, 70)
    expect(ends().slice(2)).toEqual([
      [at(40), at(50)],
      [at(70), null],
    ])
    expect(await findings()).toEqual([])
  })

  it('a link of a part to its lot leaves the one that the first inspection after it states', async () => {
    const fact = await told('S1', 0)
    for (let n = 1; n <= 3; n++) await judge('S1', n === 1 ? {} : M1)
    expect(links()).toEqual([[1, at(0), null, null]])
    await retract(fact)
    expect(links()).toEqual([[3, at(2), null, null]])
    expect(await findings()).toEqual([])
    // It stands in no other's way: the next inspection makes none of its own.
    await judge('S1', M1)
    expect(links()).toHaveLength(1)
  })

  it('a captured event with the lot of a part leaves what an inspection states', async () => {
    const made = {
      type: 'ObjectEvent',
      action: 'ADD',
      eventID: 'urn:uuid:o1',
      eventTime: at(0),
      epcList: [unit('S1')],
      ilmd: { 'cbvmda:lotNumber': 'M1' },
    }
    await capture(made)
    await judge('S1', M1)
    expect(links()).toEqual([[1, at(0), null, null]])
    await capture({ ...made, errorDeclaration: { declarationTime: at(70) } })
    expect(links()).toEqual([[2, at(1), null, null]])
    expect(await findings()).toEqual([])
  })

  it('a link gives way to what was in the way of an inspection, too', async () => {
    await told('S1', 0)
    const second = await told('S1', 5)
    await judge('S1', M1)
    await retract(second)
    expect(links()).toEqual([[1, at(0), null, null]])
    expect(await findings()).toEqual([])
  })

  it('a link that was ended leaves one that ended with it', async () => {
    const fact = await told('S1', 0)
    await judge('S1', M1)
    await capture({
      type: 'AssociationEvent',
      action: 'DELETE',
      eventTime: at(40),
      parentID: unit('S1'),
      childQuantityList: [{ epcClass: LOT }],
    })
    await retract(fact)
    expect(links()).toEqual([[2, at(1), at(40), null]])
    expect(await findings()).toEqual([])
  })

  it('a receipt leaves the supplier that an inspection names, of a part that was linked before', async () => {
    await judge('S9', M1)
    await tell({ kind: 'commission', unit: unit('S1'), product: 'cap', lot: 'M1' }, 0)
    const receipt = await received(0)
    await judge('S1', acme)
    expect(links('child')).toEqual([[3, at(0), null, null]])
    await retract(receipt)
    expect(links('child')).toEqual([[4, at(2), null, null]])
    expect(suppliers()).toEqual([{ supplier: 'acme' }])
    expect(await findings()).toEqual([])
  })

  it('a receipt leaves the place to its correction of the same time', async () => {
    await judge('S1', acme)
    const wrong = await received(9, { quantity: 5, uom: 'KGM' })
    await received(9, { quantity: 7, uom: 'KGM', supersedes: wrong })
    expect(links('child')).toEqual([
      [1, at(1), null, null],
      [3, at(9), null, 7],
    ])
    expect(suppliers()).toEqual([{ supplier: 'acme' }])
    expect(await findings()).toEqual([])
  })

  it('a receipt leaves the supplier that a person names, who is good for an inspection, too', async () => {
    const supplied = { kind: 'associate', child: LOT, parent: 'supplier/acme' }
    await judge('S1', M1)
    const receipt = await received(9, { supplier: 'bolt' })
    await tell(supplied, 10)
    await retract(receipt)
    expect([links('child'), suppliers()]).toEqual([[[3, at(10), null, null]], [{ supplier: 'acme' }]])
    expect(await findings()).toEqual([])
    // The first inspection that names the supplier finds the link.
    await judge('S2', { lot: 'M2' })
    await tell({ ...supplied, child: 'lot/M2' }, 12)
    await judge('S3', { ...acme, lot: 'M2' })
    expect(o.db.all(`select supplier from material_lot where lot = 'M2'`)).toEqual([{ supplier: 'acme' }])
    expect(await findings()).toEqual([])
  })

  it('a receipt takes the supplier along that nothing else names', async () => {
    await judge('S1', M1)
    await retract(await received(9))
    expect([links('child'), suppliers()]).toEqual([[], [{ supplier: null }]])
    expect(await findings()).toEqual([])
  })
}

describe('in SQLite, taken back', () =>
  takenBack(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-take-back-'))
    const store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    return {
      dataDir,
      store,
      db,
      remove: async () => {
        db.close()
        await store.close()
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  }))

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })
describeWith('PostgreSQL', await postgresPresent(), 'on PostgreSQL, taken back', () =>
  takenBack(async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'sightline-take-back-'))
    const schema = freshSchema()
    const store = await openPartStore({
      dataDir,
      spoolAfterMs: 20_000,
      database: { url: DATABASE_URL, schema },
    })
    const db = await openSchema(schema)
    return {
      dataDir: null,
      store,
      db,
      remove: async () => {
        db.close()
        await store.close()
        await dropSchema(schema)
        rmSync(dataDir, { recursive: true, force: true })
      },
    }
  }),
)

describeWith('PostgreSQL', await postgresPresent(), 'in the store of a plant, taken back', () => {
  it('a link leaves the one that an inspection states, which came before', async () => {
    const schema = freshSchema()
    const plant = await openSchema(schema)
    const a = new PlantLine('line-a')
    try {
      migratePostgres(plant, schema, 'plant')
      const store = await a.store()
      const where = { plant: 'p1', line: 'line-a' }
      const tell = (fact: object): Promise<unknown> =>
        store.recordFact({ at: at(0), by: 'li', ...fact } as TraceFact, where)
      const id = uuidv7()
      await tell({ id, kind: 'associate', child: unit('LINEA1'), parent: LOT })
      await a.judge(1)
      carryAll(a.replicator(plant))
      const link = `select e.child, v.id, e.valid_from, e.valid_to from edge e join event v on v.position = e.position
        where e.parent = '${LOT}'`
      expect(plant.all(link)).toMatchObject([{ id }])
      await tell({ id: uuidv7(), kind: 'retract', supersedes: id, reason: 'wrong' })
      carryAll(a.replicator(plant))
      const [inspection] = plant.all('select inspection_id from inspection')
      expect(plant.all(link)).toEqual([
        { child: unit('LINEA1'), id: inspection?.['inspection_id'], valid_from: at(1), valid_to: null },
      ])
      // The customer that one fact named stays for the other thing, and goes with that.
      const [named, other] = [uuidv7(), uuidv7()]
      const ship = { kind: 'ship', child: unit('LINEA1'), shipment: 'X' }
      await tell({ id: named, ...ship, customer: 'zeta' })
      await tell({ id: other, ...ship, at: at(1) })
      const packed = (): unknown[] =>
        plant
          .all(`select kind from edge where kind in ('ship', 'deliver') order by kind`)
          .map((e) => e['kind'])
      for (const [supersedes, left] of [
        [named, ['deliver', 'ship']],
        [other, []],
      ] as const) {
        await tell({ id: uuidv7(), kind: 'retract', supersedes, reason: 'wrong' })
        carryAll(a.replicator(plant))
        expect(packed()).toEqual(left)
      }
    } finally {
      plant.close()
      await dropSchema(schema)
      await a.dispose()
    }
  })
})
