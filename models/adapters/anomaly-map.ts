import type { FamilySpec } from '../../contracts/index.ts'
import type { Geometry } from '../input/geometry.ts'
import type { RawOutputs } from '../runtime/ort-session.ts'
import type { Adapter, Decoded, ModelFinding } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { cellsOverImage, cutPlane, mapRegions } from './cells.ts'
import type { Cells } from './cells.ts'
import { elementwiseDifference } from './elementwise.ts'

type Spec = Extract<FamilySpec, { family: 'anomaly-map' }>

/**
 * Anomaly models that give a raw score per place: map [1, h, w] or [1, 1, h, w] over the model input, and
 * optionally an image score [1]. A finding is a connected region at or above the map threshold whose score reaches
 * the threshold asked for; a threshold below the map threshold lowers both. Its score is its peak. Where the image score
 * decides, it is the score of the region with the highest peak, however small, and no other has more: an image has a
 * finding exactly when its score reaches the threshold. The exports of anomalib are of this family: `anomaly_map` and
 * `pred_score`, raw, or normalised by its post-processor.
 *
 * `scores.score` is the model's image score, or the maximum of the map where it has none; `scores.normalised` the same
 * clamped to 0..1, where the graph has that, too.
 */
export function anomalyMap(spec: Spec): Adapter {
  const outputs: Record<string, 'float32'> = { [spec.map]: 'float32' }
  if (spec.score !== null) outputs[spec.score] = 'float32'
  if (spec.normalised !== undefined) outputs[spec.normalised] = 'float32'
  return {
    outputs,
    difference: elementwiseDifference,
    decode(raw, context) {
      const { plane, width, height } = readMap(spec.map, raw)
      const geometry = covered(context.geometry, spec.covers)
      const cells = cellsOverImage(geometry, width, height)
      const values = cutPlane(plane, width, cells)
      const map = mapOverImage(values, cells, geometry)
      const score = spec.score === null ? map.max : imageScore(spec.score, raw)
      const threshold = context.thresholds[0] ?? Infinity
      // The image score may reach the threshold where no place does: then the highest place is shown.
      const low = Math.min(spec.mapThreshold, threshold, spec.decidedBy === 'score' ? map.max : Infinity)
      const found = mapRegions(values, cells, low, geometry)
        .regions.map(({ peak, box, areaPx }) => ({
          class: context.labels[0] ?? '',
          score: peak,
          box,
          areaPx,
        }))
        .sort(byScore)
      const strongest = spec.decidedBy === 'score' ? found[0] : undefined
      if (strongest !== undefined)
        for (const finding of found)
          finding.score = finding === strongest ? score : Math.min(finding.score, score)
      const findings = found
        .filter((f) => f.score >= threshold && (f === strongest || f.areaPx >= spec.minAreaPx))
        .sort(byScore)
      return {
        findings: findings.slice(0, context.maxFindings),
        scores: {
          score,
          ...(spec.normalised === undefined ? {} : { normalised: imageScore(spec.normalised, raw) }),
          count: findings.length,
        },
        map,
      } satisfies Decoded
    },
  }
}

/** The part of the input that the map lies over, in the place of the whole input. */
function covered(geometry: Geometry, covers: Spec['covers']): Geometry {
  if (covers === undefined) return geometry
  const widthPx = geometry.model.widthPx * covers[0]
  const heightPx = geometry.model.heightPx * covers[1]
  return {
    ...geometry,
    model: { widthPx, heightPx },
    leftPx: geometry.leftPx - (geometry.model.widthPx - widthPx) / 2,
    topPx: geometry.topPx - (geometry.model.heightPx - heightPx) / 2,
  }
}

/** The map over the whole image: what the model does not see, outside a cut, has the least score it gave, or `outside`. */
export function mapOverImage(
  values: Float32Array,
  cells: Cells,
  geometry: Geometry,
  outside?: number,
): NonNullable<Decoded['map']> {
  const { min, max } = range(values)
  const { content, leftPx, topPx } = geometry
  const left = Math.max(0, Math.round(-leftPx / cells.cellWidthPx))
  const top = Math.max(0, Math.round(-topPx / cells.cellHeightPx))
  const widthPx = Math.max(left + cells.width, Math.round(content.widthPx / cells.cellWidthPx))
  const heightPx = Math.max(top + cells.height, Math.round(content.heightPx / cells.cellHeightPx))
  if (widthPx === cells.width && heightPx === cells.height) return { widthPx, heightPx, values, min, max }
  const whole = new Float32Array(widthPx * heightPx).fill(outside ?? min)
  for (let y = 0; y < cells.height; y++)
    whole.set(values.subarray(y * cells.width, (y + 1) * cells.width), (top + y) * widthPx + left)
  return { widthPx, heightPx, values: whole, min, max }
}

function imageScore(name: string, raw: RawOutputs): number {
  const { shape, data } = floatsOf(raw, name)
  const score = data[0]
  if (data.length !== 1 || score === undefined) throw wrongShape(name, '[1]', shape)
  return score
}

/** One plane [1, h, w] or [1, 1, h, w]. */
export function readMap(
  name: string,
  raw: RawOutputs,
): { plane: Float32Array; width: number; height: number } {
  const { shape, data } = floatsOf(raw, name)
  const height = shape.at(-2)
  const width = shape.at(-1)
  const leading = shape.slice(0, -2)
  if (!width || !height || leading.length < 1 || leading.length > 2 || leading.some((d) => d !== 1))
    throw wrongShape(name, '[1, h, w] or [1, 1, h, w]', shape)
  return { plane: data, width, height }
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

/** Falling score, then top, then left. */
export const byScore = (a: ModelFinding, b: ModelFinding): number =>
  b.score - a.score || a.box[1] - b.box[1] || a.box[0] - b.box[0]
