import type { FamilySpec } from '../../contracts/index.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter, DecodeContext } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { bestQualified, finishDetections } from './detections.ts'
import type { Candidates } from './detections.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'detection-objectness' }>

/**
 * Head of YOLOv5 and YOLOv7 with its anchors decoded: [1, anchors, 5 + classes], rows cx, cy, w, h in px of the model
 * input, the sigmoid that something is there, then one sigmoid per class. A class scores the product of the two (YOLOv5
 * `non_max_suppression`), of which the first must reach the threshold, too, as it always does where the product does;
 * with `score: objectness` the first alone (YOLOv7 of one class).
 * Greedy class-wise suppression.
 */
export function detectionObjectness(spec: Spec): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, context) {
      const { found, best } = candidates(spec, raw, context)
      return finishDetections(found, best, { iou: spec.nmsIou, classAware: true, ties: 'given' }, context)
    },
  }
}

function candidates(
  spec: Spec,
  raw: RawOutputs,
  { labels, thresholds }: DecodeContext,
): { found: Candidates; best: number } {
  const { shape, data } = floatsOf(raw, spec.output)
  const width = 5 + labels.length
  if (shape.length !== 3 || shape[0] !== 1 || shape[1] === undefined || shape[2] !== width)
    throw wrongShape(spec.output, `[1, anchors, ${width}]`, shape)
  const found: Candidates = { boxes: [], scores: [], labels: [] }
  let best = 0
  for (let at = 0; at < data.length; at += width) {
    const there = data[at + 4] ?? 0
    // In the precision of the network, as the library multiplies.
    const scoreOf = (label: number): number =>
      spec.score === 'objectness' ? there : Math.fround(there * (data[at + 5 + label] ?? 0))
    const { label, score, best: highest } = bestQualified(scoreOf, thresholds)
    if (highest > best) best = highest
    if (label < 0 || score < spec.scoreFloor) continue
    const [cx = 0, cy = 0, w = 0, h = 0] = data.subarray(at, at + 4)
    found.boxes.push(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    found.scores.push(score)
    found.labels.push(label)
  }
  return { found, best }
}
