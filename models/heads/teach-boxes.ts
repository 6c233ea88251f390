import type { ModelCard } from '../../contracts/index.ts'
import { adapterFor } from '../adapters/registry.ts'
import type { ModelFinding } from '../adapters/adapter.ts'
import { createForward } from '../forward.ts'
import { openSession } from '../runtime/ort-session.ts'
import { type Backbone, patchStride } from '../teach/backbone.ts'
import { boxGradient, SIDES } from './box-gradient.ts'
import { boxCard, boxModel } from './box-model.ts'
import { boxCellLabels, sideDistances } from './box-targets.ts'
import { fitTemperature } from './calibration.ts'
import { foldsOf, type Scale } from './cross-fit.ts'
import { logitsOfHead, rowsWhere, scaleOfRows, standardRows } from './fit-segments.ts'
import { checkRegions, loadPictures, memoryOf, type SegmentImage } from './labelled-pictures.ts'
import { openPatchDescriber } from './patch-describer.ts'
import { collectPatches, type PatchSet } from './patch-set.ts'
import type { Pictures } from './pictures.ts'
import { boundsOf } from './region-labels.ts'
import { loadTensorFlow, type TensorFlow } from './tensorflow.ts'
import { fitTwoLayer, type TwoLayerHead } from './two-layer.ts'
import type { TeachSegmentsOptions } from './teach-segments.ts'

/** What was found in an image that the head had not seen, beside what is there; px of the working size. */
export interface UnseenImage {
  id: string
  truths: { class: string; box: ModelFinding['box'] }[]
  detections: ModelFinding[]
}

/** How good findings are: judged by whoever has the metrics. */
export interface BoxJudgement {
  /** Mean average precision at IoU 0.5, and of each class. */
  map50: number
  perClass: Record<string, number>
  /** The threshold of the highest F1, and what it gives. */
  best: { threshold: number; precision: number; recall: number; f1: number }
}

export interface TeachBoxesOptions extends TeachSegmentsOptions {
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
  temperature: number
  memoryBytes: number
}

const ROWS = 32_000
const FOLDS = 3
const HIDDEN = 128
const ROUNDS = 12

/**
 * Teaches a detector on the frozen features of a backbone: every patch says what it lies in and how far the sides of it
 * are, by a hidden layer over the patch and its surroundings; cross-validation over images gives temperature, threshold
 * and what to expect. Deterministic for a seed and a backend. Blocks its thread while the backbone runs.
 *
 * @throws TCH_LABELS too few classes, regions or images; TCH_LIMIT; MDL_*; the signal's reason when cancelled
 */
export async function teachBoxes(
  backbone: Backbone,
  images: AsyncIterable<SegmentImage>,
  options: TeachBoxesOptions,
  count: number,
): Promise<TaughtBoxes> {
  const { seed, areaPx, memoryLimitBytes, rows = ROWS, onProgress } = options
  const cancel = options.signal ? { signal: options.signal } : {}
  const limits = { areaPx, stridePx: patchStride(backbone.taps), rows, memoryLimitBytes, ...cancel }
  const pictures = await loadPictures(backbone, images, limits, count)
  const { size, items } = pictures
  const classes = [...new Set(items.flatMap((p) => p.regions.map((r) => r.class)))].sort()
  const regions = checkRegions(classes, items)
  const describer = await openPatchDescriber(backbone, size)
  const set = await collectPatches(
    describer,
    pictures,
    (p) => boxCellLabels(p.regions, classes, p.source, size.grid),
    {
      classes: classes.length,
      rows,
      seed,
      ...cancel,
      onProgress: (done, of) => onProgress?.('features', done, of),
    },
  ).finally(() => describer.close())
  const targets = targetsOf(set, pictures, classes)
  const tf = await loadTensorFlow()

  const kinds = items.map((p) => 1 + classes.indexOf(p.regions[0]?.class ?? ''))
  const folds = Math.min(FOLDS, items.length)
  const fold = foldsOf(kinds, folds, seed)
  const logits: Float64Array[] = []
  const labels: number[] = []
  const heads: Fitted[] = []
  for (let k = 0; k < folds; k++) {
    const fitted = await fit(
      tf,
      set,
      targets,
      (i) => fold[set.image[i] ?? 0] !== k,
      classes.length + 1,
      seed,
      cancel,
    )
    const outside = rowsWhere(set, (i) => fold[set.image[i] ?? 0] === k && set.view[i] === 0)
    const test = standardRows(set, outside, fitted.scale, classes.length + 1)
    for (const row of logitsOfHead({ kind: 'two-layer', ...fitted.head }, test.values))
      logits.push(row.subarray(0, classes.length + 1))
    labels.push(...outside.map((i) => set.labels[i] ?? 0))
    heads.push(fitted)
    onProgress?.('heads', k + 1, folds + 1)
  }
  const temperature = fitTemperature(logits, labels)
  const shape = { temperature, unitPx: targets.unitPx }
  const facts = {
    id: options.id,
    version: options.version,
    classes,
    size,
    images: items.length,
    licence: options.licence,
  }
  const draft = boxCard(backbone, { ...facts, metrics: {}, threshold: { value: 0, provenance: 'none yet' } })
  const unseen: UnseenImage[] = []
  for (const [k, { head, scale }] of heads.entries())
    unseen.push(
      ...(await findings(
        boxModel(backbone, size, head, scale, shape),
        draft,
        pictures,
        (i) => fold[i] === k,
      )),
    )
  const judgement = options.judge(unseen, classes)
  const { head, scale } = await fit(tf, set, targets, () => true, classes.length + 1, seed, cancel)
  onProgress?.('heads', folds + 1, folds + 1)
  const { best, map50, perClass } = judgement
  return {
    model: boxModel(backbone, size, head, scale, shape),
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
    temperature,
    memoryBytes: memoryOf(backbone, size, items.length, rows),
  }
}

