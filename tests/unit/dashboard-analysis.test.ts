import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { factorsOf, rankCauses } from '../../dashboard/server/causes.ts'
import { placesOf } from '../../dashboard/server/places.ts'
import { analysisSchema, placesSchema } from '../../dashboard/server/schemas/analysis.schema.ts'
import { causeTable } from './samples/dashboard-causes.ts'
import { serve, type Served } from './samples/dashboard-serve.ts'

let at: Served
beforeAll(async () => {
  at = await serve(20)
})
afterAll(() => at.dashboard.close())
const ask = async (query = '') => fetch(`${at.url}/api/analysis${query}`)

describe('analysis', () => {
  it('ranks what goes with the defects, and says what cannot be told apart', async () => {
    const answer = analysisSchema.parse(await (await ask('?change=2026-01-05T06:00:00Z')).json())
    const { causes, factors, n, bad, change, together, compared } = answer
    expect([n, bad, compared, answer.cut]).toEqual([
      500,
      16,
      3,
      {
        undecided: 0,
        unjudged: [{ reason: 'missed', n: 7 }],
        repeated: 5,
        olderInspections: 0,
        older: false,
        later: 3,
        links: false,
        classes: 0,
      },
    ])
    // Of 98 and 402: expected 98 × 16 / 500 = 3.1 is below 5, so Fisher; scipy.stats.fisher_exact([[12, 86], [4, 398]]).
    expect(causes[0]).toMatchObject({ factor: 'carrier', value: 'C4', named: true, method: 'fisher' })
    expect(causes[0]?.p).toBeCloseTo(1.6274092904669022e-6, 12)
    // 12 of 100 against 4 of 400: ratio 12. binomtest(12, 100).proportion_ci(method="exact") of SciPy 1.17.1.
    expect(causes[1]).toMatchObject({
      factor: 'lot',
      value: 'L7',
      category: 'material',
      named: true,
      restN: 400,
      restBad: 4,
    })
    expect(causes[1]?.ratio).toBeCloseTo(12, 10)
    expect(causes[1]?.shareLow).toBeCloseTo(0.06356890256102586, 8)
    expect(causes[1]?.shareHigh).toBeCloseTo(0.20023568362003882, 8)
    expect(causes[1]?.odds?.ratio).toBeCloseTo((12 * 396) / (88 * 4), 10)
    // The good lot stands against the same numbers, the other way round; a factor with one value is not compared.
    expect(causes.map((c) => [c.value, c.named])).toEqual([
      ['C4', true],
      ['L7', true],
      ['L1', false],
    ])
    // association([[98, 2], [0, 400]], method="cramer") of SciPy 1.17.1.
    expect(together).toHaveLength(1)
    expect(together[0]?.v).toBeCloseTo(0.9874838622020377, 12)
    expect(causes[1]?.together).toEqual([{ factor: 'carrier', value: 'C4', v: together[0]?.v }])
    // (12 − 3.2)² / 3.2 + (4 − 12.8)² / 12.8 + 8.8² / 96.8 + 8.8² / 387.2 = 31.25
    expect(factors.map((f) => [f.factor, f.category, f.levels, f.whole?.df ?? null])).toEqual([
      ['lot', 'material', 2, 1],
      ['carrier', 'machine', 2, null],
      ['station', 'machine', 1, null],
    ])
    expect(factors[0]?.whole?.statistic).toBeCloseTo(31.25, 6)
    expect(change).toMatchObject({ ratio: 1, p: 1 })
    const none = analysisSchema.parse(await (await ask('?class=pit')).json())
    expect(none).toMatchObject({ n: 0, since: null, causes: [], change: null })
  })

  it('gives the same table as CSV', async () => {
    const res = await ask('?format=csv')
    expect(res.headers.get('content-type')).toContain('text/csv')
    expect(res.headers.get('content-disposition')).toContain('causes.csv')
    const rows = (await res.text()).trimEnd().split('\r\n')
    expect(rows).toHaveLength(4)
    expect(rows[0]).toMatch(/^factor,value,class,category,parts,bad,share,shareLow/)
    const marked = Buffer.from(await (await ask('?format=csv&bom=1')).arrayBuffer())
    expect(marked.subarray(0, 9).toString('hex')).toBe(`efbbbf${Buffer.from('factor').toString('hex')}`)
    expect(rows[2]).toMatch(/^lot,L7,,material,100,12,0\.12,0\.0635.*,yes,carrier\/C4 V=0\.99$/)
  })

  it.each([
    ['?from=yesterday', 'an RFC 3339 time'],
    ['?each=lot', 'class'],
    ['?format=xml', 'csv'],
    ['?classes=pit', 'classes'],
    ['/places?radius=40', 'per cent of the longer side'],
  ])('refuses %s', async (query, expected) => {
    const res = await ask(query)
    expect(res.status).toBe(400)
    expect(await res.text()).toContain(expected)
  })

  it('compares no whole factor of components whose rare lots of two materials were left out', () => {
    // 60 lots of each of two materials, 10 parts each; the 20 that are cut are of the second.
    const counts = Array.from({ length: 100 }, (_, i) => ({
      factor: 'component' as const,
      value: `C${i}`,
      n: 10,
      bad: i % 2,
      restN: 590,
      restBad: i % 2 === 0 ? 30 : 29,
    }))
    const table = { ...causeTable(true), counts }
    const factor = { n: 1_200, levels: 120, cut: 20, single: true }
    expect(factorsOf({ ...table, factors: [{ ...factor, factor: 'component' }] })).toMatchObject([
      { factor: 'component', levels: 120, cut: 20, whole: null },
    ])
    // Of any other factor what was cut is the rest of all.
    const lots = counts.map((c) => ({ ...c, factor: 'lot' as const, restN: 1_190, restBad: 60 - c.bad }))
    expect(
      factorsOf({ ...table, counts: lots, factors: [{ ...factor, factor: 'lot' }] })[0]?.whole,
    ).toMatchObject({ df: 100 })
  })

  it('names nothing that is not told apart from chance: 1,000 levels alike', async () => {
    const counts = Array.from({ length: 1_000 }, (_, i) => ({
      factor: 'lot' as const,
      value: `L${i}`,
      n: 100,
      bad: i % 3,
      restN: 99_900,
      restBad: 999,
    }))
    const { causes, compared } = await rankCauses({ n: 100_000, counts, pairs: [] }, 500)
    expect([compared, causes.length, causes.some((c) => c.named)]).toEqual([1_000, 500, false])
  })
})

