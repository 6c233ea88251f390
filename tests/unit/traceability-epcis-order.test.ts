import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SqlDatabase, uuidv7 } from '../../contracts/index.ts'
import { Checks } from '../../traceability/epcis/checks.ts'
import { migratePostgres, openSql, type PostgresDatabase, verifyDataDir } from '../../traceability/index.ts'
import { dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { epcisDocument, type Json } from './samples/epcis-documents.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'

/** Events of one story in any order: what is linked in the end goes by what they say, not by which came first. */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 })

const unit = (n: number): string => `urn:epc:id:sgtin:0614141.107346.${n}`
const [A, B] = ['urn:epc:id:sscc:0614141.1234567890', 'urn:epc:id:sscc:0614141.1234567891']
const lot = (name: string): Json => ({
  epcClass: `urn:epc:class:lgtin:4012345.011111.${name}`,
  quantity: 5,
  uom: 'KGM',
})
const base = { eventTimeZoneOffset: '+00:00', eventTime: '2026-01-05T06:00:00.000Z' }
const hour = (h: number): string => `2026-01-05T${String(h).padStart(2, '0')}:00:00.000Z`
const packing = (action: string, parentID: string, h: number, numbers: number[], eventID: string): Json => ({
  ...base,
  type: 'AggregationEvent',
  action,
  parentID,
  childEPCs: numbers.map(unit),
  eventTime: hour(h),
  eventID: `urn:x:${eventID}`,
})
const made = (lots: string[], eventID: string): Json => ({
  ...base,
  type: 'TransformationEvent',
  inputQuantityList: lots.map(lot),
  outputEPCList: [unit(1)],
  eventID: `urn:x:${eventID}`,
})
const wrong = (event: Json): Json => ({
  ...event,
  errorDeclaration: { declarationTime: '2026-01-06T06:00:00Z', reason: 'incorrect_data' },
})

/** In one box from 5 to 6 and from 7 to 8, told otherwise. */
const TWICE = [
  [5, 8, 6, 7],
  [5, 7, 8, 6],
  [5, 8, 7, 6],
  [7, 8, 5, 6],
].map((hours) => hours.map((h) => packing(h % 2 === 1 ? 'ADD' : 'DELETE', A, h, [1], `at${h}`)))

/** Three digits. */
const nameOf = (story: number): string => String(100 + story)
/** The same story about units and boxes of its own. */
const ofStory = (event: Json, story: number): Json =>
  JSON.parse(
    JSON.stringify(event)
      .replaceAll('107346.', `107346.${nameOf(story)}`)
      .replaceAll('0614141.1234', `0614141.1${nameOf(story)}`)
      .replaceAll('urn:x:', `urn:x:${nameOf(story)}`),
  ) as Json

/** Links of a story by short names, sorted; of all stories as they are. */
const linksIn = (db: SqlDatabase, story?: number): string[] =>
  db
    .all<{ child: string; parent: string; valid_from: string; valid_to: string | null }>(
      'select child, parent, valid_from, valid_to from edge',
    )
    .map(({ child, parent, valid_from, valid_to }) => {
      const [c, p] = [child, parent].map((uri) =>
        uri
          .replace(/^.*\/(?:21|10)\/(.+)$/, '$1')
          .replace(
            /^.*0614141(\d{3})5678(\d\d)\d$/,
            (_, n: string, end: string) => n + (end === '90' ? 'A' : 'B'),
          ),
      )
      return `${c} ${p} ${valid_from.slice(11, 13)}-${valid_to?.slice(11, 13) ?? ''}`
    })
    .filter((text) => story === undefined || text.startsWith(nameOf(story)))
    .map((text) =>
      story === undefined
        ? text
        : text
            .replace(new RegExp(`^${nameOf(story)}`), '')
            .replace(new RegExp(` ${nameOf(story)}(?=\\w+ )`), ' '),
    )
    .sort()

let line: PlantLine
beforeEach(() => {
  line = new PlantLine('line-a')
})
afterEach(() => line.dispose())

async function capture(story: number, ...told: Json[]): Promise<void> {
  const events = told.map((e) => ofStory(e, story))
  const { items, errors } = new Checks().document(JSON.stringify(epcisDocument(events)), {
    single: false,
    most: 100,
  })
  expect(errors).toEqual([])
  const store = await line.store()
  const source = { plant: 'p1', line: line.line }
  await store.captureEpcis({
    capture: uuidv7(),
    recordTime: hour(20),
    source,
    rollback: true,
    items,
    masterData: null,
  })
}
const links = (story?: number): string[] => {
  const db = line.source()
  try {
    return linksIn(db, story)
  } finally {
    db.close()
  }
}
async function proven(): Promise<string[]> {
  await line.stop()
  return (await verifyDataDir(line.dir)).findings.map((f) => f.detail)
}
const orders = <T>(list: readonly T[]): T[][] =>
  list.length < 2
    ? [[...list]]
    : list.flatMap((first, i) => orders(list.filter((_, n) => n !== i)).map((rest) => [first, ...rest]))

