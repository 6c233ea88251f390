import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type LineSpec,
  type QEvent,
  type ReviewedPart,
  type ScoredPart,
  type SqlDatabase,
  type StationHealth,
  uuidv5,
  type VerdictResult,
  watchSchema,
  type WatchSpec,
} from '../../contracts/index.ts'
import { LifeWatch, type LifeWatchParts } from '../../bin/life/log-watch.ts'
import { ModelWatch, prepareLife, watchReport } from '../../models/index.ts'
import { addScore, binOf, binQuantiles, binRange, type ScoreBins } from '../../models/life/score-histogram.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import { mulberry32 } from '../../scenarios/kernels/index.ts'
import { openSql } from '../../traceability/index.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-watch-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const stats = { ksTwoSample, populationStability, stabilityLimit }
const SHA = 'a'.repeat(64)
const NAMES = '7b0d3d2e-5d55-4c0c-9a39-6f4f5ad0c1c7'
const idOf = (n: number): string => uuidv5(NAMES, `part ${n}`)
const tools = () => [{ tool: 'anomaly', model: 'cap@1.0.0' }]

let files = 0
function opened(spec: Partial<WatchSpec> = {}, file = join(dir, `${++files}.sqlite`)) {
  const db = prepareLife(openSql(file, { synchronous: 'normal' }), 'counts')
  const watch = new ModelWatch(db, watchSchema.parse(spec), stats)
  return { db, watch, file }
}

function part(n: number, score: number, result: VerdictResult = 'pass', more: Partial<ScoredPart> = {}) {
  return {
    kind: 'part',
    position: n,
    inspectionId: idOf(n),
    station: 's1',
    serial: `SN${n}`,
    lot: 'L1',
    runType: 'production',
    recipe: 'cap@1',
    recipeSha256: SHA,
    result,
    unjudged: false,
    at: new Date(Date.UTC(2026, 0, 5) + n * 1_000).toISOString(),
    image: null,
    scores: { 'anomaly.score': score },
    highest: {},
    ran: ['anomaly'],
    ...more,
  } satisfies ScoredPart
}

function review(position: number, n: number, after: VerdictResult, retracts?: string): ReviewedPart {
  return {
    kind: 'review',
    position,
    id: uuidv5(NAMES, `review ${position}`),
    at: new Date(Date.UTC(2026, 0, 6) + position).toISOString(),
    inspectionId: idOf(n),
    reviewer: 'li',
    before: 'pass',
    after,
    reason: 'pit',
    labels: [],
    part: null,
    ...(retracts === undefined ? {} : { retracts }),
  }
}

const feed = (watch: ModelWatch, items: (ScoredPart | ReviewedPart)[]): void => {
  for (let at = 0; at < items.length; at += 200) {
    const page = items.slice(at, at + 200)
    watch.take({ items: page, position: page.at(-1)?.position ?? 0 }, tools)
  }
}

const windows = (db: SqlDatabase): number =>
  db.get<{ n: number }>('select count(*) n from score_window')?.n ?? 0

describe('score histogram', () => {
  it('puts every number into the bin that contains it, at most 1/32 octave wide, seed 3', () => {
    const rng = mulberry32(3)
    for (let i = 0; i < 10_000; i++) {
      const score = (rng.next() - 0.5) * 10 ** (rng.int(12) - 6)
      const [low, high] = binRange(binOf(score))
      const as32 = Math.fround(score)
      expect(as32 >= low && as32 <= high).toBe(true)
      expect(high - low).toBeLessThanOrEqual(Math.abs(score) / 31)
    }
    expect(binOf(0)).toBe(0)
    expect(binOf(-0)).toBe(0)
  })

  it('gives quantiles within a bin', () => {
    const bins: ScoreBins = {}
    for (let i = 1; i <= 1_000; i++) addScore(bins, i / 1_000)
    const [q05, q50] = binQuantiles(bins, [0.05, 0.5])
    expect(Math.abs((q05 ?? 0) / 0.05 - 1)).toBeLessThan(0.04)
    expect(Math.abs((q50 ?? 0) / 0.5 - 1)).toBeLessThan(0.04)
    expect(binQuantiles({}, [0.5])).toEqual([null])
  })
})

