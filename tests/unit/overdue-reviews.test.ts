import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OverdueReviews } from '../../bin/life/overdue-reviews.ts'
import {
  lineSchema,
  type PartStore,
  type SqlDatabase,
  uuidv7,
  type Verdict,
  watchSchema,
  type WatchSpec,
} from '../../contracts/index.ts'
import { ModelWatch, prepareLife } from '../../models/index.ts'
import { ksTwoSample, populationStability, stabilityLimit } from '../../scenarios/index.ts'
import { openPartStore, openSql } from '../../traceability/index.ts'
import { openTraceQuery, type TraceQuery } from '../../traceability/query/index.ts'
import { context, gs1Code, passVerdict, request } from './samples/traceability-requests.ts'

let dir: string
let store: PartStore
let query: TraceQuery
let counts: SqlDatabase
let watch: ModelWatch
let overdue: OverdueReviews | undefined
let diskAnswers: boolean
beforeEach(async () => {
  diskAnswers = true
  dir = mkdtempSync(join(tmpdir(), 'sightline-overdue-'))
  store = await openPartStore({ dataDir: dir })
  query = openTraceQuery(dir)
  counts = prepareLife(openSql(join(dir, 'counts.db'), { synchronous: 'normal' }), 'counts')
})
afterEach(async () => {
  await overdue?.close()
  counts.close()
  query.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
})

function begin(spec: Partial<WatchSpec>): void {
  const line = lineSchema.parse({
    line: context.line,
    title: { en: 'caps', zh: '瓶盖' },
    plant: context.plant,
    stations: [
      {
        id: context.station,
        recipe: 'cap-top@4',
        budgetMs: 500,
        camera: { adapter: 'replay', path: 'x', rate: 1 },
      },
    ],
    watch: spec,
  })
  watch = new ModelWatch(counts, watchSchema.parse(spec), {
    ksTwoSample,
    populationStability,
    stabilityLimit,
  })
  overdue = new OverdueReviews({
    spec: line,
    watch,
    store,
    part: (id) => Promise.resolve(query.part(id)),
    tell: () => Promise.resolve(),
    diskAnswers: () => Promise.resolve(diskAnswers),
  })
}

const grey = (serial: string): Verdict =>
  passVerdict({
    result: 'inconclusive',
    disposition: 'hold',
    reasons: [{ zh: '灰区', en: 'in the grey zone' }],
    codes: [gs1Code(serial)],
  })

/** Captures a part and lets the watch see it. */
async function judged(trigger: number, verdict: Verdict): Promise<string> {
  const asked = request(trigger, verdict)
  await store.capture(asked)
  watch.take(await query.scoredAfter(watch.position(), 100), () => [])
  return asked.inspectionId
}
const dispositionOf = async (id: string): Promise<string | undefined> =>
  (await query.part(id))?.row.disposition
const waiting = (): string[] => watch.queue.waiting(100, { sample: 'grey' }).map((i) => i.inspectionId)
const alarms = (): string[] => watch.alarms.active().map((a) => a.id)
/** After the time the parts were judged at. */
const later = (minutes: number): Date => new Date(Date.now() + minutes * 60_000)