/** What is there when the declaration comes before the event that corrects it, where nothing was ever in the way. */
const CORRECTIONS: [string, Json, Json, string[]][] = [
  ['inputs of a transformation', made(['L1', 'L2'], 'w'), made(['L1', 'L3'], 'c'), ['1 L1 06-', '1 L3 06-']],
  [
    'what is in a box',
    packing('ADD', A, 6, [1, 2, 3], 'w'),
    packing('ADD', A, 6, [1, 2, 4], 'c'),
    ['1 A 06-', '2 A 06-', '4 A 06-'],
  ],
  ['the box', packing('ADD', A, 6, [1], 'w'), packing('ADD', B, 6, [1], 'c'), ['1 B 06-']],
  ['the time', packing('ADD', A, 6, [1], 'w'), packing('ADD', A, 5, [1], 'c'), ['1 A 05-']],
  [
    'which is in which',
    { ...packing('ADD', A, 6, [], 'w'), parentID: unit(1), childEPCs: [A] },
    packing('ADD', A, 6, [1], 'c'),
    ['1 A 06-'],
  ],
  [
    'what was built in',
    { ...packing('ADD', A, 6, [2, 3], 'w'), type: 'AssociationEvent', parentID: unit(1) },
    { ...packing('ADD', A, 6, [2, 4], 'c'), type: 'AssociationEvent', parentID: unit(1) },
    ['1 2 06-', '1 4 06-'],
  ],
  [
    'the lot of a unit',
    {
      ...base,
      type: 'ObjectEvent',
      action: 'ADD',
      epcList: [unit(1)],
      ilmd: { 'cbvmda:lotNumber': 'L1' },
      eventID: 'urn:x:w',
    },
    {
      ...base,
      type: 'ObjectEvent',
      action: 'ADD',
      epcList: [unit(1), unit(2)],
      ilmd: { 'cbvmda:lotNumber': 'L1' },
      eventID: 'urn:x:c',
    },
    ['1 L1 06-', '2 L1 06-'],
  ],
]

describe('an event and its correction (EPCIS 2.0, 7.4.1.2)', () => {
  it.each(CORRECTIONS)('%s: the same in any order', async (_, event, corrective, expected) => {
    for (const [n, order] of orders([event, corrective, wrong(event)]).entries()) {
      for (const one of order) await capture(n + 1, one)
      expect(links(n + 1)).toEqual(expected)
    }
    expect(await proven()).toEqual([])
  })

  it('of a lot: the unit has the right one, also where it was seen before', async () => {
    const born = (name: string, eventID: string): Json => ({
      ...base,
      type: 'ObjectEvent',
      action: 'ADD',
      epcList: [unit(1)],
      ilmd: { 'cbvmda:lotNumber': name },
      eventID: `urn:x:${eventID}`,
    })
    const seen = { ...born('L1', 's'), action: 'OBSERVE', ilmd: undefined }
    for (const [n, order] of orders([
      born('L1', 'w'),
      wrong(born('L1', 'w')),
      born('L2', 'c'),
      seen,
    ]).entries())
      for (const one of order) await capture(10 + n, one)
    const db = line.source()
    const lots = db.all('select distinct lot from identity')
    db.close()
    expect(lots).toEqual([{ lot: 'L2' }])
    expect(await proven()).toEqual([])
  })

  it('of an unpacking: the corrective one ends the packing', async () => {
    const out = packing('DELETE', A, 7, [1], 'w')
    for (const [n, order] of orders([out, packing('DELETE', A, 8, [1], 'c'), wrong(out)]).entries()) {
      for (const one of [packing('ADD', A, 6, [1], 'in'), ...order]) await capture(n + 1, one)
      expect(links(n + 1)).toEqual(['1 A 06-08'])
    }
    expect(await proven()).toEqual([])
  })
})

