import { type Box, CodedError } from '../../contracts/index.ts'
import { correlationAt, cropRotated } from '../kernels/index.ts'
import { withOpenCv } from '../pipeline/opencv.ts'
import type { GoldenTemplate, PartImage } from '../pipeline/part-image.ts'
import { moved, type RigidFit } from './rigid-fit.ts'

/** A patch of the golden template; x, y = its centre in index coordinates. */
export interface Anchor {
  x: number
  y: number
  widthPx: number
  heightPx: number
}

/** Where an anchor's centre lies in the frame. */
export interface Match {
  x: number
  y: number
  /** Normalised cross-correlation at the best whole pixel, -1..1. */
  score: number
  /** The best place lies on the edge of the search range, not of the image. */
  atEdge: boolean
}

/** @throws INS_REGISTER when a patch is too small or has no structure to find */
export function anchorsOf(golden: GoldenTemplate, boxes: readonly Box[]): Anchor[] {
  return boxes.map(([x1, y1, x2, y2], i) => {
    const anchor = {
      x: (x1 + x2 - 1) / 2,
      y: (y1 + y2 - 1) / 2,
      widthPx: x2 - x1,
      heightPx: y2 - y1,
    }
    const patch = patchOf(golden, anchor, 0)
    if (Math.min(anchor.widthPx, anchor.heightPx) < 4 || patch.every((v) => v === patch[0]))
      throw new CodedError('INS_REGISTER', {
        path: `anchors[${i}]`,
        expected: 'a patch of at least 4 × 4 px with structure',
        actual: 'a flat or tiny one',
        hint: 'choose a place with edges in both directions',
      })
    return anchor
  })
}

/** Looks for every anchor around the place where `guess` puts it, up to `rangePx` to each side. */
export function matchAnchors(
  golden: GoldenTemplate,
  image: PartImage,
  anchors: readonly Anchor[],
  guess: RigidFit,
  rangePx: number,
): Match[] {
  const range = Math.ceil(rangePx)
  return anchors.map((anchor, i) => {
    const patch = patchOf(golden, anchor, guess.angle)
    const at = moved(guess, anchor, golden)
    const left = Math.round(at.x - (anchor.widthPx - 1) / 2)
    const top = Math.round(at.y - (anchor.heightPx - 1) / 2)
    const x1 = Math.max(0, left - range)
    const y1 = Math.max(0, top - range)
    const x2 = Math.min(image.widthPx, left + range + anchor.widthPx)
    const y2 = Math.min(image.heightPx, top + range + anchor.heightPx)
    if (x2 - x1 < anchor.widthPx || y2 - y1 < anchor.heightPx)
      throw new CodedError('INS_REGISTER', {
        path: `anchors[${i}]`,
        expected: 'an anchor that stays inside the image',
        actual: `one at (${at.x.toFixed(0)}, ${at.y.toFixed(0)})`,
      })
    const best = correlate(image, patch, anchor, [x1, y1, x2, y2])
    return {
      x: best.x + (anchor.widthPx - 1) / 2,
      y: best.y + (anchor.heightPx - 1) / 2,
      score: correlationAt(
        image.grey,
        image.widthPx,
        patch,
        anchor.widthPx,
        anchor.heightPx,
        best.left,
        best.top,
      ),
      atEdge: Math.abs(best.left - left) >= range || Math.abs(best.top - top) >= range,
    }
  })
}

function patchOf(golden: GoldenTemplate, a: Anchor, angle: number): Uint8Array {
  const patch = new Uint8Array(a.widthPx * a.heightPx)
  // The frame shows the part turned by +angle, so the patch is sampled at -angle.
  cropRotated(golden.grey, golden.widthPx, golden.heightPx, a.x, a.y, -angle, a.widthPx, a.heightPx, patch)
  return patch
}

/** Best place of the patch's top left inside the window, whole and sub-pixel. */
function correlate(
  image: PartImage,
  patch: Uint8Array,
  anchor: Anchor,
  [x1, y1, x2, y2]: Box,
): { left: number; top: number; x: number; y: number } {
  return withOpenCv((cv, keep) => {
    const window = keep(new cv.Mat(y2 - y1, x2 - x1, cv.CV_8UC1))
    for (let y = y1, to = 0; y < y2; y++, to += x2 - x1)
      window.data.set(image.grey.subarray(y * image.widthPx + x1, y * image.widthPx + x2), to)
    const small = keep(new cv.Mat(anchor.heightPx, anchor.widthPx, cv.CV_8UC1))
    small.data.set(patch)
    const scores = keep(new cv.Mat())
    cv.matchTemplate(window, small, scores, cv.TM_CCOEFF_NORMED, keep(new cv.Mat()))
    const values = scores.data32F
    const width = scores.cols
    let best = 0
    for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i
    const bx = best % width
    const by = Math.floor(best / width)
    const at = (x: number, y: number): number | undefined =>
      x < 0 || x >= width ? undefined : values[y * width + x]
    const centre = values[best] ?? 0
    return {
      left: x1 + bx,
      top: y1 + by,
      x: x1 + bx + peak(at(bx - 1, by), centre, at(bx + 1, by)),
      y: y1 + by + peak(at(bx, by - 1), centre, at(bx, by + 1)),
    }
  })
}

/** Offset of the parabola's top from the middle sample, -0.5..0.5; 0 at the border. */
function peak(before: number | undefined, middle: number, after: number | undefined): number {
  if (before === undefined || after === undefined) return 0
  const bend = before - 2 * middle + after
  return bend >= 0 ? 0 : Math.max(-0.5, Math.min(0.5, (before - after) / (2 * bend)))
}