interface Targets {
  /** [rows][left, top, right, bottom] in units of `unitPx`. */
  distances: Float32Array
  unitPx: number
}

/** A typical distance is the unit, so that heads begin near the truth. */
function targetsOf(set: PatchSet, pictures: Pictures, classes: readonly string[]): Targets {
  const px = sideDistances(set, pictures, classes)
  const logs = px.filter((d) => !Number.isNaN(d)).map(Math.log)
  const unitPx = Math.exp(logs.reduce((a, b) => a + b, 0) / Math.max(1, logs.length))
  return { distances: px.map((d) => d / unitPx), unitPx }
}

interface Fitted {
  head: TwoLayerHead
  scale: Scale
}

async function fit(
  tf: TensorFlow,
  set: PatchSet,
  targets: Targets,
  wanted: (row: number) => boolean,
  classes: number,
  seed: number,
  cancel: { signal?: AbortSignal },
): Promise<Fitted> {
  const rows = rowsWhere(set, wanted)
  const scale = scaleOfRows(set, rows)
  const { values, features, labels, weights } = standardRows(set, rows, scale, classes)
  const distances = new Float32Array(rows.length * SIDES)
  rows.forEach((r, i) => distances.set(targets.distances.subarray(r * SIDES, r * SIDES + SIDES), i * SIDES))
  const head = await fitTwoLayer(
    tf,
    {
      values,
      features,
      count: rows.length,
      outputs: classes + SIDES,
      gradientOf: boxGradient(classes, labels, weights, distances),
    },
    { hidden: HIDDEN, rounds: ROUNDS, seed, ...cancel },
  )
  return { head, scale }
}

/** What a model finds in some of the pictures, as the line would. */
async function findings(
  model: Uint8Array,
  card: ModelCard,
  { size, items }: Pictures,
  wanted: (picture: number) => boolean,
): Promise<UnseenImage[]> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 0 })
  try {
    const adapter = adapterFor(card.spec)
    const forward = createForward(card, session, adapter)
    const found: UnseenImage[] = []
    for (const [i, picture] of items.entries()) {
      if (!wanted(i)) continue
      const { widthPx, heightPx } = size
      const { raw, geometry } = await forward({
        image: { data: picture.data, widthPx, heightPx, channels: 3 },
      })
      const context = {
        labels: card.labels,
        thresholds: card.labels.map(() => 0.02),
        maxFindings: 300,
        geometry,
      }
      const { source, regions } = picture
      found.push({
        id: picture.id,
        truths: regions.map((region) => {
          const [x1, y1, x2, y2] = boundsOf(region, source)
          const [x, y] = [widthPx / source.widthPx, heightPx / source.heightPx]
          return { class: region.class, box: [x1 * x, y1 * y, x2 * x, y2 * y] as const }
        }),
        detections: adapter.decode(raw, context).findings,
      })
    }
    return found
  } finally {
    await session.close()
  }
}
