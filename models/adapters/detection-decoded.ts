import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec } from '../../contracts/index.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter, GoldenDifference, Tolerance } from './adapter.ts'
import { floatsOf, tensorOf, wrongShape } from './adapter.ts'
import { finishDetections } from './detections.ts'
import type { Candidates } from './detections.ts'

type Spec = Extract<FamilySpec, { family: 'detection-decoded' }>

interface Rows {
  count: number
  boxes: Float32Array
  scores: Float32Array
  labels: BigInt64Array
}

/**
 * Detectors that decode inside the graph: boxes [1, k, 4] xyxy px of the model input, scores [1, k], labels
 * int64 [1, k]. Rows below the score floor are filling and are not looked at.
 */
export function detectionDecoded(spec: Spec): Adapter {
  return {
    outputs: { [spec.boxes]: 'float32', [spec.scores]: 'float32', [spec.labels]: 'int64' },
    difference: (want, got, tolerance) => rowDifference(spec, want, got, tolerance),
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
      return finishDetections(found, best, spec.nms, context)
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

/**
 * Rows are ordered by score, and near-equal scores swap places from one processor to the next. So rows are
 * matched as a set: each recorded row at or above the floor needs a replayed row of its label within the
 * tolerance, and each replayed row a recorded one. Rows whose score is within the tolerance of the floor may come
 * or go.
 */
function rowDifference(
  spec: Spec,
  want: RawOutputs,
  got: RawOutputs,
  tolerance: Tolerance,
): GoldenDifference | null {
  const w = readRows(spec, want)
  const g = readRows(spec, got)
  const missing = unmatched(spec, w, g, tolerance)
  if (missing !== null)
    return { where: missing.where, want: missing.row, got: missing.nearest, difference: missing.difference }
  const surplus = unmatched(spec, g, w, tolerance)
  if (surplus !== null)
    return { where: surplus.where, want: surplus.nearest, got: surplus.row, difference: surplus.difference }
  return null
}

interface Unmatched {
  where: string
  row: string
  nearest: string
  difference: number
}

/** The first row of `from` (above the floor) without a partner of its own in `to`. */
function unmatched(spec: Spec, from: Rows, to: Rows, { atol, rtol }: Tolerance): Unmatched | null {
  const taken = new Set<number>()
  for (let k = 0; k < from.count; k++) {
    const score = from.scores[k] ?? 0
    if (score < spec.scoreFloor + atol + rtol * Math.abs(score)) continue
    let nearest = -1
    let difference = Infinity
    for (let j = 0; j < to.count; j++) {
      if (taken.has(j) || from.labels[k] !== to.labels[j]) continue
      const d = rowDistance(from, k, to, j)
      if (d < difference) [nearest, difference] = [j, d]
    }
    if (nearest >= 0 && rowWithin(from, k, to, nearest, atol, rtol)) {
      taken.add(nearest)
      continue
    }
    return {
      where: `${spec.boxes}, ${spec.scores}, ${spec.labels} [0, ${k}]`,
      row: rowText(from, k),
      nearest: nearest < 0 ? 'no row of this label' : rowText(to, nearest),
      difference,
    }
  }
  return null
}

const rowValues = (r: Rows, k: number): number[] => [...r.boxes.subarray(k * 4, k * 4 + 4), r.scores[k] ?? 0]

const rowDistance = (a: Rows, i: number, b: Rows, j: number): number => {
  const other = rowValues(b, j)
  return Math.max(...rowValues(a, i).map((v, n) => Math.abs(v - (other[n] ?? 0))))
}

function rowWithin(a: Rows, i: number, b: Rows, j: number, atol: number, rtol: number): boolean {
  const other = rowValues(b, j)
  return rowValues(a, i).every((v, n) => Math.abs(v - (other[n] ?? 0)) <= atol + rtol * Math.abs(v))
}

const rowText = (r: Rows, k: number): string =>
  `label ${r.labels[k]} score ${r.scores[k]?.toFixed(4)} box [${rowValues(r, k)
    .slice(0, 4)
    .map((v) => v.toFixed(2))
    .join(', ')}]`
