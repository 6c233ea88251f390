import { extent } from '../metrics/extent.kernel.ts'
import type { FoundBox } from './item.ts'

/** A region from the points of its outline, px; its box is what they span. */
export function outlined(
  name: string,
  points: readonly (readonly [number, number])[],
  place: FoundBox['place'],
): FoundBox {
  const [x1, x2] = extent(points.map(([x]) => x))
  const [y1, y2] = extent(points.map(([, y]) => y))
  return { class: name, box: [x1, y1, x2, y2], polygons: [points.flat()], place }
}
