import { asCoded } from '../../contracts/index.ts'
import { openImage } from './open-image.ts'

/** Lossy compression leaves grey around what was drawn in black and white. */
const LOSSY_FLOOR = 128
/** Brighter than that, compression alone does not make a black image. */
const LOSSY_NOISE = 16

/**
 * A mask image, HW, 1 where any of its channels is above 0: labels may be numbers of classes, also of 16 bits, or colours
 * of a palette. Of a JPEG, where it is above the middle, or above half of its brightest value where all are darker.
 *
 * @throws DAT_ANNOTATION when it cannot be read
 */
export async function readMaskFile(
  file: string,
): Promise<{ data: Uint8Array; widthPx: number; heightPx: number }> {
  try {
    const image = await openImage(file)
    const { format, depth, hasAlpha, channels: stored } = await image.metadata()
    const wide = depth === 'ushort' || depth === 'short'
    const grey = stored - (hasAlpha ? 1 : 0) === 1
    const { data, info } = await image
      .flatten({ background: '#000' })
      .toColourspace(wide ? (grey ? 'grey16' : 'rgb16') : 'srgb')
      .raw({ depth: wide ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const values = wide ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data
    const least = format === 'jpeg' ? lossyFloor(values) : 1
    const { width: widthPx, height: heightPx, channels } = info
    const out = new Uint8Array(widthPx * heightPx)
    for (let i = 0; i < out.length; i++)
      for (let c = 0; c < channels; c++) if ((values[i * channels + c] ?? 0) >= least) out[i] = 1
    return { data: out, widthPx, heightPx }
  } catch (error) {
    throw asCoded(error, 'DAT_ANNOTATION', { file, expected: 'a mask image' })
  }
}

function lossyFloor(values: Uint8Array | Uint16Array): number {
  let most = 0
  for (const v of values) most = Math.max(most, v)
  return most > LOSSY_NOISE && most < LOSSY_FLOOR ? most / 2 : LOSSY_FLOOR
}
