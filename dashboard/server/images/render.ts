import sharp, { type Sharp } from 'sharp'
import { CodedError, decodePlain, isPgm, isPlain, isPnm } from '../../../contracts/index.ts'

export interface RenderOptions {
  /** Longest width in px; null keeps every pixel. */
  widthPx: number | null
  format: 'png' | 'webp'
}

/** Larger images are refused before any pixel is decoded. */
const LIMIT_PIXELS = 400_000_000

/**
 * Stored bytes → what a browser shows. PNG without a width is lossless, pixel for pixel; thumbnails may be lossy.
 *
 * @throws TRC_IMAGE when the bytes are no image
 */
export async function renderImage(bytes: Buffer, options: RenderOptions): Promise<Buffer> {
  try {
    let image = open(bytes)
    if (options.widthPx !== null)
      image = image.resize({ width: options.widthPx, withoutEnlargement: true, kernel: 'lanczos3' })
    return await (
      options.format === 'png' ? image.png({ compressionLevel: 3 }) : image.webp({ quality: 82, effort: 1 })
    ).toBuffer()
  } catch (error) {
    throw new CodedError('TRC_IMAGE', {
      expected: 'a stored image that can be decoded',
      actual: error instanceof Error ? error.message : String(error),
      cause: error,
    })
  }
}

function open(bytes: Buffer): Sharp {
  if (!isPlain(bytes)) return sharp(bytes, { limitInputPixels: LIMIT_PIXELS, failOn: 'none' })
  const { data, widthPx, heightPx, channels } = decodePlain(bytes, LIMIT_PIXELS)
  return sharp(data, { limitInputPixels: LIMIT_PIXELS, raw: { width: widthPx, height: heightPx, channels } })
}

/** MIME type of stored bytes by their signature; names of files are not trusted. */
export function mimeOf(bytes: Buffer): string {
  if (bytes.length > 3 && bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg'
  if (bytes.length > 8 && bytes.readUInt32BE(0) === 0x89504e47) return 'image/png'
  if (isPnm(bytes)) return isPgm(bytes) ? 'image/x-portable-graymap' : 'image/x-portable-pixmap'
  if (bytes.length > 12 && bytes.toString('latin1', 8, 12) === 'WEBP') return 'image/webp'
  if (bytes.length > 2 && bytes.toString('latin1', 0, 2) === 'BM') return 'image/bmp'
  if (bytes.length > 4 && [0x49492a00, 0x4d4d002a].includes(bytes.readUInt32BE(0))) return 'image/tiff'
  return 'application/octet-stream'
}
