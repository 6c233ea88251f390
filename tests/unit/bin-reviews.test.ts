import { describe, expect, it } from 'vitest'
import { uuidv7 } from '../../contracts/index.ts'
import { type ReviewParts, Reviews } from '../../bin/life/reviews.ts'

describe('a review of a part that the list has forgotten', () => {
  const review = uuidv7()
  const stored = new Error('the store was asked')
  const reviews = new Reviews({
    spec: { line: 'l', plant: 'p' },
    watch: { queue: { item: () => null } },
    part: () => Promise.resolve({ row: { station: 's1', serial: 'A1', result: 'fail' }, review }),
    firstArticles: { doubted: () => Promise.resolve() },
    store: { emit: () => Promise.reject(stored) },
  } as unknown as ReviewParts)
  const say = (over: string | null) =>
    reviews.decide({ inspectionId: uuidv7(), verdict: 'pass', by: 'li', reason: '', over })

  it('replaces what was said of it', () => expect(say(review)).rejects.toBe(stored))

  it.each([null, uuidv7()])('is refused where another was seen than was said last (%s)', (over) =>
    expect(say(over)).rejects.toMatchObject({ code: 'TRC_REVIEWED' }),
  )
})

describe('a review that is sent again because its answer was lost', () => {
  const id = uuidv7()
  const inspectionId = uuidv7()
  /** Whether it is told once more, where this is what is in force of the part. */
  const toldAgain = async (inForce: { reviewId: string | null; verdict: string | null }) => {
    const told: unknown[] = []
    const said = { inspectionId, reviewer: 'li', before: 'pass', after: 'pass', reason: '', labels: [] }
    const item = { inspectionId, ...inForce }
    const reviews = new Reviews({
      follow: { catchUp: () => Promise.resolve() },
      watch: { queue: { item: () => item } },
      reviewSaid: () => Promise.resolve(said),
      firstArticles: {
        doubted: () => Promise.resolve(),
        approved: (again: unknown) => Promise.resolve(void told.push(again)),
      },
    } as unknown as ReviewParts)
    expect(await reviews.decide({ inspectionId, verdict: 'pass', by: 'li', reason: '', id })).toBe(item)
    return told.length === 1
  }

  it('approves its first article, unless somebody took it back or said otherwise since', async () => {
    expect(await toldAgain({ reviewId: id, verdict: 'pass' })).toBe(true)
    expect(await toldAgain({ reviewId: null, verdict: null })).toBe(false)
    expect(await toldAgain({ reviewId: uuidv7(), verdict: 'fail' })).toBe(false)
  })
})

describe('two who review one part while the store is late', () => {
  const inspectionId = uuidv7()
  /** A line whose words wait in the spool until `write` is called. */
  const late = () => {
    const item = { inspectionId, station: 's1', serial: 'A1', result: 'fail', verdict: null, reviewId: null }
    const spool: { id: string; data: { after: string; reviewer: string; retracts?: string } }[] = []
    const log = new Map<string, unknown>()
    let left = 1
    const refuse = (): void => void (left = 0)
    const reviews = new Reviews({
      spec: { line: 'l', plant: 'p' },
      follow: { catchUp: () => Promise.resolve() },
      watch: { queue: { item: () => item } },
      reviewSaid: (id: string) => Promise.resolve(log.get(id) ?? null),
      firstArticles: { doubted: () => Promise.resolve(), approved: () => Promise.resolve() },
      store: {
        emit: (event: (typeof spool)[number]) => Promise.resolve(void spool.push(event)),
        health: () => ({ spooled: left }),
      },
    } as unknown as ReviewParts)
    const write = (): void => {
      for (const { id, data } of spool) {
        log.set(id, data)
        Object.assign(
          item,
          data.retracts === undefined
            ? { verdict: data.after, reviewId: id, reviewer: data.reviewer }
            : { verdict: null, reviewId: null },
        )
      }
    }
    const say = (by: string, verdict: 'pass' | 'fail', id = uuidv7()) =>
      reviews.decide({ inspectionId, verdict, by, reason: '', over: null, id })
    return { reviews, spool, write, refuse, say }
  }

  it('records the word of the first alone, and tells the second of it', async () => {
    const { spool, write, say } = late()
    const first = uuidv7()
    const [li, wang] = await Promise.allSettled([say('li', 'fail', first), say('wang', 'pass')])
    expect(li).toMatchObject({ reason: { code: 'TRC_SPOOLED' } })
    expect(wang).toMatchObject({ reason: { code: 'TRC_REVIEWED' } })
    expect(String((wang as PromiseRejectedResult).reason)).toContain('fail, li')
    expect(spool.map((event) => event.id)).toEqual([first])
    write()
    await expect(say('wang', 'pass')).rejects.toMatchObject({ code: 'TRC_REVIEWED' })
    expect(spool).toHaveLength(1)
  })

  it('lets the second speak where the word of the first was refused by the store', async () => {
    const { spool, refuse, say } = late()
    await expect(say('li', 'fail')).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    refuse()
    await expect(say('wang', 'pass')).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    expect(spool.map(({ data }) => data.reviewer)).toEqual(['li', 'wang'])
  })

  it('takes nothing back a second time, and goes on when that is written', async () => {
    const { reviews, spool, write, say } = late()
    await say('li', 'fail').catch(() => {})
    write()
    const undo = (by: string) => reviews.undo({ inspectionId, by, review: spool[0]?.id })
    await expect(undo('li')).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    await expect(undo('wang')).rejects.toMatchObject({ code: 'TRC_REVIEWED' })
    expect(spool).toHaveLength(2)
    write()
    await expect(say('wang', 'pass')).rejects.toMatchObject({ code: 'TRC_SPOOLED' })
    expect(spool).toHaveLength(3)
  })
})
