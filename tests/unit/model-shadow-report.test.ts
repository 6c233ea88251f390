import { expect, it } from 'vitest'
import type { VerdictResult } from '../../contracts/index.ts'
import { prepareLife, ShadowReports } from '../../models/index.ts'
import { openSql } from '../../traceability/index.ts'

function shadowed(db = prepareLife(openSql(':memory:', { synchronous: 'normal' }), 'counts')) {
  const reports = new ShadowReports(db)
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
  return { db, reports, parts }
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

it('a report is read from counts, however many parts it is of: the line reads it on the thread of the gate', () => {
  const { db, reports, parts } = shadowed()
  parts(5_000, 'old@1', 'pass', 'pass')
  parts(3, 'old@1', 'fail', 'pass')
  expect(reports.report('s1', 'old@1')).toMatchObject({ parts: 5_003, agree: 5_000, meanMs: 50_090 / 5_003 })
  expect(db.get('select count(*) n from shadow_part')).toEqual({ n: 3 })
  const plan = db
    .all<{ detail: string }>(
      `explain query plan select * from shadow_part where station = 's1' and active = 'old@1'
       order by at desc, inspection_id desc limit 200`,
    )
    .map((r) => r.detail)
  expect(plan).toEqual([expect.stringMatching(/using index shadow_disagreed/i)])
})

it('goes on counting where an earlier release of the program kept every part', () => {
  const old = openSql(':memory:', { synchronous: 'normal' })
  old.exec(`create table shadow(station text primary key, recipe text not null, sha256 text not null,
    since text not null, by text not null, running integer not null) without rowid;
    create table shadow_part(station text not null, inspection_id text not null, active text not null, at text not null,
    active_result text not null, candidate_result text not null, candidate_ms real not null, reasons text not null,
    primary key(station, inspection_id)) without rowid;
    insert into shadow values('s1', 'new@3', '${'c'.repeat(64)}', '2026-01-01T00:00:00Z', 'li', 1);
    insert into shadow_part values('s1', 'x1', 'old@1', '2026-01-01T00:00:01Z', 'pass', 'pass', 10, '[]'),
    ('s1', 'x2', 'old@1', '2026-01-01T00:00:02Z', 'pass', 'pass', 20, '[]'),
    ('s1', 'x3', 'old@1', '2026-01-01T00:00:03Z', 'pass', 'fail', 60, '[]');`)
  const { reports, parts } = shadowed(prepareLife(prepareLife(old, 'counts'), 'counts'))
  expect(reports.report('s1', 'old@1')).toMatchObject({
    parts: 3,
    agree: 2,
    meanMs: 30,
    matrix: { pass: { pass: 2, fail: 1 } },
    disagreements: [{ inspectionId: 'x3' }],
  })
  parts(1, 'old@1', 'pass', 'pass')
  expect(reports.report('s1', 'old@1')).toMatchObject({ parts: 4, agree: 3, meanMs: 25 })
})

it('goes on through a time in which an earlier program ran, which writes every part and counts none', () => {
  const { db, reports, parts } = shadowed()
  parts(3, 'old@1', 'pass', 'pass')
  const said = (id: string, result: VerdictResult): void =>
    void db.run(
      `insert or ignore into shadow_part(inspection_id, station, active, at, active_result, candidate_result,
       candidate_ms, reasons) values(?, 's1', 'old@1', '2026-01-01T00:00:00.000Z', 'pass', ?, 10, '[]')`,
      id,
      result,
    )
  said('earlier-1', 'pass')
  said('earlier-2', 'fail')
  said('earlier-2', 'fail')
  prepareLife(db, 'counts')
  const report = reports.report('s1', 'old@1')
  expect(report).toMatchObject({ parts: 5, agree: 4, meanMs: 10 })
  expect(report?.disagreements.map((d) => d.inspectionId)).toEqual(['earlier-2'])
  // It began another shadow, and knew nothing of counts.
  db.run("delete from shadow_part where station = 's1'")
  db.run(`insert or replace into shadow(station, recipe, sha256, since, by, running)
          values('s1', 'new@4', '${'d'.repeat(64)}', '2026-01-02T00:00:00.000Z', 'li', 0)`)
  expect(reports.report('s1', 'old@1')).toMatchObject({ recipe: 'new@4', parts: 0, earlier: [] })
})
