import { CodedError } from '../../contracts/index.ts'
import type { FamilySpec } from '../../contracts/index.ts'
import type { Decoded } from '../adapters/adapter.ts'
import { adapterFor } from '../adapters/registry.ts'
import { createImageInput } from '../input/image-input.ts'
import { scalingModel } from '../onnx/scaling.ts'
import type { ScaledTo } from '../onnx/scaling.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { ImageTensor, RawOutputs } from '../runtime/ort-session.ts'
import { compareAreas } from './areas.ts'
import { isClassifier } from './arguments.schema.ts'
import type { ImportArguments } from './arguments.schema.ts'
import { refuseOtherHeads } from './foreign-outputs.ts'
import type { OpenForeign } from './open-foreign.ts'
import { compareFindings, pixelDifference } from './parity.ts'
import type { ImageParity, ScoreScale } from './parity.ts'
import type { ReferenceItem } from './read-reference.ts'

/** Most findings compared: more than any family of these gives. */
const ALL = 10_000

export const optionsOf = (args: ImportArguments) => ({
  threshold: args.threshold,
  thresholds: {},
  maxFindings: ALL,
})

/** Runs the model on the library's pixels and on the image itself, and compares both with what the library found. */
export async function compareImage(
  { runner, givenForward }: OpenForeign,
  args: ImportArguments,
  item: ReferenceItem,
  scale: ScoreScale,
): Promise<ImageParity> {
  const { card } = runner
  const [input] = card.inputs
  if (input === undefined) throw new CodedError('MDL_PACKAGE', { path: 'inputs', expected: 'an image' })
  const { tensor, geometry } = createImageInput(input).prepare(item.pixels)
  const [widthPx, heightPx] = args.size
  const { channels } = input
  if (item.input.length !== widthPx * heightPx * channels)
    throw new CodedError('MDL_PACKAGE', {
      path: item.image,
      expected: `what the library showed its network in ${channels} channels, as the model takes it`,
      actual: `${item.input.length / (widthPx * heightPx)}`,
    })
  const shown = input.widthPx === null ? await scaled(tensor, { widthPx, heightPx }) : tensor.data
  const pixels = pixelDifference(shown, item.input)
  const { raw } = await givenForward({ image: { data: item.input, widthPx, heightPx, channels } })
  const shapes = Object.entries(raw).map(([name, { shape }]) => ({
    name,
    type: 'float32',
    shape: [...shape],
  }))
  refuseOtherHeads(args, { outputs: shapes })
  refuseMoreThanRows(card.spec, raw, item)
  const thresholds = card.labels.map(() => args.threshold)
  const context = { labels: card.labels, thresholds, maxFindings: ALL, geometry }
  const given = adapterFor(card.spec).decode(raw, context)
  const own = await runner.run({ image: item.pixels }, optionsOf(args))
  return {
    image: item.image,
    widthPx: item.pixels.widthPx,
    heightPx: item.pixels.heightPx,
    pixelsMax: pixels.max,
    pixelsMean: pixels.mean,
    referenceFindings: item.findings.length,
    given: compareFindings(asShown(given), item, scale),
    own: compareFindings(asShown(own), item, scale),
    areas:
      args.family === 'torchvision-segment'
        ? compareAreas(card.spec, raw, geometry, given.findings, item.findings)
        : null,
    verdict: atThreshold(args, scale, own, item) ? verdictOf(args, item) : verdictOf(args, own),
    referenceVerdict: verdictOf(args, item),
  }
}

/** @throws MDL_PACKAGE when the reference of an image has more findings than a graph that chooses its rows gives */
function refuseMoreThanRows(spec: FamilySpec, raw: RawOutputs, { image, findings }: ReferenceItem): void {
  const rows = spec.family === 'detection-rows' ? raw[spec.output]?.shape[1] : undefined
  if (rows === undefined || findings.length <= rows) return
  throw new CodedError('MDL_PACKAGE', {
    path: image,
    expected: `at most ${rows} findings: the graph gives ${rows} rows`,
    actual: `${findings.length} in the reference`,
    hint: `make the reference with max_det=${rows}; a larger max_det at the export gives a graph with more rows`,
  })
}

