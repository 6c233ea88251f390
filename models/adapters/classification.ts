import type { Box, FamilySpec } from '../../contracts/index.ts'
import type { Adapter } from './adapter.ts'
import { floatsOf, wrongShape } from './adapter.ts'
import { elementwiseDifference } from './elementwise.ts'

/**
 * One score per class for the whole image. Each class at or above its threshold is a finding over the full image;
 * every class is in `scores` under its label.
 */
export function classification(spec: Extract<FamilySpec, { family: 'classification' }>): Adapter {
  return {
    outputs: { [spec.output]: 'float32' },
    difference: elementwiseDifference,
    decode(raw, { labels, thresholds, maxFindings, geometry }) {
      const { shape, data } = floatsOf(raw, spec.output)
      if (shape.length !== 2 || shape[0] !== 1 || shape[1] !== labels.length)
        throw wrongShape(spec.output, `[1, ${labels.length}]`, shape)
      const values = spec.activation === 'softmax' ? softmax(data) : Array.from(data)
      const { widthPx, heightPx } = geometry.image
      const box: Box = [0, 0, widthPx, heightPx]
      const findings = labels
        .map((label, i) => ({ class: label, score: values[i] ?? 0, box, areaPx: widthPx * heightPx }))
        .filter((f, i) => f.score >= (thresholds[i] ?? Infinity))
        .sort((a, b) => b.score - a.score)
        .slice(0, maxFindings)
      return { findings, scores: Object.fromEntries(labels.map((label, i) => [label, values[i] ?? 0])) }
    },
  }
}

/** Shifted by the maximum, so that large logits do not overflow. */
function softmax(logits: Float32Array): number[] {
  const top = Math.max(...logits)
  const powers = Array.from(logits, (v) => Math.exp(v - top))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((p) => p / sum)
}
