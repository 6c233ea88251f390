import { beforeEach, describe, expect, it } from 'vitest'
import { uuidv7, type VerdictReviewed } from '../../contracts/index.ts'
import { type TraceStore } from '../../traceability/index.ts'
import type { TraceQuery } from '../../traceability/query/index.ts'
import {
  context,
  failVerdict,
  gs1Code,
  passVerdict,
  request,
  reviewed,
} from './samples/traceability-requests.ts'
import { storeForEach } from './samples/store-for-each.ts'

let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ store, query } = open))

const table = (ask: Parameters<TraceQuery['causeTable']>[0] = {}) => query.causeTable(ask)
/** Value, parts, bad ones, others, bad ones among them. */
const of = (factor: string, ask: Parameters<TraceQuery['causeTable']>[0] = {}, name?: string) =>
  table(ask)
    .counts.filter((c) => c.factor === factor && c.class === name)
    .map((c) => [c.value, c.n, c.bad, c.restN, c.restBad])

describe('what a person said of a verdict', () => {
  /** Judged so in this order, and what a person said of each, if anything. */
  const PARTS: [verdict: 'pass' | 'fail' | 'grey', said?: Partial<VerdictReviewed>][] = [
    ['fail'],
    ['fail', { after: 'pass' }],
    ['pass', { after: 'fail', labels: [{ classCode: 'pit' }] }],
    ['grey'],
    ['grey', { after: 'fail' }],
    ['grey', { after: 'pass' }],
    ['fail', { after: 'fail', labels: [{ classCode: 'pit' }] }],
    ['fail', { after: 'inconclusive' }],
    ['pass'],
  ]
  let ids: string[] = []
  beforeEach(async () => {
    ids = []
    for (const [i, [verdict, said]] of PARTS.entries()) {
      const codes = [gs1Code(`S${i}`)]
      const asked = request(i + 1, verdict === 'pass' ? passVerdict({ codes }) : failVerdict({ codes }), {
        context: { ...context, lot: i < 5 ? 'A' : 'B' },
      })
      if (verdict === 'grey')
        asked.outcome.verdict = { ...asked.outcome.verdict, result: 'inconclusive', disposition: 'hold' }
      await store.capture(asked)
      ids.push(asked.inspectionId)
      if (said !== undefined) await store.emit(reviewed(asked.inspectionId, said))
    }
  })

  it('counts, and what nobody has decided is left out and said', () => {
    const { n, bad, undecided } = table()
    // Bad: the first, the escape, the grey one found bad, the one of another class.
    expect([n, bad, undecided]).toEqual([7, 4, 2])
    expect(of('lot')).toEqual([
      ['A', 4, 3, 3, 1],
      ['B', 3, 1, 4, 3],
    ])
    expect(of('lot', { class: 'scratch' })).toEqual([
      ['A', 4, 2, 3, 0],
      ['B', 3, 0, 4, 2],
    ])
    expect(of('lot', { class: 'pit' })).toEqual([
      ['A', 4, 1, 3, 1],
      ['B', 3, 1, 4, 1],
    ])
    expect(of('lot', { eachClass: true }, 'pit')).toEqual(of('lot', { class: 'pit' }))
  })

  it('is counted alike before and after a countermeasure', () => {
    const lots = (ask: object) =>
      query
        .causeCounts(ask)
        .filter((c) => c.factor === 'lot')
        .map((c) => [c.value, c.n, c.bad, c.undecided])
    expect(lots({})).toEqual([
      ['A', 4, 3, 1],
      ['B', 3, 1, 1],
    ])
    expect(lots({ class: 'scratch' })).toEqual([
      ['A', 4, 2, 1],
      ['B', 3, 0, 1],
    ])
    expect(lots({ class: 'pit' })).toEqual([
      ['A', 4, 1, 1],
      ['B', 3, 1, 1],
    ])
  })

  it('takes false calls off the picture of places', () => {
    expect(query.defectPlaces({}).view?.points).toHaveLength(5)
    expect(query.defectClasses({})).toEqual([{ class: 'scratch', count: 5 }])
    expect(query.defectPareto()).toEqual([{ class: 'scratch', count: 7 }])
  })

  it('counts the defects of a part once, however often it comes back', async () => {
    const again = request(PARTS.length + 1, failVerdict({ codes: [gs1Code('S0')] }))
    await store.capture(again)
    expect(query.defectClasses({})).toEqual([{ class: 'scratch', count: 5 }])
    expect(query.defectClasses({ from: again.startedAt })).toEqual([])
    expect(query.defectClasses({ to: again.startedAt })).toEqual([{ class: 'scratch', count: 5 }])
    expect(query.defectPareto()).toEqual([{ class: 'scratch', count: 8 }])
  })

  it('counts where the line gave no verdict, too', async () => {
    const late = request(PARTS.length + 1, failVerdict({ codes: [gs1Code('S20')] }), {
      context: { ...context, lot: 'B' },
    })
    late.outcome.verdict = {
      ...late.outcome.verdict,
      result: 'inconclusive',
      disposition: 'hold',
      noVerdict: { reason: 'deadline', code: 'INS_DEADLINE', message: 'late' },
    }
    await store.capture(late)
    expect([table().n, table().bad, table().undecided]).toEqual([7, 4, 2])
    expect([table().unjudged, table().repeated]).toEqual([[{ reason: 'deadline', n: 1 }], 0])
    await store.emit(reviewed(late.inspectionId, { before: 'inconclusive', after: 'fail' }))
    expect([table().n, table().bad, table().undecided]).toEqual([8, 5, 2])
    // Judged again: what a person said first is the first that is known of it.
    const again = request(PARTS.length + 2, passVerdict({ codes: [gs1Code('S20')] }), {
      context: { ...context, lot: 'B' },
    })
    await store.capture(again)
    expect([table().n, table().bad, table().undecided]).toEqual([8, 5, 2])
    expect(of('lot')[1]).toEqual(['B', 4, 2, 4, 3])
    expect([table().unjudged, table().repeated]).toEqual([[], 1])
  })

  it('accounts for every inspection of the time, also beyond the newest that are looked at', async () => {
    const missing = (n: number, reason: 'missed' | 'quality') => {
      const asked = request(n, passVerdict({ codes: [gs1Code(`N${n}`)] }))
      asked.outcome.verdict = {
        ...asked.outcome.verdict,
        result: 'inconclusive',
        disposition: 'hold',
        noVerdict: { reason, code: 'INS_QUALITY', message: 'seen badly' },
      }
      return asked
    }
    await store.capture(missing(20, 'missed'))
    await store.capture(missing(21, 'quality'))
    await store.capture(missing(22, 'quality'))
    // The first of the parts once more, and a good one.
    await store.capture(request(23, passVerdict({ codes: [gs1Code('S0')] })))
    await store.capture(request(24, passVerdict({ codes: [gs1Code('S30')] })))
    const groups = (ask: Parameters<TraceQuery['causeTable']>[0]) => {
      const { n, undecided, unjudged, repeated, olderInspections } = table(ask)
      return [n, undecided, unjudged.map((u) => `${u.reason} ${u.n}`), repeated, olderInspections]
    }
    expect(groups({})).toEqual([8, 2, ['quality 2', 'missed 1'], 1, 0])
    // S30, S8 and the undecided S7; of the 14, S0 to S6 are older.
    expect(groups({ limit: 3 })).toEqual([2, 1, ['quality 2', 'missed 1'], 1, 7])
    expect(groups({ from: '2126-01-01T00:00:00Z' })).toEqual([0, 0, [], 0, 0])
  })

  it('is taken back by another event', async () => {
    await store.emit(reviewed(ids[1] ?? '', { before: 'pass', after: 'fail', retracts: uuidv7() }))
    expect([table().n, table().bad]).toEqual([7, 5])
    expect(of('lot', { class: 'scratch' })[0]).toEqual(['A', 4, 3, 3, 0])
  })
})
