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
    judged: c !== 'x',
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
    const truth = 'b'.repeat(n)
    const candidate = 'p'.repeat(k) + 'f'.repeat(n - k)
    const reference = 'f'.repeat(k) + 'p'.repeat(n - k)
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
    expect(decide('bbgg', 'xxxx', 'ffpp').refusals).toEqual(['not-judged'])
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
})
