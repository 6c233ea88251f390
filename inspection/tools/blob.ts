import { addHistogram, addMaskedHistogram, maskAtLeast, maskAtMost, otsuLevel } from '../kernels/index.ts'
import { largestFirst, RegionFinder } from '../pipeline/regions.ts'
import { toolArea } from '../pipeline/roi.ts'
import type { Tool } from './tool.ts'

/**
 * Dark or bright connected regions. A fixed threshold belongs to both polarities (dark: grey ≤ threshold, bright:
 * grey ≥ threshold); Otsu's level is the last dark one. Excluded regions are not looked at. The score is the
 * contrast of the region's mean to the threshold, grey levels. `scores`: `count` and `areaPx` of all regions, also
 * of those beyond `maxFindings`, and the `threshold` used (-1: only one grey level, nothing to separate).
 */
export const blob: Tool<'blob@1'> = {
  use: 'blob@1',
  prepare(spec, { recipe }) {
    const { widthPx, heightPx } = recipe.view
    const area = toolArea(recipe, spec.roi, spec.exclude)
    const finder = new RegionFinder()
    const mask = new Uint8Array(widthPx * heightPx)
    const histogram = new Int32Array(256)
    const dark = spec.polarity === 'dark'
    const otsu = (grey: Uint8Array): number => {
      histogram.fill(0)
      if (area.mask) addMaskedHistogram(grey, area.mask, histogram)
      else addHistogram(grey, 0, grey.length, histogram)
      return otsuLevel(histogram)
    }
    return {
      id: spec.id,
      use: spec.use,
      run({ image }) {
        const grey = image.grey
        const level = spec.threshold === 'otsu' ? otsu(grey) : spec.threshold
        if (level < 0) return { scores: { count: 0, areaPx: 0, threshold: -1 } }
        if (dark) maskAtMost(grey, level, area.mask, mask)
        else maskAtLeast(grey, spec.threshold === 'otsu' ? level + 1 : level, area.mask, mask)
        const regions = finder
          .find(mask, grey, widthPx, spec.minAreaPx)
          .filter((r) => r.areaPx <= (spec.maxAreaPx ?? Infinity))
        return {
          findings: largestFirst(regions, spec.maxFindings).map((r) => ({
            class: spec.class,
            score: dark ? level - r.mean : r.mean - level,
            box: r.box,
            areaPx: r.areaPx,
          })),
          untold: Math.max(0, regions.length - spec.maxFindings),
          scores: {
            count: regions.length,
            areaPx: regions.reduce((sum, r) => sum + r.areaPx, 0),
            threshold: level,
          },
        }
      },
    }
  },
}
