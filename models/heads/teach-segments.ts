import type { ModelCard } from '../../contracts/index.ts'
import type { Backbone } from '../teach/backbone.ts'
import { cellLabels } from './cell-labels.ts'
import { compareMethods, fitSegments, type MethodScore } from './fit-segments.ts'
import { checkRegions, loadPictures, memoryOfPatches, type SegmentImage } from './labelled-pictures.ts'
import { openPatchDescriber } from './patch-describer.ts'
import { collectPatches } from './patch-set.ts'
import { segmentCard, segmentModel } from './segment-model.ts'
import { loadTensorFlow } from './tensorflow.ts'

export interface TeachSegmentsOptions {
  id: string
  version: string
  /** Working area of an image, px: larger sees smaller defects and takes longer in proportion. */
  areaPx: number
  seed: number
  licence: string
  /** Bytes the work may hold at once. */
  memoryLimitBytes: number
  /** Patches taught from, about; default 32,000. */
  rows?: number
  signal?: AbortSignal
  onProgress?: (stage: 'features' | 'heads', done: number, of: number) => void
}

export interface TaughtSegments {
  model: Uint8Array
  card: ModelCard
  /** `tensorflow` or `wasm`. */
  backend: string
  images: number
  /** Labelled regions per class. */
  regions: Record<string, number>
  chosen: MethodScore
  compared: MethodScore[]
  /** Upper bound of what the work held, bytes. */
  memoryBytes: number
}

/** Patches taught from, over all images and their mirror images: more have not made heads better. */
const ROWS = 32_000

/**
 * Teaches a segmenter on the frozen features of a backbone: patches of the finest stride, softmax regression or a hidden
 * layer as cross-validation over images says, class weights, temperature calibration; all of it in one ONNX graph.
 * Deterministic for a seed and a backend. Blocks its thread while the backbone runs.
 *
 * @throws TCH_LABELS too few classes, regions or images; TCH_LIMIT; MDL_*; the signal's reason when cancelled
 */
export async function teachSegments(
  backbone: Backbone,
  images: AsyncIterable<SegmentImage>,
  options: TeachSegmentsOptions,
  count: number,
): Promise<TaughtSegments> {
  const { signal, seed, areaPx, memoryLimitBytes, rows = ROWS } = options
  const stridePx = Math.min(...backbone.taps.map((t) => t.stridePx))
  const pictures = await loadPictures(
    backbone,
    images,
    {
      areaPx,
      stridePx,
      memoryLimitBytes,
      memoryOf: (size) => memoryOfPatches(backbone, size, count, rows),
      ...(signal && { signal }),
    },
    count,
  )
  const { size, items } = pictures
  const classes = [...new Set(items.flatMap((p) => p.regions.map((r) => r.class)))].sort()
  const regions = checkRegions(classes, items)
  const describer = await openPatchDescriber(backbone, size)
  const set = await collectPatches(
    describer,
    pictures,
    (p) => cellLabels(p.regions, classes, p.source, size.grid),
    {
      classes: classes.length,
      rows,
      seed,
      ...(signal && { signal }),
      onProgress: (done, of) => options.onProgress?.('features', done, of),
    },
  ).finally(() => describer.close())
  const tf = await loadTensorFlow()
  const fit = {
    classes: classes.length + 1,
    kinds: items.map((p) => 1 + classes.indexOf(p.regions[0]?.class ?? '')),
    seed,
    ...(signal && { signal }),
    onProgress: (done: number, of: number) => options.onProgress?.('heads', done, of),
  }
  const compared = await compareMethods(tf, set, fit)
  const chosen = compared.reduce((a, b) => (b.loss < a.loss ? b : a))
  const { head, scale } = await fitSegments(tf, set, chosen.method, fit)
  return {
    model: segmentModel(backbone, size, head, scale, chosen.temperature),
    card: segmentCard(backbone, {
      id: options.id,
      version: options.version,
      classes,
      size: size,
      images: items.length,
      metrics: {
        'cross-validated-log-loss': chosen.loss,
        ...Object.fromEntries(classes.map((c, n) => [`cross-validated-iou-${c}`, chosen.iou[n + 1] ?? 0])),
      },
      temperature: chosen.temperature,
      licence: options.licence,
    }),
    backend: tf.backend,
    images: items.length,
    regions,
    chosen,
    compared,
    memoryBytes: memoryOfPatches(backbone, size, items.length, rows),
  }
}
