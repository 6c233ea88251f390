import { describe, expect, it } from 'vitest'
import { type TraceQuery } from '../../traceability/query/index.ts'
import { failVerdict, passVerdict, request, reviewed } from './samples/traceability-requests.ts'
import type { TraceStore } from '../../traceability/index.ts'
import { storeForEach } from './samples/store-for-each.ts'

let store: TraceStore
let query: TraceQuery
storeForEach((open) => ({ store, query } = open))

describe('judged parts with their scores', () => {
  it('come page by page in the order of the log, with reviews and the parts they are about', async () => {
    const asked = [
      request(1, passVerdict({ scores: { 'pair.image': 0.25 } })),
      request(2, failVerdict()),
      request(3, passVerdict()),
    ]
    for (const r of asked) await store.capture(r)
    const about = asked[0]?.inspectionId ?? ''
    await store.emit(reviewed(about, { before: 'pass' }))
    const seen = []
    let position = 0
    for (;;) {
      const page = await query.scoredAfter(position, 2)
      if (page.position === position) break
      position = page.position
      seen.push(...page.items)
    }
    expect(position).toBe(query.lastPosition())
    expect(seen.map((i) => [i.kind, i.kind === 'part' ? i.result : i.after])).toEqual([
      ['part', 'pass'],
      ['part', 'fail'],
      ['part', 'pass'],
      ['review', 'fail'],
    ])
    expect(seen[0]).toMatchObject({
      inspectionId: about,
      scores: { 'pair.image': 0.25 },
      highest: {},
      unjudged: false,
      runType: 'production',
    })
    expect(seen[1]).toMatchObject({ highest: { pair: 0.93 } })
    // The part was judged pages before its review.
    expect(seen[3]).toMatchObject({ reviewer: 'li', part: { inspectionId: about, result: 'pass' } })
    expect(await query.scoredAfter(position, 2)).toEqual({ items: [], position })
  })

  it('are counted by the models of their recipes', async () => {
    const models = (version: string) => [
      { id: 'pair', version, sha256: version.repeat(64).slice(0, 64), provider: 'cpu' },
    ]
    const by = (recipe: string, version: string) => ({ recipe, models: models(version) })
    await store.capture(request(1, failVerdict(by('top@1', '1'))))
    await store.capture(request(2, passVerdict(by('top@1', '1'))))
    await store.capture(request(3, passVerdict(by('side@4', '1'))))
    await store.capture(request(4, passVerdict(by('top@2', '2'))))
    expect(query.causeCounts({}).filter((c) => c.factor === 'model')).toEqual([
      { factor: 'model', value: 'pair@1', n: 3, bad: 1, undecided: 0 },
      { factor: 'model', value: 'pair@2', n: 1, bad: 0, undecided: 0 },
    ])
    expect(query.causeCounts({ class: 'none' }).filter((c) => c.bad > 0)).toEqual([])
  })
})
