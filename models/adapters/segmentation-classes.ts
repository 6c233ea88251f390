import type { FamilySpec } from '../../contracts/index.ts'
import { argmaxPlanes, otherwise, scoresOf } from '../kernels/argmax.kernel.ts'
import type { Adapter, Decoded, ModelFinding } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { byScore, mapOverImage } from './anomaly-map.ts'
import { cellsOverImage, cutPlane, mapRegions } from './cells.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * Semantic segmentation (torchvision DeepLabV3, LR-ASPP, FCN): [1, classes, h, w] over the model input. Each place
 * belongs to its best class; a connected region (8-neighbourhood) of one class is a finding, its score the highest
 * probability inside, so that one certain place reports the whole region.
 *
 * `scores["<label>.areaPx"]` is the area of each class in px² of the image, background included. With a background, the
 * map is how likely each place is anything else (1 - its score), and `scores.max` the highest of that.
 */
export function segmentationClasses(spec: Extract<FamilySpec, { family: 'segmentation-classes' }>): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, { labels, thresholds, maxFindings, geometry }) {
      const { shape, data } = floatsOf(raw, spec.output)
      const [n, classes, height, width] = shape
      if (shape.length !== 4 || n !== 1 || classes !== labels.length || !height || !width)
        throw wrongShape(spec.output, `[1, ${labels.length}, h, w]`, shape)
      const winners = new Int32Array(width * height)
      const best = new Float32Array(width * height)
      argmaxPlanes(data, classes, width * height, spec.activation === 'softmax', winners, best)
      const cells = cellsOverImage(geometry, width, height)
      const one = new Float32Array(width * height)
      const findings: ModelFinding[] = []
      const scores: Record<string, number> = {}
      labels.forEach((label, c) => {
        scoresOf(winners, best, c, one)
        const { regions } = mapRegions(cutPlane(one, width, cells), cells, -Number.MAX_VALUE, geometry)
        scores[`${label}.areaPx`] = regions.reduce((sum, r) => sum + r.areaPx, 0)
        if (label === spec.background) return
        for (const { peak, box, areaPx } of regions)
          if (peak >= (thresholds[c] ?? Infinity) && areaPx >= spec.minAreaPx)
            findings.push({ class: label, score: peak, box, areaPx })
      })
      findings.sort(byScore)
      const decoded: Decoded = {
        findings: findings.slice(0, maxFindings),
        scores: { ...scores, count: findings.length },
      }
      const ground = labels.indexOf(spec.background ?? '')
      if (ground < 0) return decoded
      otherwise(data, ground, spec.activation === 'softmax', winners, best, one)
      const map = mapOverImage(Float32Array.from(cutPlane(one, width, cells)), cells, geometry)
      // A place outside a cut is of no class that was seen.
      const named = mapOverImage(cutPlane(Float32Array.from(winners), width, cells), cells, geometry, ground)
      return {
        ...decoded,
        scores: { ...decoded.scores, max: map.max },
        map: { ...map, classes: named.values },
      }
    },
  }
}
