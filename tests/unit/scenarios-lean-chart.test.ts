import { describe, expect, it } from 'vitest'
import { openSql } from '../../traceability/index.ts'
import { MODULES } from '../../scenarios/index.ts'
import { binomialSf, mulberry32 } from '../../scenarios/kernels/index.ts'
import { phaseOne } from '../../scenarios/lean/limits-job.ts'
import { lean } from '../../scenarios/lean/module.ts'
import { inspected, reviewed, subgroups } from '../suites/module-samples.ts'
import { runModule, type Running } from '../suites/module.suite.ts'
import { ORANGE_JUICE } from './samples/published-charts.ts'

const registry = { modules: MODULES, url: new URL('../../scenarios/registry.ts', import.meta.url) }
const run = (params: unknown, events: Parameters<typeof runModule>[1]): Promise<Running> =>
  runModule({ module: lean, registry, openSql, params }, events)

interface Chart {
  status: string
  needs: { have: number; need: number; text: { en: string } } | null
  centre: number | null
  trial: { centre: number; ucl: number; lcl: number }
  limits: { centre: number; ucl: number; lcl: number }
  phaseOne: { subgroups: number; removed: number[] }
  falseAlarmPerPoint: number
  sigmaZ: number
  notes: { en: string }[]
  stream: { stream: string; simulated: boolean } | null
  streams: unknown[]
  open: { n: number; fail: number; inconclusive: number } | null
  points: {
    label: string
    subgroup: number
    value: number
    n: number
    inconclusive: number
    ucl: number | null
    phase: string
    out: string | null
    rule: { number: number; text: { zh: string; en: string } } | null
    removed: boolean
  }[]
}
const chart = async (m: Running, query: Record<string, unknown> = {}): Promise<Chart> =>
  (await m.get('/p-chart', query)).body as Chart
const outOf = (c: Chart): string[] => c.points.filter((p) => p.out !== null).map((p) => p.label)
const four = (l: { centre: number; ucl: number; lcl: number }): number[] =>
  [l.centre, l.ucl, l.lcl].map((v) => Number(v.toFixed(4)))

describe('published example: orange juice cans as 1,500 inspections (Montgomery, example 7.1)', () => {
  it('gives the published limits, points and revision on the route', async () => {
    const m = await run({ subgroup: 50, baseline: 30 }, subgroups(ORANGE_JUICE, 50))
    const c = await chart(m)
    expect(c.status).toBe('ok')
    expect(c.points.map((p) => Math.round(p.value * 50))).toEqual(ORANGE_JUICE)
    expect(four(c.trial)).toEqual([0.2313, 0.4102, 0.0524])
    expect(outOf(c)).toEqual(['15', '23'])
    expect(c.phaseOne).toEqual({ subgroups: 30, removed: [15, 23] })
    expect(four(c.limits)).toEqual([0.215, 0.3893, 0.0407])
    // scipy 1.17.1, exact binomial for n = 50, p = 301/1400
    expect(c.falseAlarmPerPoint).toBeCloseTo(0.0029465, 6)

    const out = m.emitted.filter((e) => e.type === 'mod.lean.chart.out-of-control.v1')
    expect(out.map((e) => (e.data as { subgroup: number; nonconforming: number }).subgroup)).toEqual([15, 23])
    expect(out[0]).toMatchObject({
      source: '/modules/lean',
      partitionkey: 'a',
      subject: 'chart/a/st10/pcb/p/15',
      data: { phase: 'I', side: 'above', n: 50, nonconforming: 22, fraction: 0.44 },
    })
    const alerts = (await m.call('GET', '/api/m/lean/alerts')).body as {
      alerts: { key: string; state: string; evidence: { n: number; statistic: number; limit: number } }[]
    }
    expect(alerts.alerts.map((a) => a.key).sort()).toEqual(['p-chart/a/st10/pcb/15', 'p-chart/a/st10/pcb/23'])
    const first = alerts.alerts.find((a) => a.key.endsWith('/15'))
    expect(first).toMatchObject({ state: 'active', evidence: { n: 50, statistic: 0.44 } })
    expect(first?.evidence.limit).toBeCloseTo(0.4102, 4)
    await m.close()
  })

  it('judges later samples by the revised limits', async () => {
    // 20 of 50 = 0.40 lies between the revised (0.3893) and the trial limit (0.4102).
    const m = await run({ subgroup: 50, baseline: 30 }, subgroups([...ORANGE_JUICE, 19, 20, 2], 50))
    const c = await chart(m)
    expect(outOf(c)).toEqual(['15', '23', '32', '33'])
    expect(c.points.at(-1)).toMatchObject({ out: 'below', phase: 'II' })
    expect(c.points.at(-3)).toMatchObject({ out: null, phase: 'II', label: '31' })
    await m.close()
  })
})

