import { beforeEach, expect, it } from 'vitest'
import { ReviewLooks } from '../../bin/life/review-looks.ts'

let nowMs: number
let looks: ReviewLooks
beforeEach(() => {
  nowMs = 1_000_000
  looks = new ReviewLooks(() => nowMs)
})
const look = (by: string, inspectionId: string) => looks.look(`screen of ${by}`, { inspectionId, by })

it('a part is of the first who came to it, until they go on', () => {
  expect(look('li', 'p1')).toEqual([])
  expect(look('wang', 'p1')).toEqual([{ inspectionId: 'p1', by: 'li' }])
  // Who came first is not told that another looks on.
  expect(look('li', 'p1')).toEqual([])
  expect(look('li', 'p2')).toEqual([])
  expect(look('wang', 'p1')).toEqual([{ inspectionId: 'p2', by: 'li' }])
  expect(look('li', 'p1')).toEqual([{ inspectionId: 'p1', by: 'wang' }])
})

it('what was of a screen that went away is free after 15 s, and not of one that says so again', () => {
  look('li', 'p1')
  nowMs += 14_999
  expect(look('wang', 'p1')).toEqual([{ inspectionId: 'p1', by: 'li' }])
  look('li', 'p1')
  nowMs += 14_999
  expect(look('wang', 'p1')).toEqual([{ inspectionId: 'p1', by: 'li' }])
  nowMs += 1
  expect(look('wang', 'p1')).toEqual([])
})
