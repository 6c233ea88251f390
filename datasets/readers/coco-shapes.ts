import { basename } from 'node:path'
import { z } from 'zod'
import { asCoded, type Box, CodedError } from '../../contracts/index.ts'
import { imageSize } from './image-size.ts'
import type { TrueBox } from './item.ts'
import { boundsOfRuns, countsOfText } from './run-lengths.ts'

const side = z.number().int().positive()

/** Polygons, or run lengths of a mask of `size` height, width: numbers, or their compressed text. */
export const segmentationSchema = z.union([
  z.array(z.array(z.number())),
  z.looseObject({
    size: z.tuple([side, side]),
    counts: z.union([z.string(), z.array(z.number().int().nonnegative())]),
  }),
])

interface Place {
  file: string
  path: string
}

/** @throws DAT_ANNOTATION for outlines of less than three points, and runs that do not fill their mask */
export function shapeOf(
  shape: z.infer<typeof segmentationSchema> | undefined,
  place: Place,
): Pick<TrueBox, 'polygons' | 'runs'> {
  if (shape === undefined) return {}
  if (Array.isArray(shape)) {
    const odd = shape.find((p) => p.length < 6 || p.length % 2 === 1)
    if (odd)
      throw new CodedError('DAT_ANNOTATION', {
        ...place,
        expected: 'outlines of three points or more, x1, y1, x2, y2, x3, y3 …',
        actual: `${odd.length} numbers`,
      })
    return shape.length === 0 ? {} : { polygons: shape }
  }
  const [heightPx, widthPx] = shape.size
  const counts = typeof shape.counts === 'string' ? countsIn(shape.counts, place) : shape.counts
  const total = counts.reduce((a, b) => a + b, 0)
  if (total !== widthPx * heightPx)
    throw new CodedError('DAT_ANNOTATION', {
      ...place,
      expected: `runs that fill ${heightPx} × ${widthPx} px, ${widthPx * heightPx} in all`,
      actual: `${total} px`,
    })
  return { runs: { widthPx, heightPx, counts } }
}

export function boxOf(
  bbox: readonly [number, number, number, number] | undefined,
  { runs }: Pick<TrueBox, 'runs'>,
  place: Place,
): Box {
  if (bbox) return [bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]]
  if (runs) return boundsOfRuns(runs)
  throw new CodedError('DAT_ANNOTATION', {
    ...place,
    expected: 'bbox [x, y, width, height]',
    actual: 'none',
  })
}

function countsIn(text: string, { file, path }: Place): number[] {
  try {
    return countsOfText(text)
  } catch (error) {
    const { detail } = asCoded(error, 'DAT_ANNOTATION')
    throw new CodedError('DAT_ANNOTATION', { ...detail, file, path: `${path}.${detail.path}` })
  }
}

/** @throws DAT_ANNOTATION when a mask has another size than its image */
export async function checkSizes(boxes: readonly TrueBox[], image: string, file: string): Promise<void> {
  const masks = boxes.flatMap((b) => b.runs ?? [])
  if (masks.length === 0) return
  const { widthPx, heightPx } = await imageSize(image)
  const other = masks.find((m) => m.widthPx !== widthPx || m.heightPx !== heightPx)
  if (other)
    throw new CodedError('DAT_ANNOTATION', {
      file,
      path: `segmentation.size of ${basename(image)}`,
      expected: `${heightPx}, ${widthPx}, the size of the image`,
      actual: `${other.heightPx}, ${other.widthPx}`,
    })
}
