import { createHash } from 'node:crypto'
import { CodedError } from '../../contracts/index.ts'
import { createImageInput } from '../input/image-input.ts'
import { sizeText } from '../pixels.ts'
import { BrokenImages } from './broken-images.ts'
import type { WorkingSize } from './working-size.ts'
import type { TeachImage } from './request.ts'

/** An image at working size. */
export interface LoadedImage {
  name: string
  /** SHA-256 of the pixels as loaded, with their size. */
  sha256: string
  /** HWC uint8 RGB */
  data: Uint8Array<ArrayBuffer>
}

export interface SourceSize {
  widthPx: number
  heightPx: number
}

/** Stretched further than this, an image is named by itself: it may be of another thing. */
const FAR_STRETCHED = 2
/** A side may be so many times the usual one, or its part, and so may the aspect; nothing of other images is left. */
const MOST_DIFFERENT = 8

/** A size that so large a share of the images has is a usual one. */
const COMMON = 0.25

/**
 * The usual size of images: the median of the widths and of the heights; where no image has it, as of portraits among
 * landscapes, the size that most have, the first of equally many, or that after all where none is common. Images that
 * cannot be read have none: `loadImages` names them.
 *
 * @throws as `BrokenImages`, when none can be read
 */
export async function usualSize(images: readonly TeachImage[]): Promise<SourceSize | null> {
  if (images.length === 0) return null
  const sizes: SourceSize[] = []
  const broken = new BrokenImages()
  for (const image of images) {
    const size = await broken.read(async () => image.size?.() ?? image.load())
    if (size !== null) sizes.push(size)
  }
  if (sizes.length === 0) broken.refuse()
  const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 1
  const median = {
    widthPx: middle(sizes.map((s) => s.widthPx)),
    heightPx: middle(sizes.map((s) => s.heightPx)),
  }
  const having = (size: SourceSize): number =>
    sizes.filter((s) => s.widthPx === size.widthPx && s.heightPx === size.heightPx).length
  if (having(median) > 0) return median
  const most = sizes.reduce((best, s) => (having(s) > having(best) ? s : best))
  return having(most) >= COMMON * sizes.length ? { widthPx: most.widthPx, heightPx: most.heightPx } : median
}

/** How many times a side, or the aspect, of `a` is that of `b`, or its part; 1 for one size. */
const stretchOf = (a: SourceSize, b: SourceSize): number => {
  const x = a.widthPx / b.widthPx
  const y = a.heightPx / b.heightPx
  return Math.max(...[x, y, x / y].map((r) => Math.max(r, 1 / r)))
}

/** Names of the images of another than the usual size, and of those among them that are far from it. */
export interface Resized {
  all: string[]
  far: string[]
}

/** Images at working size, and which were stretched. */
interface Loaded {
  loaded: LoadedImage[]
  resized: Resized
}

/**
 * Reads images and brings them to working size as the line will. Images of another size are stretched to it, so that
 * a position means about the same place in each, and named: also parts cut out at their own rims, of many sizes, are
 * better judged so than with their aspect kept (ADR 0007).
 *
 * @param source the usual size of the images
 * @throws TCH_IMAGES when a size is far from the usual one; as `BrokenImages` when some cannot be read, whatever group they
 * are of
 */
export async function loadImages<Group extends string>(
  groups: Readonly<Record<Group, readonly TeachImage[]>>,
  size: WorkingSize,
  source: SourceSize,
  onLoaded: () => void,
): Promise<Record<Group, Loaded>> {
  const broken = new BrokenImages()
  const all: Partial<Record<Group, Loaded>> = {}
  for (const group in groups) all[group] = await loadGroup(groups[group], size, source, broken, onLoaded)
  broken.refuse()
  return all as Record<Group, Loaded>
}

async function loadGroup(
  images: readonly TeachImage[],
  size: WorkingSize,
  source: SourceSize,
  broken: BrokenImages,
  onLoaded: () => void,
): Promise<Loaded> {
  const input = createImageInput(inputOf(size))
  const loaded: LoadedImage[] = []
  const resized: Resized = { all: [], far: [] }
  for (const image of images) {
    const pixels = await broken.read(() => image.load())
    if (pixels === null) {
      onLoaded()
      continue
    }
    const { widthPx, heightPx } = pixels
    const stretch = stretchOf(pixels, source)
    if (stretch > MOST_DIFFERENT)
      throw new CodedError('TCH_IMAGES', {
        path: image.name,
        expected: `about ${sizeText(source)}, the usual size of the images; sides and aspect within a factor of ${MOST_DIFFERENT}`,
        actual: sizeText(pixels),
        hint: 'crop or sort them: teach from images of one kind of part',
        zh: {
          expected: `约 ${sizeText(source)}(图像的常见尺寸),边长和宽高比相差不超过 ${MOST_DIFFERENT} 倍`,
          hint: '请裁剪或分类:一次只用一种工件的图像示教',
        },
      })
    if (stretch > 1) resized.all.push(image.name)
    if (stretch > FAR_STRETCHED) resized.far.push(image.name)
    loaded.push({
      name: image.name,
      sha256: createHash('sha256')
        .update(`${widthPx} ${heightPx} ${pixels.channels} `)
        .update(pixels.data)
        .digest('hex'),
      data: Uint8Array.from(input.prepare(pixels).tensor.data),
    })
    onLoaded()
  }
  return { loaded, resized }
}

/** The input of the taught model, so that teaching and line see the same pixels. */
export const inputOf = ({ widthPx, heightPx }: { widthPx: number; heightPx: number }) => ({
  name: 'image',
  layout: 'NHWC' as const,
  dtype: 'uint8' as const,
  channels: 3 as const,
  widthPx,
  heightPx,
  multipleOf: 1,
  fit: 'stretch' as const,
  resample: 'pillow' as const,
  marginGrey: 114,
  role: 'image' as const,
})

/**
 * The same picture cannot be a good part and a defective one.
 *
 * @throws TCH_LABELS naming both images
 */
export function refuseConflicts(
  good: readonly { name: string; sha256: string }[],
  defects: readonly { name: string; sha256: string }[],
): void {
  const byHash = new Map(good.map((g) => [g.sha256, g.name]))
  const conflict = defects.find((d) => byHash.has(d.sha256))
  if (conflict === undefined) return
  throw new CodedError('TCH_LABELS', {
    path: conflict.name,
    expected: 'a defective image that is not among the good ones',
    actual: `the same picture as the good image ${byHash.get(conflict.sha256)}`,
    hint: 'decide which it is, and leave it out of the other folder',
    zh: {
      expected: '不在良品之中的缺陷图像',
      actual: `与良品图像 ${byHash.get(conflict.sha256)} 完全相同`,
      hint: '请确定属于哪一类,并从另一文件夹中去掉',
    },
  })
}

/** Each picture once: a copy on the other side of a cross-fit would make every score too good. */
export function withoutCopies(images: readonly LoadedImage[]): { distinct: LoadedImage[]; copies: string[] } {
  const seen = new Set<string>()
  const distinct: LoadedImage[] = []
  const copies: string[] = []
  for (const image of images) {
    if (seen.has(image.sha256)) copies.push(image.name)
    else distinct.push(image)
    seen.add(image.sha256)
  }
  return { distinct, copies }
}
