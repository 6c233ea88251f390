import sharp, { type Metadata, type OutputInfo } from 'sharp'
import {
  asCoded,
  CodedError,
  decodePlain,
  type FrameFormat,
  isPlain,
  MAX_PIXELS,
  oddTiffColours,
  plainHeader,
} from '../../contracts/index.ts'
import type { Pixels } from '../../models/index.ts'
import { dropAlpha, firstTransparent, greyToRgb, rgbToGrey } from '../kernels/index.ts'
import { freshPixels, type TakePixels } from './frame-memory.ts'
import { readHeader } from './image-header.ts'
import { decodeJpeg } from './jpeg.ts'
import { hasSecondImage } from './second-image.ts'

// Every frame is new: the cache of libvips would only hold memory. One decoder thread per frame; several frames
// decode at once on the threads of libuv (UV_THREADPOOL_SIZE, 4 unless set), shared by all workers of the process.
sharp.cache(false)
sharp.concurrency(1)

/** Looks at the size in the header, before any pixel is decoded. @throws to refuse it */
type CheckSize = (widthPx: number, heightPx: number) => void

/** What the recipe wants of a frame. */
export interface WantedImage {
  widthPx: number
  heightPx: number
  color: 'mono' | 'rgb'
}

/**
 * Bytes of a frame to pixels as the camera stored them: no colour management, EXIF orientation ignored, no scaling.
 * Colour becomes grey by BT.601 luma, grey becomes three equal channels, as the recipe wants. Raw bytes that already
 * fit pass through without a copy and stay borrowed.
 *
 * @param take gives the memory for the pixels
 * @throws INS_DECODE empty, truncated or damaged; INS_IMAGE_FORMAT more than 8 bits per channel, CMYK and
 * other colours than grey and RGB, real transparency, several pages, two pictures in one, raw bytes of the wrong length; INS_IMAGE_LIMIT; INS_WRONG_SIZE
 */
export async function decodeFrame(
  bytes: Uint8Array,
  format: FrameFormat,
  want: WantedImage,
  take: TakePixels = freshPixels,
): Promise<Pixels> {
  if (bytes.byteLength === 0)
    throw new CodedError('INS_DECODE', { expected: 'an image', actual: '0 bytes', hint: 'check the camera' })
  if (format.kind === 'raw') return passRaw(bytes, format, want, take)
  const decoded = await decodeImage(bytes, (widthPx, heightPx) => checkSize(widthPx, heightPx, want), take)
  return inColour(decoded, want, take)
}

function passRaw(
  bytes: Uint8Array,
  format: FrameFormat & { kind: 'raw' },
  want: WantedImage,
  take: TakePixels,
): Pixels {
  const { widthPx, heightPx } = format
  checkSize(widthPx, heightPx, want)
  const channels = format.pixel === 'rgb8' ? 3 : 1
  const length = widthPx * heightPx * channels
  if (bytes.byteLength !== length)
    throw new CodedError('INS_IMAGE_FORMAT', {
      expected: `${length} bytes of ${format.pixel}, ${widthPx} × ${heightPx} px`,
      actual: `${bytes.byteLength} bytes`,
    })
  return inColour({ data: bytes, widthPx, heightPx, channels }, want, take)
}

/** The pixels of an image file as `decodeFrame` says, of any size that `check` lets pass; grey stays grey. */
export async function decodeImage(
  bytes: Uint8Array,
  check: CheckSize,
  take: TakePixels = freshPixels,
): Promise<Pixels> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = readHeader(buffer)
  const plain = isPlain(buffer)
  const facts = header ?? (plain ? plainFacts(buffer) : await readOther(buffer))
  const { widthPx, heightPx } = facts
  if (widthPx * heightPx > MAX_PIXELS)
    throw new CodedError('INS_IMAGE_LIMIT', {
      expected: `at most ${MAX_PIXELS / 1e6} megapixels`,
      actual: `${widthPx} × ${heightPx} px`,
    })
  if (facts.animated) throw refused('one image', 'an animation or several pages')
  if (facts.bitDepth > 8)
    throw refused(
      '8 bits per channel',
      `${facts.bitDepth} bits`,
      'have the camera send 8 bits, or convert the files',
    )
  if (header?.kind === 'jpeg' && header.channels !== 1 && header.channels !== 3)
    throw refused('grey or RGB', `${header.channels} channels (CMYK)`, 'CMYK has no defined camera colours')
  check(widthPx, heightPx)
  if (header?.missing)
    throw new CodedError('INS_DECODE', {
      expected: header.missing,
      actual: `a file cut off after ${bytes.byteLength} bytes`,
      hint: 'check the connection to the camera',
    })
  if (hasSecondImage(buffer, facts))
    throw refused('one image', 'two, one behind the other', 'have the camera send each part by itself')
  const decoded = plain
    ? decodePlain(buffer, MAX_PIXELS)
    : await (header?.kind === 'jpeg' ? decodeJpeg(buffer, take) : decodeOther(buffer, facts))
  if (decoded.widthPx !== widthPx || decoded.heightPx !== heightPx)
    throw new CodedError('INS_DECODE', {
      expected: `${widthPx} × ${heightPx} px as the header says`,
      actual: `${decoded.widthPx} × ${decoded.heightPx} px`,
    })
  return decoded
}

