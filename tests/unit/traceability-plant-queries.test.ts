import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type SqlDatabase, uuidv7, type VerdictReviewed } from '../../contracts/index.ts'
import { IdentityChanges, migratePostgres, type PostgresDatabase } from '../../traceability/index.ts'
import { openTraceQuery, TraceQuery } from '../../traceability/query/index.ts'
import { dropSchema, freshSchema, openSchema, postgresPresent } from '../services/postgres.ts'
import { describeWith } from '../services/require-service.ts'
import { at, RECIPE, reviewed } from './samples/traceability-requests.ts'
import { carryAll, PlantLine } from './samples/plant-line.ts'

/** The same answer, but for what the plant calls otherwise: positions, and stations by their line. */
const same = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, v: unknown) => (/position|at$/i.test(key) && key !== 'at' ? undefined : v))
      .replaceAll('line-a.st10', 'st10')
      .replaceAll(/"at":"20[2-9][0-9]-[^"]*"/g, '"at":""'),
  )

// Every test makes a schema of its own, with all tables and months.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

describeWith('PostgreSQL', await postgresPresent(), 'questions to the plant store', () => {
  const schema = freshSchema()
  const line = new PlantLine('line-a')
  let db: PostgresDatabase
  let here: TraceQuery
  let plant: TraceQuery

  beforeAll(async () => {
    db = await openSchema(schema)
    migratePostgres(db, schema, 'plant')
    await line.judge(60, 'M1')
    await line.judge(40, 'M2')
    const store = await line.store()
    const where = { plant: 'p1', line: 'line-a' }
    let clock = Date.UTC(2026, 0, 6)
    const fact = (rest: object): Promise<unknown> =>
      store.recordFact(
        { id: uuidv7(), at: new Date((clock += 1_000)).toISOString(), by: 'li', ...rest } as never,
        where,
      )
    await fact({ kind: 'receive', lot: 'R1', product: 'resin', supplier: 'acme' })
    await fact({ kind: 'transform', child: 'lot/M1', parent: 'lot/R1' })
    // Two products have one name of a lot, which nothing but links knows, among other things that links lead to.
    for (const made of ['01/04012345111118/10/RAW6', '01/04012345111118/10/RAW7', '253/4012345000016A1'])
      await fact({ kind: 'transform', child: 'lot/M2', parent: `https://id.gs1.org/${made}` })
    await fact({ kind: 'transform', child: 'lot/M1', parent: 'https://id.gs1.org/01/09506000134352/10/RAW7' })
    await fact({ kind: 'associate', child: 'station/st10', parent: 'lot/R1', from: at(20), to: at(30) })
    const dispose = { kind: 'dispose', reason: 'seen' }
    // It failed, and would keep the pallet back.
    await fact({ ...dispose, unit: `unit/${line.serial(3)}`, disposition: 'use-as-is' })
    for (const n of [3, 4, 5])
      await fact({ kind: 'aggregate', child: `unit/${line.serial(n)}`, parent: 'box/B1' })
    await fact({ kind: 'aggregate', child: 'box/B1', parent: 'pallet/P1' })
    await fact({ kind: 'ship', child: 'pallet/P1', shipment: 'S1', customer: 'c1', order: 'o1' })
    await fact({ kind: 'rework', unit: `unit/${line.serial(6)}`, reason: 'solder' })
    await fact({
      kind: 'associate',
      child: `unit/${line.serial(7)}`,
      parent: 'fixture/F1',
      certainty: 'probable',
    })
    await fact({ kind: 'use', target: `unit/${line.serial(8)}` })
    await fact({ ...dispose, unit: `unit/${line.serial(8)}`, disposition: 'scrap' })
    await fact({ ...dispose, unit: `unit/${line.serial(9)}`, disposition: 'use-as-is' })
    const hold = uuidv7()
    await fact({ id: hold, kind: 'hold', target: 'lot/M2', reason: 'crack' })
    const step = (rest: object): Promise<unknown> =>
      store.recordNcrStep({ id: uuidv7(), by: 'li', ...rest } as never, where)
    const about = { title: 'cracks', severity: 'major', targets: ['lot/M2'] }
    await step({ kind: 'open', ...about, evidence: { inspections: [], classes: ['scratch'] } })
    const ncr = `line-a-${new Date().getFullYear()}-0001`
    await step({ kind: 'contain', ncr, holds: [hold] })
    const changes = new IdentityChanges(line.source(), store, where)
    const units = [9, 10].map((n) => `unit/${line.serial(n)}`)
    await changes.change({
      kind: 'merge',
      canonical: units[0] ?? '',
      uris: units.slice(1),
      by: 'li',
      reason: 'label printed twice',
    })
    changes.close()
    here = openTraceQuery(line.dir)
    const said = [
      [15, { after: 'pass' }],
      [16, { after: 'fail', labels: [{ classCode: 'pit' }] }],
      [18, { after: 'fail', labels: [{ classCode: 'pit' }] }],
      [21, { after: 'inconclusive' }],
    ] as const
    for (const [n, data] of said) {
      const inspection = (await here.bySerial(line.serial(n)))?.inspections[0]?.inspectionId ?? ''
      await store.emit(reviewed(inspection, data as Partial<VerdictReviewed>))
    }
    carryAll(line.replicator(db))
    plant = new TraceQuery('', db)
  }, 120_000)
  afterAll(async () => {
    here.close()
    db.close()
    await dropSchema(schema)
    await line.dispose()
  })

  const id = async (q: TraceQuery): Promise<string> =>
    (await q.bySerial(line.serial(3)))?.inspections[0]?.inspectionId ?? ''
  const QUESTIONS: [string, (q: TraceQuery, station: string) => unknown][] = [
    ['recent parts', (q) => q.recentParts({ limit: 30 })],
    ['failed parts', (q) => q.recentParts({ limit: 30, result: 'fail' })],
    [
      'parts of a station in a range',
      async (q, station) => {
        const last = (await q.recentParts({ limit: 2 })).at(-1)?.inspectionId ?? ''
        return q.recentParts({ limit: 30, station: station.slice(8), first: await id(q), last })
      },
    ],
    ['a part', async (q) => q.part(await id(q))],
    [
      'parts of a class and a time',
      (q) => q.recentParts({ limit: 20, class: 'scratch', from: at(2), to: at(99) }),
    ],
    ['parts of a lot', (q) => q.recentParts({ limit: 20, lot: 'M1', result: 'fail' })],
    ['a record', async (q) => q.record(await id(q))],
    ['a life by serial', (q) => q.bySerial(line.serial(6))],
    ['a life by label', (q) => q.bySerial(`(01)09506000134352(21)${line.serial(6)}`)],
    ['everything about a unit', (q) => q.unitLives(line.serial(4))],
    ['everything about a reworked unit', (q) => q.unitLives(line.serial(6))],
    ['everything about a unit that a person decided about', (q) => q.unitLives(line.serial(8))],
    ['a life with a decision', (q) => q.bySerial(line.serial(9))],
    ['everything about a merged unit', (q) => q.unitLives(line.serial(10))],
    ['recall of a merged unit', (q) => q.recall({ target: `unit/${line.serial(10)}` })],
    ['a probable link', (q) => q.recall({ target: 'fixture/F1' })],
    ['recall of a lot', (q) => q.recall({ target: 'lot/M1' })],
    ['recall of a lot that links alone know', (q) => q.recall({ target: 'lot/RAW7' })],
    ['recall of a raw lot through a station', (q) => q.recall({ target: 'lot/R1' })],
    ['recall of a supplier', (q) => q.recall({ target: 'supplier/acme' })],
    ['recall of a recipe', (q) => q.recall({ target: `recipe/${RECIPE.id}` })],
    ['recall of a station and time', (q, station) => q.recall({ target: station, from: at(10), to: at(20) })],
    ['causes', (q) => q.causeCounts({})],
    ['causes of a class', (q) => q.causeCounts({ class: 'scratch', from: at(5), to: at(50) })],
    ['the table of causes', (q) => q.causeTable({ eachClass: true })],
    ['the table of causes of a class', (q) => q.causeTable({ class: 'scratch', limit: 70 })],
    ['the table of causes of a class that reviews named', (q) => q.causeTable({ class: 'pit' })],
    ['causes of a class that reviews named', (q) => q.causeCounts({ class: 'pit' })],
    ['places of defects', (q) => q.defectPlaces({ class: 'scratch' })],
    ['classes of defects', (q) => q.defectClasses({ from: at(1) })],
    ['holds', (q) => q.holds()],
    ['reports about a lot', (q) => q.ncrs({ target: 'lot/M2' })],
    ['a report', (q) => q.ncr(q.ncrs().reports[0]?.id ?? '')],
    ['a unit of a report', (q) => q.unitLives(line.serial(61))],
    ['counters', (q) => q.counters()],
    ['counters since', (q) => q.counters(at(50))],
    ['defects', (q) => q.defectPareto()],
    ['defects since', (q) => q.defectPareto(at(50))],
    ['serials that begin so', (q) => q.serialsFrom(line.serial(1).slice(0, -1), 4)],
    ['an export of inspections', (q) => q.exportPage({ what: 'inspections' }).rows.map((r) => r.slice(1))],
    [
      'an export of defects',
      (q) => q.exportPage({ what: 'defects', from: at(30) }).rows.map((r) => r.slice(1)),
    ],
    ['an export of measurements', (q) => q.exportPage({ what: 'measurements' }).rows.map((r) => r.slice(1))],
    ['an export of events', (q) => q.exportPage({ what: 'events' }).rows.map((r) => r.slice(1))],
  ]
  it.each(QUESTIONS)('are answered as those to the line: %s', async (_name, ask) => {
    const [ours, theirs] = [await ask(here, 'station/st10'), await ask(plant, 'station/line-a.st10')]
    // An empty answer would agree with anything.
    expect(JSON.stringify(ours).length).toBeGreaterThan(30)
    const expected = JSON.parse(
      JSON.stringify(same(ours)).replaceAll('station/line-a.st10', 'station/st10'),
    ) as unknown
    expect(
      JSON.parse(JSON.stringify(same(theirs)).replaceAll('station/line-a.st10', 'station/st10')),
    ).toEqual(expected)
  })

  it('name the siblings that the line names, by whatever plan', async () => {
    const plans = ['indexscan', 'indexonlyscan', 'bitmapscan', 'sort', 'incremental_sort', 'mergejoin']
    const lots = async (q: TraceQuery): Promise<unknown> =>
      (await q.unitLives(line.serial(4))).map((l) => l.siblings.filter((g) => g.kind === 'lot'))
    const named = await lots(here)
    expect(JSON.stringify(named)).toContain('LINEA')
    try {
      for (const plan of plans) db.exec(`set enable_${plan} to off`)
      expect(await lots(plant)).toEqual(named)
    } finally {
      for (const plan of plans) db.exec(`reset enable_${plan}`)
    }
  })

  it('read the parts of a line by an index, not back over those of all lines', async () => {
    const plans: string[] = []
    const explained: SqlDatabase = {
      exec: (sql) => db.exec(sql),
      run: (sql, ...values) => db.run(sql, ...values),
      insert: (...row) => db.insert(...row),
      get: (sql, ...values) => db.get(sql, ...values),
      all: (sql, ...values) => {
        if (/order by "?position"? desc/.test(sql))
          plans.push(...db.all(`explain ${sql}`, ...values).map((r) => String(r['QUERY PLAN'])))
        return db.all(sql, ...values)
      },
      transaction: (work) => db.transaction(work),
      close: () => undefined,
    }
    // A table of a hundred rows is read as a whole; this is about which way there is.
    db.exec('set enable_seqscan = off; set enable_sort = off')
    const asked = new TraceQuery('', explained)
    const parts = await asked.recentParts({ limit: 5, line: 'line-a' })
    const ofStation = await asked.recentParts({ limit: 5, station: 'line-a.st10' })
    db.exec('reset enable_seqscan; reset enable_sort')
    expect([parts.length, ofStation.length]).toEqual([5, 5])
    expect(plans.join('\n')).toMatch(/Index Cond: \(\(station \|\| ''::text\) = 'line-a.st10'::text\)/)
    expect(plans.join('\n')).toMatch(/Index Scan Backward using inspection_\d+_split_part_position_idx/)
    expect(plans.join('\n')).toMatch(/Index Cond: \(split_part\(station, '.'::text, 1\) = 'line-a'::text\)/)
  })

  it('find the serials that begin with a text by an index', () => {
    db.exec('set enable_seqscan = off; set enable_sort = off')
    const plan = db.all(
      `explain select distinct serial collate binary as name from identity
         where serial collate binary >= 'A' and serial collate binary < 'B' order by name limit 9`,
    )
    db.exec('reset enable_seqscan; reset enable_sort')
    expect(JSON.stringify(plan)).toMatch(/Index (Only )?Scan using identity_serial_bytes.*Index Cond/)
  })

  it('know two names of one unit', () => {
    expect(plant.recall({ target: `unit/${line.serial(10)}` }).units).toMatchObject([
      { serial: line.serial(9), aliases: [expect.stringContaining(line.serial(10))] },
    ])
  })

  it('names what nobody knows', () => {
    expect(plant.recall({ target: `unit/${line.serial(8)}` }).places).toEqual({ used: 1 })
    expect(() => plant.recall({ target: 'lot/none' })).toThrow(/TRC_NOT_FOUND/)
  })
})
