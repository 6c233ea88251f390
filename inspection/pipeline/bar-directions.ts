import { BLOCK_NUMBERS, gradientBlocks } from '../kernels/index.ts'

/** Part of an image in which bars run in one direction. */
export interface Bars {
  /** By which a patch is turned so that they stand upright or lie, radians in [0, pi/2). */
  angle: number
  box: readonly [number, number, number, number]
}

/** Side of the blocks that are looked at, px: some bars wide. */
const BLOCK_PX = 24
/** Squared grey levels per px: print on a label has thousands, sensor noise tens. */
const LEAST_ENERGY = 300
/** Of 1: a block that an edge crosses or bars fill has nearly one direction, texture has several. */
const LEAST_COHERENCE = 0.6
/** Degrees per bin, and how far bins are joined. */
const BIN = 2
const BINS = 90 / BIN
const JOINED = 2
/** Directions that are followed, and the least share of all that one has. */
const MOST = 3
const LEAST_SHARE = 0.12
/** Of a direction belong blocks so near to it, bins. */
const NEAR = 3
/** Around the blocks: what they cut off of the symbol, and its quiet zone. */
const MARGIN_PX = 2 * BLOCK_PX

/**
 * Directions in which bars or edges run, strongest first, and where. A code has one, whatever its symbology; what is
 * turned by a quarter has the same.
 *
 * @param grey HW
 */
export function barDirections(grey: Uint8Array, widthPx: number, box: Bars['box']): Bars[] {
  const heightPx = grey.length / widthPx
  const [x1, y1] = [Math.max(1, box[0]), Math.max(1, box[1])]
  const columns = Math.floor((Math.min(box[2], widthPx - 1) - x1) / BLOCK_PX)
  const rows = Math.floor((Math.min(box[3], heightPx - 1) - y1) / BLOCK_PX)
  if (columns < 1 || rows < 1) return []
  const blocks = new Float64Array(columns * rows * BLOCK_NUMBERS)
  gradientBlocks(grey, widthPx, x1, y1, columns, rows, BLOCK_PX, blocks)
  const bins = new Float64Array(BINS)
  const binOf = Int32Array.from({ length: columns * rows }, (_, i) => {
    const [energy = 0, coherence = 0, direction = 0] = blocks.subarray(i * BLOCK_NUMBERS)
    if (energy < LEAST_ENERGY || coherence < LEAST_COHERENCE) return -1
    const degrees = ((direction * 180) / Math.PI + 180) % 90
    const bin = Math.floor(degrees / BIN) % BINS
    bins[bin] = (bins[bin] ?? 0) + energy
    return bin
  })
  const total = bins.reduce((a, b) => a + b, 0)
  const left = bins.slice()
  const found: Bars[] = []
  while (found.length < MOST) {
    const weights = left.map((_, b) => around(left, b, JOINED))
    const peak = weights.reduce((best, w, b) => (w > (weights[best] ?? 0) ? b : best), 0)
    if (total === 0 || (weights[peak] ?? 0) < LEAST_SHARE * total) break
    const members = [...binOf.keys()].filter(
      (i) => (binOf[i] ?? -1) >= 0 && apart(binOf[i] ?? 0, peak) <= NEAR,
    )
    found.push({ angle: meanAngle(left, peak), box: placeOf(members, columns, [x1, y1], box) })
    for (let b = 0; b < BINS; b++) if (apart(b, peak) <= 2 * NEAR) left[b] = 0
  }
  return found
}

const apart = (a: number, b: number): number => Math.min((a - b + BINS) % BINS, (b - a + BINS) % BINS)

const around = (bins: Float64Array, at: number, reach: number): number => {
  let sum = 0
  for (let d = -reach; d <= reach; d++) sum += bins[(at + d + BINS) % BINS] ?? 0
  return sum
}

function meanAngle(bins: Float64Array, peak: number): number {
  let [sum, weight] = [0, 0]
  for (let d = -JOINED; d <= JOINED; d++) {
    const w = bins[(peak + d + BINS) % BINS] ?? 0
    sum += w * d
    weight += w
  }
  const degrees = (peak + 0.5 + sum / weight) * BIN
  return (((degrees + 90) % 90) * Math.PI) / 180
}

function placeOf(
  members: readonly number[],
  columns: number,
  [x1, y1]: readonly [number, number],
  box: Bars['box'],
): Bars['box'] {
  const xs = members.map((i) => x1 + (i % columns) * BLOCK_PX)
  const ys = members.map((i) => y1 + Math.floor(i / columns) * BLOCK_PX)
  const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b))
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b))
  return [
    Math.max(box[0], least(xs) - MARGIN_PX),
    Math.max(box[1], least(ys) - MARGIN_PX),
    Math.min(box[2], most(xs) + BLOCK_PX + MARGIN_PX),
    Math.min(box[3], most(ys) + BLOCK_PX + MARGIN_PX),
  ]
}
