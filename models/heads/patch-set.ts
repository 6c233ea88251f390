import { mirror } from '../kernels/mirror.kernel.ts'
import { sample, seededRandom } from '../teach/random.ts'
import type { CellLabels } from './cell-labels.ts'
import type { Picture, Pictures } from './pictures.ts'
import type { PatchDescriber, SegmentSize } from './patch-describer.ts'

/** Patches drawn from all images, to teach and to test a head with. */
export interface PatchSet {
  features: number
  count: number
  /** [rows][features]; more than `count` rows may be there. */
  values: Float32Array
  /** 0 = background, n = class n - 1. */
  labels: Int16Array
  /** Number of the image a patch comes from. */
  image: Int32Array
  /** Patches of its image and label that it stands for. */
  stands: Float32Array
  /** 0 = as taken; the others are mirrored views, which are taught but never test. */
  view: Uint8Array
}

function emptyPatchSet(rows: number, features: number): PatchSet {
  return {
    features,
    count: 0,
    values: new Float32Array(rows * features),
    labels: new Int16Array(rows),
    image: new Int32Array(rows),
    stands: new Float32Array(rows),
    view: new Uint8Array(rows),
  }
}

const MIRRORS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const
/** Views of an image: itself and its mirror images. */
const VIEWS = MIRRORS.length

/** Patches of one view of an image, at least. */
export const LEAST_ROWS = 8

/** Share of its rows that an image with defects gives to the background. */
const BACKGROUND_SHARE = 0.5

/** Adds patches of one image, and of its mirror images, to the set: `quota` of each view at most. */
async function addPatches(
  set: PatchSet,
  describer: PatchDescriber,
  picture: Picture,
  number: number,
  upright: CellLabels,
  size: SegmentSize,
  { quota, random }: { quota: number; random: () => number },
): Promise<void> {
  const { grid } = size
  for (const [view, [leftRight, topBottom]] of MIRRORS.entries()) {
    const data = view === 0 ? picture.data : new Uint8Array(picture.data.length)
    if (view > 0) mirror(picture.data, size.widthPx, size.heightPx, 3, leftRight, topBottom, data)
    const rows = await describer.describe(data, picture.id)
    const labels = mirrorLabels(upright, grid, leftRight, topBottom)
    const byLabel = new Map<number, number[]>()
    labels.forEach((label, i) => {
      if (label < 0) return
      const list = byLabel.get(label)
      if (list) list.push(i)
      else byLabel.set(label, [i])
    })
    const defects = byLabel.size - (byLabel.has(0) ? 1 : 0)
    for (const [label, cells] of byLabel) {
      const share = defects === 0 ? 1 : label === 0 ? BACKGROUND_SHARE : (1 - BACKGROUND_SHARE) / defects
      const taken = sample(cells.length, Math.max(1, Math.floor(quota * share)), random)
      for (const t of taken) {
        const cell = cells[t] ?? 0
        const at = set.count++
        set.values.set(rows.subarray(cell * set.features, (cell + 1) * set.features), at * set.features)
        set.labels[at] = label
        set.image[at] = number
        set.stands[at] = cells.length / taken.length
        set.view[at] = view
      }
    }
  }
}

export interface CollectOptions {
  classes: number
  /** Patches of all images, about. */
  rows: number
  seed: number
  signal?: AbortSignal
  onProgress?: (done: number, of: number) => void
}

/** Draws patches from all pictures. Blocks its thread while the backbone runs. @throws MDL_*; the signal's reason */
export async function collectPatches(
  describer: PatchDescriber,
  { size, items }: Pictures,
  labelsOf: (picture: Picture) => CellLabels,
  { classes, rows, seed, signal, onProgress }: CollectOptions,
): Promise<PatchSet> {
  const quota = Math.max(LEAST_ROWS, Math.floor(rows / VIEWS / items.length))
  const set = emptyPatchSet(items.length * rowsPerImage(quota, classes), describer.features)
  const random = seededRandom(seed)
  for (const [number, picture] of items.entries()) {
    signal?.throwIfAborted()
    await addPatches(set, describer, picture, number, labelsOf(picture), size, { quota, random })
    onProgress?.(number + 1, items.length)
    // The event loop must breathe, so that a run can be cancelled.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return set
}

/** Rows that one image may give. */
export const rowsPerImage = (quota: number, classes: number): number => VIEWS * (quota + classes + 1)

function mirrorLabels(
  labels: CellLabels,
  { width, height }: { width: number; height: number },
  leftRight: boolean,
  topBottom: boolean,
): CellLabels {
  const from = (i: number): number => {
    const x = i % width
    const y = Math.floor(i / width)
    return (topBottom ? height - 1 - y : y) * width + (leftRight ? width - 1 - x : x)
  }
  return labels.map((_, i) => labels[from(i)] ?? 0)
}
