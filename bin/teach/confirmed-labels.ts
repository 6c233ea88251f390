import type { Box, Registration } from '../../contracts/index.ts'
import type { ConfirmedPart } from '../../traceability/query/index.ts'

/** A defect that a person confirmed; px of the frame as it is stored. */
export interface ConfirmedBox {
  class: string
  box: Box
}

/** What is known of a part by a person's word. */
export interface ConfirmedLabel {
  /** Of the whole image; null for a good part, undefined where nobody said what is bad. */
  class: string | null | undefined
  /** Null: the person confirmed that it is bad, and nothing says where. */
  boxes: ConfirmedBox[] | null
}

/**
 * What a review says about the defects of a part. Boxes that the reviewer drew are the whole truth. A part found bad
 * without a further word confirms what the line marked; a class that the reviewer named confirms the marks of this class
 * where there are no others, and names the only mark.
 */
export function confirmedLabel({ row, review }: ConfirmedPart): ConfirmedLabel {
  if (review.after === 'pass') return { class: null, boxes: [] }
  const named = review.labels[0]?.classCode
  const marks = row.defects.toSorted((a, b) => b.score - a.score)
  return { class: named ?? marks[0]?.class, boxes: boxesOf({ row, review }) }
}

function boxesOf({ row, review: { labels } }: ConfirmedPart): ConfirmedBox[] | null {
  const size = row.image
  if (size === null) return null
  const drawn = labels.flatMap(({ classCode, bbox }) => (bbox ? [{ class: classCode, box: bbox }] : []))
  const classes = new Set(labels.map((l) => l.classCode))
  const [only = null] = labels.length === 1 && row.defects.length === 1 ? labels : []
  let boxes: ConfirmedBox[] = row.defects
  if (drawn.length > 0) {
    // One without a place could lie anywhere.
    if (drawn.length < labels.length) return null
    boxes = drawn
  } else if (only !== null) boxes = row.defects.map(({ box }) => ({ class: only.classCode, box }))
  else if (classes.size > 0 && !row.defects.every((d) => classes.has(d.class))) return null
  const placed = boxes.flatMap(({ class: name, box }) => {
    const at = clipped(inFrame(box, row.registration, size), size)
    return at === null ? [] : [{ class: name, box: at }]
  })
  return placed.length === 0 || placed.length < boxes.length ? null : placed
}

interface Size {
  widthPx: number
  heightPx: number
}

/** Part frame → frame, as contracts `Registration` says: the upright box around the turned one. */
export function inFrame(box: Box, r: Registration | null, { widthPx, heightPx }: Size): Box {
  if (r === null) return box
  const [x1, y1, x2, y2] = box
  const [cx, cy] = [widthPx / 2, heightPx / 2]
  const [cos, sin] = [Math.cos(r.angleRad), Math.sin(r.angleRad)]
  const corners = [
    [x1, y1],
    [x2, y1],
    [x2, y2],
    [x1, y2],
  ].map(([x = 0, y = 0]): [number, number] => [
    cx + cos * (x - cx) - sin * (y - cy) + r.dxPx,
    cy + sin * (x - cx) + cos * (y - cy) + r.dyPx,
  ])
  const xs = corners.map(([x]) => x)
  const ys = corners.map(([, y]) => y)
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]
}

function clipped([x1, y1, x2, y2]: Box, { widthPx, heightPx }: Size): Box | null {
  const box: Box = [Math.max(0, x1), Math.max(0, y1), Math.min(widthPx, x2), Math.min(heightPx, y2)]
  return box[2] - box[0] > 0 && box[3] - box[1] > 0 ? box : null
}
