import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { QEvent, VerdictResult } from '../../contracts/index.ts'
import { openSql } from '../../traceability/index.ts'
import { MODULES } from '../../scenarios/index.ts'
import { binomialCdf, binomialSf, clopperPearson, pareto, wilson } from '../../scenarios/kernels/index.ts'
import { lean } from '../../scenarios/lean/module.ts'
import { inspected, reviewed, type PartSample } from '../suites/module-samples.ts'
import { runModule } from '../suites/module.suite.ts'

const SEED = 20_261_124
const registry = { modules: MODULES, url: new URL('../../scenarios/registry.ts', import.meta.url) }
const result = fc.constantFrom<VerdictResult>('pass', 'fail', 'inconclusive')
const cls = fc.constantFrom('open', 'short', 'spur')

type Step =
  | { do: 'inspect'; serial: number; result: VerdictResult; classes: string[]; rework: boolean }
  | { do: 'review'; pick: number; after: VerdictResult; labels: string[] }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('inspect' as const),
      serial: fc.nat(15),
      result,
      classes: fc.array(cls, { minLength: 1, maxLength: 3 }),
      rework: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('review' as const),
      pick: fc.nat(40),
      after: result,
      labels: fc.array(cls, { maxLength: 2 }),
    }),
  },
)

/** The same counting, done the slow and obvious way: settle every verdict first, then count. */
function recount(steps: Step[]): {
  events: QEvent[]
  units: number
  pass: number
  fail: number
  held: number
  again: number
  classes: Record<string, number>
} {
  const events: QEvent[] = []
  const parts: (PartSample & { final: VerdictResult; labels: string[] })[] = []
  let round = 0
  for (const s of steps) {
    if (s.do === 'inspect') {
      const p: PartSample = {
        name: `n${parts.length}`,
        serial: `u${s.serial}`,
        result: s.result,
        classes: s.result === 'fail' ? s.classes : [],
        reworkCount: s.rework && s.serial % 5 === 0 ? 1 : 0,
      }
      events.push(inspected(p))
      parts.push({ ...p, final: s.result, labels: p.classes ?? [] })
      continue
    }
    const p = parts[s.pick % Math.max(1, parts.length)]
    if (!p) continue
    round += 1
    events.push(reviewed(p.name, p.final, s.after, { labels: s.labels, round }))
    p.final = s.after
    p.labels = s.labels.length > 0 ? s.labels : (p.classes ?? [])
  }
  const seen = new Set<string>()
  const counts = { units: 0, pass: 0, fail: 0, held: 0, again: 0, classes: {} as Record<string, number> }
  for (const p of parts) {
    const first = (p.reworkCount ?? 0) === 0 && !seen.has(p.serial ?? '')
    seen.add(p.serial ?? '')
    if (!first) {
      counts.again += 1
      continue
    }
    counts.units += 1
    if (p.final === 'pass') counts.pass += 1
    if (p.final === 'inconclusive') counts.held += 1
    if (p.final !== 'fail') continue
    counts.fail += 1
    for (const c of p.labels) counts.classes[c] = (counts.classes[c] ?? 0) + 1
  }
  return { events, ...counts }
}

describe(`lean counts what a recount counts (seed ${SEED})`, () => {
  it('after any mix of inspections, repeats, rework and reviews', { timeout: 60_000 }, async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const want = recount(steps)
      const m = await runModule({ module: lean, registry, openSql, params: { subgroup: 5 } }, want.events)
      try {
        const { items } = (await m.get('/summary')).body as { items: { id: string; value: number | null }[] }
        const value = (id: string): number | null => items.find((i) => i.id === id)?.value ?? null
        expect(value('units')).toBe(want.units)
        expect(value('again')).toBe(want.again)
        expect(value('first-pass-yield')).toBe(want.units > 0 ? want.pass / want.units : null)
        expect(value('nonconforming')).toBe(
          want.pass + want.fail > 0 ? want.fail / (want.pass + want.fail) : null,
        )
        expect(value('inconclusive')).toBe(want.units > 0 ? want.held / want.units : null)
        const { bars } = (await m.get('/pareto')).body as { bars: { label: string; value: number }[] }
        expect(Object.fromEntries(bars.map((b) => [b.label, b.value]))).toEqual(want.classes)
        const { points, open } = (await m.get('/p-chart')).body as {
          points: { n: number; nonconforming: number; inconclusive: number }[]
          open: { n: number; fail: number; inconclusive: number } | null
        }
        const all = [
          ...points.map((p) => ({ n: p.n, fail: p.nonconforming, inconclusive: p.inconclusive })),
          ...(open ? [open] : []),
        ]
        const sum = (k: 'n' | 'fail' | 'inconclusive'): number => all.reduce((t, p) => t + p[k], 0)
        // Subgroups left without a judged part are not points; their inconclusive parts are in the summary.
        expect([sum('n'), sum('fail')]).toEqual([want.pass + want.fail, want.fail])
        expect(sum('inconclusive')).toBeLessThanOrEqual(want.held)
      } finally {
        await m.close()
      }
    })
    await fc.assert(property, { seed: SEED, numRuns: 60 })
  })
})

describe(`kernels (seed ${SEED})`, () => {
  const trial = fc.record({
    n: fc.integer({ min: 1, max: 400 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    p: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  })

  it('binomial tails add up to one', () => {
    fc.assert(
      fc.property(trial, ({ n, share, p }) => {
        const k = Math.floor(share * n)
        expect(binomialCdf(k, n, p) + binomialSf(k + 1, n, p)).toBeCloseTo(1, 10)
      }),
      { seed: SEED },
    )
  })

  it('intervals lie in 0..1 and hold the estimate; the exact one has its tails by definition', () => {
    fc.assert(
      fc.property(trial, ({ n, share }) => {
        const k = Math.floor(share * n)
        for (const i of [wilson(k, n), clopperPearson(k, n)]) {
          expect(i.low).toBeGreaterThanOrEqual(0)
          expect(i.high).toBeLessThanOrEqual(1)
          expect(i.low).toBeLessThanOrEqual(k / n + 1e-12)
          expect(i.high).toBeGreaterThanOrEqual(k / n - 1e-12)
        }
        const { low, high } = clopperPearson(k, n)
        // By definition: at the ends, what was seen has a tail of exactly 2.5 %.
        if (k > 0) expect(binomialSf(k, n, low)).toBeCloseTo(0.025, 8)
        if (k < n) expect(binomialCdf(k, n, high)).toBeCloseTo(0.025, 8)
      }),
      { seed: SEED },
    )
  })

  it('Pareto loses nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.nat(50))), (counts) => {
        const bars = pareto(counts)
        expect(bars.reduce((t, b) => t + b.value, 0)).toBe(counts.reduce((t, [, v]) => t + v, 0))
        if (bars.length > 0) expect(bars.at(-1)?.cumulative).toBe(1)
        for (const [i, b] of bars.entries())
          expect(b.value).toBeLessThanOrEqual(bars[i - 1]?.value ?? Infinity)
      }),
      { seed: SEED },
    )
  })
})
