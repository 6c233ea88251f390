import type { SegmentSize } from './patch-describer.ts'

/** Places of a profile; it is twice as long as the box, whose sides lie at a quarter and at three quarters of it. */
export const PLACES = 16
/** Rows across the box that a place of a profile is the mean of. */
const ACROSS = 8

/** Middle of each place from the near side, as a share of the box: -0.47 to 1.47. */
export const placeShares: readonly number[] = Array.from(
  { length: PLACES },
  (_, i) => (2 * (i + 0.5)) / PLACES - 0.5,
)
/** Middles of the rows across, as a share of the box. */
export const acrossShares: readonly number[] = Array.from({ length: ACROSS }, (_, i) => (i + 0.5) / ACROSS)

/** What cells of a map make up the profiles of a box along x and along y: products of `along` and `across`. */
export interface ProfileWeights {
  /** [boxes][PLACES][columns] and [boxes][PLACES][rows] */
  along: { x: Float32Array; y: Float32Array }
  /** What the profile along x is the mean over: [boxes][rows]; along y: [boxes][columns]. */
  across: { x: Float32Array; y: Float32Array }
}

/**
 * Bilinear weights of points in boxes (He et al. 2017, "Mask R-CNN", RoIAlign), which are products of one per column and
 * one per row: pooling is then two matrix products. Beyond the map, a cell counts 0.
 *
 * @param boxes [boxes][x1, y1, x2, y2], px
 */
export function profileWeights(boxes: ArrayLike<number>, { grid, stridePx }: SegmentSize): ProfileWeights {
  const count = boxes.length / 4
  const along = {
    x: new Float32Array(count * PLACES * grid.width),
    y: new Float32Array(count * PLACES * grid.height),
  }
  const across = { x: new Float32Array(count * grid.height), y: new Float32Array(count * grid.width) }
  for (let i = 0; i < count; i++)
    for (const [axis, other, cells] of [
      ['x', 'y', grid.width],
      ['y', 'x', grid.height],
    ] as const) {
      const from = boxes[i * 4 + (axis === 'x' ? 0 : 1)] ?? 0
      const length = (boxes[i * 4 + (axis === 'x' ? 2 : 3)] ?? 0) - from
      const cellAt = (share: number): number => (from + length * share) / stridePx - 0.5
      placeShares.forEach((share, place) =>
        addPoint(along[axis], (i * PLACES + place) * cells, cells, cellAt(share), 1),
      )
      for (const share of acrossShares) addPoint(across[other], i * cells, cells, cellAt(share), 1 / ACROSS)
    }
  return { along, across }
}

function addPoint(out: Float32Array, first: number, cells: number, at: number, weight: number): void {
  const low = Math.floor(at)
  for (const cell of [low, low + 1])
    if (cell >= 0 && cell < cells)
      out[first + cell] = (out[first + cell] ?? 0) + weight * (1 - Math.abs(at - cell))
}
