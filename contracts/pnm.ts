import { CodedError } from './errors.ts'

/** What the header of a PGM (P2, P5) or PPM (P3, P6) says (netpbm.sourceforge.net/doc/pgm.html, ppm.html). */
export interface PnmHeader {
  widthPx: number
  heightPx: number
  channels: 1 | 3
  /** The value of white, 1 to 65535. */
  max: number
  /** Samples are written as decimal numbers (P2, P3). */
  plain: boolean
  /** Where the pixels begin. */
  pixelsAt: number
}

/** True for PGM and PPM; the binary one is the form in which raw frames are kept. */
export const isPnm = (b: Uint8Array): boolean =>
  b[0] === 0x50 &&
  [0x32, 0x33, 0x35, 0x36].includes(b[1] ?? 0) &&
  b.length > 8 &&
  (isSpace(b[2]) || b[2] === 0x23)

/** Whether a PGM or PPM is grey. */
export const isPgm = (b: Uint8Array): boolean => b[1] === 0x32 || b[1] === 0x35

/** @throws INS_DECODE for a broken header */
export function pnmHeader(b: Uint8Array): PnmHeader {
  const numbers = new Numbers(b, 2)
  const next = (): number => numbers.next(1, 999_999_999, 'whole numbers above 0 in its header')
  const plain = b[1] === 0x32 || b[1] === 0x33
  const header = {
    widthPx: next(),
    heightPx: next(),
    channels: isPgm(b) ? 1 : 3,
    max: next(),
    plain,
  } as const
  if (header.max > 65_535) throw broken('white at 65535 at most', String(header.max))
  const bytes = header.widthPx * header.heightPx * header.channels * (header.max > 255 ? 2 : 1)
  return { ...header, pixelsAt: plain ? numbers.at : pixelsBehind(b, numbers.at, bytes) }
}

/**
 * Exactly one white space ends the header. Two bytes are one only where a program has turned a line feed into CR LF, and
 * the file is just as much too long.
 */
function pixelsBehind(b: Uint8Array, at: number, bytes: number): number {
  // libnetpbm takes a comment with the line feed behind it for this white space.
  if (b[at] === 0x23) return b.indexOf(0x0a, at) + 1 || b.length
  const crlf = b[at] === 0x0d && b[at + 1] === 0x0a
  return at + (crlf && b.length === at + 2 + bytes ? 2 : 1)
}

/** Decimal numbers with white space and comments between them. */
class Numbers {
  at: number
  readonly #b: Uint8Array

  constructor(b: Uint8Array, at: number) {
    this.#b = b
    this.at = at
  }

  /** @throws INS_DECODE saying `expected` */
  next(least: number, most: number, expected: string): number {
    const b = this.#b
    let at = this.at
    for (let inComment = false; at < b.length; at++) {
      const c = b[at]
      if (c === 0x23) inComment = true
      else if (c === 0x0a) inComment = false
      else if (!inComment && !isSpace(c)) break
    }
    const from = at
    let value = 0
    for (; at < b.length && !isSpace(b[at]) && b[at] !== 0x23; at++) {
      const digit = (b[at] ?? 0) - 0x30
      value = digit >= 0 && digit <= 9 ? 10 * value + digit : NaN
    }
    if (at === from || !(value >= least && value <= most))
      throw broken(expected, String.fromCharCode(...b.subarray(from, Math.min(at, from + 12))) || 'its end')
    this.at = at
    return value
  }
}

/**
 * Pixels of a PGM or PPM, R G B; values up to another white than 255 are scaled to 0 to 255.
 *
 * @throws INS_DECODE for a broken header or missing pixels; INS_IMAGE_LIMIT
 */
export function decodePnm(
  b: Uint8Array,
  maxPixels = 100_000_000,
): { data: Uint8Array; widthPx: number; heightPx: number; channels: 1 | 3 } {
  const { widthPx, heightPx, channels, max, plain, pixelsAt } = pnmHeader(b)
  if (widthPx * heightPx > maxPixels)
    throw new CodedError('INS_IMAGE_LIMIT', {
      expected: `at most ${maxPixels / 1e6} megapixels`,
      actual: `${widthPx} × ${heightPx} px`,
    })
  const samples = widthPx * heightPx * channels
  // A decimal number takes two bytes with what parts it from the next, the last one a byte.
  const bytes = plain ? 2 * samples - 1 : samples * (max > 255 ? 2 : 1)
  if (b.length < pixelsAt + bytes)
    throw broken(`${bytes} bytes of pixels`, `a file cut off after ${b.length} bytes`)
  const data = b.subarray(pixelsAt, pixelsAt + bytes)
  if (!plain && max === 255) return { data, widthPx, heightPx, channels }
  const numbers = new Numbers(b, pixelsAt)
  const out = new Uint8Array(samples)
  for (let i = 0; i < samples; i++) {
    const value = plain
      ? numbers.next(0, max, `${samples} numbers from 0 to ${max}`)
      : max > 255
        ? 256 * (data[2 * i] ?? 0) + (data[2 * i + 1] ?? 0)
        : (data[i] ?? 0)
    out[i] = Math.min(255, Math.round((value * 255) / max))
  }
  return { data: out, widthPx, heightPx, channels }
}

const isSpace = (c: number | undefined): boolean => c === 0x20 || (c !== undefined && c >= 0x09 && c <= 0x0d)

const broken = (expected: string, actual: string): CodedError =>
  new CodedError('INS_DECODE', { expected: `a PGM or PPM with ${expected}`, actual })
