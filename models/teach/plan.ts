import { CodedError, type I18n } from '../../contracts/index.ts'
import { sizeText } from '../pixels.ts'
import { patchStride, patchTaps } from './backbone.ts'
import type { Backbone } from './backbone.ts'
import { LIST } from './coreset.ts'
import type { WorkingSize } from './working-size.ts'
import { channelsOf } from './feature-nodes.ts'
import { tilesFor } from './tiles.ts'
import { keptFor } from './place-gaussian.ts'
import { planeNumbers } from './plane-points.ts'

/** Everything the work is allowed and expected to take, known before it starts. */
export interface TeachPlan {
  size: WorkingSize
  dims: number
  bankSize: number
  /** Upper bound of the memory held at once, bytes; the work never exceeds it. */
  memoryBytes: number
}

export interface PlanRequest {
  images: number
  defects: number
  widthPx: number
  heightPx: number
  /** Null: `automaticArea`, or less where the memory allows no more. */
  areaPx: number | null
  dims: number
  bankSize: number
  memoryLimitBytes: number
  /** Images described at once, each with the activations of a whole network. */
  threads: number
}

/** More would hold too many patches at once; crop the region of interest instead. */
export const MAX_AREA_PX = 33_554_432
/** What onnxruntime, sharp and the threads take before the first image. */
const LIBRARIES_BYTES = 130_000_000
/**
 * Memory the system gives for a byte in use: allocators of several threads keep what was freed. Peak of the whole program
 * less what it had at its start and the libraries, 100 images of 256², 12 of 560 x 464, 31 and 116 of 400 x 544, 12 of
 * 1,120 x 944 px: 1.65 to 1.97 times the bytes in use, and no less with the arenas of onnxruntime off.
 */
const ALLOCATED = 2
/** Images that say how channels vary; more change nothing. */
export const MOMENT_IMAGES = 24
/** Rows the bank is chosen from: with fewer, turned copies of 50 images and a larger bank gain little (ADR 0007). */
export const MAX_CANDIDATES = 60_000
/** Banks of the learning curve are this share of that of the model, chosen from so many rows. */
export const CURVE = { bankShare: 0.3, candidates: 20_000 } as const
/** Damaged copies made of images of 1,024 cells; of smaller ones more, so that their patches are as many. */
const DAMAGED_COPIES = 60

/** Damaged copies for a grid: one or more of each good image, the same number of patches whatever the size. */
export const damagedCopies = (images: number, cells: number): number =>
  Math.min(4 * images, Math.max(10, Math.round((DAMAGED_COPIES * 1_024) / cells)))

/** Good images and turned copies together, for a grid of 1,024 cells; of few images all turns, of many fewer or none. */
const VIEWS = 400
/** The same when photographs of one workpiece are sought, which compares each image with each copy. */
const VIEWS_COMPARED = 240

const turnsWithin = (views: number, images: number, cells: number): number =>
  Math.min(7 * images, Math.max(10, Math.round((views * 1_024) / cells) - images))

/** Turned copies that go into the bank: as many patches as make the views full, whatever the size. */
export const turnedViews = (images: number, cells: number): number => turnsWithin(VIEWS, images, cells)

/** The first so many of these copies are compared with each image. */
export const turnedCompared = (images: number, cells: number): number =>
  turnsWithin(VIEWS_COMPARED, images, cells)

/** Least and largest working area that is chosen without being asked for. */
export const AUTOMATIC_PX = [65_536, 262_144] as const
/** Images from this area on would lose more than half of their resolution at the largest one. */
export const LARGE_PX = 4 * AUTOMATIC_PX[1]
/** Largest working area of those that is chosen without being asked for. */
const LARGEST_PX = 4_194_304

/** Step to the next smaller area that is tried where the memory does not allow one. */
const LESS = 0.95

/**
 * Working area of images of a size, px: half of theirs, so that hairlines stay visible. Drawn ones in strips of
 * 500 x 1,240 px: AUROC 75 at 256² px, 97 at 512² px (ADR 0007); on surfaces of 2,048 x 1,536 px 87 at 512², 99 at half
 * of them (ADR 0020).
 */
const automaticArea = (widthPx: number, heightPx: number): number => {
  const half = Math.round((widthPx * heightPx) / 2)
  const most = 2 * half > LARGE_PX ? LARGEST_PX : AUTOMATIC_PX[1]
  return Math.min(most, Math.max(AUTOMATIC_PX[0], half))
}

/**
 * Working size: the aspect of the image, an area of about `areaPx` and at most twice the sides of the image, both
 * sides multiples of what the backbone needs.
 */
export function workingSize(
  backbone: Backbone,
  widthPx: number,
  heightPx: number,
  areaPx: number,
): WorkingSize {
  const step = backbone.multipleOfPx
  const scale = Math.min(2, Math.sqrt(Math.min(areaPx, MAX_AREA_PX) / (widthPx * heightPx)))
  const fit = (side: number): number => Math.max(2, Math.round((side * scale) / step)) * step
  const stridePx = patchStride(backbone.taps)
  const size = { widthPx: fit(widthPx), heightPx: fit(heightPx) }
  return {
    ...size,
    tiles: tilesFor(size.widthPx, size.heightPx, step),
    grid: { width: size.widthPx / stridePx, height: size.heightPx / stridePx, stridePx },
  }
}

