import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metadata, Sharp } from 'sharp'
import { asCoded, CodedError, isPlain, oddTiffColours, plainHeader } from '../../contracts/index.ts'
import { imagesIn, isDirectory } from './files.ts'
import { truthRegions } from '../metrics/truth-regions.ts'
import { imageOf } from './open-image.ts'

/** Lossy compression leaves grey around what was drawn in black and white. */
const LOSSY_FLOOR = 128
/** Brighter than that, compression alone does not make a black image. */
const LOSSY_NOISE = 16
/**
 * What compression leaves apart from anything bright is darker or smaller: of 840 masks drawn at qualities 10 to 95, at
 * most 33 px from this value on.
 */
const LOSSY_MARK = { value: 32, areaPx: 64 }

export interface MaskImage {
  data: Uint8Array
  widthPx: number
  heightPx: number
  /** Values that mark, where they are so few that they may be numbers of classes; of a grey file without loss alone. */
  numbers?: readonly number[]
}

/**
 * A mask, HW, 1 = defect. A folder is all masks in it, one over the other, as MVTec LOCO AD has them.
 *
 * @throws DAT_ANNOTATION when one cannot be read, or they are of several sizes
 */
export async function readMaskFile(place: string): Promise<MaskImage> {
  if (!(await isDirectory(place))) return readOne(place)
  const [first, ...others] = (await imagesIn(place)).map((f) => join(place, f))
  const all = await readOne(first ?? place)
  for (const file of others) {
    const more = await readOne(file)
    if (more.widthPx !== all.widthPx || more.heightPx !== all.heightPx)
      throw new CodedError('DAT_ANNOTATION', {
        file,
        expected: `a mask of ${all.widthPx} × ${all.heightPx} px, like the others of its image`,
        actual: `${more.widthPx} × ${more.heightPx} px`,
      })
    more.data.forEach((v, i) => {
      if (v === 1) all.data[i] = 1
    })
  }
  return all
}

/** What a decoder or the disk says of a mask; one of a kind that is refused has no such cause. */
export const isBrokenMask = (error: unknown): boolean =>
  error instanceof CodedError && (error.code === 'INS_DECODE' || error.cause !== undefined)

/**
 * A mask image, HW, 1 where any of its channels is above 0: labels may be numbers of classes, also of 16 bits or floats,
 * or colours of a palette. Of a JPEG or a lossy WebP (no chunk `VP8L`, RFC 9649), where it is above the middle, or above
 * half of its brightest value where all are darker.
 *
 * @throws DAT_ANNOTATION when it cannot be read, what it marks would be lost, or a lossy one has regions of a darker class
 *         beside brighter ones
 */
