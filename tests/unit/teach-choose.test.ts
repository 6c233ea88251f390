import { expect, it } from 'vitest'
import { errorOfDifference } from '../../models/teach/choose.ts'

const scores = (good: number[], damaged: number[], defects: number[] = []) => ({ good, damaged, defects })

// By hand: without the good image of score 1 the method finds the damaged one (merit 1), without that of score 0 it
// does not (merit 0); the other method always does. Differences -1 and 0: sqrt(1/2 · (1/4 + 1/4)) = 1/2.
it('knows how far chance moves two methods apart on few good images', () => {
  const sure = scores([0, 0], [9])
  expect(errorOfDifference(scores([0, 1], [0.5]), sure, false)).toBeCloseTo(0.5, 12)
  expect(errorOfDifference(sure, sure, false)).toBe(0)
  // Given defects count instead of damaged copies.
  expect(errorOfDifference(scores([0, 1], [9], [0.5]), scores([0, 0], [9], [9]), true)).toBeCloseTo(0.5, 12)
})
