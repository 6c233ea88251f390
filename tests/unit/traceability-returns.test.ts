import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TraceFact, uuidv7 } from '../../contracts/index.ts'
import {
  openPartStore,
  openSql,
  openTraceQuery,
  recallCsv,
  recallEpcis,
  renderUnitLife,
  type TraceStore,
  verifyDataDir,
} from '../../traceability/index.ts'
import { whereabouts } from '../../traceability/genealogy/whereabouts.ts'
import { uriOf } from '../../traceability/genealogy/things.ts'
import { at, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-returns-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000, synchronous: 'normal' })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const line = { plant: 'p1', line: 'caps-a' }
let clock = 1_000
const told = async (fact: object, when = ++clock): Promise<string> => {
  const id = uuidv7()
  await store.recordFact({ id, at: at(when), by: 'wang', ...fact } as TraceFact, line)
  return id
}
const pack = (child: string, parent: string): Promise<string> => told({ kind: 'aggregate', child, parent })
const ship = (child: string, shipment: string, when?: number): Promise<string> =>
  told({ kind: 'ship', child, shipment, customer: 'C1', order: 'O1' }, when)
const takeBack = (target: string, more: object = {}, when?: number): Promise<string> =>
  told({ kind: 'return', target, ...more }, when)

/** Units A and B on pallet P, which left for C1. */
async function shipped(): Promise<void> {
  for (const unit of ['A', 'B']) {
    await told({ kind: 'commission', unit, product: 'cap', lot: 'L1' })
    await pack(`unit/${unit}`, 'pallet/P')
  }
  await ship('pallet/P', 'S1')
}

const placeOf = (...serials: string[]): unknown[] => {
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  try {
    const found = whereabouts(
      db,
      serials.map((serial) => ({ uri: uriOf(db, `unit/${serial}`) })),
      () => false,
    )
    return found.map((w) => [w?.place, w?.pallet, w?.shipment, w?.returnedAt, w?.returnedFrom, w?.returnedTo])
  } finally {
    db.close()
  }
}
const IN_S1 = ['shipped', 'pallet/P', 'shipment/S1', null, null, null]