/** @throws TCH_LIMIT when the memory would exceed the limit, saying what would fit */
export function planTeaching(backbone: Backbone, request: PlanRequest): TeachPlan {
  const asked = request.areaPx ?? automaticArea(request.widthPx, request.heightPx)
  const plan = planArea(backbone, request, asked)
  if (plan.memoryBytes <= request.memoryLimitBytes) return plan
  if (request.areaPx === null)
    for (let area = asked; area > AUTOMATIC_PX[0];) {
      area = Math.max(AUTOMATIC_PX[0], area * LESS)
      const smaller = planArea(backbone, request, area)
      if (smaller.memoryBytes <= request.memoryLimitBytes) return smaller
    }
  throw tooMuchMemory(plan, request, {
    en: 'teach with fewer images or a smaller working area, or allow more memory',
    zh: '请减少图像或缩小工作区,或允许更多内存',
  })
}

export const tooMuchMemory = (
  { memoryBytes, size }: Pick<TeachPlan, 'memoryBytes' | 'size'>,
  { images, memoryLimitBytes }: Pick<PlanRequest, 'images' | 'memoryLimitBytes'>,
  hint: I18n,
): CodedError =>
  new CodedError('TCH_LIMIT', {
    path: 'memory',
    expected: `at most ${mega(memoryLimitBytes)} MB`,
    actual: `${mega(memoryBytes)} MB for ${images} good images at ${sizeText(size)}`,
    hint: hint.en,
    zh: {
      expected: `最多 ${mega(memoryLimitBytes)} MB`,
      actual: `${images} 张 ${sizeText(size)} 的良品图像需要 ${mega(memoryBytes)} MB`,
      hint: hint.zh,
    },
  })

function planArea(backbone: Backbone, request: PlanRequest, areaPx: number): TeachPlan {
  const { images, defects, widthPx, heightPx, dims, bankSize } = request
  const size = workingSize(backbone, widthPx, heightPx, areaPx)
  const cells = size.grid.width * size.grid.height
  const counts = {
    images,
    loaded: images,
    defects,
    damaged: damagedCopies(images, cells),
    turned: turnedViews(images, cells),
  }
  return { size, dims, bankSize, memoryBytes: memoryFor(backbone, size, counts, request) }
}

/** How many images of each kind are held. */
export interface HeldImages {
  /** Good ones. */
  images: number
  /** Those of them whose pixels are held, too. */
  loaded: number
  defects: number
  damaged: number
  turned: number
}

/** Upper bound of the memory that teaching from so many images at a working size holds at once, bytes. */
export function memoryFor(
  backbone: Backbone,
  size: WorkingSize,
  { images, loaded, defects, damaged, turned }: HeldImages,
  { dims, bankSize, threads }: Pick<PlanRequest, 'dims' | 'bankSize' | 'threads'>,
): number {
  const cells = size.grid.width * size.grid.height
  const channels = channelsOf(patchTaps(backbone.taps))
  const pixels = size.widthPx * size.heightPx
  const embeddings = (images + damaged + turned + defects) * cells * dims * 4
  const working = loaded * pixels * 3
  // activations of the widest layer twice, 64 channels at half resolution; measured backbones stay below
  const { tiles } = size
  const seen = tiles === undefined ? pixels : tiles.widthPx * tiles.heightPx
  const activations = threads * (2 * 64 * (seen / 4) * 4 + backbone.model.length * 3)
  // patches of all tiles, and those of the grid taken from them
  const stacked = tiles === undefined ? 0 : tiles.columns * tiles.rows * (seen / size.grid.stridePx ** 2)
  const compared = tiles === undefined ? 0 : threads * (stacked + 4 * cells) * dims * 4
  const descriptors = 2 * (cells + stacked) * channels * 4 + 3 * channels * channels * 8
  // candidates of a bank and of a small one at once, on every thread and on the calling one
  const candidates = (MAX_CANDIDATES + CURVE.candidates) * dims * 4
  const products = Math.max(4_096 * bankSize, MAX_CANDIDATES * LIST) * 4
  const distances = threads * (products + candidates) + candidates
  const residuals = (images + damaged + defects) * cells * dims * 4
  // and the same of the pixels, as they are compared with a golden template
  const planes =
    tiles === undefined ? 2 * (images + damaged + defects) * cells * planeNumbers(size.grid) * 4 : 0
  // factors of each place: fitted, written and on every thread, in blocks that go back whole
  const places = (2 + threads) * cells * keptFor(cells, dims) ** 2 * 4
  // maps of four forms by each fold and by all
  const maps = (images + damaged + defects) * cells * 4 * 4 * 4
  const moments = (images + 2 * damaged) * dims * dims * 4
  const inUse =
    embeddings +
    working +
    activations +
    compared +
    descriptors +
    distances +
    residuals +
    planes +
    maps +
    moments
  return LIBRARIES_BYTES + Math.ceil(ALLOCATED * inUse) + places
}

/** Parts of the cross-fit: three; with fewer than 6 groups of images each is its own. */
export const foldsFor = (groups: number): number => (groups >= 6 ? 3 : groups)

export const mega = (bytes: number): number => Math.ceil(bytes / 1_000_000)