describe('drift', () => {
  it('alarms at most as often as stated when nothing changes, seed 5', () => {
    // 80 lines of 6 windows at 1 %: 4.8 of 480 are expected; four deviations above are 13.
    const rng = mulberry32(5)
    let [alarms, n] = [0, 0]
    for (let run = 0; run < 80; run++) {
      const { db, watch } = opened({ referenceParts: 100, windowParts: 50, falseAlarm: 0.01 })
      feed(
        watch,
        Array.from({ length: 400 }, (_, i) => part(i + 1, rng.normal())),
      )
      n += windows(db)
      alarms += db.get<{ n: number }>('select count(*) n from score_window where drift = 1')?.n ?? 0
      db.close()
    }
    expect(n).toBe(480)
    expect(alarms).toBeLessThanOrEqual(13)
  }, 60_000)

  it('raises an alarm for a shifted score, tells it once, and ends it when the score is back', () => {
    const rng = mulberry32(9)
    const { db, watch } = opened({ referenceParts: 500, windowParts: 200 })
    const run = (from: number, count: number, shift: number): void =>
      feed(
        watch,
        Array.from({ length: count }, (_, i) => part(from + i, rng.normal() + shift)),
      )
    run(1, 900, 0)
    expect(watch.alarms.active()).toEqual([])
    run(1_000, 400, 0.6)
    expect(watch.alarms.active()).toMatchObject([{ station: 's1', alarm: 'score-drift', code: 'MDL_DRIFT' }])
    expect(watch.alarms.active()[0]?.message.zh).toContain('偏离参考')
    expect(watch.alarms.pending().map((e) => e.data.active)).toEqual([true])
    run(2_000, 200, 0)
    expect(watch.alarms.active()).toEqual([])
    expect(watch.alarms.pending().map((e) => e.data.active)).toEqual([true, false])
    const [series] = watchReport(db, 's1', SHA)
    expect(series).toMatchObject({ series: 'anomaly.score', model: 'cap@1.0.0', window: 0, skipped: 0 })
    expect(series?.windows.map((w) => w.drift)).toEqual([false, false, true, true, false])
    expect(series?.shape?.reference.reduce((a, b) => a + b)).toBeCloseTo(1, 9)
    expect(series?.days.map((d) => d.n)).toEqual([1_500])
  })

  it('takes a new reference when somebody says so, and its alarm ends', () => {
    const rng = mulberry32(2)
    const { watch, db } = opened({ referenceParts: 200, windowParts: 100 })
    feed(
      watch,
      Array.from({ length: 300 }, (_, i) => part(i + 1, rng.normal() + (i < 200 ? 0 : 2))),
    )
    expect(watch.alarms.active()).toHaveLength(1)
    watch.restart('s1', SHA, 'li', '2026-01-06T00:00:00.000Z')
    expect(watch.alarms.active()).toEqual([])
    expect(watchReport(db, 's1', SHA)[0]?.reference).toMatchObject({ n: 0, to: null })
    feed(
      watch,
      Array.from({ length: 300 }, (_, i) => part(i + 400, rng.normal() + 2)),
    )
    expect(watch.alarms.active()).toEqual([])
  })

  it('leaves out no-verdicts, acceptance runs and scores that are no numbers', () => {
    const { watch, db } = opened()
    feed(watch, [
      part(1, 0.1, 'inconclusive', { unjudged: true }),
      part(2, 0.1, 'pass', { runType: 'acceptance' }),
      part(3, NaN),
      part(4, 0.2, 'pass', { scores: {}, highest: { anomaly: 0.7 } }),
    ])
    expect(watchReport(db, 's1', SHA).map((s) => [s.series, s.reference.n, s.skipped])).toEqual([
      ['anomaly', 1, 0],
      ['anomaly.score', 0, 1],
    ])
  })

  it('is the same whether it was stopped in between or not', () => {
    const rng = mulberry32(4)
    const parts = Array.from({ length: 700 }, (_, i) => part(i + 1, rng.normal()))
    const spec = { referenceParts: 100, windowParts: 50, auditRate: 0.1 }
    const whole = opened(spec)
    feed(whole.watch, parts)
    const first = opened(spec)
    feed(first.watch, parts.slice(0, 330))
    // A page that fails leaves nothing behind.
    expect(() =>
      first.watch.take({ items: parts.slice(330, 400), position: 400 }, () => {
        throw new Error('no recipe')
      }),
    ).toThrow('no recipe')
    first.db.close()
    const again = opened(spec, first.file)
    expect(again.watch.position()).toBe(330)
    feed(again.watch, parts.slice(330))
    expect(watchReport(again.db, 's1', SHA)).toEqual(watchReport(whole.db, 's1', SHA))
    expect(again.watch.queue.waiting(1_000)).toEqual(whole.watch.queue.waiting(1_000))
    expect(again.watch.queue.strata('')).toEqual(whole.watch.queue.strata(''))
  })
})

