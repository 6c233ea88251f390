import { createHash } from 'node:crypto'
import { CodedError } from '../../contracts/index.ts'
import { createImageInput } from '../input/image-input.ts'
import type { Pixels } from '../pixels.ts'
import type { Backbone } from '../teach/backbone.ts'
import { mega, workingSize } from '../teach/plan.ts'
import { patchFeatures, type SegmentSize } from './patch-describer.ts'
import { LEAST_ROWS, rowsPerImage } from './patch-set.ts'
import type { LabelledRegion } from './region-labels.ts'
import type { Picture, Pictures } from './pictures.ts'
import { BACKGROUND, segmentInput } from './segment-model.ts'

export interface SegmentImage {
  /** Names the image in messages: its file. */
  id: string
  pixels: Pixels
  /** Every defect in the image; none means a good part. */
  regions: readonly LabelledRegion[]
}

export interface PictureOptions {
  /** Working area of an image, px: larger sees smaller defects and takes longer in proportion. */
  areaPx: number
  /** Stride of the patches, px; one of the backbone's. */
  stridePx: number
  /** Bytes the work will hold at once, when images are brought to a size. */
  memoryOf: (size: SegmentSize) => number
  /** Bytes the work may hold at once. */
  memoryLimitBytes: number
  signal?: AbortSignal
}

/** Fewer labelled regions of a class cannot be both taught and tested. */
const FEWEST_REGIONS = 5

/** Images at working size, that of the first one; each picture once. */
export async function loadPictures(
  backbone: Backbone,
  images: AsyncIterable<SegmentImage>,
  { areaPx, stridePx, memoryOf, memoryLimitBytes, signal }: PictureOptions,
  count: number,
): Promise<Pictures> {
  const seen = new Map<string, Seen>()
  const items: Picture[] = []
  let size: SegmentSize | null = null
  let input: ReturnType<typeof createImageInput> | null = null
  for await (const image of images) {
    signal?.throwIfAborted()
    const { widthPx, heightPx } = image.pixels
    if (size === null || input === null) {
      size = sizeOf(backbone, widthPx, heightPx, areaPx, stridePx)
      input = createImageInput(segmentInput(backbone, size))
      checkMemory(memoryOf(size), memoryLimitBytes, count)
    }
    if (!isNew(image, seen)) continue
    const data = Uint8Array.from(input.prepare(image.pixels).tensor.data)
    items.push({ id: image.id, data, source: { widthPx, heightPx }, regions: image.regions })
  }
  if (size === null)
    throw new CodedError('TCH_LABELS', { expected: 'images with labelled regions', actual: 'no image' })
  return { size, items }
}

function sizeOf(
  backbone: Backbone,
  widthPx: number,
  heightPx: number,
  areaPx: number,
  stridePx: number,
): SegmentSize {
  const size = workingSize(backbone, widthPx, heightPx, areaPx)
  const grid = { width: size.widthPx / stridePx, height: size.heightPx / stridePx }
  return { widthPx: size.widthPx, heightPx: size.heightPx, stridePx, grid }
}

/** Pictures, patches with their standardised copies here and in TensorFlow.js, and the features of one image. */
export function memoryOfPatches(
  backbone: Backbone,
  size: SegmentSize,
  count: number,
  wanted: number,
): number {
  const features = patchFeatures(backbone)
  const pixels = size.widthPx * size.heightPx
  const rows = Math.max(wanted, rowsPerImage(LEAST_ROWS, 8) * count)
  return count * pixels * 3 + 3 * rows * features * 4 + 3 * size.grid.width * size.grid.height * features * 4
}

function checkMemory(bytes: number, limit: number, count: number): void {
  if (bytes <= limit) return
  throw new CodedError('TCH_LIMIT', {
    path: 'memory',
    expected: `at most ${mega(limit)} MB`,
    actual: `${mega(bytes)} MB for ${count} images`,
    hint: 'teach with fewer images or a smaller working area, or allow more memory',
  })
}

/** A picture that came before; not its pixels, which would be held as long. */
interface Seen {
  id: string
  names: string
}

/** @throws TCH_LABELS when the same picture came with regions of other classes */
function isNew(image: SegmentImage, seen: Map<string, Seen>): boolean {
  const { widthPx, heightPx, channels, data } = image.pixels
  const hash = createHash('sha256').update(`${widthPx}x${heightPx}x${channels}`).update(data).digest('hex')
  const twin = seen.get(hash)
  const names =
    image.regions
      .map((r) => r.class)
      .sort()
      .join(', ') || 'nothing'
  if (!twin) {
    seen.set(hash, { id: image.id, names })
    return true
  }
  if (twin.names === names) return false
  throw new CodedError('TCH_LABELS', {
    path: image.id,
    expected: `one label for one picture: in ${twin.id} it shows ${twin.names}`,
    actual: names,
    hint: 'correct the label of one of the two, or leave both out',
  })
}

/** Labelled regions per class. @throws TCH_LABELS when there are too few of one */
export function checkRegions(classes: readonly string[], items: readonly Picture[]): Record<string, number> {
  if (classes.length === 0)
    throw new CodedError('TCH_LABELS', {
      expected: 'labelled regions',
      actual: `none in ${items.length} images`,
      hint: 'give masks, boxes or outlines: layouts mvtec, voc, yolo, coco',
    })
  if (classes.includes(BACKGROUND))
    throw new CodedError('TCH_LABELS', { expected: `no class named ${BACKGROUND}`, actual: BACKGROUND })
  const counts: Record<string, number> = {}
  for (const c of classes) {
    const found = items.reduce((n, p) => n + p.regions.filter((r) => r.class === c).length, 0)
    const pictures = items.filter((p) => p.regions.some((r) => r.class === c)).length
    if (found < FEWEST_REGIONS || pictures < 2)
      throw new CodedError('TCH_LABELS', {
        path: c,
        expected: `at least ${FEWEST_REGIONS} labelled regions, in two different images or more`,
        actual: `${found} in ${pictures}`,
        hint: 'label more of this class, or merge it with another one',
      })
    counts[c] = found
  }
  return counts
}
