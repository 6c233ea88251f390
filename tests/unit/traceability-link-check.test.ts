import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type SqlDatabase,
  type SqlRow,
  type SqlValue,
  type TraceFact,
  uuidv7,
} from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { openPartStore, openSql, verifyDataDir } from '../../traceability/index.ts'
import { checkNames } from '../../traceability/proof/name-check.ts'
import { Findings } from '../../traceability/proof/report.ts'
import { epcisDocument } from './samples/epcis-documents.ts'
import { rewrite, signNow, temporary } from './samples/signed-log.ts'
import { at, context, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

const line = { plant: 'p1', line: 'caps-a' }
const base = temporary()
const GTIN = 'https://id.gs1.org/01/04012345111118'
const BOX = 'urn:epc:id:sscc:4012345.0000000001'

/** Facts by name. */
const ids: Record<string, string> = {}

/** A life of each kind of link: lot and supplier, box, shipment, correction, hold, fixture, and what others captured. */
beforeAll(async () => {
  const store = await openPartStore({ dataDir: base.dir, synchronous: 'normal', spoolAfterMs: 20_000 })
  const judge = (n: number, more: object = {}): Promise<unknown> =>
    store.capture({
      ...request(n, passVerdict({ codes: [gs1Code(`S${n}`, 'L1')] })),
      context: { ...context, lot: 'M1', supplier: 'acme' },
      ...more,
    })
  const tell = (name: string, fact: object, n = 50): Promise<unknown> =>
    store.recordFact({ id: (ids[name] = uuidv7()), at: at(n), by: 'li', ...fact } as TraceFact, line)
  for (let n = 1; n <= 6; n++) await judge(n)
  // Seen again: the links of its first time stand.
  await judge(7, { ...request(7, passVerdict({ codes: [gs1Code('S1', 'L1')] })), place: { fixture: 'F9' } })
  await tell('receipt', {
    kind: 'receive',
    lot: 'R1',
    product: 'foil',
    supplier: 'bolt',
    quantity: 5,
    uom: 'KGM',
  })
  await tell('made', { kind: 'transform', child: 'unit/S1', parent: 'lot/R1' })
  await tell('commissioned', { kind: 'commission', unit: 'X1', product: 'cap', lot: 'R2' })
  await tell('encoded', { kind: 'commission', unit: 'X2', product: '铝盖 12/b', lot: 'R 3' })
  await tell('packed', { kind: 'aggregate', child: 'unit/S1', parent: 'box/B1' }, 51)
  await tell('unpacked', { kind: 'disaggregate', child: 'unit/S1', parent: 'box/B1' }, 52)
  await tell('again', { kind: 'aggregate', child: 'unit/S1', parent: 'box/B2' }, 53)
  await tell('shipped', { kind: 'ship', child: 'box/B2', shipment: 'D1', customer: 'c', order: 'o' }, 54)
  await tell('wrong', { kind: 'transform', child: 'unit/S2', parent: 'lot/R1' }, 55)
  await tell('back', { kind: 'retract', supersedes: ids['wrong'], reason: 'typing error' }, 56)
  await tell('held', { kind: 'hold', target: 'unit/S3', reason: 'seen' }, 57)
  await tell('kept', { kind: 'hold', target: 'unit/S4', reason: 'seen' }, 57)
  await tell('released', { kind: 'release', target: 'unit/S3', reason: 'fine' }, 58)
  const packing = { type: 'AggregationEvent', eventTimeZoneOffset: '+00:00', parentID: BOX }
  const children = { childEPCs: [`${GTIN}/21/7`, `${GTIN}/21/8`] }
  const events = [
    { ...packing, ...children, action: 'ADD', eventTime: '2026-01-05T09:00:00Z' },
    { ...packing, childEPCs: [`${GTIN}/21/7`], action: 'DELETE', eventTime: '2026-01-05T10:00:00Z' },
    { ...packing, ...children, action: 'ADD', eventID: 'urn:uuid:1', eventTime: '2026-01-04T09:00:00Z' },
  ]
  const capture = async (list: object[]): Promise<void> => {
    const text = JSON.stringify(epcisDocument(list))
    const { items, errors } = new Checks().document(text, { single: false, most: 100 })
    expect(errors).toEqual([])
    await store.captureEpcis({
      capture: uuidv7(),
      recordTime: at(60),
      source: line,
      rollback: true,
      items,
      masterData: null,
    })
  }
  await capture(events)
  const seen = { type: 'ObjectEvent', eventTimeZoneOffset: '+00:00', eventTime: '2026-01-05T10:30:00Z' }
  await capture([{ ...seen, action: 'OBSERVE', epcList: [`${GTIN}/21/9`] }])
  const declared = { declarationTime: '2026-01-05T11:00:00Z' }
  await capture([{ ...events[2], errorDeclaration: declared }])
  await store.close()
  await signNow(base.dir)
})
afterAll(() => base.dispose())

let dir: string
let db: SqlDatabase
beforeEach(() => {
  dir = base.copy()
  db = openSql(join(dir, 'trace.db'), { synchronous: 'normal' })
})
afterEach(() => db.close())

const found = async (): Promise<string[]> =>
  (await verifyDataDir(dir)).findings.map((f) => `${f.kind}: ${f.detail}`)
const unit = (n: number): string => `%/21/S${n}`

describe('what a recall goes by', () => {
  it('raises nothing as long as the log states it', async () => {
    expect(await found()).toEqual([])
  })

  it('raises nothing where nothing is signed, and each event is looked at by itself', async () => {
    rmSync(join(dir, 'log'), { recursive: true })
    expect(await verifyDataDir(dir)).toMatchObject({ state: 'unproven', findings: [] })
  })

  it.each([
    ['time', '"eventTime":"2026-01-05T10:30:00Z"', '"eventTime":"yesterday"'],
    ['words', '"event":{', '"even":{'],
  ])(
    'tells the unit of a captured event that nobody signed, whose %s nobody can read',
    async (_, from, to) => {
      rmSync(join(dir, 'log'), { recursive: true })
      const altered = (json: string): string =>
        json.includes(`${GTIN}/21/9`) ? json.replace(from, to) : json
      rewrite(dir, (events) => events.map((e) => ({ ...e, json: altered(e.json) })))
      const { findings } = await verifyDataDir(dir)
      expect(findings).toMatchObject([
        { subject: `${GTIN}/21/9`, detail: 'a row of the table identity that no event states' },
      ])
    },
  )

  it('tells a receipt that nobody signed, whose lot is no text', async () => {
    rmSync(join(dir, 'log'), { recursive: true })
    const altered = (json: string): string =>
      json.replace(/"subject":"urn:sightline:lot:[^"]*"/, '"subject":{}')
    rewrite(dir, (events) => events.map((e) => ({ ...e, json: altered(e.json) })))
    expect(await found()).toContainEqual(
      expect.stringMatching(/^column: subject is .*R1 in the table and \[object Object\]/),
    )
  })

  it.each<[string, string, string[], RegExp]>([
    [
      'a unit of its lot',
      `delete from edge where child like ? and parent like '%/10/M1'`,
      [unit(4)],
      /^record: the link from .*S4 to .*M1 is gone$/,
    ],
    [
      'a unit that was seen twice',
      `delete from edge where child like ? and parent like '%/10/L1'`,
      [unit(1)],
      /^record: the link from .*S1 to .*\/10\/L1 is gone$/,
    ],
    [
      'a unit of the fixture it lay in',
      `delete from edge where parent like '%fixture:F9'`,
      [],
      /^record: the link from .*S1 to urn:sightline:fixture:F9 is gone$/,
    ],
    [
      'a lot of its supplier',
      `delete from edge where parent like '%supplier:acme'`,
      [],
      /^record: the link from .*M1 to urn:sightline:supplier:acme is gone$/,
    ],
    [
      'what a fact states',
      `delete from edge where kind = 'transform'`,
      [],
      /^record: the link from .*S1 to .*R1 is gone$/,
    ],
    [
      'a unit of the lot that it was commissioned with',
      `delete from edge where child like '%:X1'`,
      [],
      /^record: the link from .*X1 to urn:sightline:lot:cap:R2 is gone$/,
    ],
    [
      'a shipment',
      `delete from edge where kind = 'deliver'`,
      [],
      /^record: the link from urn:sightline:shipment:D1 to urn:sightline:customer:c is gone$/,
    ],
    [
      'what others captured',
      `delete from edge where child like '%/21/8'`,
      [],
      /^record: the link from .*\/21\/8 to .*\/00\/.* is gone$/,
    ],
  ])('names %s that was taken out', async (_, statement, values, expected) => {
    expect(db.run(statement, ...values).changes).toBeGreaterThan(0)
    expect(await found()).toEqual([expect.stringMatching(expected)])
  })

  it.each<[string, string, RegExp]>([
    [
      'moved to another lot',
      `update edge set parent = 'urn:sightline:lot:cap:M2' where child like '%/21/S2' and parent like '%/10/M1'`,
      /S2 to .*M1 is gone/,
    ],
    [
      'led to another lot than it was commissioned with',
      `update edge set parent = 'urn:sightline:lot:cap:R9' where child like '%:X1'`,
      /X1 to urn:sightline:lot:cap:R2 is gone/,
    ],
    [
      'ended',
      `update edge set valid_to = '2026-01-06T00:00:00.000Z' where child like '%/21/S2' and parent like '%/10/M1'`,
      /valid_to of the link to .*M1 is 2026-01-06T00:00:00.000Z in the table edge and null in the log/,
    ],
    [
      'ended by an event that ends nothing',
      `update edge set valid_to = valid_from, closed_by = 3 where child like '%/21/S2' and parent like '%/10/M1'`,
      /the link to .*M1 was ended by no event/,
    ],
    [
      'begun later',
      `update edge set valid_from = '2026-01-06T00:00:00.000Z' where child like '%/21/S3' and parent like '%/10/M1'`,
      /valid_from of the link to .*M1/,
    ],
    [
      'made uncertain',
      `update edge set certainty = 'probable' where kind = 'transform'`,
      /certainty of the link to .*R1 is probable/,
    ],
    [
      'open again',
      `update edge set valid_to = null, closed_by = null where parent like '%box:B1'`,
      /no link of .*S1 was ended, as the event says/,
    ],
    [
      'given another amount',
      `update edge set quantity = 6 where parent like '%supplier:bolt'`,
      /quantity of the link to urn:sightline:supplier:bolt is 6/,
    ],
  ])('tells a link that was %s', async (_, statement, expected) => {
    expect(db.run(statement).changes).toBe(1)
    expect(await found()).toContainEqual(expect.stringMatching(expected))
  })

  it.each<[string, string]>([
    ['of an inspection', `(select position from inspection where serial = 'S5')`],
    ['of a fact', `(select max(position) from trace_fact)`],
    ['of no event', '999'],
  ])('names a link that was put in under the place %s', async (_, position) => {
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position)
       values ('urn:x:1', 'urn:x:2', 'associate', 'certain', '2026-01-05T00:00:00.000Z', ${position})`,
    )
    expect(await found()).toEqual(['record: a link from urn:x:1 to urn:x:2 that no event states'])
  })
})

it.each<[string, string, RegExp]>([
  [
    'of a commissioned unit to more than its lot',
    `insert into edge (child, parent, kind, certainty, valid_from, position)
       select child, 'urn:sightline:box:B7', kind, certainty, valid_from, position from edge where parent like '%:R2'`,
    /^record: a link from .*X1 to urn:sightline:box:B7 that no event states$/,
  ],
  [
    'that was taken back',
    `insert into edge (child, parent, kind, certainty, valid_from, position)
       select json_extract(json, '$.data.child'), json_extract(json, '$.data.parent'), 'transform', 'certain', time, position
         from event where id = ID`,
    /^record: a link from .*S2 to .*R1 that no event states$/,
  ],
])('names a link %s', async (_, statement, expected) => {
  expect(db.run(statement.replace('ID', `'${ids['wrong'] ?? ''}'`)).changes).toBe(1)
  expect(await found()).toEqual([expect.stringMatching(expected)])
})

/** A row that is gone takes its unit, lot or trigger out of every list that is asked for; one too many leads to another. */
it.each<[string, string, RegExp]>([
  ['unit gone', `delete from identity where uri like '%S4'`, /S4 unit of the inspection is not in/],
  [
    'lot of a unit',
    `update identity set lot = 'L9' where uri like '%S4'`,
    /S4 row of the unit .* first inspection/,
  ],
  [
    'trade item',
    `update identity set gtin = '1' where uri like '%S4'`,
    /S4 row of the unit .* first inspection/,
  ],
  ['commissioned unit gone', `delete from identity where uri like '%X1'`, /X1 unit of the event is not in/],
  [
    'serial',
    `update identity set serial = 'X2' where uri like '%X1'`,
    /X1 row of the unit .* the event says/,
  ],
  [
    'unit of nobody',
    `insert into identity (uri, serial, kind, product, first_at, first_position) values ('urn:x:1', 'S4', 'code', 'cap', '', 1)`,
    /urn:x:1 a row of the table identity that no event states/,
  ],
  [
    'name of another unit',
    `insert into identity_alias (value, scheme, uri) select 'S5', 'barcode', uri from identity where uri like '%S4'`,
    /S4 S5 \(barcode\) is a name/,
  ],
  ['lot gone', `delete from material_lot where lot = 'M1'`, /M1 lot is not in the table/],
  [
    'name of a lot',
    `update material_lot set lot = 'M9' where lot = 'M1'`,
    /M1 table material_lot calls the lot M9/,
  ],
  [
    'product of a lot',
    `update material_lot set product = 'lid' where lot = 'M1'`,
    /M1 table material_lot calls the lot M1 of lid/,
  ],
  ['supplier', `update material_lot set supplier = 'bolt' where lot = 'M1'`, /M1 lot comes from bolt/],
  ['no supplier', `update material_lot set supplier = null where lot = 'M1'`, /M1 lot comes from nobody/],
  [
    'lot of nobody',
    `insert into material_lot (uri, lot, product, first_at) values ('urn:x:2', 'M1', 'cap', '')`,
    /urn:x:2 a row of the table material_lot that no event/,
  ],
  ['trigger gone', `delete from part_trigger where number = 4`, /st10 trigger 4 of the inspection is not/],
  [
    'trigger open',
    `update part_trigger set state = 'open' where number = 4`,
    /st10 trigger 4 of the inspection is not/,
  ],
  [
    'trigger of nobody',
    `insert into part_trigger (station, attempt, number, at, state) values ('st10', 1, 999, '', 'judged')`,
    /st10 trigger 999 is judged/,
  ],
])('names of the tables by which units, lots and triggers are found: %s', async (_, statement, expected) => {
  db.exec('pragma foreign_keys = off')
  expect(db.run(statement).changes).toBe(1)
  const { findings } = await verifyDataDir(dir)
  expect(findings.map((f) => `${f.subject} ${f.detail.replace(/^the /, '')}`)).toEqual([
    expect.stringMatching(expected),
  ])
})

it('reads of the log and the inspections no more for it than indexes, and of a unit one record', () => {
  // A name that is put together, of a unit that was seen twice; nothing has counted how long the tables are.
  const name = '(01)09506000134352(21)S1(10)L1'
  db.run(
    `insert into identity_alias (value, scheme, uri) select ?, 'gs1', uri from identity where serial = 'S1'`,
    name,
  )
  const scanned: string[] = []
  let records = 0
  const watched = (sql: string, ...values: SqlValue[]): SqlRow[] => {
    const plan = db.all<{ detail: string }>(`explain query plan ${sql}`, ...values)
    scanned.push(...plan.map((p) => p.detail).filter((d) => /^SCAN (i|inspection|event)\b/.test(d)))
    const rows = db.all(sql, ...values)
    if (sql.includes('record_encoding')) records += rows.length
    return rows
  }
  const all = watched as SqlDatabase['all']
  const get = ((sql, ...values) => watched(sql, ...values)[0]) as SqlDatabase['get']
  const findings = new Findings()
  checkNames({ all, get } as SqlDatabase, { lots: new Set(), units: null }, findings)
  expect(scanned).not.toEqual([])
  for (const how of scanned) expect(how).toContain('COVERING INDEX')
  expect([findings.list, records]).toEqual([[], 1])
})

it('says that triggers of a store of before version 7, which has no counts of them, were not compared', async () => {
  db.exec(`create table before_7 as select station, number, at, state from part_trigger; drop table part_trigger;
    alter table before_7 rename to part_trigger; pragma user_version = 6`)
  const { findings, limits } = await verifyDataDir(dir)
  // Nothing else here is as version 6 had it.
  expect(findings.filter((f) => f.kind !== 'schema')).toEqual([])
  expect(limits.map((l) => l.en)).toContainEqual(expect.stringContaining('triggers was not compared'))
})

describe('holds and facts', () => {
  it.each<[string, string, string]>([
    [
      'a hold that is gone',
      `delete from hold where target like '%S4'`,
      'record: what the event says is not in the table hold',
    ],
    [
      'a hold that was ended',
      `update hold set released_at = '2026-01-06T00:00:00.000Z' where target like '%S4'`,
      'record: released_at is 2026-01-06T00:00:00.000Z in the table hold and null in the log',
    ],
    [
      'a release in another name',
      `update hold set released_by = 'wu' where target like '%S3'`,
      'record: released_by is wu in the table hold and li in the log',
    ],
    [
      'a hold of nobody',
      `insert into hold (id, target, reason, placed_by, placed_at, position) values ('h', 'unit/S5', 'r', 'x', 'y', 1)`,
      'record: a row of the table hold without an event',
    ],
    [
      'a fact that counts no longer',
      `update trace_fact set superseded_by = 1 where kind = 'ship'`,
      'record: superseded_by is 1 in the table trace_fact and null in the log',
    ],
    [
      'a fact that is gone',
      `delete from trace_fact where kind = 'ship'`,
      'record: what the event says is not in the table trace_fact',
    ],
  ])('name %s', async (_, statement, expected) => {
    expect(db.run(statement).changes).toBe(1)
    expect(await found()).toEqual([expected])
  })
})
