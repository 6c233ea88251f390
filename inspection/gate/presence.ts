import type { Recipe } from '../../contracts/index.ts'
import { addMaskedHistogram } from '../kernels/index.ts'
import type { PartImage } from '../pipeline/part-image.ts'
import { toolArea } from '../pipeline/roi.ts'

/** Measures whether a part lies in its place: standard deviation of the grey levels inside the region. */
export function presenceMeter(recipe: Recipe, roi: string): (image: PartImage) => number {
  const mask = toolArea(recipe, roi, []).mask
  const histogram = new Int32Array(256)
  return (image) => {
    histogram.fill(0)
    if (mask) addMaskedHistogram(image.grey, mask, histogram)
    return deviation(histogram)
  }
}

function deviation(histogram: Int32Array): number {
  let n = 0
  let sum = 0
  let squares = 0
  for (let g = 0; g < 256; g++) {
    const c = histogram[g] ?? 0
    n += c
    sum += g * c
    squares += g * g * c
  }
  return n === 0 ? 0 : Math.sqrt(Math.max(0, squares / n - (sum / n) ** 2))
}
