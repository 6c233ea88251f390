/**
 * Intersection over union of boxes `a` and `b` of an xyxy array; 0 when both are empty.
 */
export function iou(boxes: Float64Array, a: number, b: number): number {
  const i = a * 4
  const j = b * 4
  const w = Math.min(boxes[i + 2]!, boxes[j + 2]!) - Math.max(boxes[i]!, boxes[j]!)
  const h = Math.min(boxes[i + 3]!, boxes[j + 3]!) - Math.max(boxes[i + 1]!, boxes[j + 1]!)
  if (w <= 0 || h <= 0) return 0
  const inter = w * h
  const areaA = (boxes[i + 2]! - boxes[i]!) * (boxes[i + 3]! - boxes[i + 1]!)
  const areaB = (boxes[j + 2]! - boxes[j]!) * (boxes[j + 3]! - boxes[j + 1]!)
  return inter / (areaA + areaB - inter)
}

/**
 * Greedy non-maximum suppression: walks the boxes by falling score and drops each that overlaps a kept one.
 *
 * @param boxes  xyxy px, 4 per candidate; read only
 * @param labels class of each candidate; read only
 * @param order  candidate numbers by falling score; read only
 * @param maxIou a box is dropped when its IoU with a kept one is larger
 * @param classAware only boxes of one class suppress each other
 * @param keep   overwritten with the numbers of the kept candidates, by falling score, until it is full
 * @returns how many were kept
 */
export function nms(
  boxes: Float64Array,
  labels: Int32Array,
  order: Uint32Array,
  maxIou: number,
  classAware: boolean,
  keep: Uint32Array,
): number {
  let kept = 0
  for (let n = 0; n < order.length && kept < keep.length; n++) {
    const candidate = order[n]!
    let free = true
    for (let k = 0; k < kept && free; k++) {
      const other = keep[k]!
      if (classAware && labels[other] !== labels[candidate]) continue
      if (iou(boxes, candidate, other) > maxIou) free = false
    }
    if (free) keep[kept++] = candidate
  }
  return kept
}

/**
 * Soft non-maximum suppression (Bodla et al. 2017), Gaussian: a box that overlaps a kept one is scored lower, by
 * exp(-IoU² / sigma), and dropped when it falls below its least score. A box that is hidden little by a better one stays.
 *
 * @param boxes  xyxy px, 4 per candidate; read only
 * @param labels class of each candidate; read only
 * @param scores of each candidate; those of kept ones are what is left of them afterwards
 * @param least  least score of each candidate; read only
 * @param order  candidate numbers by falling score, for equal scores in the order that counts; read only
 * @param sigma  above 0; larger suppresses less
 * @param classAware only boxes of one class suppress each other
 * @param keep   overwritten with the numbers of the kept candidates, by falling score; at least `order.length` long
 * @returns how many were kept
 */
export function softNms(
  boxes: Float64Array,
  labels: Int32Array,
  scores: Float64Array,
  least: Float64Array,
  order: Uint32Array,
  sigma: number,
  classAware: boolean,
  keep: Uint32Array,
): number {
  const left = Uint32Array.from(order)
  let count = left.length
  let best = 0
  let kept = 0
  while (count > 0) {
    const chosen = left[best]!
    keep[kept++] = chosen
    let next = 0
    let highest = -Infinity
    for (let n = 0; n < count; n++) {
      const other = left[n]!
      if (other === chosen) continue
      const overlap = !classAware || labels[other] === labels[chosen] ? iou(boxes, chosen, other) : 0
      if (overlap > 0) {
        scores[other]! *= Math.exp(-(overlap * overlap) / sigma)
        if (scores[other]! < least[other]!) continue
      }
      // Of equal scores the first one: `left` keeps its order.
      if (scores[other]! > highest) {
        highest = scores[other]!
        best = next
      }
      left[next++] = other
    }
    count = next
  }
  return kept
}