describe('parts that could not be judged', () => {
  it('are left as they are while the disk stands still, which would keep the thread of the gate waiting', async () => {
    begin({ greyDueMin: 30, greyOverdue: 'scrap' })
    await judged(1, grey('A1'))
    await judged(2, grey('A2'))
    diskAnswers = false
    await overdue?.look(later(60))
    expect(waiting()).toHaveLength(2)
    expect(alarms()).toEqual([])
    diskAnswers = true
    await overdue?.look(later(61))
    expect(waiting()).toEqual([])
  })

  it('wait anew where the clock was set forward, as of a machine that found its time late', async () => {
    begin({ greyDueMin: 30, greyOverdue: 'scrap' })
    const id = await judged(1, grey('A1'))
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(later(600))
      await overdue?.look(new Date())
      expect([waiting(), await dispositionOf(id)]).toEqual([[id], 'hold'])
      await overdue?.look(later(29))
      expect(waiting()).toEqual([id])
      await overdue?.look(later(31))
      expect([waiting(), await dispositionOf(id)]).toEqual([[], 'scrap'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('wait for the line to have run for so long after a start, since the clock may have been set while it stood', async () => {
    begin({ greyDueMin: 30, greyOverdue: 'scrap' })
    const id = await judged(1, grey('A1'))
    await overdue?.close()
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(later(600))
      begin({ greyDueMin: 30, greyOverdue: 'scrap' })
      await overdue?.look(later(29))
      expect([waiting(), alarms(), await dispositionOf(id)]).toEqual([
        [id],
        [`review-overdue/${context.station}`],
        'hold',
      ])
      await overdue?.look(later(31))
      expect([waiting(), alarms(), await dispositionOf(id)]).toEqual([[], [], 'scrap'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('are overdue again where the clock that was set forward by mistake is put right', async () => {
    begin({ greyDueMin: 30 })
    await judged(1, grey('A1'))
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      vi.setSystemTime(later(600_000))
      await overdue?.look(new Date())
    } finally {
      vi.useRealTimers()
    }
    await overdue?.look(new Date())
    expect(alarms()).toEqual([])
    await overdue?.look(later(31))
    expect(alarms()).toEqual([`review-overdue/${context.station}`])
  })

  it('stay on hold with an alarm until somebody reviews them', async () => {
    begin({ greyDueMin: 30 })
    const id = await judged(1, grey('A1'))
    const from = Date.parse(watch.queue.item(id)?.at ?? '')
    await overdue?.look(new Date(from + 29 * 60_000))
    expect(alarms()).toEqual([])
    await overdue?.look(new Date(from + 31 * 60_000))
    await overdue?.look(new Date(from + 60 * 60_000))
    expect(alarms()).toEqual([`review-overdue/${context.station}`])
    expect(watch.alarms.active()[0]).toMatchObject({ code: 'MDL_OVERDUE' })
    expect(watch.alarms.pending()).toHaveLength(1)
    expect(await dispositionOf(id)).toBe('hold')
    watch.queue.review({
      kind: 'review',
      position: 99,
      id: uuidv7(),
      at: later(61).toISOString(),
      inspectionId: id,
      reviewer: 'li',
      before: 'inconclusive',
      after: 'fail',
      reason: '',
      labels: [],
      part: null,
    })
    await overdue?.look(later(62))
    expect(alarms()).toEqual([])
  })

  it('go to rework when the line says so, once, on record and by no person', async () => {
    begin({ greyDueMin: 30, greyOverdue: 'rework' })
    const id = await judged(1, grey('A1'))
    await overdue?.look(later(31))
    await overdue?.look(later(32))
    expect(await dispositionOf(id)).toBe('rework')
    const decision = (await query.part(id))?.row.decision
    expect(decision).toMatchObject({ by: 'sightline', disposition: 'rework' })
    expect(decision?.reason).toContain('30 min')
    expect(waiting()).toEqual([])
    expect(alarms()).toEqual([])
  })

  it('are left alone once a person decided, or the part was judged again', async () => {
    begin({ greyDueMin: 30, greyOverdue: 'scrap' })
    const decided = await judged(1, grey('A1'))
    const again = await judged(2, grey('A2'))
    const newer = await judged(3, passVerdict({ codes: [gs1Code('A2')] }))
    await store.recordFact(
      {
        id: uuidv7(),
        at: new Date().toISOString(),
        by: 'li',
        kind: 'dispose',
        unit: (await query.part(decided))?.row.unit ?? '',
        disposition: 'release',
        inspection: decided,
        reason: 'a reflection',
      },
      { plant: context.plant, line: context.line },
    )
    expect(waiting()).toEqual([decided, again])
    await overdue?.look(later(31))
    expect(await dispositionOf(decided)).toBe('release')
    expect(await dispositionOf(newer)).toBe('release')
    expect(waiting()).toEqual([])
  })

  it('go on waiting when another station passes the unit, and behind many others', async () => {
    begin({ greyDueMin: 30 })
    const first = await judged(1, grey('A1'))
    const elsewhere = request(2, passVerdict({ codes: [gs1Code('A1')] }))
    await store.capture({
      ...elsewhere,
      station: 'st20',
      context: { ...elsewhere.context, station: 'st20' },
    })
    // more than one turn looks at; the last one was decided about
    for (let n = 0; n < 25; n++) await judged(3 + n, grey(`B${n}`))
    const last = await judged(40, grey('C1'))
    await store.recordFact(
      {
        id: uuidv7(),
        at: new Date().toISOString(),
        by: 'li',
        kind: 'dispose',
        unit: (await query.part(last))?.row.unit ?? '',
        disposition: 'scrap',
        inspection: last,
        reason: 'dented',
      },
      { plant: context.plant, line: context.line },
    )
    await overdue?.look(later(31))
    expect(waiting()).toContain(last)
    await overdue?.look(later(32))
    expect(waiting()).not.toContain(last)
    expect(waiting()).toContain(first)
    expect(watch.alarms.active()[0]?.message.en).toContain('A1')
  })
})
