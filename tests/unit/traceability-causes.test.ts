import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ShiftCalendar, type TraceFact, uuidv7 } from '../../contracts/index.ts'
import { openPartStore, openSql, openTraceQuery, type TraceStore } from '../../traceability/index.ts'
import { TraceQuery } from '../../traceability/query/index.ts'
import { at, context, failVerdict, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dataDir: string
let store: TraceStore
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sightline-causes-'))
  store = await openPartStore({ dataDir, spoolAfterMs: 20_000 })
})
afterEach(async () => {
  await store.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const tell = (fact: object, n = 0) =>
  store.recordFact({ id: uuidv7(), at: at(n), by: 'qa1', ...fact } as TraceFact, {
    plant: 'p1',
    line: 'caps-a',
  })
const judge = (n: number, bad: boolean, lot = 'A', serial = `S${n}`) =>
  store.capture(
    request(n, (bad ? failVerdict : passVerdict)({ codes: [gs1Code(serial)] }), {
      context: { ...context, lot, supplier: `s-${lot}` },
    }),
  )
type Ask = Parameters<TraceQuery['causeTable']>[0]
function table(ask: Ask = {}) {
  const query = openTraceQuery(dataDir)
  try {
    return query.causeTable(ask)
  } finally {
    query.close()
  }
}
/** Value, parts, bad ones, others, bad ones among them. */
const of = (factor: string, ask: Ask = {}, name?: string) =>
  table(ask)
    .counts.filter((c) => c.factor === factor && c.class === name)
    .map((c) => [c.value, c.n, c.bad, c.restN, c.restBad])

describe('the table of causes', () => {
  it('says when lots go further back than it counts', async () => {
    await judge(1, true)
    for (let n = 0; n < 15; n++) {
      await tell({ kind: 'receive', lot: `M${n}`, product: 'melt', supplier: 's' })
      await tell({ kind: 'transform', child: n === 0 ? 'lot/A' : `lot/M${n - 1}`, parent: `lot/M${n}` })
    }
    expect(table().linksCut).toBe(false)
    await tell({ kind: 'receive', lot: 'M15', product: 'melt', supplier: 's' })
    await tell({ kind: 'transform', child: 'lot/M14', parent: 'lot/M15' })
    expect(table().linksCut).toBe(true)
  })

  it('counts lots and suppliers of what went into a part, over any number of steps', async () => {
    await tell({ kind: 'receive', lot: 'FOIL', product: 'foil', supplier: 'mill' })
    for (const lot of ['R1', 'R2'])
      await tell({ kind: 'receive', lot, product: 'resin', supplier: lot === 'R1' ? 'acme' : 'bond' })
    for (let n = 1; n <= 4; n++) await judge(n, n === 1, n <= 2 ? 'A' : 'B')
    await tell({ kind: 'transform', child: 'lot/A', parent: 'lot/R1' })
    await tell({ kind: 'transform', child: 'lot/B', parent: 'lot/R2' })
    await tell({ kind: 'transform', child: 'lot/R1', parent: 'lot/FOIL' })
    expect(of('lot')).toEqual([
      ['A', 2, 1, 2, 0],
      ['B', 2, 0, 2, 1],
    ])
    // FOIL is of another material than the resins: it has no others to be compared with.
    expect(of('component')).toEqual([
      ['FOIL', 2, 1, 0, 0],
      ['R1', 2, 1, 2, 0],
      ['R2', 2, 0, 2, 1],
    ])
    expect(of('componentSupplier')).toEqual([
      ['acme', 2, 1, 2, 0],
      ['bond', 2, 0, 2, 1],
      ['mill', 2, 1, 2, 0],
    ])
    expect(table().factors.map((f) => [f.factor, f.n, f.levels, f.single])).toEqual([
      ['lot', 4, 2, true],
      ['supplier', 4, 2, true],
      ['component', 4, 3, false],
      ['componentSupplier', 4, 3, false],
      ['station', 4, 1, true],
      ['recipe', 4, 1, true],
      ['shift', 4, 1, true],
      ['hour', 4, 1, true],
    ])
  })

  it('counts what a station was loaded with, and what a holder met, only while it was so', async () => {
    for (const lot of ['P1', 'P2']) await tell({ kind: 'receive', lot, product: 'paste', supplier: 'acme' })
    await tell({ kind: 'associate', child: 'station/st10', parent: 'lot/P1', from: at(0), to: at(3) })
    await tell({ kind: 'associate', child: 'station/st10', parent: 'lot/P2', from: at(3) })
    for (let n = 1; n <= 5; n++) {
      await judge(n, n > 3)
      // The same carrier goes through the oven twice.
      await tell(
        { kind: 'associate', child: `unit/S${n}`, parent: 'carrier/C1', from: at(n - 0.5), to: at(n + 0.5) },
        n,
      )
    }
    await tell({ kind: 'associate', child: 'carrier/C1', parent: 'run/1', from: at(0.5), to: at(2.5) })
    await tell({ kind: 'associate', child: 'carrier/C1', parent: 'run/2', from: at(3.5), to: at(6) })
    expect(of('component')).toEqual([
      ['P2', 3, 2, 2, 0],
      ['P1', 2, 0, 3, 2],
    ])
    expect(of('run')).toEqual([
      ['1', 2, 0, 2, 2],
      ['2', 2, 2, 2, 0],
    ])
    expect(of('carrier')).toEqual([['C1', 5, 2, 0, 0]])
  })

  it('leaves out what began after the judgement, and says so', async () => {
    await judge(1, true)
    await tell({ kind: 'receive', lot: 'N', product: 'nut', supplier: 'acme' }, 5)
    await tell({ kind: 'transform', child: 'unit/S1', parent: 'lot/N' }, 5)
    await judge(6, false, 'A', 'S2')
    await tell({ kind: 'transform', child: 'unit/S2', parent: 'lot/N' }, 6)
    expect(table().later).toBe(1)
    expect(of('component')).toEqual([['N', 1, 0, 0, 0]])
  })

  it('takes cavity, fixture and operator from the event of the inspection', async () => {
    for (let n = 1; n <= 2; n++)
      await store.capture(
        request(n, (n === 2 ? failVerdict : passVerdict)({ codes: [gs1Code(`S${n}`)] }), {
          context: { ...context, operator: 'op-7' },
          place: { cavity: n === 2 ? '4' : '1', fixture: 'F1' },
        }),
      )
    await judge(3, false)
    expect(of('cavity')).toEqual([
      ['1', 1, 0, 1, 1],
      ['4', 1, 1, 1, 0],
    ])
    const facts = ['fixture', 'operator'].map((f) => of(f)[0]?.slice(0, 3))
    expect(facts).toEqual([
      ['F1', 2, 1],
      ['op-7', 2, 1],
    ])
  })

  it('counts the fixtures a part lay in until it was judged, not those of later stations', async () => {
    for (const [n, station] of [
      [1, 'st10'],
      [2, 'st20'],
    ] as const)
      await store.capture(
        request(n, passVerdict({ codes: [gs1Code('S1')] }), { station, place: { fixture: `F-${station}` } }),
      )
    expect(of('fixture')).toEqual([
      ['F-st10', 2, 0, 0, 0],
      ['F-st20', 1, 0, 1, 0],
    ])
    expect(table().later).toBe(0)
  })

  it('tells the hour where the line stands', async () => {
    await judge(1, false)
    // 06:00:01 UTC on 5 January is 11:30 in Kolkata.
    const spec = { timeZone: 'Asia/Kolkata', calendar: [{ name: 'day', from: '06:00', to: '06:00' }] }
    const query = new TraceQuery(
      dataDir,
      openSql(join(dataDir, 'trace.db'), { synchronous: 'normal', readOnly: true }),
      new ShiftCalendar(spec),
    )
    expect(query.causeTable({}).counts.find((c) => c.factor === 'hour')?.value).toBe('11:00')
    query.close()
    expect(of('hour')[0]?.[0]).toBe('06:00')
  })

  it('compares each class by itself, names the bounds it met, and counts what goes together', async () => {
    for (let n = 1; n <= 6; n++) await judge(n, n % 3 === 0, n <= 3 ? 'A' : 'B')
    // Judged again: the first verdict counts.
    await judge(7, false, 'A', 'S3')
    const all = table({ eachClass: true })
    expect([all.n, all.bad, all.classes, all.classesCut, all.older, all.since]).toEqual([
      6,
      2,
      ['scratch'],
      0,
      false,
      at(1),
    ])
    expect(of('lot', { eachClass: true }, 'scratch')).toEqual(of('lot', { class: 'scratch' }))
    expect(of('lot', { class: 'none' })).toEqual([
      ['A', 3, 0, 3, 0],
      ['B', 3, 0, 3, 0],
    ])
    const newest = table({ limit: 3 })
    expect([newest.n, newest.bad, newest.older, newest.since]).toEqual([3, 1, true, at(4)])
    expect(of('station', { from: at(2), to: at(4) })).toEqual([['st10', 2, 1, 0, 0]])
    await judge(8, true, 'B')
    const pair = table().pairs.find((p) => p.a.value === 'B' && p.b.value === 's-B')
    expect(pair).toEqual({
      a: { factor: 'lot', value: 'B', n: 4, bad: 2 },
      b: { factor: 'supplier', value: 's-B', n: 4, bad: 2 },
      both: { n: 4, bad: 2 },
    })
  })

  it('cuts the levels with the fewest parts, whatever became of them', async () => {
    for (let n = 1; n <= 103; n++)
      await judge(n, n === 103, n < 3 ? 'L001' : `L${String(n).padStart(3, '0')}`)
    const { factors, counts } = table()
    expect(factors[0]).toEqual({ factor: 'lot', n: 103, levels: 102, cut: 2, single: true })
    const lots = counts.filter((c) => c.factor === 'lot')
    expect([lots.length, lots[0]?.value, lots.some((l) => l.value === 'L103')]).toEqual([100, 'L001', false])
    expect(lots[0]).toMatchObject({ n: 2, restN: 101, restBad: 1 })
  })
})

describe('places of defects', () => {
  it('are the middles of condemned boxes of a recipe, with a part to draw them upon', async () => {
    for (let n = 1; n <= 4; n++) await judge(n, n > 2)
    const query = openTraceQuery(dataDir)
    const { recipes, view } = query.defectPlaces({})
    expect(recipes).toEqual([{ recipe: 'cap-top@4', n: 2 }])
    expect(view).toMatchObject({ recipe: 'cap-top@4', widthPx: 4, heightPx: 2, older: false })
    expect(view?.image).toEqual({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      registration: null,
    })
    expect(view?.points.map((p) => [p.x, p.y, p.class, p.mm])).toEqual([
      [20, 32, 'scratch', [2.5, 4]],
      [20, 32, 'scratch', [2.5, 4]],
    ])
    expect(query.defectPlaces({ class: 'dust' })).toEqual({ recipes: [], view: null })
    expect(query.defectPlaces({ from: at(4) }).view?.points).toHaveLength(1)
    expect(query.defectPlaces({ recipe: 'none@1' }).view).toBeNull()
    query.close()
  })

  it('are drawn upon a part of the last 1,000 good ones, or on none', async () => {
    await judge(1, true)
    await judge(2, false)
    const query = openTraceQuery(dataDir)
    const bare = (n: number) => store.capture(request(n, passVerdict(), { image: null }))
    await Promise.all(Array.from({ length: 999 }, (_, n) => bare(n + 3)))
    expect(query.defectPlaces({}).view?.image).not.toBeNull()
    await bare(1_002)
    expect(query.defectPlaces({}).view?.image).toBeNull()
    query.close()
  })
})
