import { expect, it } from 'vitest'
import {
  type ReviewedPart,
  type ScoredPart,
  type SqlDatabase,
  uuidv5,
  type VerdictResult,
  watchSchema,
  type WatchSpec,
} from '../../contracts/index.ts'
import { ModelWatch, prepareLife } from '../../models/index.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import { mulberry32 } from '../../scenarios/kernels/index.ts'
import { openSql } from '../../traceability/index.ts'

const stats = { ksTwoSample, populationStability, stabilityLimit }
const NAMES = '7b0d3d2e-5d55-4c0c-9a39-6f4f5ad0c1c7'
const idOf = (n: number): string => uuidv5(NAMES, `part ${n}`)

const part = (n: number, result: VerdictResult): ScoredPart => ({
  kind: 'part',
  position: n,
  inspectionId: idOf(n),
  station: n % 3 === 0 ? 's2' : 's1',
  serial: `SN${n}`,
  lot: null,
  runType: 'production',
  recipe: 'cap@1',
  recipeSha256: 'a'.repeat(64),
  result,
  unjudged: false,
  at: new Date(Date.UTC(2026, 0, 5) + n * 600_000).toISOString(),
  image: 'b'.repeat(64),
  scores: {},
  highest: {},
  ran: [],
})

const review = (position: number, n: number, after: VerdictResult, retracts?: string): ReviewedPart => ({
  kind: 'review',
  position,
  id: uuidv5(NAMES, `review ${position}`),
  at: new Date(Date.UTC(2026, 1, 6) + position).toISOString(),
  inspectionId: idOf(n),
  reviewer: 'li',
  before: 'pass',
  after,
  reason: '',
  labels: [],
  part: null,
  ...(retracts !== undefined && { retracts }),
})

function opened(spec: Partial<WatchSpec> = {}, db = openSql(':memory:', { synchronous: 'normal' })) {
  prepareLife(db, 'counts')
  const watch = new ModelWatch(db, watchSchema.parse(spec), stats)
  const take = (items: (ScoredPart | ReviewedPart)[]): void =>
    watch.take({ items, position: items.at(-1)?.position ?? 0 }, () => [])
  return { db, watch, take }
}

/** All that is kept as a count, from the rows themselves. */
function recounted(db: SqlDatabase) {
  const n = (where: string): number =>
    db.get<{ n: number }>(`select count(*) n from review_item where ${where}`)?.n ?? 0
  const strata = db
    .all<{ station: string; day: string; reviewed: number; escapes: number; undecided: number }>(
      `select station, day, sum(verdict in ('pass', 'fail')) reviewed, sum(verdict = 'fail') escapes,
       sum(verdict = 'inconclusive') undecided from review_item where audit = 1 and verdict is not null group by 1, 2`,
    )
    .map((r) => ({ ...r }))
  return {
    counts: {
      waiting: n('verdict is null and kept = 1'),
      waitingAudit: n('verdict is null and kept = 1 and audit = 1'),
      notKept: n('verdict is null and kept = 0'),
      reviewed: n('verdict is not null'),
    },
    strata,
  }
}

const kept = (db: SqlDatabase) =>
  db
    .all<{ station: string; day: string; reviewed: number; escapes: number; undecided: number }>(
      `select station, day, sum(reviewed) reviewed, sum(escapes) escapes, sum(undecided) undecided from stratum_day
       group by 1, 2 having sum(reviewed) + sum(undecided) > 0`,
    )
    .map((r) => ({ ...r }))

const RESULTS = ['pass', 'fail', 'inconclusive'] as const

it('counts of reviews are those of the rows, whatever is said, taken back, settled or forgotten, seed 23', () => {
  const rng = mulberry32(23)
  const { db, watch, take } = opened({ auditRate: 0.6, backgroundRate: 0.3, maxWaiting: 60 })
  let position = 0
  const told: ReviewedPart[] = []
  for (let round = 0; round < 60; round++) {
    take(Array.from({ length: 8 }, () => part(++position, RESULTS[rng.int(3)] ?? 'pass')))
    for (let i = 0; i < 5; i++) {
      const n = 1 + rng.int(position)
      const last = told.findLast((r) => r.inspectionId === idOf(n))
      const said =
        last !== undefined && rng.next() < 0.3
          ? review(++position, n, 'pass', last.id)
          : review(++position, n, RESULTS[rng.int(3)] ?? 'pass')
      told.push(said)
      take([said])
    }
    watch.queue.settle(idOf(1 + rng.int(position)))
    if (round === 40) watch.queue.prune(new Date(Date.UTC(2027, 1, 10)))
    const truth = recounted(db)
    expect(watch.queue.counts()).toEqual(truth.counts)
    expect(kept(db)).toEqual(truth.strata)
  }
  expect(recounted(db).counts.notKept).toBeGreaterThan(0)
  const sum = (of: 'reviewed' | 'escapes' | 'undecided'): number =>
    watch.queue.strata('').reduce((s, r) => s + r[of], 0)
  expect(sum('escapes')).toBe(recounted(db).strata.reduce((s, r) => s + r.escapes, 0))
  watch.beginAnew()
  expect(watch.queue.counts()).toEqual({ waiting: 0, waitingAudit: 0, notKept: 0, reviewed: 0 })
})

it('counts what a file of an earlier program holds', () => {
  const { db, watch, take } = opened({ auditRate: 1, backgroundRate: 0 })
  take([1, 2, 3, 4, 5].map((n) => part(n, 'pass')))
  take([part(6, 'inconclusive'), review(7, 1, 'fail'), review(8, 2, 'pass'), review(9, 4, 'inconclusive')])
  const [counts, strata] = [watch.queue.counts(), watch.queue.strata('')]
  expect(strata.map((s) => [s.station, s.reviewed, s.escapes, s.undecided])).toEqual([
    ['s1', 2, 1, 1],
    ['s2', 0, 0, 0],
  ])
  for (const trigger of ['review_in', 'review_out', 'review_moved', 'review_said'])
    db.exec(`drop trigger ${trigger}`)
  db.exec('drop table review_count')
  for (const column of ['reviewed', 'escapes', 'undecided'])
    db.exec(`alter table stratum_day drop column ${column}`)
  const again = opened({}, db)
  expect([again.watch.queue.counts(), again.watch.queue.strata('')]).toEqual([counts, strata])
  again.take([review(10, 5, 'fail')])
  expect(again.watch.queue.strata('')[0]).toMatchObject({ reviewed: 3, escapes: 2 })
})

it('a part that is drawn costs no more where held parts wait that nobody looks at', () => {
  // a night with a cap on the lens; counted by the time of the processor, of which others take none
  const cost = (greys: number): number => {
    const { db, take, watch } = opened({ auditRate: 1, maxWaiting: 1_000 })
    db.run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       insert into review_item(inspection_id, position, station, recipe, sha256, serial, result, day, samples, audit, at, kept)
       select 'g' || i, i, 's1', 'cap@1', 'a', 'S', 'inconclusive', '2026-01-05', 'grey', 0, '2026-01-05', 1 from n`,
      greys,
    )
    const before = process.cpuUsage()
    take(Array.from({ length: 300 }, (_, n) => part(100_000 + n, 'pass')))
    watch.queue.counts()
    const { user, system } = process.cpuUsage(before)
    return user + system
  }
  cost(1)
  const least = (greys: number): number => Math.min(...[1, 2, 3].map(() => cost(greys)))
  expect(least(40_000) / least(1)).toBeLessThan(5)
}, 120_000)
