import { describe, expect, it } from 'vitest'
import { openSql } from '../../traceability/index.ts'
import { MODULES } from '../../scenarios/index.ts'
import { lean } from '../../scenarios/lean/module.ts'
import { decided, inspected, reviewed } from '../suites/module-samples.ts'
import { runModule, type Running } from '../suites/module.suite.ts'

const registry = { modules: MODULES, url: new URL('../../scenarios/registry.ts', import.meta.url) }
const run = (events: Parameters<typeof runModule>[1]): Promise<Running> =>
  runModule({ module: lean, registry, openSql, params: {} }, events)

const fail = (name: string, classes: string[], disposition: 'scrap' | 'rework' = 'scrap') =>
  inspected({ name, result: 'fail', classes, disposition })
const pass = (name: string) => inspected({ name, result: 'pass' })

/** By hand: 6 passes, 3 fails, 1 inconclusive; open ×3, short ×1, spur ×1. */
const TEN = [
  ...['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map(pass),
  fail('f1', ['open', 'short']),
  fail('f2', ['open'], 'rework'),
  fail('f3', ['spur', 'open']),
  inspected({ name: 'i1', result: 'inconclusive' }),
]
const bars = (body: unknown): [string, number, number][] =>
  (body as { bars: { label: string; value: number; cumulative: number }[] }).bars.map((b) => [
    b.label,
    b.value,
    Number(b.cumulative.toFixed(4)),
  ])
const items = async (
  m: Running,
  query = {},
): Promise<Record<string, { value: number; interval: unknown }>> => {
  const { items: list } = (await m.get('/summary', query)).body as {
    items: { id: string; value: number; interval: unknown }[]
  }
  return Object.fromEntries(list.map((i) => [i.id, i]))
}

describe('Pareto', () => {
  it('counts every defect, or every unit once under its worst class', async () => {
    const m = await run(TEN)
    expect(bars((await m.get('/pareto')).body)).toEqual([
      ['open', 3, 0.6],
      ['short', 1, 0.8],
      ['spur', 1, 1],
    ])
    expect(bars((await m.get('/pareto', { by: 'units' })).body)).toEqual([
      ['open', 2, 0.6667],
      ['spur', 1, 1],
    ])
    await m.close()
  })

  it('takes the labels of a review in place of the found classes', async () => {
    const m = await run([
      ...TEN,
      reviewed('f1', 'fail', 'fail', { labels: ['mousebite'] }),
      reviewed('f3', 'fail', 'pass'),
      reviewed('p1', 'pass', 'fail', { labels: ['short'] }),
    ])
    expect(bars((await m.get('/pareto')).body)).toEqual([
      ['mousebite', 1, 0.3333],
      ['open', 1, 0.6667],
      ['short', 1, 1],
    ])
    await m.close()
  })

  it('can be cut by day', async () => {
    const m = await run([
      fail('d1', ['open']),
      inspected({ name: 'd2', result: 'fail', at: Date.UTC(2026, 0, 7) }),
    ])
    expect(bars((await m.get('/pareto', { from: '2026-01-06' })).body)).toEqual([['open', 1, 1]])
    expect(bars((await m.get('/pareto')).body)).toEqual([['open', 2, 1]])
    expect((await m.get('/pareto', { from: 'yesterday' })).status).toBe(400)
    await m.close()
  })
})

describe('cost of poor quality', () => {
  const upload = (m: Running, rows: unknown[]) =>
    m.call('PUT', '/api/m/lean/ref/unitCosts', { body: { format: 'json', rows }, role: 'process' })

  it('is unknown, not zero, without unit costs', async () => {
    const m = await run(TEN)
    expect((await m.get('/pareto', { by: 'cost' })).body).toMatchObject({
      status: 'needs-reference',
      needs: { table: 'unitCosts', missing: ['product', 'disposition', 'costPerUnit', 'currency'] },
      bars: [],
    })
    expect((await items(m))['copq']?.value).toBeNull()
    await m.close()
  })

  it('adds units times cost under the worst class, the product before the wildcard', async () => {
    const m = await run(TEN)
    const csv =
      'product,disposition,costPerUnit,currency\r\n*,scrap,100,CNY\r\npcb,scrap,20,CNY\r\n*,rework,7.5,CNY\r\n'
    const put = await m.call('PUT', '/api/m/lean/ref/unitCosts', { body: { format: 'csv', text: csv } })
    expect(put).toMatchObject({ status: 200, body: { version: 1, rows: 3 } })
    // open: f1 scrapped 20 + f2 reworked 7.5; spur: f3 scrapped 20
    const { body } = await m.get('/pareto', { by: 'cost' })
    expect(body).toMatchObject({ status: 'ok', currency: 'CNY', total: 47.5 })
    expect(bars(body)).toEqual([
      ['open', 27.5, 0.5789],
      ['spur', 20, 1],
    ])
    expect((await items(m))['copq']?.value).toBe(47.5)
    await m.close()
  })

  it('follows what a person decides about a part; one that may go costs nothing', async () => {
    const m = await run([...TEN, decided('f1', 'use-as-is'), decided('f2', 'scrap')])
    await upload(m, [{ product: '*', disposition: 'scrap', costPerUnit: 10, currency: 'CNY' }])
    // f2 and f3 are scrapped.
    expect((await m.get('/pareto', { by: 'cost' })).body).toMatchObject({ status: 'ok', total: 20 })
    await m.close()
  })

  it('says which cost is missing and leaves those units out', async () => {
    const m = await run(TEN)
    await upload(m, [{ product: 'pcb', disposition: 'scrap', costPerUnit: 20, currency: 'CNY' }])
    expect((await m.get('/pareto', { by: 'cost' })).body).toMatchObject({
      status: 'partial',
      needs: { missing: ['pcb/rework'] },
      total: 40,
    })
    expect((await items(m))['copq']?.value).toBeNull()
    await m.close()
  })

  it('does not use costs that are older than 400 days', async () => {
    const clock = { now: Date.UTC(2026, 0, 6) }
    const m = await runModule({ module: lean, registry, openSql, params: {} }, TEN, { now: () => clock.now })
    await upload(m, [
      { product: '*', disposition: 'scrap', costPerUnit: 20, currency: 'CNY' },
      { product: '*', disposition: 'rework', costPerUnit: 5, currency: 'CNY' },
    ])
    expect((await items(m))['copq']?.value).toBe(45)
    clock.now += 401 * 86_400_000
    expect((await m.get('/pareto', { by: 'cost' })).body).toMatchObject({
      status: 'needs-reference',
      bars: [],
    })
    expect((await items(m))['copq']?.value).toBeNull()
    await m.close()
  })

  it('refuses two currencies, repeated keys and negative costs', async () => {
    const m = await run([])
    const row = { product: 'pcb', disposition: 'scrap', costPerUnit: 1, currency: 'CNY' }
    for (const rows of [
      [row, { ...row, product: 'x', currency: 'EUR' }],
      [row, row],
      [{ ...row, costPerUnit: -1 }],
    ])
      expect((await upload(m, rows)).status).toBe(422)
    expect((await m.call('GET', '/api/m/lean/ref/unitCosts')).body).toMatchObject({
      status: 'missing',
      rows: [],
    })
    await m.close()
  })
})

describe('yield', () => {
  it('counts units by their first inspection', async () => {
    const m = await run(TEN)
    const k = await items(m)
    expect(k['units']?.value).toBe(10)
    expect(k['first-pass-yield']?.value).toBe(0.6)
    // Wilson 6 of 10, scipy 1.17.1: 0.3126738, 0.8318197
    expect(k['first-pass-yield']?.interval).toMatchObject({
      low: expect.closeTo(0.3126738, 6),
      high: expect.closeTo(0.8318197, 6),
    })
    expect(k['nonconforming']?.value).toBeCloseTo(3 / 9, 12)
    expect(k['inconclusive']?.value).toBe(0.1)
    expect(k['defects-per-unit']?.value).toBe(0.5)
    await m.close()
  })

  it('neither loses nor counts twice what is inspected again', async () => {
    const again = [
      inspected({ name: 'r1', serial: 'f1', result: 'pass' }),
      inspected({ name: 'r2', serial: 'f2', result: 'pass', reworkCount: 1 }),
      inspected({ name: 'g1', result: 'fail', runType: 'golden-sample' }),
    ]
    const m = await run([...TEN, ...again, reviewed('r1', 'pass', 'fail')])
    const k = await items(m)
    expect([k['units']?.value, k['first-pass-yield']?.value, k['again']?.value]).toEqual([10, 0.6, 2])
    await m.close()
  })

  it('never adds simulated parts to real ones', async () => {
    const sim = ['s1', 's2'].map((name) => inspected({ name, result: 'pass', simulated: true }))
    const m = await run([...TEN, ...sim])
    expect((await items(m))['units']?.value).toBe(10)
    expect((await items(m, { simulated: 'true' }))['units']?.value).toBe(2)
    const only = await run(sim)
    expect((await only.get('/summary')).body).toMatchObject({ status: 'ok', simulated: true })
    await m.close()
    await only.close()
  })
})
