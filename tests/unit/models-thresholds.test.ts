import { expect, it } from 'vitest'
import { lowestFloor } from '../../datasets/evaluate/probe-recipe.ts'
import { checkThresholds } from '../../models/index.ts'
import { toyCard } from '../suites/toy-models.ts'

const kinds = (threshold: number) =>
  toyCard({ toy: { kind: 'classification', gain: [1, 2], bias: [0, 0] }, threshold })
const check =
  (card: ReturnType<typeof toyCard>, threshold: number, thresholds = {}) =>
  () =>
    checkThresholds(card, { threshold, thresholds }, 'tools.m')

it('takes scores of a graph with its softmax inside for probabilities, by the threshold of the card', () => {
  const taught = kinds(0.5)
  const segments = {
    ...taught,
    spec: {
      family: 'segmentation-classes' as const,
      output: 'p',
      activation: 'none' as const,
      background: null,
      minAreaPx: 1,
    },
  }
  for (const card of [taught, segments]) {
    expect(check(card, 5)).toThrow(/CFG_INVALID.*tools\.m\.threshold.*from 0 to 1.*found 5/)
    expect(check(card, 0.5, { 'class-1': 50 })).toThrow(/CFG_INVALID.*thresholds\.class-1.*found 50/)
    expect(check(card, 0.9)).not.toThrow()
  }
  for (const value of [4.5, 0]) for (const own of [5, -0.5]) expect(check(kinds(value), own)).not.toThrow()
})

it('refuses what lies below the floor of a detector, where nothing is looked at', () => {
  const boxes = toyCard({ toy: { kind: 'yolov8', classes: 2, rows: [] } })
  expect(check(boxes, 0.049)).toThrow(/CFG_INVALID.*from 0\.05 to 1.*found 0\.049/)
  expect(check(boxes, 0.05)).not.toThrow()
  expect(check(boxes, 0.5, { 'class-0': 0.01 })).toThrow(/CFG_INVALID.*thresholds\.class-0/)
  // An evaluation that opens thresholds stays above it, too.
  expect(lowestFloor(new Set(['m']), new Map([['m', boxes]]), 0.02)).toBe(0.05)
  expect(lowestFloor(new Set(['m']), new Map([['m', boxes]]), 0.2)).toBe(0.2)
})
