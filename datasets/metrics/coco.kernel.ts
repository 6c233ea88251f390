/** Detections of one class on all images, as `cocoCurves` needs them. */
export interface CocoMatches {
  /** Per detection, in the order of images and falling score inside each. */
  score: Float64Array
  /** Rank of the detection among those of its class on its image, from 0. */
  rank: Int32Array
  /** T × detections: 1 hit, 0 miss, 2 ignored. */
  state: Uint8Array
}

/** IoU thresholds 0.5, 0.55 … 0.95 as numpy.linspace gives them. */
export const COCO_IOUS: readonly number[] = Array.from({ length: 10 }, (_, i) =>
  i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9),
)

/** Recall points 0, 0.01 … 1 as numpy.linspace gives them. */
const RECALLS: readonly number[] = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01))

/**
 * Matches the detections of one class on one image for every IoU threshold (pycocotools, `COCOeval.evaluateImg`):
 * highest score first, the free truth of largest overlap, ignored truths only when no other fits.
 *
 * @param ious      D × G overlaps; truths that count first, ignored ones last
 * @param counting  how many of the G truths count
 * @param crowd     per truth 1 when any number of detections may match it
 * @param outside   per detection 1 when its own area is out of range: ignored unless it hits
 * @param state     T × D of this image, overwritten: 1 hit, 0 miss, 2 ignored
 */
export function matchCoco(
  ious: Float64Array,
  detections: number,
  truths: number,
  counting: number,
  crowd: Uint8Array,
  outside: Uint8Array,
  thresholds: readonly number[],
  taken: Uint8Array,
  state: Uint8Array,
): void {
  for (let t = 0; t < thresholds.length; t++) {
    taken.fill(0, 0, truths)
    for (let d = 0; d < detections; d++) {
      let best = Math.min(thresholds[t]!, 1 - 1e-10)
      let at = -1
      for (let g = 0; g < truths; g++) {
        if (taken[g] === 1 && crowd[g] !== 1) continue
        if (at >= 0 && at < counting && g >= counting) break
        const overlap = ious[d * truths + g]!
        if (overlap < best) continue
        best = overlap
        at = g
      }
      if (at >= 0) taken[at] = 1
      state[t * detections + d] = at >= 0 ? (at < counting ? 1 : 2) : outside[d] === 1 ? 2 : 0
    }
  }
}

/**
 * Average precision at 101 recall points and the final recall, per IoU threshold (pycocotools,
 * `COCOeval.accumulate`).
 *
 * @param positives truths that count, above 0
 * @param most      detections per image and class that are looked at
 */
export function cocoCurves(
  { score, rank, state }: CocoMatches,
  positives: number,
  thresholds: number,
  most: number,
): { ap: Float64Array; recall: Float64Array } {
  const total = score.length
  const order: number[] = []
  for (let d = 0; d < total; d++) if (rank[d]! < most) order.push(d)
  order.sort((a, b) => score[b]! - score[a]! || a - b)
  const ap = new Float64Array(thresholds)
  const recall = new Float64Array(thresholds)
  const precisions = new Float64Array(order.length)
  const recalls = new Float64Array(order.length)
  for (let t = 0; t < thresholds; t++) {
    let hits = 0
    let misses = 0
    order.forEach((d, n) => {
      const s = state[t * total + d]
      if (s === 1) hits++
      else if (s === 0) misses++
      recalls[n] = hits / positives
      precisions[n] = hits / (hits + misses + Number.EPSILON)
    })
    recall[t] = hits / positives
    for (let n = order.length - 1; n > 0; n--)
      if (precisions[n]! > precisions[n - 1]!) precisions[n - 1] = precisions[n]!
    let area = 0
    let n = 0
    for (const r of RECALLS) {
      while (n < order.length && recalls[n]! < r) n++
      if (n < order.length) area += precisions[n]!
    }
    ap[t] = area / RECALLS.length
  }
  return { ap, recall }
}
