import { expect, it } from 'vitest'
import type { VerdictResult } from '../../contracts/index.ts'
import { prepareLife, ShadowReports } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'

function shadowed() {
  const reports = new ShadowReports(prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'counts'))
  reports.start('s1', { id: 'new@3', sha256: 'c'.repeat(64), models: [] }, 'li')
  let n = 0
  const parts = (
    count: number,
    active: string,
    activeResult: VerdictResult,
    candidateResult: VerdictResult,
  ) => {
    for (let i = 0; i < count; i++)
      reports.add({
        inspectionId: `part-${++n}`,
        station: 's1',
        active,
        at: new Date(n * 1_000).toISOString(),
        activeResult,
        candidateResult,
        candidateMs: activeResult === 'pass' ? 10 : 30,
        reasons: [],
      })
  }
  return { reports, parts }
}

it('a shadow is compared with each recipe in force by itself, the one in force now first', () => {
  const { reports, parts } = shadowed()
  parts(90, 'old@1', 'pass', 'pass')
  parts(10, 'old@1', 'inconclusive', 'pass')
  // A changeover: the shadow lets pass what the new recipe in force fails.
  parts(8, 'next@2', 'fail', 'pass')
  const report = reports.report('s1', 'next@2')
  expect(report).toMatchObject({
    recipe: 'new@3',
    active: 'next@2',
    parts: 8,
    agree: 0,
    matrix: { pass: { pass: 0 }, fail: { pass: 8 } },
    meanMs: 30,
    earlier: [{ active: 'old@1', parts: 100, agree: 90, meanMs: 12 }],
  })
  expect(report?.disagreements.map((d) => d.active)).toEqual(Array<string>(8).fill('next@2'))
  expect(report?.disagreements[0]?.inspectionId).toBe('part-108')
  expect(report?.earlier[0]?.disagreements).toHaveLength(10)
  expect(reports.report('s1', 'next@2', 3)?.earlier[0]?.disagreements).toHaveLength(3)
})

it('it says of a recipe that has just come into force that nothing was compared with it yet', () => {
  const { reports, parts } = shadowed()
  parts(5, 'old@1', 'pass', 'fail')
  expect(reports.report('s1', 'next@2')).toMatchObject({
    active: 'next@2',
    parts: 0,
    agree: 0,
    meanMs: null,
    disagreements: [],
    earlier: [{ active: 'old@1', parts: 5 }],
  })
})

it('it is not compared with itself once it is in force', () => {
  const { reports, parts } = shadowed()
  expect(reports.report('s1', 'new@3')).toMatchObject({ parts: 0, earlier: [] })
  parts(5, 'old@1', 'pass', 'pass')
  parts(5, 'next@2', 'pass', 'pass')
  const report = reports.report('s1', 'new@3')
  expect([report?.active, ...(report?.earlier ?? []).map((e) => e.active)]).toEqual(['next@2', 'old@1'])
  expect(reports.report('s9', 'new@3')).toBeNull()
})
