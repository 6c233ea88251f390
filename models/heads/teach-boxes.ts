import type { ModelCard } from '../../contracts/index.ts'
import { type Backbone, patchStride } from '../teach/backbone.ts'
import { SIDES } from './box-gradient.ts'
import { eachPicture, proposalsOf, type UnseenImage } from './box-findings.ts'
import { boxCard, boxModel } from './box-model.ts'
import type { BoxHead } from './box-network.ts'
import { boxLevels, openLevelDescriber } from './box-taps.ts'
import { boxesOf } from './box-targets.ts'
import { type BoxView, collectViews, MOST_WAYS, viewBytes } from './box-views.ts'
import { foldsOf } from './cross-fit.ts'
import { batchOf, fitBoxes, type HeadFit, stepBytes } from './fit-boxes.ts'
import { fitSides, type ProposedPicture, sideStepBytes } from './fit-sides.ts'
import { checkRegions, loadPictures, type SegmentImage } from './labelled-pictures.ts'
import type { SegmentSize } from './patch-describer.ts'
import type { SideHead } from './side-network.ts'
import { loadTensorFlow } from './tensorflow.ts'
import type { TeachSegmentsOptions } from './teach-segments.ts'

/** How good findings are: judged by whoever has the metrics. */
export interface BoxJudgement {
  /** Mean average precision at IoU 0.5, and of each class. */
  map50: number
  perClass: Record<string, number>
  /** The threshold of the highest F1, and what it gives. */
  best: { threshold: number; precision: number; recall: number; f1: number }
}

export interface TeachBoxesOptions extends Omit<TeachSegmentsOptions, 'rows'> {
  /** Steps per head; by default what a few minutes allow. */
  steps?: number
  judge: (images: readonly UnseenImage[], classes: readonly string[]) => BoxJudgement
}

export interface TaughtBoxes {
  model: Uint8Array
  card: ModelCard
  /** `tensorflow` or `wasm`. */
  backend: string
  images: number
  /** Labelled regions per class. */
  regions: Record<string, number>
  /** On images that the head had not seen. */
  judgement: BoxJudgement
  memoryBytes: number
}

const FOLDS = 3
/** Times that a head sees each picture; of few pictures more often, of many so often that the time stays bounded. */
const ROUNDS = 50
const [FEWEST_STEPS, MOST_STEPS] = [400, 1_000]
/** Share of the steps that a network of sides takes: it sees many boxes of each picture at once. */
const SIDE_SHARE = 1 / 4
/** The best boxes of a picture that it is taught on; what scores lower is seldom near a defect. */
const TAUGHT_PROPOSALS = 60

/**
 * Teaches a detector on the frozen features of a backbone: a few small convolutions say for every patch what it lies in,
 * how far the sides of it are, and how well the box will lie. Each of the heads is taught without a part of the images,
 * and proposes boxes in it. Networks of sides learn to move the sides of such boxes, each without one part, too, which it
 * then judges with the head that has not seen it either: that gives threshold and what to expect. The model is the mean
 * of the heads and of the networks (bagging, Breiman 1996). Deterministic for a seed and a backend. Blocks its thread
 * while the backbone runs.
 *
 * @throws TCH_LABELS too few classes, regions or images; TCH_LIMIT; MDL_*; the signal's reason when cancelled
 */