async function decodeOther(buffer: Buffer, { channels: stored, alpha }: ImageFacts): Promise<Pixels> {
  let decoded: { data: Buffer; info: OutputInfo }
  try {
    const image = sharp(buffer, { failOn: 'warning', limitInputPixels: MAX_PIXELS, ignoreIcc: true })
    decoded = await (stored === 1 && !alpha ? image.toColourspace('b-w') : image)
      .raw()
      .toBuffer({ resolveWithObject: true })
  } catch (error) {
    throw damaged(error)
  }
  const { data, info } = decoded
  const { width: widthPx, height: heightPx } = info
  if (info.channels === 1 || info.channels === 3) return { data, widthPx, heightPx, channels: info.channels }
  if (info.channels > 4) throw refused('grey or RGB', `${info.channels} channels`)
  const first = firstTransparent(data, info.channels)
  if (first >= 0)
    throw refused(
      'opaque pixels',
      `transparency at (${first % widthPx}, ${Math.floor(first / widthPx)})`,
      'remove the alpha channel',
    )
  const channels = info.channels === 2 ? 1 : 3
  const out = new Uint8Array(widthPx * heightPx * channels)
  dropAlpha(data, info.channels, out)
  return { data: out, widthPx, heightPx, channels }
}

interface ImageFacts {
  widthPx: number
  heightPx: number
  bitDepth: number
  channels: number
  alpha: boolean
  animated: boolean
}

const plainFacts = (buffer: Buffer): ImageFacts => ({
  ...plainHeader(buffer),
  channels: 3,
  alpha: false,
  animated: false,
})

const BITS: Record<string, number> = { uchar: 8, ushort: 16, short: 16 }
const FORMATS = 'JPEG, PNG, BMP, TIFF, WebP, GIF, PGM, PPM or raw pixels'
const RASTER = new Set(['jpeg', 'png', 'tiff', 'webp', 'gif'])

/** Formats whose header sharp reads for us. Vector formats and documents are not camera images. */
async function readOther(buffer: Buffer): Promise<ImageFacts> {
  const odd = oddTiffColours(buffer)
  if (odd !== null)
    throw refused('grey, RGB or a palette', odd, 'have the camera send grey or RGB, or convert the files')
  let meta: Metadata
  try {
    meta = await sharp(buffer, { failOn: 'warning', limitInputPixels: false }).metadata()
  } catch (error) {
    throw damaged(error)
  }
  if (!RASTER.has(meta.format)) throw refused(FORMATS, String(meta.format))
  // What libvips makes of them has 0 in place of all that is below 0.
  if (meta.depth === 'char') throw refused('8 bits without sign', '8 bits with sign')
  if (meta.space !== 'srgb' && meta.space !== 'b-w' && meta.space !== 'grey16' && meta.space !== 'rgb16')
    throw refused('grey or RGB', `colour space ${meta.space}`)
  return {
    widthPx: meta.width,
    heightPx: meta.height,
    bitDepth: BITS[meta.depth] ?? 32,
    channels: meta.channels,
    alpha: meta.hasAlpha,
    animated: (meta.pages ?? 1) > 1,
  }
}

function inColour(image: Pixels, want: WantedImage, take: TakePixels): Pixels {
  const channels = want.color === 'rgb' ? 3 : 1
  if (image.channels === channels) return image
  const count = image.widthPx * image.heightPx
  const data = take(count * channels)
  if (channels === 1) rgbToGrey(image.data, 0, count, data)
  else greyToRgb(image.data, data)
  const { widthPx, heightPx } = image
  return { data, widthPx, heightPx, channels, storedChannels: image.channels }
}

function checkSize(widthPx: number, heightPx: number, want: WantedImage): void {
  if (widthPx !== want.widthPx || heightPx !== want.heightPx)
    throw new CodedError('INS_WRONG_SIZE', {
      expected: `${want.widthPx} × ${want.heightPx} px`,
      actual: `${widthPx} × ${heightPx} px`,
      hint: 'set the camera to the size of the recipe, or correct `view` in a new recipe version',
    })
}

const refused = (expected: string, actual: string, hint?: string): CodedError =>
  new CodedError('INS_IMAGE_FORMAT', { expected, actual, ...(hint === undefined ? {} : { hint }) })

function damaged(error: unknown): CodedError {
  const text = error instanceof Error ? error.message : String(error)
  const expected = text.includes('unsupported image format') ? FORMATS : 'a complete image'
  // libvips repeats its messages, one per line.
  return asCoded(error, 'INS_DECODE', { expected, actual: text.split('\n')[0] ?? text })
}
