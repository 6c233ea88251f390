import { type Box, CodedError } from '../../contracts/index.ts'
import { addJointScore, correlationAt, cropRotated } from '../kernels/index.ts'
import { withOpenCv } from '../pipeline/opencv.ts'
import type { GoldenTemplate, PartImage } from '../pipeline/part-image.ts'
import { moved, type RigidFit } from './rigid-fit.ts'
import { quadraticPeak } from './sub-pixel.ts'

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
}

/** @throws INS_REGISTER when a patch is too small or has no structure to find */
export function anchorsOf(golden: GoldenTemplate, boxes: readonly Box[]): Anchor[] {
  return boxes.map(([x1, y1, x2, y2], i) => {
    const anchor = { x: (x1 + x2 - 1) / 2, y: (y1 + y2 - 1) / 2, widthPx: x2 - x1, heightPx: y2 - y1 }
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

/**
 * The one shift that suits all anchors best, for parts turned by `angle`. Looking for each anchor alone would lock on
 * to look-alikes of repeating structures.
 *
 * @param slackPx how far anchors may lie from the common shift
 * @returns mean score of the anchors there; `atEdge`: the best place is at the edge of the range
 */
export function commonShift(
  golden: GoldenTemplate,
  image: PartImage,
  anchors: readonly Anchor[],
  angle: number,
  rangePx: number,
  slackPx: number,
): RigidFit & { score: number; atEdge: boolean } {
  const range = Math.ceil(rangePx)
  const size = 2 * range + 1
  const joint = new Float32Array(size * size)
  anchors.forEach((anchor, i) => {
    const search = searchBox(golden, image, anchor, { dx: 0, dy: 0, angle }, range, i)
    const map = scoreMap(image, patchOf(golden, anchor, angle), anchor, search.box)
    const left = search.box[0] - (search.left - range)
    const top = search.box[1] - (search.top - range)
    const scratch = new Float32Array(map.values.length)
    addJointScore(map.values, map.cols, map.rows, slackPx, scratch, left, top, joint, size)
  })
  let best = 0
  for (let i = 1; i < joint.length; i++) if ((joint[i] ?? 0) > (joint[best] ?? 0)) best = i
  const dx = (best % size) - range
  const dy = Math.floor(best / size) - range
  return {
    dx,
    dy,
    angle,
    score: (joint[best] ?? 0) / anchors.length,
    atEdge: Math.max(Math.abs(dx), Math.abs(dy)) >= range,
  }
}

/** Places every anchor sub-pixel, within `rangePx` of where `guess` puts it. */
export function matchAnchors(
  golden: GoldenTemplate,
  image: PartImage,
  anchors: readonly Anchor[],
  guess: RigidFit,
  rangePx: number,
): Match[] {
  return anchors.map((anchor, i) => {
    const patch = patchOf(golden, anchor, guess.angle)
    const { box } = searchBox(golden, image, anchor, guess, rangePx, i)
    const { values, cols, rows } = scoreMap(image, patch, anchor, box)
    let best = 0
    for (let k = 1; k < values.length; k++) if ((values[k] ?? 0) > (values[best] ?? 0)) best = k
    const x = best % cols
    const y = Math.floor(best / cols)
    const inside = x > 0 && y > 0 && x < cols - 1 && y < rows - 1
    const around = [-cols - 1, -cols, -cols + 1, -1, 0, 1, cols - 1, cols, cols + 1]
    const top = inside ? quadraticPeak(around.map((o) => values[best + o] ?? 0)) : { x: 0, y: 0 }
    const { widthPx, heightPx } = anchor
    return {
      x: box[0] + x + top.x + (widthPx - 1) / 2,
      y: box[1] + y + top.y + (heightPx - 1) / 2,
      // OpenCV's own value is noise where the image is flat; this one is exact.
      score: correlationAt(image.grey, image.widthPx, patch, widthPx, heightPx, box[0] + x, box[1] + y),
    }
  })
}

/** Pixels to search, cut to the image; left, top = where the guess puts the patch's top left. */
function searchBox(
  golden: GoldenTemplate,
  image: PartImage,
  anchor: Anchor,
  guess: RigidFit,
  range: number,
  index: number,
): { box: Box; left: number; top: number } {
  const at = moved(guess, anchor, golden)
  const left = Math.round(at.x - (anchor.widthPx - 1) / 2)
  const top = Math.round(at.y - (anchor.heightPx - 1) / 2)
  const box: Box = [
    Math.max(0, left - range),
    Math.max(0, top - range),
    Math.min(image.widthPx, left + range + anchor.widthPx),
    Math.min(image.heightPx, top + range + anchor.heightPx),
  ]
  if (box[2] - box[0] < anchor.widthPx || box[3] - box[1] < anchor.heightPx)
    throw new CodedError('INS_REGISTER', {
      path: `anchors[${index}]`,
      expected: 'an anchor that stays inside the image',
      actual: `one at (${at.x.toFixed(0)}, ${at.y.toFixed(0)})`,
    })
  return { box, left, top }
}

function patchOf(golden: GoldenTemplate, a: Anchor, angle: number): Uint8Array {
  const patch = new Uint8Array(a.widthPx * a.heightPx)
  // The frame shows the part turned by +angle, so the patch is sampled at -angle.
  cropRotated(golden.grey, golden.widthPx, golden.heightPx, a.x, a.y, -angle, a.widthPx, a.heightPx, patch)
  return patch
}

/** Normalised cross-correlation for every place of the patch inside the box. */
function scoreMap(
  image: PartImage,
  patch: Uint8Array,
  anchor: Anchor,
  [x1, y1, x2, y2]: Box,
): { values: Float32Array; cols: number; rows: number } {
  return withOpenCv((cv, keep) => {
    const window = keep(new cv.Mat(y2 - y1, x2 - x1, cv.CV_8UC1))
    for (let y = y1, to = 0; y < y2; y++, to += x2 - x1)
      window.data.set(image.grey.subarray(y * image.widthPx + x1, y * image.widthPx + x2), to)
    const small = keep(new cv.Mat(anchor.heightPx, anchor.widthPx, cv.CV_8UC1))
    small.data.set(patch)
    const scores = keep(new cv.Mat())
    cv.matchTemplate(window, small, scores, cv.TM_CCOEFF_NORMED, keep(new cv.Mat()))
    return { values: Float32Array.from(scores.data32F), cols: scores.cols, rows: scores.rows }
  })
}
