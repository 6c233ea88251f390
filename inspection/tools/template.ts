import { CodedError } from '../../contracts/index.ts'
import { bandDifference, maskAtLeast } from '../kernels/index.ts'
import { largestFirst, RegionFinder } from '../pipeline/regions.ts'
import { toolArea } from '../pipeline/roi.ts'
import type { Tool } from './tool.ts'

/**
 * Golden-template comparison on grey levels: how far each pixel lies outside the template's local minimum and maximum
 * within `tolerancePx`, threshold, connected regions. Excluded regions are not looked at. The score is the largest
 * difference in the region, grey levels. `scores`: `count` and `areaPx` of all regions, also of those beyond `maxFindings`.
 */
export const template: Tool<'template@1'> = {
  use: 'template@1',
  prepare(spec, { recipe }) {
    const { widthPx, heightPx } = recipe.view
    const area = toolArea(recipe, spec.roi, spec.exclude)
    const finder = new RegionFinder()
    const difference = new Uint8Array(widthPx * heightPx)
    const mask = new Uint8Array(widthPx * heightPx)
    return {
      id: spec.id,
      use: spec.use,
      run({ image, golden }) {
        if (!golden) throw new CodedError('INS_TOOL', { expected: 'a golden template', actual: 'none' })
        const band = golden.band(spec.tolerancePx)
        bandDifference(image.grey, band.low, band.high, difference)
        maskAtLeast(difference, spec.threshold, area.mask, mask)
        const regions = finder.find(mask, difference, widthPx, spec.minAreaPx)
        return {
          findings: largestFirst(regions, spec.maxFindings).map((r) => ({
            class: spec.class,
            score: r.max,
            box: r.box,
            areaPx: r.areaPx,
          })),
          untold: Math.max(0, regions.length - spec.maxFindings),
          scores: { count: regions.length, areaPx: regions.reduce((sum, r) => sum + r.areaPx, 0) },
        }
      },
    }
  },
}
