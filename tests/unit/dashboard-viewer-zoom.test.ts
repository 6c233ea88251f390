import { describe, expect, it } from 'vitest'
import { fitView, zoomAt } from '../../dashboard/web/part/viewer/view-transform.ts'

describe('zooming the picture of a part', () => {
  it.each([
    ['one pixel', { w: 1, h: 1 }, { w: 685, h: 473 }],
    ['a web of a line-scan camera', { w: 200_000, h: 4_096 }, { w: 356, h: 473 }],
    ['a usual one', { w: 640, h: 480 }, { w: 685, h: 473 }],
  ])(
    'makes %s larger from where it fits when asked for larger, and smaller when for smaller',
    (_, part, canvas) => {
      const fit = fitView(part, canvas)
      expect(zoomAt(fit, 1.3, 100, 100).scale).toBeGreaterThanOrEqual(fit.scale)
      expect(zoomAt(fit, 1 / 1.3, 100, 100).scale).toBeLessThanOrEqual(fit.scale)
      expect(zoomAt(fit, 1, 100, 100)).toEqual(fit)
    },
  )
})