async function readOne(file: string): Promise<MaskImage> {
  try {
    const bytes = await readFile(file)
    if (isPlain(bytes) && plainHeader(bytes).bitDepth === 16)
      throw new CodedError('DAT_ANNOTATION', {
        file,
        expected: 'a mask of 8 bits, or of 16 bits as PNG or TIFF',
        actual: 'a PGM or PPM of 16 bits, whose low values are lost in 8',
      })
    const odd = oddTiffColours(bytes)
    if (odd !== null)
      throw new CodedError('DAT_ANNOTATION', {
        file,
        expected: 'a mask in grey, RGB or of a palette',
        actual: odd,
      })
    const image = imageOf(bytes)
    const facts = await image.metadata()
    const { format, depth, space, hasAlpha, channels: stored } = facts
    const refused = (expected: string, actual: string): CodedError =>
      new CodedError('DAT_ANNOTATION', { file, expected, actual })
    if (await hasOtherPages(bytes, facts)) throw refused('a mask of one page', `${facts.pages ?? 1} pages`)
    // libvips reads them as whole numbers, all 0.
    if (depth === 'float' && space.endsWith('16')) throw refused(FLOATS, 'floats of 16 bits')
    const wide = depth === 'ushort' || depth === 'short'
    const grey = stored - (hasAlpha ? 1 : 0) === 1
    const read = wide ? 'ushort' : depth === 'uchar' ? 'uchar' : 'float'
    const { data: pixels, info } = await image
      .clone()
      .flatten({ background: '#000' })
      .toColourspace(wide ? (grey ? 'grey16' : 'rgb16') : 'srgb')
      .raw({ depth: read })
      .toBuffer({ resolveWithObject: true })
    const at = [
      pixels.buffer,
      pixels.byteOffset,
      pixels.byteLength / { uchar: 1, ushort: 2, float: 4 }[read],
    ] as const
    const values =
      read === 'uchar' ? pixels : read === 'ushort' ? new Uint16Array(...at) : new Float32Array(...at)
    // Long numbers below 0 are what belongs to no class, where there are classes.
    if (read === 'float' && values.some((v) => v < 0) && (depth !== 'int' || values.every((v) => v <= 0)))
      throw refused('0, and more where a defect is', 'values below 0')
    if (hasAlpha && values.every((v) => v === 0) && (await isShaped(image)))
      throw refused('marks that are not black', 'black on transparent ground')
    const lossy = format === 'jpeg' || (format === 'webp' && !bytes.includes('VP8L'))
    const least = lossy ? lossyFloor(values) : read === 'float' ? Number.MIN_VALUE : 1
    const { width: widthPx, height: heightPx, channels } = info
    const from = (value: number): Uint8Array => {
      const out = new Uint8Array(widthPx * heightPx)
      for (let i = 0; i < out.length; i++)
        for (let c = 0; c < channels; c++) if ((values[i * channels + c] ?? 0) >= value) out[i] = 1
      return out
    }
    const data = from(least)
    if (lossy && data.includes(1)) refuseDarker(from(LOSSY_MARK.value), data, widthPx, file)
    const numbers = !lossy && read !== 'float' ? numbersOf(values, widthPx, channels) : []
    return { data, widthPx, heightPx, ...(numbers.length > 0 && { numbers }) }
  } catch (error) {
    throw asCoded(error, 'DAT_ANNOTATION', { file, expected: 'a mask image' })
  }
}

/**
 * Values above 0 that fill a square of 2 px, which soft edges do not, however few they have; none of a coloured mask, and where
 * they are too many to be classes.
 */
function numbersOf(
  values: Readonly<Record<number, number>> & { length: number },
  widthPx: number,
  channels: number,
): number[] {
  const found = new Set<number>()
  const areas = new Set<number>()
  const row = widthPx * channels
  for (let i = 0; i < values.length && found.size <= MASK_GREYS; i += channels) {
    const value = values[i] ?? 0
    for (let c = 1; c < channels; c++) if (values[i + c] !== value) return []
    if (value === 0 || areas.has(value)) continue
    found.add(value)
    const right = i + channels
    if (right % row !== 0 && [right, i + row, right + row].every((at) => values[at] === value))
      areas.add(value)
  }
  return found.size > MASK_GREYS ? [] : [...areas].sort((a, b) => a - b)
}

const FLOATS = 'a mask of whole numbers, or of floats of 32 bits'

/** Whether a page may mark something else than the first one: it is not that one once more, smaller (to the pixel). */
async function hasOtherPages(bytes: Buffer, { width, height, pages = 1 }: Metadata): Promise<boolean> {
  for (let page = 1; page < pages; page++) {
    const other = await imageOf(bytes, page).metadata()
    const isSmaller = other.width * other.height < width * height
    const crossed = Math.abs(other.width * height - other.height * width)
    if (!isSmaller || crossed > Math.max(width, height)) return true
  }
  return false
}

/** Whether some of an image is more transparent than the rest. */
async function isShaped(image: Sharp): Promise<boolean> {
  const alpha = (await image.stats()).channels.at(-1)
  return alpha !== undefined && alpha.min < alpha.max
}

/** Numbers of classes, or two greys with what compression leaves around them: most of the image is one of so many. */
const MASK_GREYS = 16
const MASK_SHARE = 0.9