describe('events that overtake each other', () => {
  it('of one unit: packed, unpacked, packed elsewhere, in any order', async () => {
    const story = [
      packing('ADD', A, 6, [1], '1'),
      packing('DELETE', A, 7, [1], '2'),
      packing('ADD', B, 8, [1], '3'),
    ]
    for (const [n, order] of orders(story).entries()) {
      for (const one of order) await capture(n + 1, one)
      expect(links(n + 1)).toEqual(['1 A 06-07', '1 B 08-'])
    }
    expect(await proven()).toEqual([])
  })

  it.each<[string, Json[], string[]]>([
    [
      'packed, its box emptied, packed elsewhere',
      [packing('ADD', A, 6, [1], '1'), packing('DELETE', A, 7, [], '2'), packing('ADD', B, 8, [1], '3')],
      ['1 A 06-07', '1 B 08-'],
    ],
    [
      'packed twice, and unpacked once',
      [packing('ADD', A, 5, [1], '1'), packing('ADD', A, 6, [1], '2'), packing('DELETE', A, 7, [1], '3')],
      ['1 A 05-07', '1 A 06-07'],
    ],
    [
      'packed at a wrong time and unpacked',
      [
        packing('ADD', A, 6, [1], 'w'),
        wrong(packing('ADD', A, 6, [1], 'w')),
        packing('ADD', A, 5, [1], 'c'),
        packing('DELETE', A, 7, [1], 'd'),
      ],
      ['1 A 05-07'],
    ],
    [
      'unpacked in error, and its box emptied',
      [
        packing('ADD', A, 6, [1], 'in'),
        packing('DELETE', A, 7, [1], 'w'),
        wrong(packing('DELETE', A, 7, [1], 'w')),
        packing('DELETE', A, 8, [], 'e'),
      ],
      ['1 A 06-08'],
    ],
    [
      'packed by the word of two, of which one is in error, and moved',
      [
        packing('ADD', A, 6, [1], 'w'),
        packing('ADD', A, 6, [1], 'w2'),
        wrong(packing('ADD', A, 6, [1], 'w')),
        packing('DELETE', A, 7, [1], 'd'),
        packing('ADD', B, 8, [1], 'b'),
      ],
      ['1 A 06-07', '1 B 08-'],
    ],
    [
      'in a circle of three, of which one is in error',
      [
        packing('ADD', A, 6, [1], '1'),
        { ...packing('ADD', B, 6, [], 'w'), childEPCs: [A] },
        { ...packing('ADD', A, 6, [], '3'), parentID: unit(1), childEPCs: [B] },
        wrong({ ...packing('ADD', B, 6, [], 'w'), childEPCs: [A] }),
      ],
      ['1 A 06-', 'B 1 06-'],
    ],
  ])('of one unit: %s, in any order', async (_, story, expected) => {
    for (const [n, order] of orders(story).entries()) {
      for (const one of order) await capture(n, one)
      expect(links(n), `order ${n}`).toEqual(expected)
    }
    expect(await proven()).toEqual([])
  })

  it('what a person states late was unpacked as another had said before', async () => {
    const store = await line.store()
    const fact = (extra: Json): Parameters<typeof store.recordFact>[0] =>
      ({ id: uuidv7(), by: 'qa1', ...extra }) as Parameters<typeof store.recordFact>[0]
    await capture(1, packing('OBSERVE', A, 5, [1], 'seen'), packing('DELETE', A, 7, [1], 'out'))
    const child = 'https://id.gs1.org/01/10614141073464/21/1011'
    const where = { plant: 'p1', line: line.line }
    const packed = {
      kind: 'aggregate',
      at: hour(6),
      child,
      parent: 'https://id.gs1.org/00/106141411015678903',
    }
    await store.recordFact(fact(packed), where)
    const db = line.source()
    expect(db.all('select valid_from, valid_to from edge')).toEqual([
      { valid_from: hour(6), valid_to: hour(7) },
    ])
    db.close()
    expect(await proven()).toEqual([])
  })

  it('a box that was emptied a thousand times before: what is told late was in it, too', async () => {
    const emptied = (n: number): Json => ({
      ...packing('DELETE', A, 5, [], `before${n}`),
      eventTime: new Date(Date.parse(hour(5)) + n * 1000).toISOString(),
    })
    for (let n = 0; n < 1_100; n += 100)
      await capture(1, ...Array.from({ length: 100 }, (_, i) => emptied(n + i)))
    await capture(1, packing('ADD', A, 6, [1], '1'), packing('DELETE', A, 8, [], '2'))
    await capture(1, packing('ADD', A, 7, [2], '3'))
    expect(links(1)).toEqual(['1 A 06-08', '2 A 07-08'])
    expect(await proven()).toEqual([])
  })

  it('an emptied box: what is told late of it was in it, too; what came later is in it', async () => {
    await capture(1, packing('ADD', A, 6, [1], '1'))
    await capture(1, packing('DELETE', A, 8, [], '2'))
    await capture(1, packing('ADD', A, 7, [2], '3'), packing('ADD', A, 9, [3], '4'))
    expect(links(1)).toEqual(['1 A 06-08', '2 A 07-08', '3 A 09-'])
    expect(await proven()).toEqual([])
  })

  it('a repeated packing is none of its own: unpacked once it is out', async () => {
    await capture(1, packing('ADD', A, 6, [1], '1'), packing('ADD', A, 6, [1], '2'))
    await capture(1, packing('DELETE', A, 7, [1], '3'))
    expect(links(1)).toEqual(['1 A 06-07'])
    await capture(1, packing('ADD', B, 8, [2], '4'), packing('ADD', A, 9, [2], '5'))
    // In two boxes nothing is; which of them is true only an unpacking or a correction tells.
    expect(links(1)).toEqual(['1 A 06-07', '2 B 08-'])
    expect(await proven()).toEqual([])
  })

  it('a link that was refused and is forged is told where its thing was taken back', async () => {
    const event = packing('ADD', A, 6, [1], 'w')
    await capture(2, wrong(event), event)
    await line.stop()
    const db = openSql(join(line.dir, 'trace.db'), { synchronous: 'full' })
    db.run(
      `insert into edge (child, parent, kind, certainty, valid_from, position) values (?, ?, 'aggregate', 'certain', ?, 2)`,
      'https://id.gs1.org/01/10614141073464/21/1021',
      'https://id.gs1.org/00/106141411025678900',
      hour(6),
    )
    db.close()
    rmSync(join(line.dir, 'log'), { recursive: true, force: true })
    expect(await proven()).toContainEqual(expect.stringContaining('that no event states'))
  })
})

