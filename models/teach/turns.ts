import { mapInOrder } from '../../contracts/index.ts'
import type { Embedder } from './embedder.ts'
import type { WorkingSize } from './working-size.ts'
import type { LoadedImage } from './images.ts'
import type { TurnedEmbedding } from './embedding.ts'

/** A symmetry of the square: quarter turns clockwise, then mirrored left to right. */
interface Turn {
  quarters: 0 | 1 | 2 | 3
  mirrored: boolean
}

const HALVES: readonly Turn[] = [
  { quarters: 2, mirrored: false },
  { quarters: 0, mirrored: true },
  { quarters: 2, mirrored: true },
]
const QUARTERS: readonly Turn[] = [
  { quarters: 1, mirrored: false },
  { quarters: 3, mirrored: false },
  { quarters: 1, mirrored: true },
  { quarters: 3, mirrored: true },
]

/** Turns that keep the size of an image, except none at all. */
export const turnsFor = ({ widthPx, heightPx }: WorkingSize): readonly Turn[] =>
  widthPx === heightPx ? [...HALVES, ...QUARTERS] : HALVES

/**
 * An image turned.
 *
 * @param image HWC, 3 channels; square where `quarters` is odd
 */
export function turnImage(
  image: Uint8Array,
  width: number,
  height: number,
  { quarters, mirrored }: Turn,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(image.length)
  // where in the image the first pixel comes from, and how far on the next of a row and of a column are
  const [start, right, down] = (
    [
      [0, 1, width],
      [(height - 1) * width, -width, 1],
      [width * height - 1, -1, -width],
      [width - 1, width, -1],
    ] as const
  )[quarters]
  const [from, along] = mirrored ? [start + (width - 1) * right, -right] : [start, right]
  let to = 0
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (from + x * along + y * down) * 3
      out[to++] = image[at] ?? 0
      out[to++] = image[at + 1] ?? 0
      out[to++] = image[at + 2] ?? 0
    }
  return out
}

/**
 * Describes turned copies of good images, each image in turn and each time turned otherwise.
 *
 * @param views so many altogether, at most all turns of all images
 */
export async function describeTurned(
  images: readonly LoadedImage[],
  views: number,
  size: WorkingSize,
  embedder: Embedder,
  onDone: () => void,
): Promise<TurnedEmbedding[]> {
  const turns = turnsFor(size)
  const copies = Array.from({ length: Math.min(views, images.length * turns.length) }, (_, n) => {
    const source = n % images.length
    return {
      source,
      image: images[source],
      turn: turns[(Math.floor(n / images.length) + source) % turns.length],
    }
  })
  return mapInOrder(
    copies.flatMap(({ source, image, turn }) => (image && turn ? [{ source, image, turn }] : [])),
    async ({ source, image, turn }) => {
      const data = turnImage(image.data, size.widthPx, size.heightPx, turn)
      const embedding = await embedder.describe(data, image.name)
      onDone()
      return { source, embedding }
    },
    embedder.lanes,
  )
}