describe('samples and reviews', () => {
  it('draws its share of the passed parts, whatever their order, and never a failed one for the estimate', () => {
    const parts = Array.from({ length: 5_000 }, (_, i) => part(i + 1, 0, i % 5 === 0 ? 'fail' : 'pass'))
    const spec = { auditRate: 0.05, backgroundRate: 0.01, referenceParts: 2_000 }
    const { watch } = opened(spec)
    feed(watch, parts)
    const items = watch.queue.waiting(10_000)
    const audit = items.filter((i) => i.samples.includes('audit'))
    // Binomial, four standard deviations.
    expect(Math.abs(audit.length - 200)).toBeLessThan(4 * Math.sqrt(4_000 * 0.05 * 0.95))
    expect(audit.every((i) => i.result === 'pass')).toBe(true)
    const background = items.filter((i) => i.samples.includes('background'))
    expect(Math.abs(background.length - 50)).toBeLessThan(4 * Math.sqrt(50))
    expect(background.some((i) => i.result === 'fail')).toBe(true)
    const backwards = opened(spec)
    feed(backwards.watch, parts.toReversed())
    const ids = (w: ModelWatch): string[] =>
      w.queue
        .waiting(10_000)
        .map((i) => i.inspectionId)
        .sort()
    expect(ids(backwards.watch)).toEqual(ids(watch))
    const other = opened({ ...spec, seed: 2 })
    feed(other.watch, parts)
    expect(ids(other.watch)).not.toEqual(ids(watch))
  })

  it('limits what passes close to the decision by rate and distance', () => {
    const { watch } = opened({
      referenceParts: 100,
      auditRate: 0,
      auditUnusualRate: 0,
      backgroundRate: 0,
      bandPerHour: 3,
      bandEveryS: 10,
    })
    feed(
      watch,
      Array.from({ length: 300 }, (_, i) => part(i + 1, i < 100 ? i / 100 : 5)),
    )
    expect(watch.queue.waiting(100).map((i) => i.position)).toEqual([101, 111, 121])
    expect(watch.queue.waiting(100).every((i) => i.samples[0] === 'band')).toBe(true)
  })

  it('keeps every part that could not be told, however fast they come and however many wait', () => {
    const { watch } = opened({ auditRate: 1, maxWaiting: 2, bandPerHour: 1 })
    const image = 'e'.repeat(64)
    const grey = Array.from({ length: 40 }, (_, i) => part(i + 1, 0.5, 'inconclusive'))
    const passed = [1, 2, 3].map((n) => part(40 + n, 0))
    feed(watch, [
      ...grey,
      ...passed,
      part(51, 0, 'inconclusive', { unjudged: true, image, scores: {}, ran: [] }),
      part(52, 0, 'inconclusive', { unjudged: true, image: null, scores: {}, ran: [] }),
      part(53, 0, 'inconclusive', { runType: 'challenge' }),
    ])
    const waiting = watch.queue.waiting(100, { sample: 'grey' }).map((i) => i.position)
    expect(waiting).toEqual([...grey.map((g) => g.position), 51])
    // They take no room from the audit sample.
    expect(watch.queue.waiting(100, { sample: 'audit' })).toHaveLength(2)
    expect(watch.queue.counts()).toMatchObject({ waiting: 43, notKept: 1 })
  })

  it('counts what it has no room for', () => {
    const { watch } = opened({ auditRate: 1, maxWaiting: 5 })
    feed(
      watch,
      Array.from({ length: 12 }, (_, i) => part(i + 1, 0)),
    )
    expect(watch.queue.counts()).toMatchObject({ waiting: 5, notKept: 7 })
    expect(watch.queue.strata('')).toMatchObject([{ stratum: 'early', size: 12, sampled: 12, reviewed: 0 }])
  })

  it('raises an alarm for a passed part that is bad, and takes it back with the review', () => {
    const { watch } = opened({ auditRate: 1 })
    feed(watch, [part(1, 0), part(2, 0), part(3, 1, 'fail')])
    const first = review(4, 1, 'fail')
    feed(watch, [first])
    expect(watch.alarms.active()).toMatchObject([{ alarm: 'escape-found', code: 'MDL_ESCAPE' }])
    expect(watch.alarms.active()[0]?.message.en).toBe('SN1 passed by cap@1 is bad: li, pit')
    expect(watch.queue.strata('')).toMatchObject([{ size: 2, reviewed: 1, escapes: 1 }])
    feed(watch, [review(5, 1, 'pass', first.id)])
    expect(watch.alarms.active()).toEqual([])
    expect(watch.queue.waiting(9).map((i) => i.position)).toEqual([1, 2])
    expect(watch.queue.strata('')).toMatchObject([{ reviewed: 0, escapes: 0 }])
    // An older decision that was replaced cannot be taken back any more.
    feed(watch, [review(6, 1, 'inconclusive'), review(7, 1, 'pass', first.id)])
    expect(watch.queue.item(idOf(1))?.verdict).toBe('inconclusive')
    expect(watch.queue.strata('')).toMatchObject([{ reviewed: 0, undecided: 1 }])
    feed(watch, [{ ...review(8, 3, 'pass'), part: part(3, 1, 'fail') }])
    expect(watch.queue.overkill(null, 9).map((i) => i.serial)).toEqual(['SN3'])
    expect(watch.queue.overkill('s2', 9)).toEqual([])
  })

  it('ends an alarm by name', () => {
    const { watch } = opened({ auditRate: 1 })
    feed(watch, [part(1, 0), review(2, 1, 'fail')])
    const id = watch.alarms.active()[0]?.id ?? ''
    expect(watch.acknowledge(id, 'wang', '2026-01-07T00:00:00.000Z')).toBe(true)
    expect(watch.acknowledge(id, 'wang', '2026-01-07T00:00:00.000Z')).toBe(false)
    expect(watch.alarms.pending().map((e) => [e.data.alarm, e.data.active])).toEqual([
      ['escape-found', true],
      ['escape-found', false],
    ])
  })
})

