import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec } from '../../contracts/index.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, tensorOf, wrongShape } from './adapter.ts'
import { finishDetections } from './detections.ts'
import type { Candidates } from './detections.ts'
import { rowSetDifference } from './row-set.ts'
import type { Rows } from './row-set.ts'

type Spec = Extract<FamilySpec, { family: 'detection-decoded' }>

/**
 * Detectors that decode inside the graph: boxes [1, k, 4] xyxy px of the model input, scores [1, k], labels
 * int64 [1, k]. Rows below the score floor are filling and are not looked at.
 */
export function detectionDecoded(spec: Spec): Adapter {
  return {
    outputs: { [spec.boxes]: 'float32', [spec.scores]: 'float32', [spec.labels]: 'int64' },
    difference: (want, got, tolerance) =>
      rowSetDifference(
        `${spec.boxes}, ${spec.scores}, ${spec.labels}`,
        spec.scoreFloor,
        readRows(spec, want),
        readRows(spec, got),
        tolerance,
      ),
    decode(raw, context) {
      const rows = readRows(spec, raw)
      const found: Candidates = { boxes: [], scores: [], labels: [] }
      let best = 0
      rows.scores.forEach((score, k) => {
        if (score > best) best = score
        if (score < spec.scoreFloor) return
        const label = Number(rows.labels[k])
        const threshold = context.thresholds[label]
        if (threshold === undefined)
          throw new CodedError('MDL_OUTPUT', {
            path: `${spec.labels}[0, ${k}]`,
            expected: `a label from 0 to ${context.labels.length - 1}`,
            actual: String(label),
          })
        if (score < threshold) return
        found.boxes.push(...rows.boxes.subarray(k * 4, k * 4 + 4))
        found.scores.push(score)
        found.labels.push(label)
      })
      return finishDetections(found, best, spec.nms && { ...spec.nms, ties: 'place' }, context)
    },
  }
}

function readRows(spec: Spec, raw: RawOutputs): Rows {
  const scores = floatsOf(raw, spec.scores)
  const count = scores.shape[1]
  if (scores.shape.length !== 2 || scores.shape[0] !== 1 || count === undefined)
    throw wrongShape(spec.scores, '[1, k]', scores.shape)
  const boxes = floatsOf(raw, spec.boxes)
  if (boxes.shape.join() !== `1,${count},4`) throw wrongShape(spec.boxes, `[1, ${count}, 4]`, boxes.shape)
  const labels = tensorOf(raw, spec.labels)
  if (!(labels.data instanceof BigInt64Array))
    throw new CodedError('MDL_OUTPUT', { path: spec.labels, expected: 'int64', actual: labels.type })
  if (labels.shape.join() !== `1,${count}`) throw wrongShape(spec.labels, `[1, ${count}]`, labels.shape)
  return { count, boxes: boxes.data, scores: scores.data, labels: labels.data }
}
