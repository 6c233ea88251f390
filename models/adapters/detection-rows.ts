import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec } from '../../contracts/index.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { bestQualified, finishDetections } from './detections.ts'
import type { Candidates, Chosen } from './detections.ts'
import { rowSetDifference } from './row-set.ts'
import type { Rows } from './row-set.ts'

type Spec = Extract<FamilySpec, { family: 'detection-rows' }>

/**
 * Detectors that need no suppression: RT-DETR (Ultralytics `RTDETRPredictor`: centre and size as fractions of the
 * input, which is stretched), YOLOv10 and YOLO26 (corners in px). A row with one score per class stands for the best
 * of the classes that reach their own threshold.
 */
export function detectionRows(spec: Spec): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: (want, got, tolerance) =>
      rowSetDifference(
        spec.output,
        spec.scoreFloor,
        comparable(spec, want),
        comparable(spec, got),
        tolerance,
      ),
    decode(raw, context) {
      const { data, count, width } = readRows(spec, raw)
      if (spec.classes === 'scores' && width !== 4 + context.labels.length)
        throw wrongShape(spec.output, `[1, k, ${4 + context.labels.length}]`, [1, count, width])
      const { model } = context.geometry
      const found: Candidates = { boxes: [], scores: [], labels: [] }
      let best = 0
      for (let k = 0; k < count; k++) {
        const row = data.subarray(k * width, (k + 1) * width)
        const [a = 0, b = 0, c = 0, d = 0] = row
        const chosen =
          spec.classes === 'index'
            ? indexed(spec, row, k, context.thresholds)
            : bestQualified((label) => row[4 + label] ?? 0, context.thresholds)
        best = Math.max(best, chosen.best)
        if (chosen.label < 0 || chosen.score < spec.scoreFloor) continue
        found.boxes.push(
          ...(spec.boxes === 'xyxy-px'
            ? [a, b, c, d]
            : [
                (a - c / 2) * model.widthPx,
                (b - d / 2) * model.heightPx,
                (a + c / 2) * model.widthPx,
                (b + d / 2) * model.heightPx,
              ]),
        )
        found.scores.push(chosen.score)
        found.labels.push(chosen.label)
      }
      return finishDetections(found, best, null, context)
    },
  }
}

function indexed(spec: Spec, row: Float32Array, k: number, thresholds: readonly number[]): Chosen {
  const [, , , , score = 0, label = -1] = row
  if (score < spec.scoreFloor) return { label: -1, score, best: score }
  const threshold = thresholds[label]
  if (threshold === undefined)
    throw new CodedError('MDL_OUTPUT', {
      path: `${spec.output}[0, ${k}, 5]`,
      expected: `a label from 0 to ${thresholds.length - 1}`,
      actual: String(label),
    })
  return { label: score >= threshold ? label : -1, score, best: score }
}

function readRows(spec: Spec, raw: RawOutputs): { data: Float32Array; count: number; width: number } {
  const { shape, data } = floatsOf(raw, spec.output)
  const [n, count, width] = shape
  const fits = spec.classes === 'index' ? width === 6 : (width ?? 0) > 4
  if (shape.length !== 3 || n !== 1 || count === undefined || width === undefined || !fits)
    throw wrongShape(spec.output, spec.classes === 'index' ? '[1, k, 6]' : '[1, k, 4 + classes]', shape)
  return { data, count, width }
}

/** Rows with their best class, for the comparison of golden vectors. */
function comparable(spec: Spec, raw: RawOutputs): Rows {
  const { data, count, width } = readRows(spec, raw)
  const rows: Rows & { labels: number[] } = {
    count,
    boxes: new Float32Array(count * 4),
    scores: new Float32Array(count),
    labels: [],
  }
  for (let k = 0; k < count; k++) {
    const row = data.subarray(k * width, (k + 1) * width)
    rows.boxes.set(row.subarray(0, 4), k * 4)
    const classes = row.subarray(4)
    const label = spec.classes === 'index' ? (row[5] ?? 0) : classes.indexOf(Math.max(...classes))
    rows.labels.push(label)
    rows.scores[k] = (spec.classes === 'index' ? row[4] : classes[label]) ?? 0
  }
  return rows
}
