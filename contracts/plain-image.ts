import { bmpHeader, decodeBmp, isBmp } from './bmp.ts'
import { decodePnm, isPnm, pnmHeader } from './pnm.ts'

/** Pixels of an image, top row first, grey or R G B. */
export interface PlainPixels {
  data: Uint8Array
  widthPx: number
  heightPx: number
  channels: 1 | 3
}

/** Formats without compression, which the decoder of all others does not read: BMP, and PGM and PPM. */
export const isPlain = (b: Uint8Array): boolean => isBmp(b) || isPnm(b)

/** Size and bits per channel. @throws INS_DECODE, INS_IMAGE_FORMAT */
export function plainHeader(b: Uint8Array): { widthPx: number; heightPx: number; bitDepth: 8 | 16 } {
  if (isBmp(b)) return { ...bmpHeader(b), bitDepth: 8 }
  const header = pnmHeader(b)
  return { ...header, bitDepth: header.max > 255 ? 16 : 8 }
}

/**
 * More than 8 bits per channel become 8.
 *
 * @throws INS_DECODE damaged or cut off; INS_IMAGE_FORMAT compressed, transparent; INS_IMAGE_LIMIT
 */
export const decodePlain = (b: Uint8Array, maxPixels = 100_000_000): PlainPixels =>
  isBmp(b) ? decodeBmp(b, maxPixels) : decodePnm(b, maxPixels)
