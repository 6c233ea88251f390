import type { ImageQuality } from '../../contracts/index.ts'
import { addHistogram, addSharpness, rgbToGrey, SHARPNESS_NUMBERS } from '../kernels/index.ts'
import type { Pixels } from '../../models/index.ts'

/** Pixels looked at per frame: evenly spaced rows, so that the cost does not grow with the camera. */
const SAMPLE_PX = 65_536

const histogram = new Int32Array(256)
const sharpness = new Float64Array(SHARPNESS_NUMBERS)

/**
 * Focus, brightness and blur of a frame, on evenly spaced whole rows (each with its two neighbours for the
 * derivatives). Colour frames are judged by their luma.
 */
export function measureQuality(image: Pixels): ImageQuality {
  const { widthPx, heightPx } = image
  histogram.fill(0)
  sharpness.fill(0)
  const rows = Math.max(1, Math.min(heightPx, Math.ceil(SAMPLE_PX / widthPx)))
  const luma = image.channels === 1 ? null : new Uint8Array(3 * widthPx)
  for (let i = 0; i < rows; i++) {
    const y = Math.floor(((i + 0.5) * heightPx) / rows)
    const inside = y > 0 && y < heightPx - 1
    let at = y * widthPx
    if (luma) {
      const first = inside ? at - widthPx : at
      rgbToGrey(image.data, first, inside ? 3 * widthPx : widthPx, luma)
      at -= first
    }
    const grey = luma ?? image.data
    addHistogram(grey, at, at + widthPx, histogram)
    if (inside) addSharpness(grey, at, widthPx, sharpness)
  }
  return summary(rows * widthPx)
}

function summary(pixels: number): ImageQuality {
  const [n = 0, sum = 0, squares = 0, ex = 0, ey = 0] = sharpness
  let grey = 0
  for (let g = 0; g < 256; g++) grey += g * (histogram[g] ?? 0)
  // One grey level squared of noise keeps the ratio finite on flat images.
  const [big, small] = ex > ey ? [ex, ey] : [ey, ex]
  return {
    focus: n === 0 ? 0 : squares / n - (sum / n) ** 2,
    meanGrey: grey / pixels,
    glare: (histogram[255] ?? 0) / pixels,
    dark: (histogram[0] ?? 0) / pixels,
    blurAnisotropy: n === 0 ? 1 : (big / n + 1) / (small / n + 1),
  }
}
