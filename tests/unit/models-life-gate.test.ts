import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { GateResult, VerdictResult } from '../../contracts/index.ts'
import { clopperPearson, incompleteBeta } from '../../datasets/index.ts'
import {
  decideGate,
  type GateInput,
  type GateJudge,
  gateResultFor,
  gateResults,
  saveGateResult,
} from '../../models/index.ts'

const exact = {
  clopperPearson: (k: number, n: number) => clopperPearson(k, n),
  lowerLimit: (k: number, n: number) => clopperPearson(k, n, 0.9)[0],
  incompleteBeta,
}
const judge = (name: string, results: string, p95Ms = 10): GateJudge => ({
  recipe: { id: `${name}@1`, sha256: name.repeat(64).slice(0, 64), models: [] },
  // p, f and i as results; x = nobody could judge it.
  verdicts: [...results].map((c) => ({
    result:
      ({ p: 'pass', f: 'fail', i: 'inconclusive', x: 'inconclusive' } as Record<string, VerdictResult>)[c] ??
      'fail',
    notJudged: c === 'x' ? 'IMG_DECODE: x' : null,
  })),
  p50Ms: p95Ms / 2,
  p95Ms,
})
/** `truth`: b bad, g good. */
const decide = (truth: string, candidate: string, reference: string, over: Partial<GateInput> = {}) =>
  decideGate(
    {
      items: [...truth].map((c, n) => ({ id: `${n}`, defective: c === 'b' })),
      candidate: judge('a', candidate),
      reference: judge('b', reference),
      taktMs: 50,
      alpha: 0.05,
      zeroTolerance: false,
      allowOverkill: false,
      ...over,
    },
    exact,
  )

describe('activation gate', () => {
  // scipy 1.x: r = scipy.stats.binomtest(k, n, 0.5, alternative='greater'); r.pvalue, r.proportion_ci(0.95, 'exact').low
  it.each([
    [5, 6, 0.109375, 0.4181966, true],
    [9, 10, 0.0107421875, 0.6058367, false],
    [3, 20, 0.9997987747, 0.0421694, true],
  ])('%i new escapes of %i differences: p = %f', (k, n, p, low, accepted) => {
    const truth = `${'b'.repeat(n)}g`
    const candidate = `${'p'.repeat(k) + 'f'.repeat(n - k)}p`
    const reference = `${'f'.repeat(k) + 'p'.repeat(n - k)}p`
    const { escapeTest, ...rest } = decide(truth, candidate, reference)
    expect(escapeTest.p).toBeCloseTo(p, 9)
    expect(escapeTest.shareLow).toBeCloseTo(low, 6)
    expect(rest.accepted).toBe(accepted)
  })

  it('with zero tolerance one bad part passed anew is enough, though the test finds nothing', () => {
    const tolerant = decide('bbbg', 'pffp', 'ffpp')
    expect([tolerant.accepted, tolerant.escapeTest.p]).toEqual([true, 0.75])
    const strict = decide('bbbg', 'pffp', 'ffpp', { zeroTolerance: true })
    expect([strict.refusals, strict.escapeTest.newEscapes]).toEqual([['escape'], ['0']])
  })

  it('never calls a part that was held an escape, but refuses a candidate that judges less', () => {
    expect(decide('bbgg', 'ifpp', 'ffpp').refusals).toEqual([])
    expect(decide('bbgg', 'ffpx', 'ffpp').refusals).toEqual(['not-judged'])
    expect(decide('bbgg', 'ffpx', 'ffxp').refusals).toEqual(['not-judged'])
  })

  it('takes nothing for proven that nobody judged', () => {
    expect(decide('bbgg', 'xxxx', 'xxxx').refusals).toEqual(['no-good-parts', 'not-judged'])
    expect(decide('bbgg', 'xxpp', 'xxpp').refusals).toEqual(['not-judged'])
    expect(decide('bbgg', 'fxpp', 'ffpp').refusals).toEqual(['not-judged'])
    // A bad part that both hold is no escape of either.
    expect(decide('bbgg', 'fxpp', 'fxpp').refusals).toEqual([])
    // A good part that neither judges costs nothing.
    expect(decide('bbgg', 'ffpx', 'ffpx').refusals).toEqual([])
    expect(decide('b', 'f', 'f').refusals).toEqual(['no-good-parts'])
  })

  it('names the parts that the candidate did not judge, and counts for no share what nobody judged', () => {
    const both = decide('bbbgg', 'fxxpx', 'ffxpx')
    expect(both.notJudged).toEqual([
      { id: '1', defective: true, byNobody: false, why: 'IMG_DECODE: x' },
      { id: '2', defective: true, byNobody: true, why: 'IMG_DECODE: x' },
      { id: '4', defective: false, byNobody: true, why: 'IMG_DECODE: x' },
    ])
    // scipy.stats.binomtest(0, 2).proportion_ci(0.95, 'exact').high
    expect(both.candidate.escape).toMatchObject({ k: 0, n: 2 })
    expect(both.candidate.escape.interval[1]).toBeCloseTo(0.8418861, 6)
    expect(both.reference.overkill).toMatchObject({ k: 0, n: 1 })
    expect(both.candidate.inconclusive).toMatchObject({ k: 3, n: 5 })
  })

  it('refuses more overkill by the same test, unless it is asked for', () => {
    const goods = `b${'g'.repeat(10)}`
    const [all, none] = [`f${'f'.repeat(10)}`, `f${'p'.repeat(10)}`]
    const worse = decide(goods, all, none)
    expect(worse.refusals).toEqual(['overkill'])
    // scipy.stats.binomtest(10, 10, 0.5, alternative='greater').pvalue
    expect(worse.overkillTest).toMatchObject({ onlyCandidate: 10, onlyReference: 0, allowed: false })
    expect(worse.overkillTest.p).toBeCloseTo(0.5 ** 10, 12)
    expect(decide(goods, all, none, { allowOverkill: true }).refusals).toEqual([])
    // Held is stopped, too; four of ten are chance at the level of 0.05.
    expect(decide(goods, `f${'i'.repeat(10)}`, none).refusals).toEqual(['overkill'])
    expect(decide(goods, `fffff${'p'.repeat(6)}`, none).refusals).toEqual([])
  })

  it('refuses a set without bad parts, and a p95 beyond the takt', () => {
    expect(decide('ggg', 'ppp', 'ppp').refusals).toEqual(['no-bad-parts'])
    const slow = judge('a', 'fp', 50.1)
    expect(decide('bg', 'fp', 'fp', { candidate: slow }).refusals).toEqual(['speed'])
    expect(decide('bg', 'fp', 'fp', { candidate: { ...slow, p95Ms: 50 } }).refusals).toEqual([])
  })
})

