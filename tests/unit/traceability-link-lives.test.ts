import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type IdentityChanged, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { IdentityChanges } from '../../traceability/genealogy/identity-changes.ts'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { epcisDocument } from './samples/epcis-documents.ts'
import { signNow, temporary } from './samples/signed-log.ts'
import { at, context, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const line = { plant: 'p1', line: 'caps-a' }
const child = (n: number | string): string => `https://id.gs1.org/01/04012345111118/21/${n}`
const packing = (n: number, action: 'ADD' | 'DELETE', more: object = {}): object => ({
  type: 'AggregationEvent',
  eventTimeZoneOffset: '+00:00',
  parentID: `urn:epc:id:sscc:4012345.000000000${n}`,
  childEPCs: [child(n)],
  action,
  eventTime: `2026-01-05T${action === 'ADD' ? '09' : '10'}:00:00Z`,
  ...more,
})
const ofLot = (n: string, lot: string): object => ({
  type: 'ObjectEvent',
  action: 'ADD',
  eventTimeZoneOffset: '+00:00',
  eventTime: '2026-01-05T05:00:00Z',
  epcList: [child(n)],
  ilmd: { 'cbvmda:lotNumber': lot },
})
const melted = (lot: string, unit: string): object => ({
  type: 'TransformationEvent',
  eventTimeZoneOffset: '+00:00',
  eventTime: '2026-01-05T04:00:00Z',
  inputEPCList: [unit],
  outputQuantityList: [{ epcClass: lot, quantity: 1 }],
})
const declared = { errorDeclaration: { declarationTime: '2026-01-05T11:00:00Z' } }

/** What can happen on a line, in few words. */
class Line {
  readonly ids: Record<string, string> = {}
  readonly #dir: string
  readonly #store: Awaited<ReturnType<typeof openPartStore>>

  constructor(dir: string, store: Awaited<ReturnType<typeof openPartStore>>) {
    this.#dir = dir
    this.#store = store
  }

  judge(n: number, more: object = {}): Promise<unknown> {
    return this.#store.capture({
      ...request(n, passVerdict({ codes: [gs1Code(`S${n}`, 'L1')] })),
      context: { ...context, lot: 'M1', supplier: 'acme' },
      ...more,
    })
  }

  tell(name: string, fact: object, n = 50, where = line): Promise<unknown> {
    return this.#store.recordFact(
      { id: (this.ids[name] = uuidv7()), at: at(n), by: 'li', ...fact } as TraceFact,
      where,
    )
  }

  retract(name: string, where = line): Promise<unknown> {
    return this.tell('back', { kind: 'retract', supersedes: this.ids[name], reason: 'wrong' }, 53, where)
  }

  /** @param times each link is handed to the store so often, as stores of before did what an event names twice */
  async capture(event: object, times = 1): Promise<void> {
    const text = JSON.stringify(epcisDocument([event]))
    const { items, errors } = new Checks().document(text, { single: false, most: 100 })
    expect(errors).toEqual([])
    await this.#store.captureEpcis({
      capture: uuidv7(),
      recordTime: at(60),
      source: line,
      rollback: true,
      items: items.map((i) => ({ ...i, links: Array.from({ length: times }, () => i.links).flat() })),
      masterData: null,
    })
  }

  async identity(kind: 'merge' | 'split', canonical: string, uri: string): Promise<void> {
    const db = openSql(join(this.#dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
    const change: IdentityChanged = { kind, canonical, uris: [uri], by: 'li', reason: 'seen' }
    try {
      await new IdentityChanges(db, this.#store, line).change(change)
    } finally {
      db.close()
    }
  }
}

const base = temporary()

/** Each with units and boxes of its own. */
beforeAll(async () => {
  const store = await openPartStore({ dataDir: base.dir, synchronous: 'normal', spoolAfterMs: 20_000 })
  const l = new Line(base.dir, store)
  const pack = (n: number, at = 51): Promise<unknown> =>
    l.tell(`pack ${n}`, { kind: 'aggregate', child: `unit/S${n}`, parent: `box/B${n}` }, at)
  const unpack = (n: number, from = n): Promise<unknown> =>
    l.tell(`unpack ${n}`, { kind: 'disaggregate', child: `unit/S${n}`, parent: `box/B${from}` }, 52)
  for (let n = 1; n <= 9; n++) await l.judge(n)
  // Taken back under another line.
  await l.tell('melted', { kind: 'transform', child: 'unit/S1', parent: 'urn:x:melt' })
  await l.retract('melted', { plant: 'p1', line: 'caps-b' })
  // Packed again; no link that was taken back has to do with it.
  await pack(1)
  await unpack(1)
  await pack(1, 54)
  // Unpacked by the other name, then another thing again.
  await pack(2)
  await l.identity('merge', 'unit/S3', 'unit/S2')
  await unpack(3, 2)
  await l.identity('split', 'unit/S3', 'unit/S2')
  // Unpacked by the other name, and never packed.
  await pack(4)
  await l.identity('merge', 'unit/S5', 'unit/S4')
  await unpack(5, 4)
  await l.retract('pack 4')
  // Corrected when it was over.
  await pack(6)
  await unpack(6)
  const right = { certainty: 'probable', supersedes: l.ids['pack 6'] }
  await l.tell('right', { kind: 'aggregate', child: 'unit/S6', parent: 'box/B6', ...right }, 51)
  await pack(7)
  // Named twice, by the same and by another name; as stores of before wrote it; not packed at all.
  for (const n of [1, 2, 3, 4, 5, 6]) await l.capture(packing(n, 'ADD', { eventID: `urn:uuid:${n}` }))
  const twice = { childEPCs: [child(1), child(1), 'urn:epc:id:sgtin:4012345.011111.1'] }
  await l.capture(packing(1, 'DELETE', twice))
  await l.capture(packing(2, 'DELETE', { childEPCs: [child(2), 'urn:epc:id:sgtin:4012345.011111.2'] }), 2)
  await l.capture(packing(3, 'DELETE', { childEPCs: [child(3), child('x'), child('x')] }))
  // Emptied as a whole.
  await l.capture(packing(4, 'DELETE', { childEPCs: [] }))
  // Declared to be an error before it came.
  const early = packing(5, 'DELETE', { eventID: 'urn:uuid:early' })
  await l.capture({ ...early, ...declared })
  await l.capture(early)
  const earlier = packing(7, 'ADD', { eventID: 'urn:uuid:earlier' })
  await l.capture({ ...earlier, ...declared })
  await l.capture(earlier)
  const outside = { ...ofLot('w', 'W'), eventID: 'urn:uuid:outside' }
  await l.capture({ ...outside, ...declared })
  await l.capture(outside)
  // A unit of a lot, as somebody else says; of another lot, which was made of that unit, it cannot be.
  await l.capture(ofLot('y', 'Y'))
  const product = child('z').slice(0, child('z').indexOf('/21/'))
  await l.capture(melted(`${product}/10/Z`, child('z')))
  await l.capture(ofLot('z', 'Z'))
  // Seen so often that its links are not asked for with each inspection.
  for (let n = 100; n < 140; n++)
    await l.judge(9, { ...request(n, passVerdict({ codes: [gs1Code('S9', `L${n}`)] })) })
  await store.close()
  await signNow(base.dir)
})
afterAll(() => base.dispose())

/** After somebody who has the file wrote into it. */
async function found(forged?: string): Promise<string[]> {
  const dir = base.copy()
  if (forged !== undefined) {
    const db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
    expect(db.run(forged).changes).toBeGreaterThan(0)
    db.close()
  }
  return (await verifyDataDir(dir)).findings.map((f) => f.detail)
}

it('raises nothing about corrections, other names and what is told twice or too early', async () => {
  const db = openSql(join(base.dir, 'trace.db'), { synchronous: 'normal', readOnly: true })
  const known = db.all<{ child: string }>(`select child from edge where child like '${child('')}%'`)
  expect(known.map((e) => e.child)).toContain(child('y'))
  for (const none of ['w', 'z']) expect(known.map((e) => e.child)).not.toContain(child(none))
  // Why it is not, stands in the event.
  const said = db.all<{ parent: string; reason: string }>(
    `select json_extract(l.value, '$.parent') as parent, json_extract(l.value, '$.reason') as reason
       from event v, json_each(v.json, '$.data.notLinked') l where json_extract(l.value, '$.child') in (?, ?)
       order by v.position`,
    child('w'),
    child('z'),
  )
  const lot = child('').replace('/21/', '/10/')
  expect(said).toEqual([
    { parent: `${lot}W`, reason: expect.stringContaining('was declared') as string },
    { parent: `${lot}Z`, reason: expect.stringContaining('TRC_GENEALOGY') as string },
  ])
  db.close()
  expect(await found()).toEqual([])
})

const END = `update edge set (valid_to, closed_by) =
  (select valid_to, closed_by from edge where child like '%/21/S1' and closed_by > 0)`
const OPEN = 'update edge set valid_to = null, closed_by = null where closed_by > 0 and'

it.each<[string, string, string[]]>([
  [
    'ended by an event that ends another',
    `${END} where parent like '%box:B7' or (child like '%S1' and parent like '%/10/M1')`,
    [
      'the link to https://id.gs1.org/01/09506000134352/10/M1 was ended by no event',
      'the link to urn:sightline:box:B7 was ended by no event',
    ],
  ],
  [
    'ended by the end of the packing before it',
    `${END} where parent like '%box:B1' and closed_by is null`,
    ['the link to urn:sightline:box:B1 was ended by no event'],
  ],
  [
    'opened again, where another link was taken back',
    `${OPEN} parent like '%box:B1'`,
    ['no link of https://id.gs1.org/01/09506000134352/21/S1 was ended, as the event says'],
  ],
  [
    'opened again, where all of the box was unpacked',
    `${OPEN} child = '${child(4)}'`,
    ['no link of https://id.gs1.org/00/040123450000000047 was ended, as the event says'],
  ],
  [
    'deleted, of a unit that has many',
    `delete from edge where child like '%/21/S9' and parent like '%/10/L120'`,
    [
      'the link from https://id.gs1.org/01/09506000134352/21/S9 to https://id.gs1.org/01/09506000134352/10/L120 is gone',
    ],
  ],
  [
    'deleted, to the lot that somebody else names',
    `delete from edge where child = '${child('y')}'`,
    [`the link from ${child('y')} to https://id.gs1.org/01/04012345111118/10/Y is gone`],
  ],
  [
    'put in, which an event states whose error was declared before it came',
    `insert into edge (child, parent, kind, certainty, valid_from, position)
       select '${child(7)}', 'https://id.gs1.org/00/040123450000000078', 'aggregate', 'certain', valid_from, position
       from edge where child = '${child('y')}'`,
    [`a link from ${child(7)} to https://id.gs1.org/00/040123450000000078 that no event states`],
  ],
])('tells a link that was %s', async (_, forged, expected) => {
  expect((await found(forged)).sort()).toEqual(expected)
})