describe('places of defects', () => {
  const point = (x: number, y: number, part: number) => ({
    x,
    y,
    class: part % 2 ? 'pit' : 'scratch',
    inspectionId: `i${part}`,
    mm: [x / 10, y / 10] as [number, number],
  })
  const view = { recipe: 'r@1', widthPx: 1_000, heightPx: 500, image: null, older: false }

  it('are one cluster where they repeat, and scattered elsewhere', () => {
    const same = Array.from({ length: 8 }, (_, i) => point(300 + i, 200, i))
    const apart = Array.from({ length: 9 }, (_, i) => point(50 + 100 * i, 450, 100 + i))
    const places = placesSchema.parse(
      placesOf({ recipes: [{ recipe: 'r@1', n: 17 }], view: { ...view, points: [...same, ...apart] } }),
    )
    expect(places.view).toMatchObject({ n: 17, scattered: 9, radiusPx: 20, least: 5 })
    expect(places.view?.clusters).toEqual([
      {
        x: 303.5,
        y: 200,
        mm: [expect.closeTo(30.35, 10), expect.closeTo(20, 10)],
        radiusPx: 3.5,
        n: 8,
        parts: 8,
        classes: [
          { class: 'scratch', n: 4 },
          { class: 'pit', n: 4 },
        ],
        inspections: ['i0', 'i1', 'i2', 'i3', 'i4'],
      },
    ])
    expect(places.view?.cells.reduce((s, c) => s + c.n, 0)).toBe(17)
  })

  it('are no cluster where many lie evenly', () => {
    const points = Array.from({ length: 2_000 }, (_, i) => point((i % 50) * 20, Math.floor(i / 50) * 12.5, i))
    expect(placesOf({ recipes: [], view: { ...view, points } }).view?.clusters).toEqual([])
  })

  it('are served, none where there is no defect', async () => {
    const res = await ask('/places?radius=2.5&class=pit')
    expect(placesSchema.parse(await res.json())).toEqual({ recipes: [], view: null })
  })
})