export async function teachBoxes(
  backbone: Backbone,
  images: AsyncIterable<SegmentImage>,
  options: TeachBoxesOptions,
  count: number,
): Promise<TaughtBoxes> {
  const { seed, areaPx, memoryLimitBytes, onProgress } = options
  const cancel = options.signal ? { signal: options.signal } : {}
  const stridePx = patchStride(backbone.taps)
  const memoryOf = (size: SegmentSize, ways: number) => memoryOfViews(backbone, size, count, ways)
  const limits = {
    areaPx,
    stridePx,
    memoryLimitBytes,
    memoryOf: (size: SegmentSize) => memoryOf(size, 1),
    ...cancel,
  }
  const pictures = await loadPictures(backbone, images, limits, count)
  const { size, items } = pictures
  const classes = [...new Set(items.flatMap((p) => p.regions.map((r) => r.class)))].sort()
  const regions = checkRegions(classes, items)
  let ways = MOST_WAYS
  while (ways > 1 && memoryOf(size, ways) > memoryLimitBytes) ways /= 2
  const describer = await openLevelDescriber(backbone, size)
  const { views, ...scales } = await collectViews(describer, pictures, classes, ways, {
    ...cancel,
    onProgress: (done, of) => onProgress?.('features', done, of),
  }).finally(() => describer.close())
  const tf = await loadTensorFlow()
  const { coarse } = boxLevels(backbone.taps, stridePx)
  const unitPx = typicalDistance(views)
  const kinds = items.map((p) => 1 + classes.indexOf(p.regions[0]?.class ?? ''))
  const folds = Math.min(FOLDS, items.length)
  const fold = foldsOf(kinds, folds, seed)
  const isUnseenBy = (k: number) => (picture: number) => {
    options.signal?.throwIfAborted()
    return fold[picture] === k
  }
  const fitWithout = (k: number, share: number): HeadFit => {
    const rounds = Math.ceil((ROUNDS * fold.filter((f) => f !== k).length) / batchOf(size))
    const steps = options.steps ?? Math.max(FEWEST_STEPS, Math.min(MOST_STEPS, rounds))
    return {
      classes: classes.length,
      size,
      coarseStridePx: coarse.stridePx,
      channels: describer.channels,
      unitPx,
      steps: Math.ceil(steps * share),
      seed: seed + k,
      ...cancel,
    }
  }
  const facts = {
    id: options.id,
    version: options.version,
    classes,
    size,
    images: items.length,
    licence: options.licence,
  }
  const draft = boxCard(backbone, { ...facts, metrics: {}, threshold: { value: 0, provenance: 'none yet' } })
  const heads: BoxHead[] = []
  const proposed: ProposedPicture[] = []
  for (let k = 0; k < folds; k++) {
    const taught = views.filter((_, i) => fold[i] !== k)
    const head = await fitBoxes(tf, taught, fitWithout(k, 1))
    heads.push(head)
    const model = boxModel(backbone, size, [head], [], scales, unitPx)
    await eachPicture(model, draft, pictures, isUnseenBy(k), (i, picture, { raw }) => {
      proposed[i] = {
        views: views[i] ?? [],
        truths: boxesOf(picture, classes, size),
        proposals: proposalsOf(raw, TAUGHT_PROPOSALS),
      }
    })
    onProgress?.('heads', k + 1, 2 * folds)
  }
  const sides: SideHead[] = []
  const unseen: UnseenImage[] = []
  for (const [k, head] of heads.entries()) {
    const taught = proposed.filter((_, i) => fold[i] !== k)
    const side = await fitSides(tf, taught, fitWithout(k, SIDE_SHARE))
    sides.push(side)
    const model = boxModel(backbone, size, [head], [side], scales, unitPx)
    await eachPicture(model, draft, pictures, isUnseenBy(k), (_, picture, { findings }) =>
      unseen.push({
        id: picture.id,
        truths: boxesOf(picture, classes, size).map((t) => ({ class: classes[t.class] ?? '', box: t.box })),
        detections: findings(),
      }),
    )
    onProgress?.('heads', folds + k + 1, 2 * folds)
  }
  const judgement = options.judge(unseen, classes)
  const { best, map50, perClass } = judgement
  return {
    model: boxModel(backbone, size, heads, sides, scales, unitPx),
    card: boxCard(backbone, {
      ...facts,
      metrics: {
        'cross-validated-map50': map50,
        ...Object.fromEntries(Object.entries(perClass).map(([c, v]) => [`cross-validated-ap50-${c}`, v])),
      },
      threshold: {
        value: best.threshold,
        provenance: `highest F1 (${best.f1.toFixed(3)}; precision ${best.precision.toFixed(3)}, recall ${best.recall.toFixed(3)}) on ${items.length} images not seen`,
      },
    }),
    backend: tf.backend,
    images: items.length,
    regions,
    judgement,
    memoryBytes: memoryOf(size, ways),
  }
}

/** Pictures, their views, and a step of teaching: some dozen maps of the patches, or the profiles of its boxes. */
function memoryOfViews(backbone: Backbone, size: SegmentSize, count: number, ways: number): number {
  const { coarse, fine } = boxLevels(backbone.taps, size.stridePx)
  const pixels = size.widthPx * size.heightPx
  const coarseCells = pixels / coarse.stridePx ** 2
  const view = viewBytes(size, coarseCells, { coarse: coarse.channels, fine: fine?.channels ?? 0 })
  const channels = (fine?.channels ?? 0) + coarse.channels
  return (
    count * (pixels * 3 + ways * view) + Math.max(stepBytes(size, channels), sideStepBytes(size, channels))
  )
}

/** A typical distance is the unit, so that heads begin near the truth. */
function typicalDistance(views: readonly (readonly BoxView[])[]): number {
  let sum = 0
  let count = 0
  for (const view of views.flat())
    view.targets.classes.forEach((c, cell) => {
      if (c < 0) return
      for (const d of view.targets.distances.subarray(cell * SIDES, cell * SIDES + SIDES)) sum += Math.log(d)
      count += SIDES
    })
  return Math.exp(sum / Math.max(1, count))
}
