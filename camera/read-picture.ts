import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import sharp from 'sharp'
import { asCoded, CodedError, decodePlain, isPlain, plainHeader } from '../contracts/index.ts'
import type { FrameFormat } from '../contracts/index.ts'
import { rawBytes, tooLarge } from './slot-frame.ts'
import type { SlotContent } from './slot-frame.ts'

/** Image files by extension; what is inside is the decoder's business. */
const MIME: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.bmp': 'image/bmp',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.webp': 'image/webp',
  '.pgm': 'image/x-portable-graymap',
  '.ppm': 'image/x-portable-pixmap',
  '.pnm': 'image/x-portable-anymap',
}

export const isImageFile = (name: string): boolean => extname(name).toLowerCase() in MIME

type Target = Uint8Array<SharedArrayBuffer>

/**
 * Puts an image file, and its golden template behind it, into a slot: the bytes as they are, or decoded pixels
 * when `raw`.
 *
 * @throws CAM_GONE when a file does not exist any more; CAM_INCOMPLETE when it cannot be read;
 *   CAM_FRAME_TOO_LARGE; with `raw` also INS_DECODE and INS_IMAGE_FORMAT
 */
export async function readPicture(
  target: Target,
  files: { path: string; referencePath?: string },
  raw: boolean,
): Promise<SlotContent> {
  const load = raw ? decodeFile : readFileInto
  const frame = await load(files.path, target)
  if (files.referencePath === undefined) return frame
  const reference = await load(files.referencePath, target.subarray(frame.byteLength))
  return { ...frame, reference: { byteOffset: frame.byteLength, ...reference } }
}

type Loaded = { byteLength: number; format: FrameFormat }

async function readFileInto(path: string, target: Target): Promise<Loaded> {
  try {
    const file = await open(path, 'r')
    try {
      let byteLength = 0
      while (byteLength < target.byteLength) {
        const { bytesRead } = await file.read(target, byteLength, target.byteLength - byteLength)
        if (bytesRead === 0) break
        byteLength += bytesRead
      }
      if (byteLength === target.byteLength) {
        const { size } = await file.stat()
        if (size > byteLength) throw tooLarge(size, byteLength, path)
      }
      const mime = MIME[extname(path).toLowerCase()] ?? 'application/octet-stream'
      return { byteLength, format: { kind: 'encoded', mime } }
    } finally {
      await file.close()
    }
  } catch (e) {
    throw fileError(e, path)
  }
}

/** Grey pictures give mono8, all others rgb8. Size is checked before a single pixel is decoded. */
async function decodeFile(path: string, target: Target): Promise<Loaded> {
  // Read first: sharp reports a vanished file and a broken one alike.
  const encoded = await readWhole(path)
  try {
    if (isPlain(encoded)) return decodePlainInto(encoded, target, path)
    const image = sharp(encoded, { limitInputPixels: false, failOn: 'error' })
    const meta = await image.metadata()
    if (meta.depth !== 'uchar' || meta.space === 'cmyk') {
      throw new CodedError('INS_IMAGE_FORMAT', {
        file: path,
        expected: '8-bit grey or RGB',
        actual: `${meta.depth ?? '?'} ${meta.space ?? '?'}`,
      })
    }
    const pixel = meta.space === 'b-w' ? 'mono8' : 'rgb8'
    const size = rawBytes(pixel, meta.width, meta.height)
    if (size > target.byteLength) throw tooLarge(size, target.byteLength, path)
    const { data, info } = await image
      .removeAlpha()
      .toColourspace(pixel === 'mono8' ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    if (data.byteLength !== size) {
      throw new CodedError('INS_DECODE', {
        file: path,
        expected: `${size} bytes of pixels`,
        actual: `${data.byteLength} (${info.channels} channels)`,
      })
    }
    target.set(data)
    return { byteLength: size, format: { kind: 'raw', pixel, widthPx: info.width, heightPx: info.height } }
  } catch (e) {
    throw asCoded(e, 'INS_DECODE', { file: path })
  }
}

function decodePlainInto(encoded: Buffer, target: Target, path: string): Loaded {
  const { widthPx, heightPx, bitDepth } = plainHeader(encoded)
  if (bitDepth > 8)
    throw new CodedError('INS_IMAGE_FORMAT', {
      file: path,
      expected: '8-bit grey or RGB',
      actual: `${bitDepth} bits`,
    })
  if (rawBytes('mono8', widthPx, heightPx) > target.byteLength)
    throw tooLarge(rawBytes('mono8', widthPx, heightPx), target.byteLength, path)
  const { data, channels } = decodePlain(encoded)
  if (data.byteLength > target.byteLength) throw tooLarge(data.byteLength, target.byteLength, path)
  target.set(data)
  const pixel = channels === 1 ? 'mono8' : 'rgb8'
  return { byteLength: data.byteLength, format: { kind: 'raw', pixel, widthPx, heightPx } }
}

async function readWhole(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      return await file.readFile()
    } finally {
      await file.close()
    }
  } catch (e) {
    throw fileError(e, path)
  }
}

function fileError(e: unknown, path: string): CodedError {
  const gone = e instanceof Error && 'code' in e && e.code === 'ENOENT'
  return asCoded(e, gone ? 'CAM_GONE' : 'CAM_INCOMPLETE', {
    file: path,
    ...(gone && { expected: 'the file that was there when the replay began', actual: 'no such file' }),
  })
}
