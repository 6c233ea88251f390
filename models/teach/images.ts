import { createHash } from 'node:crypto'
import { CodedError } from '../../contracts/index.ts'
import { createImageInput } from '../input/image-input.ts'
import { sizeText } from '../pixels.ts'
import type { WorkingSize } from './embedder.ts'
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

/**
 * Reads images and brings them to working size as the line will: one size for all, since a position must mean the
 * same place in each.
 *
 * @param size what the working size is for images of a size; asked once
 * @throws TCH_IMAGES when sizes differ, naming both images; what `load` throws, for a file that is no image
 */
export async function loadImages(
  images: readonly TeachImage[],
  sizeFor: (source: SourceSize) => WorkingSize,
  known: { source: SourceSize; name: string } | null,
  onLoaded: () => void,
): Promise<{ loaded: LoadedImage[]; source: { source: SourceSize; name: string } | null }> {
  let source = known
  let input: ReturnType<typeof createImageInput> | null = null
  const loaded: LoadedImage[] = []
  for (const image of images) {
    const pixels = await image.load()
    const { widthPx, heightPx } = pixels
    source ??= { source: { widthPx, heightPx }, name: image.name }
    if (widthPx !== source.source.widthPx || heightPx !== source.source.heightPx)
      throw new CodedError('TCH_IMAGES', {
        path: image.name,
        expected: `${sizeText(source.source)}, like ${source.name}`,
        actual: sizeText(pixels),
        hint: 'teach from images of one size, taken by one camera at one place; crop or sort the others',
      })
    input ??= createImageInput(inputOf(sizeFor(source.source)))
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
  return { loaded, source }
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
