import type { Registration } from '../../contracts/index.ts'
import { warpRigid } from '../kernels/index.ts'
import { freshPixels, type TakePixels } from './frame-memory.ts'
import { PartImage } from './part-image.ts'

/** Below this no pixel moves by more than a hundredth, on images up to 2,000 px. */
const STILL_PX = 0.005
const STILL_RAD = 1e-5

/**
 * The frame as it would look if the part lay exactly like the golden template.
 *
 * @param take gives the memory for the pixels
 */
export function intoPartFrame(image: PartImage, r: Registration, take: TakePixels = freshPixels): PartImage {
  if (Math.abs(r.dxPx) < STILL_PX && Math.abs(r.dyPx) < STILL_PX && Math.abs(r.angleRad) < STILL_RAD)
    return image
  const { data, widthPx, heightPx, channels } = image.pixels
  const out = take(data.length)
  warpRigid(data, widthPx, heightPx, channels, r.dxPx, r.dyPx, r.angleRad, out)
  return new PartImage({ data: out, widthPx, heightPx, channels }, take)
}
