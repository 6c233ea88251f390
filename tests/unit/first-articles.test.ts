import { describe, expect, it } from 'vitest'
import { FirstArticles } from '../../bin/life/first-articles.ts'
import {
  EVENT_DATA,
  type FirstArticleReviewed,
  firstArticleSchema,
  type LineSpec,
  type PartStore,
  type QEvent,
  type Recipe,
  type VerdictResult,
  type VerdictReviewed,
} from '../../contracts/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import type { Newest } from '../../traceability/index.ts'
import type { PartRow, Questions } from '../../traceability/query/index.ts'

const SHA = 'a'.repeat(64)
const START = '2026-03-02T06:00:00.000Z'
const LATER = '2026-03-02T06:05:00.000Z'

function loaded(firstArticle: object | undefined, version = 1): LoadedRecipe {
  const recipe = { recipe: 'cap', version, firstArticle } as unknown as Recipe
  const parsed = firstArticle && { ...recipe, firstArticle: firstArticleSchema.parse(firstArticle) }
  return { id: `cap@${version}`, sha256: SHA, recipe: parsed ?? recipe, dir: '', file: '', released: false }
}

const row = (inspectionId: string, over: Partial<PartRow> = {}): PartRow =>
  ({
    inspectionId,
    station: 's1',
    serial: `SN-${inspectionId}`,
    recipe: 'cap@1',
    result: 'pass',
    at: LATER,
    position: 20,
    ...over,
  }) as PartRow

/** A board for one station over so many parts, and what it wrote. */
function board(
  recipe: LoadedRecipe,
  rows: PartRow[],
  told: Newest<FirstArticleReviewed> | null = null,
  emit?: (event?: QEvent<FirstArticleReviewed>) => Promise<void>,
  at = START,
) {
  const events: QEvent<FirstArticleReviewed>[] = []
  const active = new Map([['s1', recipe]])
  const articles = new FirstArticles({
    spec: { plant: 'p', line: 'l' } as LineSpec,
    active,
    since: () => ({ n: 2, position: 10, at }),
    newest: () => told,
    store: {
      emit: emit ?? ((event: QEvent<FirstArticleReviewed>) => Promise.resolve(void events.push(event))),
    } as unknown as PartStore,
    questions: {
      part: (id: string) => {
        const found = rows.find((r) => r.inspectionId === id)
        return Promise.resolve(found ? { row: found } : null)
      },
      recentParts: () => Promise.resolve(rows),
    } as unknown as Questions,
  })
  const say = async (inspectionId: string, after: VerdictResult, over: Partial<VerdictReviewed> = {}) => {
    const said = { inspectionId, reviewer: 'li', before: 'pass', after, labels: [], reason: '', ...over }
    await articles.doubted(said as VerdictReviewed)
    await articles.approved(said as VerdictReviewed)
  }
  return { articles, events, active, say, held: () => articles.holds('s1', recipe.recipe)?.en }
}

const none = (good: number, wanted: number): string =>
  `first article of cap@1 not approved: ${good} of ${wanted} passed parts reviewed as good since it came into force`

