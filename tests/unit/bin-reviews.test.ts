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
    store: { emit: () => Promise.reject(stored) },
  } as unknown as ReviewParts)
  const say = (over: string | null) =>
    reviews.decide({ inspectionId: uuidv7(), verdict: 'pass', by: 'li', reason: '', over })

  it('replaces what was said of it', () => expect(say(review)).rejects.toBe(stored))

  it.each([null, uuidv7()])('is refused where another was seen than was said last (%s)', (over) =>
    expect(say(over)).rejects.toMatchObject({ code: 'TRC_REVIEWED' }),
  )
})
