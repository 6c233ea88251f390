import { expect, it } from 'vitest'
import { compareFindings } from '../../models/import/parity.ts'

const finding = (score: number, box: [number, number, number, number], areaPx: number) => ({
  class: 'dent',
  score,
  box,
  areaPx,
})
const compared = (got: ReturnType<typeof finding>[], want: ReturnType<typeof finding>[]) =>
  compareFindings({ findings: got, scores: {} }, { findings: want, scores: {} })

it('a finding is paired with the one at its place, whatever a mask of few pixels makes of its area', () => {
  const want = [finding(0.8, [0, 0, 40, 40], 2)]
  // The second is one more: beside it, weaker, with the very area.
  const got = [finding(0.8, [0, 0, 40, 40], 6), finding(0.3, [4, 0, 44, 40], 2)]
  expect(compared(got, want)).toMatchObject({ scoreMax: 0, boxMaxPx: 0, missing: 0, unmatched: 1 })
})

it('of two at one place with one score the area tells which is which', () => {
  const two = [finding(0.8, [0, 0, 40, 40], 1_000), finding(0.8, [0, 0, 40, 40], 100)]
  expect(compared(two.toReversed(), two)).toMatchObject({ areaMax: 0, missing: 0, unmatched: 0 })
})
