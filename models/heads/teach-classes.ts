import { createHash } from 'node:crypto'
import { CodedError, type ModelCard } from '../../contracts/index.ts'
import { createImageInput } from '../input/image-input.ts'
import { firstNonFinite } from '../kernels/finite.kernel.ts'
import { mirror } from '../kernels/mirror.kernel.ts'
import type { Pixels } from '../pixels.ts'
import { type OrtSession, openSession } from '../runtime/ort-session.ts'
import type { Backbone } from '../teach/backbone.ts'
import { classCard, classInput, classModel, pooledModel } from './class-model.ts'
import { type CrossFit, crossFit, fitAll, type Labelled } from './cross-fit.ts'
import { POOLED } from './pooled-nodes.ts'
import { loadTensorFlow } from './tensorflow.ts'

export interface LabelledImage {
  /** Names the part in messages: its file. */
  id: string
  label: string
  pixels: Pixels
}

export interface TeachClassesOptions {
  id: string
  version: string
  /** Side of the square the image is brought to, px; a multiple of the backbone's largest stride. */
  sidePx: number
  seed: number
  licence: string
  signal?: AbortSignal
  onProgress?: (stage: 'features' | 'heads', done: number, of: number) => void
}

export interface TaughtClasses {
  model: Uint8Array
  card: ModelCard
  /** `tensorflow` or `wasm`. */
  backend: string
  parts: number
  /** Parts that a head which had not seen them gave the right class. */
  right: number
  /** Rows: true class, columns: given class; both in the order of the card's labels. */
  confusion: number[][]
  /** Parts whose label the others contradict: worth a second look. */
  doubtful: { id: string; label: string; looksLike: string }[]
  chosen: Pick<CrossFit, 'penalty' | 'mirrored' | 'temperature' | 'loss' | 'calibrationError'>
}

/** Fewer labelled parts of a class cannot be both taught and tested. */
const FEWEST_PER_CLASS = 5

/**
 * Teaches a part classifier on the frozen features of a backbone: pooled features, softmax regression with class
 * weights at its optimum, penalty and mirroring chosen by cross-validation, temperature calibration; all of it in one
 * ONNX graph. Deterministic for a seed and a backend. Blocks its thread while the backbone runs.
 *
 * @param declared label of each of `images`
 * @throws TCH_LABELS too few classes or parts, one picture under two labels; MDL_*; the signal's reason when cancelled
 */
export async function teachClasses(
  backbone: Backbone,
  images: AsyncIterable<LabelledImage>,
  options: TeachClassesOptions,
  declared: readonly string[],
): Promise<TaughtClasses> {
  const { sidePx, signal } = options
  // What cannot be taught is told before the images are looked at, which takes minutes.
  checkLabels(declared)
  if (sidePx % backbone.multipleOfPx !== 0)
    throw new CodedError('MDL_INPUT', {
      path: 'side',
      expected: `a multiple of ${backbone.multipleOfPx} px`,
      actual: `${sidePx} px`,
    })
  const seen = new Map<string, LabelledImage>()
  const named: { id: string; label: string; features: Float32Array; mirrored: Float32Array[] }[] = []
  const session = await openSession(pooledModel(backbone, sidePx), { providers: ['cpu'], intraOpThreads: 0 })
  try {
    const featuresOf = extractor(session, backbone, sidePx)
    for await (const image of images) {
      signal?.throwIfAborted()
      if (!isNew(image, seen)) continue
      const features = await featuresOf(image.pixels, image.id)
      const mirrored: Float32Array[] = []
      for (const p of mirrorsOf(image.pixels)) mirrored.push(await featuresOf(p, image.id))
      named.push({ id: image.id, label: image.label, features, mirrored })
      options.onProgress?.('features', named.length, declared.length)
    }
  } finally {
    await session.close()
  }
  const labels = checkLabels(named.map((p) => p.label))
  const parts: Labelled[] = named.map((p) => ({ ...p, label: labels.indexOf(p.label) }))
  const tf = await loadTensorFlow()
  const head = {
    classes: labels.length,
    seed: options.seed,
    ...(signal && { signal }),
    onProgress: (done: number, of: number) => options.onProgress?.('heads', done, of),
  }
  const chosen = await crossFit(tf, parts, head)
  const fitted = await fitAll(tf, parts, chosen, head)
  const right = chosen.predicted.filter((p, i) => p === parts[i]?.label).length
  const { penalty, mirrored, temperature, loss } = chosen
  return {
    model: classModel(backbone, sidePx, fitted.head, fitted.scale, temperature),
    card: classCard(backbone, {
      id: options.id,
      version: options.version,
      labels,
      sidePx,
      parts: parts.length,
      accuracy: right / parts.length,
      chosen,
      licence: options.licence,
    }),
    backend: tf.backend,
    parts: parts.length,
    right,
    confusion: labels.map((_, t) =>
      labels.map((__, g) => parts.filter((p, i) => p.label === t && chosen.predicted[i] === g).length),
    ),
    doubtful: named.flatMap((p, i) => {
      const looksLike = labels[chosen.predicted[i] ?? 0] ?? ''
      return looksLike === p.label ? [] : [{ id: p.id, label: p.label, looksLike }]
    }),
    chosen: { penalty, mirrored, temperature, loss, calibrationError: chosen.calibrationError },
  }
}