describeWith('PostgreSQL', await postgresPresent(), 'the plant store', () => {
  let schema: string
  let plant: PostgresDatabase
  beforeEach(async () => {
    schema = freshSchema()
    plant = await openSchema(schema)
    migratePostgres(plant, schema, 'plant')
  })
  afterEach(async () => {
    plant.close()
    await dropSchema(schema)
  })

  it('has the links of the line, whatever waited and however it came along', async () => {
    const stories = CORRECTIONS.map(([, event, corrective]) => [event, corrective, wrong(event)])
    stories.push([
      packing('ADD', A, 6, [1], '1'),
      packing('ADD', B, 8, [1], '2'),
      packing('DELETE', A, 7, [1], '3'),
    ])
    const out = packing('DELETE', A, 7, [1], 'w')
    stories.push([packing('ADD', A, 6, [1], 'in'), out, packing('DELETE', A, 9, [1], 'c'), wrong(out)])
    stories.push(
      [packing('DELETE', A, 7, [], '1'), packing('ADD', B, 8, [1], '2'), packing('ADD', A, 6, [1], '3')],
      [
        packing('ADD', A, 6, [1], 'w'),
        packing('DELETE', A, 7, [1], 'd'),
        packing('ADD', A, 5, [1], 'c'),
        wrong(packing('ADD', A, 6, [1], 'w')),
      ],
    )
    stories.push(...TWICE)
    await line.store()
    const replicator = line.replicator(plant)
    for (const [n, story] of stories.entries())
      for (const event of story) {
        await capture(n + 1, event)
        carryAll(replicator)
        expect(linksIn(plant)).toEqual(links())
      }
    expect(links(9)).toEqual(['1 A 06-09'])
  })

  it.each([1, 2, 3])('has them when it comes after the line in batches of %i events', async (batch) => {
    const stories = [
      [packing('DELETE', A, 7, [1], '1'), packing('ADD', B, 8, [1], '2'), packing('ADD', A, 6, [1], '3')],
      [packing('DELETE', A, 7, [], '1'), packing('ADD', B, 8, [1], '2'), packing('ADD', A, 6, [1], '3')],
      ...TWICE,
      ...CORRECTIONS.flatMap(([, event, corrective]) => [
        [wrong(event), event, corrective],
        [corrective, event, wrong(event)],
      ]),
    ]
    await line.store()
    for (const [n, story] of stories.entries()) for (const event of story) await capture(n + 1, event)
    carryAll(line.replicator(plant, { batch }))
    expect(linksIn(plant)).toEqual(links())
    expect(links(1)).toEqual(['1 A 06-07', '1 B 08-'])
    for (const n of TWICE.keys()) expect(links(n + 3)).toEqual(['1 A 05-06', '1 A 07-08'])
  })
})
