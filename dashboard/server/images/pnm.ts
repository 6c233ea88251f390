import { CodedError } from '../../../contracts/index.ts'

export interface RawImage {
  bytes: Buffer
  widthPx: number
  heightPx: number
  channels: 1 | 3
}

const MAX_PIXELS = 400_000_000

/** True for binary PGM and PPM, the form in which raw frames are kept. */
export const isPnm = (bytes: Buffer): boolean =>
  bytes[0] === 0x50 && (bytes[1] === 0x35 || bytes[1] === 0x36) && bytes.length > 8

/**
 * Decodes binary PGM (P5) and PPM (P6), netpbm.sourceforge.net/doc/pgm.html. Values of more than 8 bit are scaled
 * to 0..255, since this is only for screens.
 *
 * @throws TRC_IMAGE for a broken header or missing pixels
 */
export function decodePnm(bytes: Buffer): RawImage {
  const channels = bytes[1] === 0x35 ? 1 : 3
  let at = 2
  const next = (): number => {
    let inComment = false
    for (; at < bytes.length; at++) {
      const c = bytes[at]
      if (c === 0x23) inComment = true
      else if (c === 0x0a) inComment = false
      else if (!inComment && !isSpace(c)) break
    }
    const from = at
    while (at < bytes.length && !isSpace(bytes[at])) at++
    const value = Number(bytes.toString('latin1', from, at))
    if (!Number.isInteger(value) || value <= 0) throw broken('a positive integer in the header')
    return value
  }
  const widthPx = next()
  const heightPx = next()
  const max = next()
  at += 1 // exactly one white space ends the header
  if (max > 65_535 || widthPx * heightPx > MAX_PIXELS) throw broken(`at most ${MAX_PIXELS} pixels`)
  const samples = widthPx * heightPx * channels
  const width = max > 255 ? 2 : 1
  if (bytes.length - at < samples * width) throw broken(`${samples * width} bytes of pixels`)
  if (max === 255) return { bytes: bytes.subarray(at, at + samples), widthPx, heightPx, channels }
  const out = Buffer.alloc(samples)
  for (let i = 0; i < samples; i++) {
    const value = width === 2 ? bytes.readUInt16BE(at + 2 * i) : bytes.readUInt8(at + i)
    out.writeUInt8(Math.min(255, Math.round((value * 255) / max)), i)
  }
  return { bytes: out, widthPx, heightPx, channels }
}

const isSpace = (c: number | undefined): boolean => c === 0x20 || (c !== undefined && c >= 0x09 && c <= 0x0d)

const broken = (expected: string): CodedError =>
  new CodedError('TRC_IMAGE', { expected, actual: 'a damaged PGM/PPM file' })