/** A picture saved twice, as JPEG and as PNG, is so much like itself; a mask of the whole part is less like its image. */
const COPY_CORRELATION = 0.99

/**
 * Whether an image is drawn, as masks are, and no photograph; null when it cannot be read.
 *
 * @param image whose mask it would be: a picture in black and white that is saved twice is no mask of itself
 */
export async function looksLikeMask(file: string, image?: string): Promise<boolean | null> {
  try {
    const pixels = await greys(file)
    const counts = new Map<number, number>()
    for (const v of pixels) counts.set(v, (counts.get(v) ?? 0) + 1)
    const [first = 0, second = 0] = [...counts.values()].sort((a, b) => b - a)
    if (counts.size > MASK_GREYS && first + second < MASK_SHARE * pixels.length) return false
    return image === undefined || correlation(pixels, await greys(image)) < COPY_CORRELATION
  } catch {
    return null
  }
}

/** A mask has areas; the noise of a picture nearly black has few pixels like the next. */
const FLAT_SHARE = 0.8
/** Of the pixels between two greys, compression and soft edges leave fewer for each than the rarer of the two. */
const RARER_SHARE = 0.1

/**
 * What an image shows: something drawn, as masks are; nothing, one grey all over; or a photograph, also one nearly black
 * or clipped nearly everywhere. Null when it cannot be read.
 */
export async function lookOf(file: string): Promise<'drawn' | 'blank' | 'photograph' | null> {
  try {
    const pixels = await greys(file)
    const counts = new Uint32Array(256)
    let flat = 0
    for (let i = 0; i < pixels.length; i++) {
      const v = pixels[i] ?? 0
      counts[v] = (counts[v] ?? 0) + 1
      if (v === pixels[i + 1]) flat++
    }
    const [first = 0, second = 0, ...others] = counts
      .filter((n) => n > 0)
      .sort()
      .reverse()
    if (second === 0) return 'blank'
    const rest = pixels.length - first - second
    const few =
      others.length + 2 <= MASK_GREYS ||
      (rest <= (1 - MASK_SHARE) * pixels.length && second >= RARER_SHARE * rest)
    return few && flat >= FLAT_SHARE * pixels.length ? 'drawn' : 'photograph'
  } catch {
    return null
  }
}

const greys = async (file: string): Promise<Uint8Array> =>
  imageOf(await readFile(file))
    .flatten({ background: '#000' })
    .greyscale()
    .raw()
    .toBuffer()

/** Pearson's coefficient, -1..1; 0 for other lengths, and where one is the same all over. */
function correlation(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return 0
  let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0]
  a.forEach((v, i) => {
    const w = b[i] ?? 0
    sumA += v
    sumB += w
    squareA += v * v
    squareB += w * w
    product += v * w
  })
  const spread = (a.length * squareA - sumA ** 2) * (b.length * squareB - sumB ** 2)
  return spread > 0 ? (a.length * product - sumA * sumB) / Math.sqrt(spread) : 0
}

/** Numbers of classes in a lossy image: those below the middle would be lost, and their defects asked of nobody. */
function refuseDarker(any: Uint8Array, bright: Uint8Array, widthPx: number, file: string): void {
  const { labels, regions } = truthRegions(any, widthPx)
  const shown = new Set(labels.filter((_, i) => bright[i] === 1))
  const darker = regions.filter(({ areaPx }, n) => areaPx > LOSSY_MARK.areaPx && !shown.has(n + 1))
  if (darker.length > 0)
    throw new CodedError('DAT_ANNOTATION', {
      file,
      expected: `defects of one brightness in a JPEG or lossy WebP, or a PNG`,
      actual: `${darker.length} darker regions beside brighter ones`,
    })
}

function lossyFloor(values: Iterable<number>): number {
  let most = 0
  for (const v of values) most = Math.max(most, v)
  return most > LOSSY_NOISE && most < LOSSY_FLOOR ? most / 2 : LOSSY_FLOOR
}