describe('clean and faulty process', () => {
  const SEED = 11
  const draw = (p: number, n: number, rng: { next(): number }): number =>
    Array.from({ length: n }, () => rng.next()).filter((u) => u < p).length

  it('stays as quiet as it says on a clean process', async () => {
    const rng = mulberry32(SEED)
    const counts = Array.from({ length: 150 }, () => draw(0.12, 60, rng))
    const m = await run({ subgroup: 60, baseline: 30 }, subgroups(counts, 60))
    const c = await chart(m, { points: 1_000 })
    const alarms = c.points.filter((p) => p.phase === 'II' && p.out !== null).length
    // Not more than 1 run in 10,000 of a chart with the stated rate would show.
    expect(binomialSf(alarms, 120, c.falseAlarmPerPoint), `seed ${SEED}, ${alarms} alarms`).toBeGreaterThan(
      1e-4,
    )
    expect(c.falseAlarmPerPoint).toBeLessThan(0.01)
    expect(c.sigmaZ).toBeGreaterThan(0.7)
    expect(c.sigmaZ).toBeLessThan(1.4)
    await m.close()
  })

  it('finds a supplier lot with three times the fraction within the first subgroups', async () => {
    const rng = mulberry32(SEED)
    const good = Array.from({ length: 32 }, () => draw(0.12, 60, rng))
    const bad = Array.from({ length: 3 }, () => draw(0.36, 60, rng))
    const m = await run({ subgroup: 60, baseline: 30 }, subgroups([...good, ...bad], 60))
    expect(outOf(await chart(m)).some((l) => Number(l) > 32)).toBe(true)
    const actions = (await m.call('GET', '/api/m/lean/actions?state=proposed')).body as {
      actions: { type: string; params: { subgroup: number }; evidence: { firstEvent: string } }[]
    }
    expect(actions.actions.some((a) => a.type === 'investigate' && a.params.subgroup > 32)).toBe(true)
    await m.close()
  })

  it('runs the zone tests only when asked to', async () => {
    // Centre 0.25 of 20; then eight subgroups just above it: rule 4, none beyond 3 sigma.
    const counts = [
      ...Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 4 : 6)),
      ...Array<number>(8).fill(6),
    ]
    const quiet = await run({ subgroup: 20, baseline: 20 }, subgroups(counts, 20))
    expect(outOf(await chart(quiet))).toEqual([])
    const zones = await run({ subgroup: 20, baseline: 20, rules: 'western-electric' }, subgroups(counts, 20))
    const c = await chart(zones)
    expect(outOf(c)).toEqual(['28'])
    expect(c.points.at(-1)?.rule).toMatchObject({ number: 4, text: { zh: '连续 8 点在中心线同侧' } })
    await quiet.close()
    await zones.close()
  })
})