describe('products of a station whose recipe asks for first articles', () => {
  it('are held until so many that it passed were called good, and the log says by whom', async () => {
    const { articles, events, say, held } = board(
      loaded({ parts: 2 }),
      ['a', 'b', 'c'].map((n) => row(n)),
    )
    expect(held()).toBe(none(0, 2))
    expect(articles.degraded()).toMatchObject([{ id: 'first-article-s1' }])
    await say('a', 'pass')
    // The same word again, as after a lost answer.
    await say('a', 'pass')
    // A person who cannot tell has not approved it.
    await say('b', 'inconclusive')
    expect(held()).toBe(none(1, 2))
    await say('b', 'pass', { reviewer: 'wang' })
    expect(held()).toBeUndefined()
    expect(articles.degraded()).toEqual([])
    // An escape that is found later is no first article.
    await say('c', 'fail')
    expect(held()).toBeUndefined()
    expect(events.map((e) => [e.subject, e.data.inspectionId, e.data.approved])).toEqual([
      ['first-article/s1', 'a', false],
      ['first-article/s1', 'b', true],
    ])
    expect(events.at(-1)?.data.articles).toMatchObject([
      { inspectionId: 'a', serial: 'SN-a', verdict: 'pass', reviewer: 'li' },
      { inspectionId: 'b', verdict: 'pass', reviewer: 'wang' },
    ])
    for (const e of events) EVENT_DATA['qe.firstarticle.reviewed.v1'].parse(e.data)
  })

  it('are held while one that it passed is called bad, and again when an approval is taken back', async () => {
    const { articles, events, say, held } = board(
      loaded({}),
      ['a', 'b'].map((n) => row(n)),
    )
    expect(articles.degraded()[0]?.text.en).toContain('held until somebody has reviewed them')
    await say('a', 'fail')
    await say('b', 'pass')
    expect(articles.degraded()[0]?.text.en).toContain('held until that is taken back or another recipe comes')
    expect(held()).toBe('first article SN-a of cap@1: the station passed it, li says that it is bad')
    await say('a', 'pass', { retracts: 'event of before' })
    expect(held()).toBeUndefined()
    await say('b', 'pass', { retracts: 'event of before' })
    expect(held()).toBe(none(0, 1))
    expect(events.map((e) => e.data.approved)).toEqual([false, false, true, false])
  })

  it.each([
    ['the station failed', row('a', { result: 'fail' })],
    ['the station could not judge', row('a', { result: 'inconclusive' })],
    ['another recipe judged', row('a', { recipe: 'cap@2' })],
    ['were judged before it came into force', row('a', { at: '2026-03-02T05:59:59.999Z' })],
    [
      'were judged when it was in force before, by a clock that was set back since',
      row('a', { position: 9 }),
    ],
    ['another station judged', row('a', { station: 's2' })],
  ])('are not approved by parts that %s', async (_, part) => {
    const { events, say, held } = board(loaded({}), [part])
    await say('a', 'pass')
    await say('unknown', 'pass')
    expect(held()).toBe(none(0, 1))
    expect(events).toEqual([])
  })

  it('need it anew when a recipe comes into force; parts in work go by the one that judged them', async () => {
    const first = loaded({})
    const { articles, active, say, held } = board(first, [row('a')])
    await say('a', 'pass')
    const second = loaded({}, 2)
    active.set('s1', second)
    articles.activated('s1', second)
    expect(articles.holds('s1', second.recipe)?.zh).toBe('cap@2 首件尚未确认:自启用以来已复核合格 0/1 件')
    expect(held()).toBeUndefined()
    articles.activated('s1', first)
    expect(held()).toBe(none(0, 1))
    expect(articles.holds('s1', loaded(undefined).recipe)).toBeNull()
  })

  it.each([
    ['approved', { time: LATER }, undefined],
    ['before the recipe came into force', { time: '2026-03-02T05:00:00.000Z' }, none(0, 1)],
    ['of another recipe', { time: LATER, sha256: 'b'.repeat(64) }, none(0, 1)],
    [
      'called bad',
      { time: LATER, verdict: 'fail' },
      'first article SN-a of cap@1: the station passed it, li says that it is bad',
    ],
  ] as [string, { time: string; sha256?: string; verdict?: VerdictResult }, string | undefined][])(
    'go by what the log has at a start: %s',
    (_, { time, sha256 = SHA, verdict = 'pass' }, says) => {
      const article = { inspectionId: 'a', serial: 'SN-a', verdict, reviewer: 'li', at: time }
      const told = {
        time,
        data: { recipeSha256: sha256, articles: [article] },
      } as QEvent<FirstArticleReviewed>
      const { held } = board(loaded({}), [], { position: 20, event: told })
      expect(held()).toBe(says)
      // Approved when it was in force before; the clock was ahead then.
      expect(board(loaded({}), [], { position: 9, event: told }).held()).toBe(none(0, 1))
    },
  )

  it('are approved, and stay so, by parts behind an activation whose time is still to come, since the clock was set back', async () => {
    const activatedAt = new Date(Date.now() + 3_600_000).toISOString()
    const part = row('a', { at: new Date().toISOString() })
    const { events, say, held, articles } = board(loaded({}), [part], null, undefined, activatedAt)
    expect((await articles.state('s1'))?.waiting).toMatchObject([{ inspectionId: 'a' }])
    await say('a', 'pass')
    expect(held()).toBeUndefined()
    const [event] = events
    if (!event) throw new Error('nothing was told')
    for (const [position, says] of [
      [21, undefined],
      [9, none(0, 1)],
    ] as const)
      expect(board(loaded({}), [], { position, event }, undefined, activatedAt).held()).toBe(says)
  })

  it('go on where the log could not be told, until the next start', async () => {
    const { say, held } = board(loaded({}), [row('a')], null, () => Promise.reject(new Error('disk full')))
    await say('a', 'pass')
    expect(held()).toBeUndefined()
  })

  it('are held before a doubt is on record, and let go only when an approval is', async () => {
    const { articles, events, say, held } = board(loaded({}), [row('a')])
    const word = (after: VerdictResult, over: object = {}) =>
      ({
        inspectionId: 'a',
        reviewer: 'li',
        before: 'pass',
        after,
        labels: [],
        reason: '',
        ...over,
      }) as VerdictReviewed
    await articles.doubted(word('pass'))
    expect([held(), events.length]).toEqual([none(0, 1), 0])
    await articles.approved(word('pass'))
    expect(held()).toBeUndefined()
    await articles.doubted(word('pass', { retracts: 'x' }))
    expect(held()).toBe(none(0, 1))
    await say('a', 'fail')
    // That it is bad is taken back: as long as this is not on record it stands.
    await articles.doubted(word('pass', { retracts: 'y' }))
    expect(held()).toContain('li says that it is bad')
    await articles.approved(word('pass', { retracts: 'y' }))
    expect(held()).toBe(none(0, 1))
  })

  it.each([
    ['called bad', 'fail', {}],
    ['taken back', 'pass', { retracts: 'x' }],
  ] as const)(
    'that were %s on a full disk are held by the log when that is said once more',
    async (_, after, over) => {
      const told: QEvent<FirstArticleReviewed>[] = []
      let full = false
      const emit = (event?: QEvent<FirstArticleReviewed>): Promise<void> => {
        if (full) return Promise.reject(new Error('disk full'))
        if (event) told.push(event)
        return Promise.resolve()
      }
      const { say, held } = board(loaded({}), [row('a')], null, emit)
      await say('a', 'pass')
      full = true
      await expect(say('a', after, over)).rejects.toThrow('disk full')
      full = false
      await say('a', after, over)
      expect(held()).toBeDefined()
      expect(told.map((e) => e.data.approved)).toEqual([true, false])
    },
  )

  it('are named, the first ones, as long as nobody has looked at them', async () => {
    const rows = Array.from({ length: 9 }, (_, n) => row(`${9 - n}`))
    rows.splice(3, 0, row('bad', { result: 'fail' }), row('old', { recipe: 'cap@2' }))
    const { articles, say } = board(loaded({}), rows)
    const waiting = async () => (await articles.state('s1'))?.waiting.map((p) => p.inspectionId)
    expect(await waiting()).toEqual(['1', '2', '3', '4', '5'])
    await say('1', 'fail')
    expect(await waiting()).toEqual(['2', '3', '4', '5', '6'])
    expect(await articles.state('s2')).toBeNull()
    await say('1', 'pass', { reviewer: 'wang' })
    expect(await articles.state('s1')).toMatchObject({
      wanted: null,
      waiting: [],
      articles: [{ reviewer: 'wang' }],
    })
  })
})
