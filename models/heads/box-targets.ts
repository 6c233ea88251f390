import type { SegmentSize } from './patch-describer.ts'
import { boundsOf } from './region-labels.ts'
import type { Picture } from './pictures.ts'

/**
 * Share of a box, about its middle, whose patches speak for it; those nearer to its border see too little of the other
 * side (Tian et al. 2019, "FCOS", centre sampling).
 */
const MIDDLE = 0.6
/** Least distance from the middle of a patch to a side, px: a box narrower than a patch may pass beside it. */
const LEAST_PX = 0.5

/** A labelled box; px of the working size. */
export interface LabelledBox {
  /** 0 = first class. */
  class: number
  box: readonly [number, number, number, number]
}

/** What the patches of an image should say. */
export interface BoxTargets {
  /** Per patch: class of the box it speaks for; -1 = background; -2 = in a box, but too near to its border: says nothing. */
  classes: Int16Array
  /** [patches][left, top, right, bottom], px; only of patches that speak for a box. */
  distances: Float32Array
}

/** Labelled boxes of a picture at working size. */
export function boxesOf(
  { regions, source }: Picture,
  classes: readonly string[],
  { widthPx, heightPx }: SegmentSize,
): LabelledBox[] {
  const [x, y] = [widthPx / source.widthPx, heightPx / source.heightPx]
  return regions.map((region) => {
    const [x1, y1, x2, y2] = boundsOf(region, source)
    return { class: classes.indexOf(region.class), box: [x1 * x, y1 * y, x2 * x, y2 * y] }
  })
}

/** Where the middles of two boxes meet, the smaller box is spoken for. */
export function boxTargets(boxes: readonly LabelledBox[], { grid, stridePx }: SegmentSize): BoxTargets {
  const cells = grid.width * grid.height
  const classes = new Int16Array(cells).fill(-1)
  const distances = new Float32Array(cells * 4)
  const area = ({ box: [x1, y1, x2, y2] }: LabelledBox): number => (x2 - x1) * (y2 - y1)
  // A middle narrower than a patch still has one.
  const half = (side: number): number => Math.max((side * MIDDLE) / 2, stridePx / 2 + 1e-3)
  for (const labelled of boxes.toSorted((a, b) => area(b) - area(a))) {
    const [x1, y1, x2, y2] = labelled.box
    for (let cell = 0; cell < cells; cell++) {
      const x = ((cell % grid.width) + 0.5) * stridePx
      const y = (Math.floor(cell / grid.width) + 0.5) * stridePx
      const middle =
        Math.abs(x - (x1 + x2) / 2) <= half(x2 - x1) && Math.abs(y - (y1 + y2) / 2) <= half(y2 - y1)
      const near = stridePx / 2
      if (middle) {
        classes[cell] = labelled.class
        distances.set(
          [x - x1, y - y1, x2 - x, y2 - y].map((d) => Math.max(LEAST_PX, d)),
          cell * 4,
        )
      } else if (classes[cell] === -1 && x > x1 - near && x < x2 + near && y > y1 - near && y < y2 + near)
        classes[cell] = -2
    }
  }
  return { classes, distances }
}
