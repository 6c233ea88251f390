import { expect, it } from 'vitest'
import { type ScoredPart, type SqlDatabase, uuidv7, watchSchema } from '../../contracts/index.ts'
import { ModelWatch, prepareLife } from '../../models/index.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import { mulberry32 } from '../../scenarios/kernels/index.ts'
import { openSql } from '../../traceability/index.ts'

const stats = { ksTwoSample, populationStability, stabilityLimit }
const HOUR = 3_600_000

/** A score that is compared with its first 100 values every 50 parts, one a second; seed 4. */
function scored() {
  const rng = mulberry32(4)
  const db = openSql(':memory:', { synchronous: 'normal' })
  let position = 0
  let clockMs = Date.UTC(2026, 0, 5, 12)
  let watch = started(db)
  const windows = (n: number, shift: number): void => {
    for (let i = 0; i < 50 * n; i++) {
      position += 1
      clockMs += 1_000
      const part: ScoredPart = {
        kind: 'part',
        position,
        inspectionId: uuidv7(),
        station: 's1',
        serial: '',
        lot: null,
        runType: 'production',
        recipe: 'cap@1',
        recipeSha256: 'a'.repeat(64),
        result: 'pass',
        unjudged: false,
        at: new Date(clockMs).toISOString(),
        image: null,
        scores: { 'anomaly.score': rng.normal() + shift },
        highest: {},
        ran: ['anomaly'],
      }
      watch.take({ items: [part], position }, () => [{ tool: 'anomaly', model: 'cap@1.0.0' }])
    }
  }
  return {
    db,
    windows,
    setBack: () => (clockMs -= HOUR),
    restart: () => (watch = started(db)),
    active: () => watch.alarms.active().length,
    told: () => watch.alarms.pending().map((e) => e.data.active),
  }
}

const started = (db: SqlDatabase): ModelWatch =>
  new ModelWatch(
    prepareLife(db, 'counts'),
    watchSchema.parse({ referenceParts: 100, windowParts: 50 }),
    stats,
  )

it('a drift that began after the clock was set back is told once, and ends', () => {
  const s = scored()
  s.windows(4, 0)
  s.setBack()
  s.windows(1, 3)
  s.restart()
  s.windows(1, 3)
  expect([s.active(), s.told()]).toEqual([1, [true]])
  s.windows(1, 0)
  expect([s.active(), s.told()]).toEqual([0, [true, false]])
})

it('a second drift after the clock was set back is told, too', () => {
  const s = scored()
  s.windows(3, 0)
  s.windows(1, 3)
  s.setBack()
  s.windows(1, 0)
  expect(s.active()).toBe(0)
  s.windows(1, 3)
  expect([s.active(), s.told().filter((active) => active)]).toEqual([1, [true, true]])
})

it('goes on from what a file of an earlier program says of the last window', () => {
  const s = scored()
  s.windows(3, 0)
  s.windows(1, 3)
  s.db.exec('alter table score_series drop column drift')
  s.restart()
  s.windows(1, 3)
  expect([s.active(), s.told()]).toEqual([1, [true]])
  s.windows(1, 0)
  expect(s.active()).toBe(0)
})

it('and so it does behind a time in which an earlier program ran, which keeps only the windows', () => {
  const s = scored()
  s.windows(3, 0)
  s.windows(1, 3)
  const kept = s.db
    .all<{ name: string }>('pragma table_info(score_series)')
    .map((c) => c.name)
    .filter((name) => name !== 'drift')
    .join(', ')
  s.db.exec(`create table earlier as select ${kept} from score_series;
    insert or replace into score_series(${kept}) select ${kept} from earlier`)
  s.restart()
  s.windows(1, 3)
  expect([s.active(), s.told()]).toEqual([1, [true]])
  s.windows(1, 0)
  expect(s.active()).toBe(0)
})
