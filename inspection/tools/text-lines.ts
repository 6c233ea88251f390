import type { CodeRead } from '../../contracts/index.ts'
import type { Pixels, ReadText, TextRectangle } from '../../models/index.ts'
import { cropRotated, gaussianBlur } from '../kernels/index.ts'
import type { PartImage } from '../pipeline/part-image.ts'

/** One reading of a line. */
export interface Reading {
  /** Without spaces: whether a gap is one depends on the font. */
  text: string
  /** How certain each character of `text` is. */
  characters: number[]
}

/** A line of text that was found; `place` in px of the part frame. */
export interface Line {
  /** One of the image as it is, or one for each strength of smoothing. */
  readings: Reading[]
  place: TextRectangle
}

/** The value of a reading that has the form, and its least certain character. */
export function valueOf(
  pattern: RegExp,
  { text: read, characters }: Reading,
): { value: string; weakest: number }[] {
  const match = pattern.exec(read)
  if (!match) return []
  const [start, end] = match.indices?.[1] ?? match.indices?.[0] ?? [0, read.length]
  // positions count UTF-16 units; characters outside the first plane take two
  const from = lengthOf(read.slice(0, start))
  const to = from + lengthOf(read.slice(start, end))
  return [{ value: read.slice(start, end), weakest: Math.min(...characters.slice(from, to)) }]
}

/** Characters, not UTF-16 units. */
const lengthOf = (text: string): number => Array.from(text).length

export function withoutSpaces({ text: raw, characters }: ReadText): Reading {
  const kept = [...raw].map((c, i) => ({ c, certain: characters[i] ?? 0 })).filter(({ c }) => !/\s/u.test(c))
  return { text: kept.map(({ c }) => c).join(''), characters: kept.map(({ certain }) => certain) }
}

/** A part of an image, copied. */
export function cut(pixels: Pixels, [x1, y1, x2, y2]: readonly [number, number, number, number]): Pixels {
  const { channels } = pixels
  const rowBytes = (x2 - x1) * channels
  const data = new Uint8Array(rowBytes * (y2 - y1))
  for (let y = y1; y < y2; y++) {
    const from = (y * pixels.widthPx + x1) * channels
    data.set(pixels.data.subarray(from, from + rowBytes), (y - y1) * rowBytes)
  }
  return { data, widthPx: x2 - x1, heightPx: y2 - y1, channels }
}

/** The line upright, grey. */
export function lineImage(image: PartImage, place: TextRectangle): Pixels {
  const { cx, cy, widthPx, heightPx, angleRad } = place
  const downwards = runsDownwards(place)
  const w = Math.max(1, Math.round(downwards ? heightPx : widthPx))
  const h = Math.max(1, Math.round(downwards ? widthPx : heightPx))
  const angle = downwards ? angleRad + Math.PI / 2 : angleRad
  const data = new Uint8Array(w * h)
  cropRotated(image.grey, image.widthPx, image.heightPx, cx - 0.5, cy - 0.5, angle, w, h, data)
  return { data, widthPx: w, heightPx: h, channels: 1 }
}

/** One channel, smoothed by a Gaussian of this deviation, px. */
export function smoothed({ data, widthPx, heightPx }: Pixels, sigmaPx: number): Pixels {
  const out = new Uint8Array(widthPx * heightPx)
  gaussianBlur(data, widthPx, heightPx, sigmaPx, new Float32Array(widthPx * heightPx), out)
  return { data: out, widthPx, heightPx, channels: 1 }
}

// PaddleOCR get_rotate_crop_image: from this ratio on the text runs downwards
export function runsDownwards({ widthPx, heightPx }: TextRectangle): boolean {
  return heightPx >= 1.5 * widthPx
}

/** Clockwise from the top left. */
export function cornersOf({ cx, cy, widthPx, heightPx, angleRad }: TextRectangle): CodeRead['corners'] {
  const cos = Math.cos(angleRad)
  const sin = Math.sin(angleRad)
  const at = (u: number, v: number): [number, number] => [
    cx + (u * widthPx * cos - v * heightPx * sin) / 2,
    cy + (u * widthPx * sin + v * heightPx * cos) / 2,
  ]
  return [at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)]
}
