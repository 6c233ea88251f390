import type { Tensor2D } from '@tensorflow/tfjs-core'
import { mirror } from '../kernels/mirror.kernel.ts'
import { boxTargets, boxesOf, type BoxTargets, type LabelledBox } from './box-targets.ts'
import type { LevelDescriber, LevelFeatures } from './box-taps.ts'
import type { Scale } from './cross-fit.ts'
import { scaleOfRows } from './fit-segments.ts'
import type { SegmentSize } from './patch-describer.ts'
import type { Pictures } from './pictures.ts'
import type { TensorFlow } from './tensorflow.ts'

/** Standardised features are kept as whole numbers of this share of their deviation: what is lost is far below noise. */
const STEP = 1 / 16

/** One way to see a picture: as taken or mirrored. */
export interface BoxView {
  coarse: Int8Array
  fine: Int8Array
  targets: BoxTargets
}

export interface BoxViews {
  coarse: Scale
  fine: Scale
  /** [pictures][views] */
  views: BoxView[][]
}

/** Pictures that say how channels vary; more change little. */
const SCALE_PICTURES = 64

/** A picture as taken, mirrored left to right, top to bottom, and both. */
export const MOST_WAYS = 4

/** Bytes that a view takes. */
export const viewBytes = (
  { grid }: SegmentSize,
  coarseCells: number,
  channels: { coarse: number; fine: number },
): number => grid.width * grid.height * (channels.fine + 4 * 4 + 2) + coarseCells * channels.coarse

/** Describes all pictures in `ways` ways. Blocks its thread while the backbone runs. @throws MDL_*; the signal's reason */
export async function collectViews(
  describer: LevelDescriber,
  { size, items }: Pictures,
  classes: readonly string[],
  ways: number,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, of: number) => void },
): Promise<BoxViews> {
  const few = Math.min(SCALE_PICTURES, items.length)
  const first: LevelFeatures[] = []
  for (let i = 0; i < few; i++) {
    signal?.throwIfAborted()
    const picture = items[Math.floor((i * items.length) / few)]
    if (picture) first.push(await describer.describe(picture.data, picture.id))
  }
  const coarse = scaleOf(
    first.map((f) => f.coarse),
    describer.channels.coarse,
  )
  const fine = scaleOf(
    first.map((f) => f.fine),
    describer.channels.fine,
  )
  const views: BoxView[][] = []
  for (const [i, picture] of items.entries()) {
    signal?.throwIfAborted()
    const boxes = boxesOf(picture, classes, size)
    const seen: BoxView[] = []
    for (let way = 0; way < ways; way++) {
      const features = await describer.describe(seenPicture(picture.data, size, way), picture.id)
      seen.push({
        coarse: inSteps(features.coarse, coarse),
        fine: inSteps(features.fine, fine),
        targets: boxTargets(
          boxes.map((b) => seenBox(b, size, way)),
          size,
        ),
      })
    }
    views.push(seen)
    onProgress?.(i + 1, items.length)
    // The event loop must breathe, so that a run can be cancelled.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { coarse, fine, views }
}

/** Ways 1 and 3 are mirrored left to right, 2 and 3 top to bottom. */
function seenPicture(
  data: Uint8Array<ArrayBuffer>,
  { widthPx, heightPx }: SegmentSize,
  way: number,
): Uint8Array<ArrayBuffer> {
  if (way === 0) return data
  const out = new Uint8Array(data.length)
  mirror(data, widthPx, heightPx, 3, way % 2 === 1, way >= 2, out)
  return out
}

export function seenBox(
  { class: c, box }: LabelledBox,
  { widthPx, heightPx }: SegmentSize,
  way: number,
): LabelledBox {
  let [x1, y1, x2, y2] = box
  if (way % 2 === 1) [x1, x2] = [widthPx - x2, widthPx - x1]
  if (way >= 2) [y1, y2] = [heightPx - y2, heightPx - y1]
  return { class: c, box: [x1, y1, x2, y2] }
}

function scaleOf(images: readonly Float32Array[], features: number): Scale {
  const values = new Float32Array(images.reduce((n, v) => n + v.length, 0))
  let at = 0
  for (const image of images) {
    values.set(image, at)
    at += image.length
  }
  const rows = Array.from({ length: features === 0 ? 0 : values.length / features }, (_, i) => i)
  return scaleOfRows({ values, features }, rows)
}

function inSteps(values: Float32Array, { mean, deviation }: Scale): Int8Array {
  const channels = mean.length
  const out = new Int8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const v = ((values[i] ?? 0) - (mean[i % channels] ?? 0)) / (deviation[i % channels] ?? 1)
    out[i] = Math.max(-127, Math.min(127, Math.round(v / STEP)))
  }
  return out
}

/** Standardised features of some views one after the other, [cells][channels]; null without a fine level. */
export function levelTensors(
  engine: TensorFlow,
  views: readonly BoxView[],
  channels: { coarse: number; fine: number },
): { seen: Tensor2D; detail: Tensor2D | null } {
  const of = (level: 'coarse' | 'fine'): Tensor2D =>
    tensorOf(
      engine,
      views.map((v) => v[level]),
      channels[level],
    )
  return { seen: of('coarse'), detail: channels.fine > 0 ? of('fine') : null }
}

function tensorOf({ tf }: TensorFlow, parts: readonly Int8Array[], channels: number): Tensor2D {
  const values = new Float32Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const part of parts) for (let i = 0; i < part.length; i++) values[at++] = (part[i] ?? 0) * STEP
  return tf.tensor2d(values, [values.length / channels, channels])
}
