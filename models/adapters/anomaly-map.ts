import type { FamilySpec } from '../../contracts/index.ts'
import { boxToImage } from '../input/geometry.ts'
import { regionsAbove } from '../kernels/regions.kernel.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter, Decoded, DecodeContext, ModelFinding } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'anomaly-map' }>

/** The part of the map that lies over the image, not over its margin; cells of the whole map. */
interface Cells {
  values: Float32Array
  x: number
  y: number
  width: number
  height: number
  cellWidthPx: number
  cellHeightPx: number
}

/**
 * Anomaly models that give a raw score per place: map [1, h, w] or [1, 1, h, w] over the model input, and
 * optionally an image score [1]. A finding is a connected region at or above the map threshold whose peak reaches
 * the threshold asked for; its score is the peak. A threshold below the map threshold lowers both.
 *
 * `scores.score` is the model's image score, or the maximum of the map where it has none.
 */
export function anomalyMap(spec: Spec): Adapter {
  const outputs: Record<string, 'float32'> = { [spec.map]: 'float32' }
  if (spec.score !== null) outputs[spec.score] = 'float32'
  return {
    outputs,
    difference: elementwiseDifference,
    decode(raw, context) {
      const cells = readMap(spec, raw, context)
      const { min, max } = range(cells.values)
      const { findings, count } = regions(spec, cells, context)
      const map = { widthPx: cells.width, heightPx: cells.height, values: cells.values, min, max }
      return { findings, scores: { score: imageScore(spec, raw) ?? max, count }, map } satisfies Decoded
    },
  }
}

function imageScore(spec: Spec, raw: RawOutputs): number | null {
  if (spec.score === null) return null
  const { shape, data } = floatsOf(raw, spec.score)
  const score = data[0]
  if (data.length !== 1 || score === undefined) throw wrongShape(spec.score, '[1]', shape)
  return score
}

function readMap(spec: Spec, raw: RawOutputs, { geometry }: DecodeContext): Cells {
  const { shape, data } = floatsOf(raw, spec.map)
  const height = shape.at(-2)
  const width = shape.at(-1)
  const leading = shape.slice(0, -2)
  if (!width || !height || leading.length < 1 || leading.length > 2 || leading.some((d) => d !== 1))
    throw wrongShape(spec.map, '[1, h, w] or [1, 1, h, w]', shape)
  const cellWidthPx = geometry.model.widthPx / width
  const cellHeightPx = geometry.model.heightPx / height
  const x = Math.floor(geometry.leftPx / cellWidthPx)
  const y = Math.floor(geometry.topPx / cellHeightPx)
  const right = Math.min(width, Math.ceil((geometry.leftPx + geometry.content.widthPx) / cellWidthPx))
  const bottom = Math.min(height, Math.ceil((geometry.topPx + geometry.content.heightPx) / cellHeightPx))
  const part = { x, y, width: right - x, height: bottom - y, cellWidthPx, cellHeightPx }
  if (part.width === width && part.height === height) return { ...part, values: data }
  const values = new Float32Array(part.width * part.height)
  for (let row = 0; row < part.height; row++) {
    const from = (y + row) * width + x
    values.set(data.subarray(from, from + part.width), row * part.width)
  }
  return { ...part, values }
}

function range(values: Float32Array): { min: number; max: number } {
  let min = Infinity
  let max = -Infinity
  for (const v of values) {
    if (v < min) min = v
    if (v > max) max = v
  }
  return { min, max }
}

function regions(
  spec: Spec,
  cells: Cells,
  context: DecodeContext,
): { findings: ModelFinding[]; count: number } {
  const { labels, thresholds, geometry, maxFindings } = context
  const threshold = thresholds[0] ?? Infinity
  const { width, height } = cells
  // regions touch neither by side nor by corner, so at most every second cell of every second row starts one
  const found = new Float64Array(6 * Math.ceil(width / 2) * Math.ceil(height / 2))
  const seen = new Uint8Array(width * height)
  const stack = new Uint32Array(width * height)
  const low = Math.min(spec.mapThreshold, threshold)
  const count = regionsAbove(cells.values, width, height, low, found, seen, stack)
  const cellAreaPx =
    (cells.cellWidthPx * cells.cellHeightPx * geometry.image.widthPx * geometry.image.heightPx) /
    (geometry.content.widthPx * geometry.content.heightPx)
  const findings: ModelFinding[] = []
  for (let r = 0; r < count; r++) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, size = 0, peak = 0] = found.subarray(r * 6, r * 6 + 6)
    const areaPx = size * cellAreaPx
    if (peak < threshold || areaPx < spec.minAreaPx) continue
    const box = boxToImage(
      geometry,
      (cells.x + x1) * cells.cellWidthPx,
      (cells.y + y1) * cells.cellHeightPx,
      (cells.x + x2) * cells.cellWidthPx,
      (cells.y + y2) * cells.cellHeightPx,
    )
    findings.push({ class: labels[0] ?? '', score: peak, box, areaPx })
  }
  findings.sort((a, b) => b.score - a.score || a.box[1] - b.box[1] || a.box[0] - b.box[0])
  return { findings: findings.slice(0, maxFindings), count: findings.length }
}
