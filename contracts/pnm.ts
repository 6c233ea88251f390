import { CodedError } from './errors.ts'

/** What the header of a binary PGM (P5) or PPM (P6) says (netpbm.sourceforge.net/doc/pgm.html, ppm.html). */
export interface PnmHeader {
  widthPx: number
  heightPx: number
  channels: 1 | 3
  /** The value of white, 1 to 65535. */
  max: number
  /** Where the pixels begin. */
  pixelsAt: number
}

/** True for binary PGM and PPM, the form in which raw frames are kept. */
export const isPnm = (b: Uint8Array): boolean =>
  b[0] === 0x50 && (b[1] === 0x35 || b[1] === 0x36) && b.length > 8 && (isSpace(b[2]) || b[2] === 0x23)

/** @throws INS_DECODE for a broken header */
export function pnmHeader(b: Uint8Array): PnmHeader {
  let at = 2
  const next = (): number => {
    let inComment = false
    for (; at < b.length; at++) {
      const c = b[at]
      if (c === 0x23) inComment = true
      else if (c === 0x0a) inComment = false
      else if (!inComment && !isSpace(c)) break
    }
    const from = at
    while (at < b.length && !isSpace(b[at]) && b[at] !== 0x23) at++
    const text = String.fromCharCode(...b.subarray(from, Math.min(at, from + 12)))
    if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
      throw broken('whole numbers above 0 in its header', text)
    return Number(text)
  }
  const header = { widthPx: next(), heightPx: next(), channels: b[1] === 0x35 ? 1 : 3, max: next() } as const
  if (header.max > 65_535) throw broken('white at 65535 at most', String(header.max))
  // Exactly one white space ends the header.
  return { ...header, pixelsAt: at + 1 }
}

/**
 * Pixels of a binary PGM or PPM, R G B; values up to another white than 255 are scaled to 0 to 255.
 *
 * @throws INS_DECODE for a broken header or missing pixels; INS_IMAGE_LIMIT
 */
export function decodePnm(
  b: Uint8Array,
  maxPixels = 100_000_000,
): { data: Uint8Array; widthPx: number; heightPx: number; channels: 1 | 3 } {
  const { widthPx, heightPx, channels, max, pixelsAt } = pnmHeader(b)
  if (widthPx * heightPx > maxPixels)
    throw new CodedError('INS_IMAGE_LIMIT', {
      expected: `at most ${maxPixels / 1e6} megapixels`,
      actual: `${widthPx} × ${heightPx} px`,
    })
  const samples = widthPx * heightPx * channels
  const bytes = samples * (max > 255 ? 2 : 1)
  if (b.length < pixelsAt + bytes)
    throw broken(`${bytes} bytes of pixels`, `a file cut off after ${b.length} bytes`)
  const data = b.subarray(pixelsAt, pixelsAt + bytes)
  if (max === 255) return { data, widthPx, heightPx, channels }
  const out = new Uint8Array(samples)
  for (let i = 0; i < samples; i++) {
    const value = max > 255 ? 256 * (data[2 * i] ?? 0) + (data[2 * i + 1] ?? 0) : (data[i] ?? 0)
    out[i] = Math.min(255, Math.round((value * 255) / max))
  }
  return { data: out, widthPx, heightPx, channels }
}

const isSpace = (c: number | undefined): boolean => c === 0x20 || (c !== undefined && c >= 0x09 && c <= 0x0d)

const broken = (expected: string, actual: string): CodedError =>
  new CodedError('INS_DECODE', { expected: `a PGM or PPM with ${expected}`, actual })