describe('stored gate results', () => {
  const result = (at: string, over: object = {}): Omit<GateResult, 'id'> => ({
    at,
    acceptance: { dir: '/a', format: 'folder', split: null, items: 2, sha256: 'c'.repeat(64) },
    ...decide('bg', 'fp', 'fp'),
    machine: { host: 'h', cpu: 'c', cores: 2 },
    ...over,
  })

  it('are found by the content of both recipes, the newest word last; one edited by hand counts for nothing', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-gates-'))
    const first = await saveGateResult(dir, result('2026-01-01T00:00:00.000Z'))
    const second = await saveGateResult(
      dir,
      result('2026-01-02T00:00:00.000Z', { accepted: false, refusals: ['speed'] }),
    )
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
    expect((await gateResultFor(dir, a, b))?.id).toBe(second.id)
    expect(await gateResultFor(dir, b, a)).toBeNull()
    const file = join(dir, `${second.id}.json`)
    writeFileSync(file, readFileSync(file, 'utf8').replace('"accepted": false', '"accepted": true'))
    expect((await gateResults(dir)).map((r) => r.id)).toEqual([first.id])
    expect(readdirSync(dir)).toHaveLength(2)
  })

  it('are outweighed by no smaller set: what was refused on many parts is not in by few', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-gates-'))
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
    const at = (n: number): string => `2026-01-0${n}T00:00:00.000Z`
    const save = (n: number, judged: ReturnType<typeof decide>) => saveGateResult(dir, result(at(n), judged))
    const refused = await save(1, decide('bbbgg', 'pfppp', 'ffppp', { zeroTolerance: true }))
    expect(refused.accepted).toBe(false)
    await save(2, decide('bg', 'fp', 'fp'))
    expect((await gateResultFor(dir, a, b))?.id).toBe(refused.id)
    // Pictures that nobody can read make no set larger.
    await save(3, decide('bbbbgggg', 'fxxxpxxx', 'fxxxpxxx'))
    expect((await gateResultFor(dir, a, b))?.id).toBe(refused.id)
    const many = await save(3, decide('bbbbgg', 'ffffpp', 'ffffpp'))
    expect((await gateResultFor(dir, a, b))?.id).toBe(many.id)
    await save(4, decide('bg', 'fp', 'fp'))
    expect((await gateResultFor(dir, a, b))?.accepted).toBe(true)
    const last = await save(5, decide('bg', 'pp', 'fp', { zeroTolerance: true }))
    expect((await gateResultFor(dir, a, b))?.id).toBe(last.id)
  })

  it.each([
    ['a set of good parts alone', decide('ggg', 'ppp', 'ppp')],
    ['a set of bad parts alone', decide('bbb', 'fff', 'fff')],
    ['a busy machine', decide('bbgg', 'ffpp', 'ffpp', { candidate: judge('a', 'ffpp', 60) })],
  ])('that refuse for %s are done with by a smaller set that is accepted', async (_, refused) => {
    const dir = mkdtempSync(join(tmpdir(), 'sightline-gates-'))
    const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
    await saveGateResult(dir, result('2026-01-01T00:00:00.000Z', refused))
    expect((await gateResultFor(dir, a, b))?.accepted).toBe(false)
    const later = await saveGateResult(dir, result('2026-01-02T00:00:00.000Z', decide('bg', 'fp', 'fp')))
    expect((await gateResultFor(dir, a, b))?.id).toBe(later.id)
  })
})