describe('another log in the place of the one that was looked at', () => {
  const events = (ids: readonly number[]): LifeWatchParts['log'] => ({
    read: (after) =>
      ids.map((n, i) => ({ position: i + 1, event: { id: idOf(n) } as QEvent })).slice(after, after + 1),
    end: () => ids.length,
    onAppend: () => () => undefined,
  })
  function following(
    watch: ModelWatch,
    ids: readonly number[],
    reviews: ReviewedPart[] = [],
    diskAnswers = () => Promise.resolve(true),
  ): { follow: LifeWatch; told: string[] } {
    const told: string[] = []
    const items = [...ids.map((n, i) => part(n, 0.1 * n, 'pass', { position: i + 1 })), ...reviews]
    const follow = new LifeWatch({
      spec: { plant: 'p', line: 'l' } as LineSpec,
      watch,
      recipesDir: dir,
      known: new Map(),
      store: { emit: async ({ data }) => void told.push(JSON.stringify((data as StationHealth).active)) },
      scoredAfter: async (after) => ({
        items: items.filter((i) => i.position > after),
        position: ids.length,
      }),
      log: events(ids),
      diskAnswers,
    })
    return { follow, told }
  }
  async function followed(...[watch, ids, reviews]: Parameters<typeof following>): Promise<string[]> {
    const { follow, told } = following(watch, ids, reviews)
    await follow.catchUp()
    await follow.close()
    return told
  }

  it.each([
    ['ends before that', [1, 2, 30]],
    // Put back from an older copy, and grown since.
    ['has grown past it with other events', [1, 2, 30, 40, 50]],
  ])('is looked at anew when it %s, and nothing of before is counted', async (_, now) => {
    const [{ watch, db }, fresh] = [opened(), opened()]
    const counted = ({ db: of }: { db: SqlDatabase }): unknown => of.all('select n, bins from score_day')
    await followed(watch, [1, 2, 3, 4])
    await followed(watch, now)
    await followed(fresh.watch, now)
    expect([watch.position(), counted({ db })]).toEqual([now.length, counted(fresh)])
    db.close()
    fresh.db.close()
  })

  it('is the same one when that event is there, also for a file that did not keep which it was', async () => {
    const { watch, db, file } = opened()
    await followed(watch, [1, 2])
    const begun = db.get('select reference_from from score_series')
    db.exec('alter table watch_cursor drop column event')
    db.close()
    const again = opened({}, file)
    await followed(again.watch, [1, 2, 3])
    expect(again.db.get('select sum(n) as n from score_day')).toEqual({ n: 3 })
    expect(again.db.get('select reference_from from score_series')).toEqual(begun)
    expect(again.watch.lastEvent()).toBe(idOf(3))
    again.db.close()
  })

  it('is not followed while the disk stands still, which would keep the gate waiting', async () => {
    const { watch, db } = opened()
    let answers = false
    const { follow } = following(watch, [1, 2], [], () => Promise.resolve(answers))
    await expect(follow.catchUp()).rejects.toMatchObject({ code: 'TRC_WRITE' })
    expect(watch.position()).toBe(0)
    answers = true
    await follow.catchUp()
    expect(watch.position()).toBe(2)
    await follow.close()
    db.close()
  })

  it('does not bring back an alarm that somebody ended, unless its cause is a new one', async () => {
    const { watch, db } = opened({ auditRate: 1 })
    const found = review(2, 1, 'fail')
    await followed(watch, [1, 2, 3], [found])
    const id = watch.alarms.active()[0]?.id ?? ''
    watch.acknowledge(id, 'wang', '2026-01-07T00:00:00.000Z')
    // Both are told again: where the log has them, it keeps one of each.
    expect(await followed(watch, [1, 2], [found])).toEqual(['true', 'false'])
    expect(watch.alarms.active()).toEqual([])
    await followed(watch, [1, 2, 4], [{ ...found, at: '2026-01-08T00:00:00.000Z' }])
    watch.beginAnew()
    await followed(watch, [1, 2, 4], [{ ...found, at: '2026-01-08T00:00:00.000Z' }])
    expect(watch.alarms.active()).toHaveLength(1)
    db.close()
  })
})