describe('what is counted', () => {
  it('leaves inconclusive parts out of n and shows them beside it', async () => {
    const held = Array.from({ length: 5 }, (_, i) => inspected({ name: `h${i}`, result: 'inconclusive' }))
    const m = await run({ subgroup: 4, baseline: 20 }, [...held, ...subgroups([1], 4), ...held])
    const c = await chart(m)
    expect(c.points).toMatchObject([{ n: 4, value: 0.25, inconclusive: 5, ucl: null }])
    await m.close()
  })

  it('keeps simulated parts, other products and other lines apart', async () => {
    const m = await run({ subgroup: 2, baseline: 20 }, [
      ...subgroups([1], 2),
      ...subgroups([2], 2, { product: 'cap' }),
      inspected({ name: 's', result: 'fail', simulated: true }),
    ])
    expect((await chart(m, { product: 'cap' })).points.map((p) => p.value)).toEqual([1])
    expect((await chart(m, { product: 'pcb', simulated: 'false' })).points.map((p) => p.value)).toEqual([0.5])
    expect((await chart(m, { simulated: 'true' })).stream).toMatchObject({ simulated: true })
    expect((await chart(m)).streams.length).toBe(3)
    expect((await chart(m, { line: 'nowhere' })).status).toBe('insufficient-data')
    await m.close()
  })

  it('puts parts into hours of event time, late ones too', async () => {
    const hour = (h: number, i: number, result: 'pass' | 'fail'): ReturnType<typeof inspected> =>
      inspected({ name: `${h}-${i}`, result, at: Date.UTC(2026, 0, 5, h, i) })
    const m = await run({ subgroup: 'hour' }, [
      hour(6, 1, 'pass'),
      hour(6, 2, 'fail'),
      hour(7, 1, 'pass'),
      hour(8, 1, 'pass'),
      hour(7, 2, 'fail'),
      hour(5, 1, 'fail'),
    ])
    const c = await chart(m)
    expect(c.points.map((p) => [p.label, p.n, p.value])).toEqual([
      ['2026-01-05T05:00:00.000Z', 1, 1],
      ['2026-01-05T06:00:00.000Z', 2, 0.5],
      ['2026-01-05T07:00:00.000Z', 2, 0.5],
    ])
    expect(c.open).toMatchObject({ n: 1, fail: 0 })
    await m.close()
  })

  it('withdraws alert and action when reviews show that the point was in control', async () => {
    const counts = [...Array.from({ length: 20 }, (_, i) => (i % 2) + 1), 10]
    const events = subgroups(counts, 10)
    const cleared = Array.from({ length: 8 }, (_, i) => reviewed(`a-pcb-21-${i + 1}`, 'fail', 'pass'))
    const before = await run({ subgroup: 10, baseline: 20 }, events)
    expect(outOf(await chart(before))).toEqual(['21'])
    await before.close()
    const m = await run({ subgroup: 10, baseline: 20 }, [...events, ...cleared])
    expect(outOf(await chart(m))).toEqual([])
    expect(m.host.status('lean').activeAlerts).toBe(0)
    const { actions } = (await m.call('GET', '/api/m/lean/actions')).body as { actions: { state: string }[] }
    expect(actions.map((a) => a.state)).toEqual(['superseded'])
    expect(m.emitted.map((e) => e.type)).toEqual([
      'mod.lean.chart.out-of-control.v1',
      'action.proposed.v1',
      'action.superseded.v1',
    ])
    await m.close()
  })
})

describe('a point whose parts a person cannot judge', () => {
  it('is no point, and takes its alert and action with it', async () => {
    const events = subgroups([...Array.from({ length: 20 }, (_, i) => (i < 5 ? 1 : 0)), 10], 10)
    const unsure = Array.from({ length: 10 }, (_, i) => reviewed(`a-pcb-21-${i + 1}`, 'fail', 'inconclusive'))
    const m = await run({ subgroup: 10, baseline: 20 }, [...events, ...unsure])
    expect((await chart(m)).points.length).toBe(20)
    expect(m.host.status('lean')).toMatchObject({ activeAlerts: 0, openActions: 0 })
    await m.close()
  })

  it('takes limits back that it leaves without a full baseline', async () => {
    const events = subgroups([...Array.from({ length: 20 }, () => 1), 10], 10)
    const before = await run({ subgroup: 10, baseline: 21 }, events)
    expect(before.host.status('lean')).toMatchObject({ activeAlerts: 1, openActions: 1 })
    await before.close()
    const unsure = Array.from({ length: 10 }, (_, i) => reviewed(`a-pcb-21-${i + 1}`, 'fail', 'inconclusive'))
    const m = await run({ subgroup: 10, baseline: 21 }, [...events, ...unsure])
    expect((await chart(m)).needs).toMatchObject({ have: 20, need: 21 })
    expect(m.host.status('lean')).toMatchObject({ activeAlerts: 0, openActions: 0 })
    await m.close()
  })
})

