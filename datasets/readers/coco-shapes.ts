import { basename } from 'node:path'
import { z } from 'zod'
import { asCoded, type Box, CodedError } from '../../contracts/index.ts'
import { extent } from '../metrics/extent.kernel.ts'
import { imageHeader } from './image-size.ts'
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
  shape: z.infer<typeof segmentationSchema> | null | undefined,
  place: Place,
): Pick<TrueBox, 'polygons' | 'runs'> {
  if (!shape) return {}
  if (Array.isArray(shape)) {
    // Some tools write `[[]]` beside a box that has no outline.
    const outlines = shape.filter((p) => p.length > 0)
    const odd = outlines.find((p) => p.length < 6 || p.length % 2 === 1)
    if (odd)
      throw new CodedError('DAT_ANNOTATION', {
        ...place,
        expected: 'outlines of three points or more, x1, y1, x2, y2, x3, y3 …',
        actual: `${odd.length} numbers`,
      })
    return outlines.length === 0 ? {} : { polygons: outlines }
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
  bbox: readonly [number, number, number, number] | readonly [] | null | undefined,
  { polygons, runs }: Pick<TrueBox, 'polygons' | 'runs'>,
  place: Place,
): Box {
  if (bbox?.length === 4) return [bbox[0], bbox[1], bbox[0] + bbox[2], bbox[1] + bbox[3]]
  if (runs) return boundsOfRuns(runs)
  if (polygons) {
    const [x1, x2] = extent(polygons.flatMap((p) => p.filter((_, n) => n % 2 === 0)))
    const [y1, y2] = extent(polygons.flatMap((p) => p.filter((_, n) => n % 2 === 1)))
    return [x1, y1, x2, y2]
  }
  throw new CodedError('DAT_ANNOTATION', {
    ...place,
    expected: 'bbox [x, y, width, height], or a segmentation',
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

/**
 * @param stated size that the document says, where it does
 * An image that cannot be read is left to the evaluation.
 *
 * @throws DAT_ANNOTATION when image or mask are said to have another size than the image has
 */
export async function checkSizes(
  boxes: readonly TrueBox[],
  stated: { width?: number | null | undefined; height?: number | null | undefined },
  image: string,
  file: string,
): Promise<void> {
  const sizes: [width: number, height: number, where: string][] = boxes.flatMap(({ runs }) =>
    runs ? [[runs.widthPx, runs.heightPx, 'segmentation.size']] : [],
  )
  if (stated.width && stated.height) sizes.push([stated.width, stated.height, 'width and height'])
  if (sizes.length === 0) return
  const header = await imageHeader(image).catch(() => null)
  if (header === null) return
  const { widthPx, heightPx, turned } = header
  const other = sizes.find(([w, h]) => w !== widthPx || h !== heightPx)
  if (other)
    throw new CodedError('DAT_ANNOTATION', {
      file,
      path: `${other[2]} of ${basename(image)}`,
      expected: `${widthPx} × ${heightPx} px, the size of the image`,
      actual: `${other[0]} × ${other[1]} px`,
      ...(turned && {
        hint: 'its EXIF orientation is not used: store it turned, or label it as it is stored',
      }),
    })
}
