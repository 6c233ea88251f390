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