/** @throws TCH_LABELS when the same picture came under another label */
function isNew(image: LabelledImage, seen: Map<string, LabelledImage>): boolean {
  const hash = createHash('sha256')
    .update(`${image.pixels.widthPx}x${image.pixels.heightPx}x${image.pixels.channels}`)
    .update(image.pixels.data)
    .digest('hex')
  const twin = seen.get(hash)
  if (!twin) {
    seen.set(hash, image)
    return true
  }
  if (twin.label === image.label) return false
  throw new CodedError('TCH_LABELS', {
    path: image.id,
    expected: `one label for one picture: ${twin.id} says ${twin.label}`,
    actual: image.label,
    hint: 'correct the label of one of the two, or leave both out',
  })
}

/** @returns the classes, in the order of the card */
function checkLabels(of: readonly string[]): string[] {
  const labels = [...new Set(of)].sort()
  if (labels.length < 2)
    throw new CodedError('TCH_LABELS', {
      expected: 'at least two classes',
      actual: labels.length === 1 ? `one class alone, ${labels[0]}` : 'no labelled image',
      hint: 'one folder per class, named by the class; good parts alone are taught with `sightline teach`',
    })
  for (const label of labels) {
    const count = of.filter((l) => l === label).length
    if (count < FEWEST_PER_CLASS)
      throw new CodedError('TCH_LABELS', {
        path: label,
        expected: `at least ${FEWEST_PER_CLASS} different images`,
        actual: String(count),
        hint: 'label more parts of this class, or merge it with another one',
      })
  }
  return labels
}

function extractor(session: OrtSession, backbone: Backbone, sidePx: number) {
  const input = createImageInput(classInput(backbone, sidePx))
  return async (pixels: Pixels, id: string): Promise<Float32Array> => {
    const raw = await session.run({ [backbone.input]: input.prepare(pixels).tensor }, [POOLED])
    const data = raw[POOLED]?.data
    if (!(data instanceof Float32Array) || firstNonFinite(data) >= 0)
      throw new CodedError('MDL_OUTPUT', {
        path: id,
        expected: 'finite features',
        actual: 'NaN or infinity',
        hint: `the backbone ${backbone.id} does not fit these images`,
      })
    return Float32Array.from(data)
  }
}

function* mirrorsOf(p: Pixels): Iterable<Pixels> {
  for (const [leftRight, topBottom] of [
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    const data = new Uint8Array(p.data.length)
    mirror(p.data, p.widthPx, p.heightPx, p.channels, leftRight, topBottom, data)
    yield { ...p, data }
  }
}
