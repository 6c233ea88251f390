import type { FamilySpec } from '../../contracts/index.ts'
import { argmaxPlanes, scoresOf } from '../kernels/argmax.kernel.ts'
import type { Adapter, Decoded, ModelFinding } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { byScore } from './anomaly-map.ts'
import { cellsOverImage, cutPlane, mapRegions } from './cells.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * Semantic segmentation (torchvision DeepLabV3, LR-ASPP, FCN): [1, classes, h, w] over the model input. Each place
 * belongs to its best class; a connected region (8-neighbourhood) of one class is a finding, its score the highest
 * probability inside, so that one certain place reports the whole region.
 *
 * `scores["<label>.areaPx"]` is the area of each class in px² of the image, background included.
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
      return {
        findings: findings.slice(0, maxFindings),
        scores: { ...scores, count: findings.length },
      } satisfies Decoded
    },
  }
}
