import { describe, expect, it } from 'vitest'
import { choose, isBestAlready, worthMeasuring } from '../../models/teach/choose.ts'
import type { HeldOut } from '../../models/teach/crossfit.ts'
import { seededRandom } from '../../models/teach/random.ts'

const GRID = { width: 2, height: 2, stridePx: 8 }
const IMAGES = 36
const FOLDS = 3

/** A reference by which damage adds `signal` to maps that are chance otherwise. */
function heldOut(kind: HeldOut['kind'], signal: number, folds = FOLDS): HeldOut {
  const random = seededRandom(signal * 100 + 1)
  const map = (more: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: 4 }, () => random() + more)
  const forms = (more: number) => {
    const evidence = map(more)
    return { distance: evidence, mahalanobis: evidence, evidence }
  }
  const images = Array.from({ length: IMAGES }, (_, i) => i)
  const good = images.map(() => forms(0))
  const damaged = images.map(() => forms(signal))
  return {
    kind,
    groups: images,
    folds: Array.from({ length: folds }, (_, f) => ({
      good,
      out: images.map((i) => i % FOLDS === f),
      damaged: images
        .filter((i) => i % FOLDS === f)
        .map((index) => ({ index, maps: damaged[index] ?? forms(signal) })),
      defects: [],
    })),
  }
}

describe('a reference measured on the first part of the images', () => {
  const usual = heldOut('bank', 0.3)

  it('is left where it is no better there, and goes on where it is', () => {
    const worth = (signal: number): boolean =>
      worthMeasuring(heldOut('position', signal, 1), usual, GRID, null, 0)
    expect(worth(0)).toBe(false)
    expect(worth(2)).toBe(true)
  })

  it('goes on where the part is of few images', () => {
    const few = (h: HeldOut): HeldOut => ({
      ...h,
      folds: h.folds.map((f) => ({ ...f, damaged: f.damaged.slice(0, 9) })),
    })
    expect(worthMeasuring(few(heldOut('position', 0, 1)), few(usual), GRID, null, 0)).toBe(true)
  })

  it('is not measured at all where the default leaves nothing to gain on enough images', () => {
    const best = (h: HeldOut): boolean => isBestAlready(h, GRID, null, 0)
    const few = heldOut('bank', 2)
    expect(best(heldOut('bank', 2))).toBe(true)
    expect(best(usual)).toBe(false)
    expect(best({ ...few, folds: few.folds.map((f) => ({ ...f, damaged: f.damaged.slice(0, 9) })) })).toBe(
      false,
    )
  })

  it('is reported with the images it was measured on, and never chosen', () => {
    const left = [heldOut('position', 2, 1)]
    const { choice, scores } = choose([usual], left, GRID, null, null, 0)
    expect(choice.chosen).toMatchObject({ method: 'bank-evidence', goodImages: IMAGES })
    expect(scores.good).toHaveLength(IMAGES)
    const positions = choice.measured.filter((m) => m.method.startsWith('position'))
    expect(positions.map((m) => [m.goodImages, m.auroc])).toContainEqual([IMAGES / FOLDS, 1])
    expect(choose([usual, heldOut('position', 2)], [], GRID, null, null, 0).choice.chosen.method).toBe(
      'position',
    )
  })
})

it('says that the default could not be fitted, and not that another is better than it', () => {
  const without = (h: HeldOut): HeldOut => ({
    ...h,
    folds: h.folds.map((f) => ({
      ...f,
      good: f.good.map(({ evidence: _left, ...maps }) => maps),
      damaged: f.damaged.map(({ index, maps: { evidence: _left, ...maps } }) => ({ index, maps })),
    })),
  })
  const { chosen, reason } = choose([without(heldOut('bank', 2))], [], GRID, null, null, 0).choice
  expect(chosen.method).toBe('bank')
  expect(reason.en).toMatch(/^the default bank-evidence has too few patches.*best of the others.*: bank/)
  expect(reason.zh).toMatch(/^可供默认方法 bank-evidence 拟合的图块太少.*bank/)
})