describe('phase I refuses to guess', () => {
  const samples = (ks: number[], n: number): { seq: number; k: number; n: number }[] =>
    ks.map((k, i) => ({ seq: i + 1, k, n }))

  it('says how many subgroups there are and how many it needs', async () => {
    const m = await run({ subgroup: 10, baseline: 25 }, subgroups(Array<number>(7).fill(1), 10))
    const c = await chart(m)
    expect(c).toMatchObject({ status: 'insufficient-data', centre: null, needs: { have: 7, need: 25 } })
    expect(c.needs?.text.en).toBe('Limits need 25 subgroups (of 10 parts); there are 7')
    expect(c.points.every((p) => p.ucl === null && p.out === null)).toBe(true)
    await m.close()
  })

  it('needs five nonconforming parts, and takes a longer baseline to find them', async () => {
    const few = samples([1, 1, ...Array<number>(18).fill(0)], 50)
    expect(phaseOne({ stream: 's', baseline: 20, samples: few })).toEqual({
      state: 'insufficient',
      stream: 's',
      reason: 'nonconforming',
      have: 2,
      need: 5,
    })
    const more = samples([1, 1, ...Array<number>(35).fill(0), 1, 1, 1], 50)
    expect(phaseOne({ stream: 's', baseline: 20, samples: more })).toMatchObject({
      state: 'set',
      used: 40,
      centre: 5 / 2_000,
    })
    const m = await run({ subgroup: 10, baseline: 20 }, subgroups([1, 1, ...Array<number>(18).fill(0)], 10))
    expect((await chart(m)).needs?.text.en).toBe(
      'The in-control subgroups of the baseline hold only 2 nonconforming parts; 5 are needed to know the fraction',
    )
    await m.close()
  })

  it('counts the five in the subgroups that the centre line is made of', () => {
    // Montgomery 7.2: limits at 3 sigma of 11 / 1250 for n = 50 end at 0.0485, so 6 and 5 of 50 are left out.
    const base = samples(
      Array.from({ length: 25 }, (_, i) => (i === 3 ? 6 : i === 9 ? 5 : 0)),
      50,
    )
    expect(phaseOne({ stream: 's', baseline: 25, samples: base })).toMatchObject({
      state: 'insufficient',
      reason: 'nonconforming',
      have: 0,
    })
  })

  it('sets no limits on a process that is not stable', () => {
    const wild = samples(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 2 : 40)),
      50,
    )
    expect(phaseOne({ stream: 's', baseline: 20, samples: wild })).toMatchObject({
      state: 'insufficient',
      reason: 'stable-subgroups',
      need: 20,
    })
  })

  it('warns when the subgroup is too small for its fraction', async () => {
    const m = await run(
      { subgroup: 10, baseline: 20 },
      subgroups(
        Array.from({ length: 20 }, (_, i) => i % 2),
        10,
      ),
    )
    const c = await chart(m)
    // centre 0.05, n = 10: UCL 0.257, alarm from 3 on; scipy 1.17.1 binom.sf(2, 10, .05) = 0.011504
    expect(c.falseAlarmPerPoint).toBeCloseTo(0.0115036, 6)
    expect(c.notes[0]?.en).toContain('1.2 % false alarms per point; use 180 parts or more')
    await m.close()
  })
})
