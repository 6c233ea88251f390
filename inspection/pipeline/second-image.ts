import { isPlain, isPnm, plainHeader, pnmHeader } from '../../contracts/index.ts'
import { nextMarker, readHeader } from './image-header.ts'

/**
 * Whether another picture of the same size lies behind the picture, as when a sender puts those of two parts into one
 * body: the second would pass unjudged. Smaller ones are previews.
 */
export function hasSecondImage(b: Buffer, size: { widthPx: number; heightPx: number }): boolean {
  const behind = b.subarray(endOf(b) ?? b.length)
  const padding = behind.findIndex((byte) => byte !== 0 && byte !== 0x0a && byte !== 0x0d)
  const next = padding < 0 ? null : sizeOf(behind.subarray(padding))
  return next?.widthPx === size.widthPx && next.heightPx === size.heightPx
}

const SOI = Buffer.from([0xff, 0xd8, 0xff])

/** Where the picture ends; null where that is not looked for: two of TIFF, WebP or GIF are not told. */
function endOf(b: Buffer): number | null {
  const header = readHeader(b)
  if (header?.kind === 'jpeg') return b.includes(SOI, 2) ? endOfJpeg(b) : null
  if (header?.kind === 'png') return endOfPng(b)
  if (!isPlain(b)) return null
  if (!isPnm(b)) return b.readUInt32LE(2) || null
  const { pixelsAt, plain, widthPx, heightPx, channels } = pnmHeader(b)
  return plain ? null : pixelsAt + widthPx * heightPx * channels
}

/** Marker segments of ITU-T T.81, annex B. Null also for a file that says itself of what pictures it is (CIPA DC-007). */
function endOfJpeg(b: Buffer): number | null {
  for (let at = 2; at + 4 <= b.length && b[at] === 0xff;) {
    const marker = b[at + 1] ?? 0
    if (marker === 0xd9) return at + 2
    if (marker === 0xff) at++
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) at += 2
    else {
      if (marker === 0xe2 && b.toString('latin1', at + 4, at + 8) === 'MPF\0') return null
      at += 2 + b.readUInt16BE(at + 2)
      if (marker === 0xda) at = nextMarker(b, at)
    }
  }
  return null
}

/** Chunks of ISO/IEC 15948, clause 5. */
function endOfPng(b: Buffer): number | null {
  for (let at = 8; at + 12 <= b.length; at += 12 + b.readUInt32BE(at))
    if (b.toString('latin1', at + 4, at + 8) === 'IEND') return at + 12
  return null
}

function sizeOf(b: Buffer): { widthPx: number; heightPx: number } | null {
  try {
    return readHeader(b) ?? (isPlain(b) ? plainHeader(b) : null)
  } catch {
    return null
  }
}