describe('what came back', () => {
  it('with its pallet is in it, here, and a later shipment ships it again', async () => {
    await shipped()
    expect(placeOf('A', 'B')).toEqual([IN_S1, IN_S1])
    await takeBack('pallet/P', { place: 'cage 4' })
    const back = ['packed', 'pallet/P', null, at(clock), 'customer/C1', 'cage 4']
    expect(placeOf('A', 'B')).toEqual([back, back])
    await ship('pallet/P', 'S2')
    expect(placeOf('A')).toEqual([['shipped', 'pallet/P', 'shipment/S2', null, null, null]])
  })

  it('alone is out of its pallet, which stays with the customer', async () => {
    await shipped()
    await takeBack('unit/A', { customer: 'C1', place: 'cage 4' })
    const came = at(clock)
    expect(placeOf('A', 'B')).toEqual([['back', null, null, came, 'customer/C1', 'cage 4'], IN_S1])
    // What is judged anew is on the line again.
    await store.capture(request(9, passVerdict({ codes: [gs1Code('Z')] })))
    await told({ kind: 'dispose', unit: 'unit/A', disposition: 'scrap', reason: 'broken' })
    expect(placeOf('A')).toEqual([['scrapped', null, null, came, 'customer/C1', 'cage 4']])
  })

  it('as a whole shipment, in whichever boxes; what is packed later into one of them never left', async () => {
    await shipped()
    await told({ kind: 'commission', unit: 'C', product: 'cap' })
    await told({ kind: 'commission', unit: 'D', product: 'cap' })
    await ship('unit/C', 'S1')
    await takeBack('shipment/S1')
    const came = at(clock)
    await pack('unit/D', 'pallet/P')
    await told({ kind: 'disaggregate', child: 'unit/B', parent: 'pallet/P' })
    expect(placeOf('A', 'B', 'C', 'D')).toEqual([
      ['packed', 'pallet/P', null, came, 'customer/C1', null],
      ['back', null, null, came, 'customer/C1', null],
      ['back', null, null, came, 'customer/C1', null],
      ['packed', 'pallet/P', null, null, null, null],
    ])
  })

  it('after it was used is no longer in use, until it is used again', async () => {
    await shipped()
    await told({ kind: 'use', target: 'unit/A' })
    await takeBack('unit/A')
    expect(placeOf('A')).toMatchObject([{ 0: 'back' }])
    await told({ kind: 'use', target: 'unit/A' })
    expect(placeOf('A')).toEqual([['used', null, null, null, null, null]])
  })

  it('is told before or after its shipment; a return of before it left is refused', async () => {
    await shipped()
    await expect(takeBack('pallet/P', {}, 1)).rejects.toMatchObject({ code: 'TRC_GENEALOGY' })
    await told({ kind: 'commission', unit: 'C', product: 'cap' })
    await takeBack('unit/C', {}, 50_000)
    await ship('unit/C', 'S7', 40_000)
    expect(placeOf('C')).toMatchObject([{ 0: 'back', 1: null, 2: null, 3: at(50_000) }])
    await ship('unit/C', 'S8', 60_000)
    expect(placeOf('C')).toMatchObject([{ 0: 'shipped', 1: null, 2: 'shipment/S8', 3: null }])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('alone is back, also where its pallet, or that it was in it, is told only then', async () => {
    for (const unit of ['A', 'B']) await told({ kind: 'commission', unit, product: 'cap' })
    await pack('unit/A', 'pallet/P')
    for (const unit of ['A', 'B']) await takeBack(`unit/${unit}`, {}, 50_000)
    await ship('pallet/P', 'S1', 40_000)
    await told({ kind: 'aggregate', child: 'unit/B', parent: 'pallet/P' }, 30_000)
    const back = { 0: 'back', 1: null, 2: null, 3: at(50_000) }
    expect(placeOf('A', 'B')).toMatchObject([back, back])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('ends each trip with the first return behind it, also where a later one is told before', async () => {
    await shipped()
    await ship('pallet/P', 'S2', 70_000)
    const last = await takeBack('pallet/P', {}, 80_000)
    // Of the first trip, told last: what came of the pallet in between was at the line again.
    const first = await takeBack('shipment/S1', {}, 50_000)
    await told({ kind: 'disaggregate', child: 'unit/A', parent: 'pallet/P' }, 60_000)
    expect(placeOf('A', 'B')).toMatchObject([
      { 0: 'back', 3: at(50_000) },
      { 0: 'packed', 2: null, 3: at(80_000) },
    ])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
    await told({ kind: 'retract', supersedes: first, reason: 'other shipment' })
    expect(placeOf('A')).toMatchObject([{ 0: 'shipped', 2: 'shipment/S1' }])
    await told({ kind: 'retract', supersedes: last, reason: 'other pallet' })
    expect(placeOf('B')).toMatchObject([{ 0: 'shipped', 1: 'pallet/P' }])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('once, told by two returns, the earlier one last, is back since then, and the check finds nothing', async () => {
    await shipped()
    for (const when of [80_000, 50_000]) await takeBack('pallet/P', {}, when)
    const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    expect(db.all("select valid_to from edge where kind = 'ship'")).toEqual([{ valid_to: at(50_000) }])
    db.close()
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('alone is back, also where its pallet is back by the time that its packing or shipment is told', async () => {
    for (const unit of ['A', 'B']) {
      await told({ kind: 'commission', unit, product: 'cap' })
      await takeBack(`unit/${unit}`, {}, 50_000)
    }
    await pack('unit/A', 'pallet/P')
    await takeBack('pallet/P', {}, 60_000)
    await ship('pallet/P', 'S1', 40_000)
    await told({ kind: 'aggregate', child: 'unit/B', parent: 'pallet/P' }, 30_000)
    const back = { 0: 'back', 1: null, 2: null, 3: at(50_000) }
    expect(placeOf('A', 'B')).toMatchObject([back, back])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('before its pallet left is in that pallet, in whichever order it is told', async () => {
    await told({ kind: 'commission', unit: 'A', product: 'cap' })
    await pack('unit/A', 'pallet/P')
    await takeBack('unit/A', {}, 50_000)
    await ship('pallet/P', 'S1', 70_000)
    expect(placeOf('A')).toEqual([IN_S1])
    await told({ kind: 'commission', unit: 'B', product: 'cap' })
    await pack('unit/B', 'pallet/P')
    await expect(takeBack('unit/B', {}, 60_000)).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
      message: expect.stringContaining(at(70_000)) as string,
    })
    expect(placeOf('B')).toEqual([IN_S1])
  })

  it('in error is with the customer again; of two returns the other one stands', async () => {
    await shipped()
    const first = await takeBack('pallet/P')
    const second = await takeBack('pallet/P')
    const stands = at(clock)
    await told({ kind: 'retract', supersedes: first, reason: 'other pallet' })
    expect(placeOf('A')).toMatchObject([{ 0: 'packed', 1: 'pallet/P', 2: null, 3: stands }])
    await told({ kind: 'retract', supersedes: second, reason: 'other pallet' })
    expect(placeOf('A')).toEqual([IN_S1])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('stays back when its shipment, or the return, is corrected', async () => {
    await shipped()
    const sent = await ship('pallet/P', 'S3')
    const came = await takeBack('pallet/P')
    await told({ kind: 'ship', child: 'pallet/P', shipment: 'S4', supersedes: sent }, clock - 1)
    expect(placeOf('A')).toMatchObject([{ 0: 'packed', 1: 'pallet/P', 2: null }])
    await takeBack('pallet/P', { supersedes: came, place: 'cage 5' })
    expect(placeOf('A')).toMatchObject([
      { 0: 'packed', 1: 'pallet/P', 2: null, 3: at(clock), 4: 'shipment/S4', 5: 'cage 5' },
    ])
    expect((await verifyDataDir(dataDir)).findings).toEqual([])
  })

  it('alone is back, too, where a wrong unpacking before it, or the return of its shipment, is taken back', async () => {
    await told({ kind: 'commission', unit: 'C', product: 'cap', lot: 'L1' })
    await pack('unit/C', 'pallet/Q')
    const wrong = await told({ kind: 'disaggregate', child: 'unit/C', parent: 'pallet/Q' })
    await ship('pallet/Q', 'S3')
    await takeBack('unit/C')
    const back = [['back', null, null, at(clock), null, null]]
    await told({ kind: 'retract', reason: 'wrong pallet', supersedes: wrong })
    expect(placeOf('C').map((w) => (w as unknown[]).slice(0, 3))).toEqual(back.map((w) => w.slice(0, 3)))
    await ship('unit/C', 'S4')
    const whole = await takeBack('shipment/S4')
    await takeBack('unit/C')
    await told({ kind: 'retract', reason: 'never came', supersedes: whole })
    expect(placeOf('C').map((w) => (w as unknown[]).slice(0, 3))).toEqual([['back', null, null]])
  })

  it('alone, and packed anew since, is not put back where it was by a retract', async () => {
    await shipped()
    const came = await takeBack('unit/A')
    await pack('unit/A', 'pallet/Q')
    await expect(told({ kind: 'retract', supersedes: came, reason: 'no' })).rejects.toMatchObject({
      code: 'TRC_GENEALOGY',
    })
  })

  it('is repeated harmlessly', async () => {
    await shipped()
    const fact = { id: uuidv7(), at: at(++clock), by: 'li', kind: 'return', target: 'pallet/P' } as TraceFact
    await store.recordFact(fact, line)
    expect(await store.recordFact(fact, line)).toMatchObject({ repeated: true })
  })
})

describe('what is unpacked while its box is away', () => {
  const unpack = (child: string, parent: string): Promise<string> =>
    told({ kind: 'disaggregate', child, parent })
  const AWAY = ['shipped', null, 'shipment/S1', null, null, null]

  it('is where the box was sent, also when that comes back empty', async () => {
    await shipped()
    await unpack('unit/A', 'pallet/P')
    expect(placeOf('A', 'B')).toEqual([AWAY, IN_S1])
    await takeBack('pallet/P')
    expect(placeOf('A', 'B')).toMatchObject([AWAY, { 0: 'packed', 1: 'pallet/P' }])
    // Until it comes back itself.
    await takeBack('unit/A')
    expect(placeOf('A')).toEqual([['back', null, null, at(clock), null, null]])
  })

  it('until it is shipped anew, from wherever that was', async () => {
    await shipped()
    await unpack('unit/A', 'pallet/P')
    await ship('unit/A', 'S2')
    expect(placeOf('A')).toEqual([['shipped', null, 'shipment/S2', null, null, null]])
  })

  it('in a box that is taken off its pallet there, too, and in a recall list', async () => {
    await told({ kind: 'commission', unit: 'A', product: 'cap', lot: 'L1' })
    await pack('unit/A', 'box/B')
    await pack('box/B', 'pallet/P')
    await ship('pallet/P', 'S1')
    await unpack('box/B', 'pallet/P')
    expect(placeOf('A')).toEqual([['shipped', 'box/B', 'shipment/S1', null, null, null]])
    const query = openTraceQuery(dataDir)
    const { units } = query.recall({ target: 'lot/L1' })
    query.close()
    expect(units).toMatchObject([{ place: 'shipped', customer: 'customer/C1', order: 'order/O1' }])
  })

  it('before it left, or after it came back, is here', async () => {
    await shipped()
    await takeBack('pallet/P')
    await unpack('unit/A', 'pallet/P')
    await unpack('unit/B', 'pallet/P')
    await pack('unit/B', 'pallet/Q')
    await unpack('unit/B', 'pallet/Q')
    await ship('pallet/Q', 'S5')
    expect(placeOf('A', 'B')).toMatchObject([{ 0: 'back' }, { 0: 'back' }])
  })
})

it('lists, lives and EPCIS say where it came back from', async () => {
  await shipped()
  await takeBack('unit/A', { customer: 'C1', place: 'cage 4' })
  const query = openTraceQuery(dataDir)
  try {
    const list = query.recall({ target: 'lot/L1' })
    expect(list.places).toEqual({ back: 1, shipped: 1 })
    const [head, a] = recallCsv(list).split('\r\n')
    expect(head).toContain('disposition,returnedAt,returnedFrom,returnedTo,uri')
    expect(a).toContain(`,${at(clock)},customer/C1,cage 4,urn:`)
    expect(JSON.stringify(recallEpcis(list))).toContain('"sightline:returnedFrom":"customer/C1"')
    const [life] = await query.unitLives(list.units[0]?.uri ?? '', { shown: 50 })
    if (life === undefined) throw new Error('no life')
    expect(renderUnitLife(life, 'en')).toContain(
      `Where: came back cage 4, back from customer/C1, ${at(clock)}`,
    )
    expect(renderUnitLife(life, 'zh')).toContain('退货收回')
  } finally {
    query.close()
  }
})

it('a link that the table has as returned, or no longer, is not what the log says', async () => {
  await shipped()
  await takeBack('pallet/P')
  await told({ kind: 'commission', unit: 'C', product: 'cap' })
  await ship('unit/C', 'S9')
  await store.close()
  expect((await verifyDataDir(dataDir)).findings).toEqual([])
  const db = openSql(join(dataDir, 'trace.db'), { synchronous: 'normal' })
  db.exec(`update edge set valid_to = null, closed_by = null where kind = 'ship' and child like '%:P'`)
  const open = (await verifyDataDir(dataDir)).findings.map((f) => f.detail)
  expect(open).toEqual(['no link of urn:sightline:pallet:P was ended, as the event says'])
  db.exec(`update edge set valid_to = '2030-01-01T00:00:00.000Z', closed_by = position where kind = 'ship'`)
  expect((await verifyDataDir(dataDir)).findings.length).toBeGreaterThan(1)
  db.close()
})
