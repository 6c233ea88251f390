import type { FamilySpec } from '../../contracts/index.ts'
import type { Adapter, DecodeContext } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { finishDetections } from './detections.ts'
import type { Candidates } from './detections.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * Head of YOLOv8 and v11: [1, 4 + classes, anchors], rows cx, cy, w, h in px of the model input, then one
 * sigmoid score per class (Ultralytics `Detect`). Greedy class-wise suppression, as `non_max_suppression` there.
 *
 * An anchor stands for the best of the classes that reach their own threshold, not for its best class: a class
 * with a low threshold is not hidden by another one below a high threshold.
 */
export function detectionYolov8(spec: Extract<FamilySpec, { family: 'detection-yolov8' }>): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, context) {
      const { shape, data } = floatsOf(raw, spec.output)
      const rows = 4 + context.labels.length
      if (shape.length !== 3 || shape[0] !== 1 || shape[1] !== rows || shape[2] === undefined)
        throw wrongShape(spec.output, `[1, ${rows}, anchors]`, shape)
      const { found, best } = yoloCandidates(data, shape[2], spec.scoreFloor, context)
      return finishDetections(found, best, { iou: spec.nmsIou, classAware: true, ties: 'given' }, context)
    },
  }
}

/**
 * Anchors that reach the threshold of a class.
 *
 * @param head rows of `anchors` numbers: cx, cy, w, h, then one score per class; further rows are not looked at
 * @returns `anchor`: the anchor of each candidate; `best`: the highest score of the image
 */
export function yoloCandidates(
  head: Float32Array,
  anchors: number,
  floor: number,
  context: DecodeContext,
): { found: Candidates; anchor: number[]; best: number } {
  const found: Candidates = { boxes: [], scores: [], labels: [] }
  const anchor: number[] = []
  const { label, score, best } = bestQualified(head, anchors, context.thresholds, floor)
  for (let a = 0; a < anchors; a++) {
    const chosen = label[a] ?? -1
    if (chosen < 0) continue
    const [cx = 0, cy = 0, w = 0, h = 0] = [0, 1, 2, 3].map((row) => head[row * anchors + a])
    found.boxes.push(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    found.scores.push(score[a] ?? 0)
    found.labels.push(chosen)
    anchor.push(a)
  }
  return { found, anchor, best }
}

/** Per anchor the label and score of its best class at or above threshold and floor; label -1 = none. */
function bestQualified(
  head: Float32Array,
  anchors: number,
  thresholds: readonly number[],
  floor: number,
): { label: Int32Array; score: Float32Array; best: number } {
  const label = new Int32Array(anchors).fill(-1)
  const score = new Float32Array(anchors)
  let best = 0
  thresholds.forEach((threshold, c) => {
    const lowest = Math.max(threshold, floor)
    const row = head.subarray((4 + c) * anchors, (5 + c) * anchors)
    for (let a = 0; a < anchors; a++) {
      const v = row[a] ?? 0
      if (v > best) best = v
      if (v < lowest || (label[a] !== -1 && v <= (score[a] ?? 0))) continue
      label[a] = c
      score[a] = v
    }
  })
  return { label, score, best }
}