/** Share of the scale that the arithmetic of float32 may make of a score, spread by a normalisation. */
const TIE = 1e-3

/**
 * anomalib sets its image threshold on the score of one of its validation images (`F1AdaptiveThreshold`), which is good by
 * that and bad by a difference in the last digit. So where both sides are that close to it, no verdict flips.
 */
function atThreshold(
  { family, imageThreshold }: ImportArguments,
  scale: ScoreScale,
  ...sides: readonly { scores: Readonly<Record<string, number>> }[]
): boolean {
  if (family !== 'anomalib' || imageThreshold === undefined) return false
  const near = TIE * (scale.scores['score'] ?? 1)
  return sides.every(({ scores }) => Math.abs((scores['score'] ?? Infinity) - imageThreshold) <= near)
}

/**
 * Scores of anomalib without normalisation are numbers of any size: a tenth of 1 is nothing to one of 40 and everything to
 * one of 0.04. Measured against the largest of the library, or the threshold where nothing reaches it; at most 1.
 */
export function scaleOf(args: ImportArguments, items: readonly ReferenceItem[]): ScoreScale {
  if (args.family !== 'anomalib') return { findings: 1, scores: {} }
  const { threshold, imageThreshold = threshold } = args
  const most = (scores: number[]): number => Math.min(1, Math.max(...scores.map(Math.abs))) || 1
  const named = (name: string) => items.flatMap(({ scores }) => scores[name] ?? [])
  return {
    findings: most([threshold, ...items.flatMap((i) => i.findings.map((f) => f.score))]),
    scores: Object.fromEntries(
      ['score', 'unclamped'].map((name) => [name, most([imageThreshold, ...named(name)])]),
    ),
  }
}

/** The levels that a graph which scales by itself shows its network, HWC, not rounded. */
async function scaled(image: ImageTensor, to: ScaledTo): Promise<Float32Array> {
  const session = await openSession(scalingModel(to), { providers: ['cpu'], intraOpThreads: 1 })
  try {
    const { scaled: planes } = await session.run({ image }, ['scaled'])
    const plane = to.widthPx * to.heightPx
    return Float32Array.from({ length: 3 * plane }, (_, i) =>
      Number(planes?.data[(i % 3) * plane + Math.floor(i / 3)]),
    )
  } finally {
    await session.close()
  }
}

/** Where the scores are taken before the library's clamp to 0..1, they are compared after it. */
function asShown({ findings, scores }: Decoded): Pick<Decoded, 'findings' | 'scores'> {
  const { normalised } = scores
  if (normalised === undefined) return { findings, scores }
  return {
    findings: findings.map((f) => ({ ...f, score: Math.min(1, Math.max(0, f.score)) })),
    scores: { ...scores, score: normalised, unclamped: scores['score'] ?? NaN },
  }
}

/**
 * What a recipe would decide on: the class for classification, the image score for anomalib, else any finding.
 *
 * @throws MDL_PACKAGE when the reference lacks the scores for that
 */
export function verdictOf(
  args: ImportArguments,
  { findings, scores }: { scores: Readonly<Record<string, number>>; findings: readonly unknown[] },
): string {
  if (isClassifier(args.family)) {
    const [first, ...rest] = Object.entries(scores)
    if (first === undefined) throw lacking('the score of every class')
    return rest.reduce((a, b) => (b[1] > a[1] ? b : a), first)[0]
  }
  if (args.family === 'anomalib' && args.imageThreshold !== undefined) {
    const { score } = scores
    if (score === undefined) throw lacking('score')
    return score > args.imageThreshold ? 'fail' : 'pass'
  }
  return findings.length > 0 ? 'fail' : 'pass'
}

const lacking = (expected: string): CodedError =>
  new CodedError('MDL_PACKAGE', { path: 'reference.json items.scores', expected, actual: 'none' })
