import { open } from 'node:fs/promises'
import { extname } from 'node:path'
import { asCoded, CodedError, inFile } from '../contracts/index.ts'
import type { FrameFormat } from '../contracts/index.ts'
import { rawBytes, tooLarge } from './slot-frame.ts'
import type { SlotContent } from './slot-frame.ts'

/** Image files by extension; what is inside is the decoder's business. */
const MIME: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  // as Windows names what browsers save
  '.jfif': 'image/jpeg',
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
 * Decodes an image file as frames are decoded for judging; what could not be judged is refused.
 *
 * @param check is told the size before any pixel is decoded
 */
export type DecodeImage = (
  bytes: Uint8Array,
  check: (widthPx: number, heightPx: number) => void,
) => Promise<{ data: Uint8Array; widthPx: number; heightPx: number; channels: number }>

/**
 * Puts an image file, and its golden template behind it, into a slot: the bytes as they are, or with `decode` its
 * pixels.
 *
 * @throws CAM_GONE when a file does not exist any more; CAM_INCOMPLETE when it cannot be read;
 *   CAM_FRAME_TOO_LARGE; what `decode` throws
 */
export async function readPicture(
  target: Target,
  files: { path: string; referencePath?: string },
  decode: DecodeImage | null,
): Promise<SlotContent> {
  const load = (path: string, room: Target): Promise<Loaded> =>
    decode ? decodeFile(path, room, decode) : readFileInto(path, room)
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

/** Grey pictures give mono8, all others rgb8. */
async function decodeFile(path: string, target: Target, decode: DecodeImage): Promise<Loaded> {
  const encoded = await readWhole(path)
  const mustFit = (byteLength: number): void => {
    if (byteLength > target.byteLength) throw tooLarge(byteLength, target.byteLength, path)
  }
  const check = (widthPx: number, heightPx: number): void => mustFit(rawBytes('mono8', widthPx, heightPx))
  const { data, widthPx, heightPx, channels } = await decode(encoded, check).catch(inFile(path, 'INS_DECODE'))
  mustFit(data.byteLength)
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
