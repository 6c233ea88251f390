import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { prepareZXingModule, readBarcodes, type ReadResult } from 'zxing-wasm/reader'
import { asCoded, gs1CheckDigit, type CodeRead, type ToolSpecOf } from '../../contracts/index.ts'
import { barDirections } from './bar-directions.ts'
import { type Box, enlargedPatch, type Patch, turnedPatch, uprightPatch } from './code-patch.ts'
import { apart, byPlace, contains, covers, lengthOf, linesOf, middleOf, placeOf } from './code-place.ts'

export type CodeFormat = ToolSpecOf<'code@1'>['formats'][number]

type Found = Omit<CodeRead, 'tool'>

/** Names of the recipe to names of the reader. */
const FORMATS = {
  DataMatrix: 'DataMatrix',
  QRCode: 'QRCode',
  Code128: 'Code128',
  'EAN-13': 'EAN13',
  'EAN-8': 'EAN8',
  'UPC-A': 'UPCA',
  'UPC-E': 'UPCE',
  // `Code39` of the reader would take six characters for Code 32, and `/N` for a full stop, where it can.
  Code39: 'Code39Std',
  Code39Ext: 'Code39Ext',
  Code93: 'Code93',
  Codabar: 'Codabar',
  ITF: 'ITF',
  PDF417: 'PDF417',
  Aztec: 'Aztec',
  DataBar: 'DataBar',
  DataBarExpanded: 'DataBarExp',
  DataBarLimited: 'DataBarLtd',
  MicroQRCode: 'MicroQRCode',
} as const satisfies Record<CodeFormat, string>
/** What the reader calls the forms of a symbology. */
const FORMS: [name: string, format: CodeFormat][] = [
  ['DataBarOmni', 'DataBar'],
  ['DataBarStk', 'DataBar'],
  ['DataBarStkOmni', 'DataBar'],
  ['DataBarExpStk', 'DataBarExpanded'],
  ['ITF14', 'ITF'],
  ['CompactPDF417', 'PDF417'],
  ['AztecCode', 'Aztec'],
  ['QRCodeModel1', 'QRCode'],
  ['QRCodeModel2', 'QRCode'],
]
const NAMES = new Map<string, string>([
  ...FORMS,
  ...Object.entries(FORMATS).map(([name, format]) => [format, name] as const),
])

/**
 * EAN and UPC tell 1 from 7 and 2 from 8, and by these the first digit, by the widths of bars alone: where blur and pixels
 * make these uncertain, up to one in ten is read as another number with a right check digit.
 */
const RETAIL: readonly string[] = ['EAN-13', 'EAN-8', 'UPC-A', 'UPC-E'] satisfies CodeFormat[]
/**
 * Enlarged, edges lie between pixels: what is read by widths that were rounded is read as something else, or not. Of 69
 * wrong numbers four were read alike by one of these, and as something else by the other two; one good symbol in a hundred,
 * and more with an add-on, is read alike by all, and by one as something else as well.
 */
const ENLARGED = [1.5, 1.75, 2]

const MATRIX: readonly CodeFormat[] = ['DataMatrix', 'QRCode', 'MicroQRCode', 'Aztec']

/** Radians: what is read turned must be read so far beside as well. */
const BESIDE = (3 * Math.PI) / 180
/**
 * Radians: a PDF417 must be read in at least one of these as well, and as nothing else in any. A little turned it is read
 * also where it is crumpled or small; turned more, and the other way, another number of words of correction shows.
 */
const AGAIN = [-3, -1, 0.5, 1.5].map((degrees) => (degrees * Math.PI) / 180)
/** Lines through bars that must agree; of two, which is the reader's own, some are wrong where bars are tilted. */
const LINES = 4

/**
 * Share of the words of error correction that must be left, so that they can tell a text from a made-up one; above these.
 * A PDF417 of the least level that ISO/IEC 15438 recommends has eight words, two of them to tell with; one of eight is told
 * as 0.12. Words of Aztec have six bits in small symbols, and four such correct one wrong symbol in thirty to some text.
 * Words of other symbols are so many and so long that chance does not, but for M1 of Micro QR, where the reader counts wrong.
 */
const LEAST_LEFT: Readonly<Record<string, number>> = { PDF417: 0.13, Aztec: 0 }

let ready: Promise<unknown> | null = null

/** Starts the reader. It would fetch its wasm file from the network; it gets the installed one. */
export async function warmZxing(): Promise<void> {
  if (!ready) {
    const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')
    const wasmBinary = Uint8Array.from(readFileSync(file)).buffer
    ready = prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true })
  }
  await ready
}

/**
 * Reads all symbols inside `box` of a grey image; failed symbols come with `ok: false`. Upright first; when nothing can be
 * read there, turned, and then what is read at two angles; a PDF417 is read again a little turned. Corners in px of the image, sorted top to bottom, then left to right.
 *
 * @param grey HW
 * @param itfDigits lengths of ITF symbols that count, beside 14 digits with their check digit
 * @throws INS_TOOL when the reader itself fails
 */
export async function readCodes(
  grey: Uint8Array,
  widthPx: number,
  box: Box,
  formats: readonly CodeFormat[],
  itfDigits: readonly number[] = [],
): Promise<Found[]> {
  await warmZxing()
  try {
    const turned = async (place: Box, by: number, of: readonly CodeFormat[]): Promise<Found[]> => {
      const patch = turnedPatch(grey, widthPx, place, by)
      const reads = await readPatch(patch, { formats: of, itfDigits })
      // The corners of a turned patch lie outside the place.
      return reads.filter((r) => r.ok && contains(box, middleOf(r)))
    }
    const readAt = async (
      place: Box,
      angles: readonly number[],
      of: readonly CodeFormat[],
    ): Promise<Found[]> => {
      const reads: Found[] = []
      for (const angle of angles) reads.push(...(await turned(place, angle, of)))
      return reads
    }
    const upright = await readPatch(uprightPatch(grey, widthPx, box), { formats, itfDigits })
    for (const [i, r] of upright.entries())
      if (isPdf417(r) && repeated([r], await readAt(placeOf(r, box), AGAIN, ['PDF417'])).length === 0)
        upright[i] = { ...r, ok: false, text: '', error: 'the symbol is not read alike when it is turned' }
    if (upright.some((r) => r.ok)) return upright
    // Matrix codes are read at any angle, bars up to 15 degrees off, stacked ones up to 5.
    const barred = formats.filter((f) => !MATRIX.includes(f))
    if (barred.length === 0) return upright
    const found: Found[] = []
    for (const { angle, box: place } of barDirections(grey, widthPx, box)) {
      const good = await turned(place, angle, barred)
      if (good.length > 0)
        found.push(...repeated(good, await readAt(place, [angle + BESIDE, angle - BESIDE], barred)))
    }
    return found.length > 0 ? agreed(found.toSorted(byPlace)) : upright
  } catch (error) {
    throw asCoded(error, 'INS_TOOL')
  }
}

/** PDF417, of which the reader takes words of error correction for data when it misses how many there are; not so of MicroPDF417. */
const isPdf417 = (r: Found): boolean => r.ok && r.symbology === 'PDF417'

/** Those that are read again beside, and nothing else in their place. */
const repeated = (good: readonly Found[], beside: readonly Found[]): Found[] =>
  good.filter((r) => {
    const alike = beside.filter((b) => b.symbology === r.symbology)
    const other = alike.some((b) => b.text !== r.text && covers(r, middleOf(b)))
    return !other && alike.some((b) => b.text === r.text)
  })

interface Wanted {
  formats: readonly CodeFormat[]
  itfDigits: readonly number[]
}

async function readPatch(patch: Patch, wanted: Wanted): Promise<Found[]> {
  const reads: Found[] = []
  for (const r of await readSymbols(patch.file, wanted.formats)) {
    const read = toRead(r, patch.toImage, wanted.itfDigits)
    const wrong = read.ok && RETAIL.includes(read.symbology) && !(await readEnlarged(patch, r, wanted))
    const error = 'the symbol is not read alike when it is enlarged'
    reads.push(wrong ? { ...read, ok: false, text: '', error } : read)
  }
  return agreed(reads.toSorted(byPlace))
}

const readSymbols = (file: Uint8Array, formats: readonly CodeFormat[]): Promise<ReadResult[]> =>
  readBarcodes(file, {
    formats: formats.map((f) => FORMATS[f]),
    textMode: 'Plain',
    returnErrors: true,
    tryHarder: true,
    minLineCount: LINES,
  })

/** Whether a symbol of a patch is read alike in more enlargements than as something else. */
async function readEnlarged(patch: Patch, r: ReadResult, { formats, itfDigits }: Wanted): Promise<boolean> {
  const read = toRead(r, (x, y) => [x, y], itfDigits)
  const lines = linesOf(read, [0, 0, patch.widthPx, patch.heightPx])
  const retail = formats.filter((f) => RETAIL.includes(f))
  let more = 0
  for (const factor of ENLARGED) {
    const { file, toImage } = enlargedPatch(patch, lines, factor)
    const again = (await readSymbols(file, retail))
      .map((e) => toRead(e, toImage, itfDigits))
      .filter((e) => e.ok && e.symbology === read.symbology)
    if (again.some((e) => e.text === read.text)) more += 1
    if (again.some((e) => e.text !== read.text && covers(read, middleOf(e)))) more -= 1
  }
  return more > 0
}

/**
 * A symbol may be read several times, from other rows or lines. Several texts at one place are no read; one text is one
 * read so far around as the symbol is long.
 */
function agreed(reads: readonly Found[]): Found[] {
  const kept: Found[] = []
  for (const r of reads) {
    const alike = (o: Found): boolean => r.ok && o.ok && o !== r && o.symbology === r.symbology
    const over = (o: Found): boolean => alike(o) && (covers(o, middleOf(r)) || covers(r, middleOf(o)))
    if (reads.some((o) => o.text !== r.text && over(o)))
      kept.push({ ...r, ok: false, text: '', error: 'readings of the symbol disagree' })
    else if (!kept.some((o) => o.text === r.text && alike(o) && apart(o, r) < lengthOf(o))) kept.push(r)
  }
  return kept
}

function toRead(r: ReadResult, toImage: Patch['toImage'], itfDigits: readonly number[]): Found {
  const { topLeft, topRight, bottomRight, bottomLeft } = r.position
  const found = {
    symbology: NAMES.get(r.format) ?? r.format,
    symbologyId: r.symbologyIdentifier,
    corners: [topLeft, topRight, bottomRight, bottomLeft].map((p) => toImage(p.x, p.y)),
  }
  const itf = found.symbology === 'ITF' && itfError(r.text, itfDigits)
  const wrong = r.isValid ? partError(r) || programError(r) || guessError(r) || halfError(r) || itf : r.error
  return r.isValid && !wrong
    ? { ok: true, text: r.text, ...found }
    : { ok: false, text: '', ...found, error: wrong || 'the symbol does not decode' }
}

/** Why the text of a symbol is a part of another one; null when it is whole. A size of 0 is not known, below there is none. */
const partError = ({ sequenceSize, sequenceIndex }: ReadResult): string | null =>
  sequenceSize < 0 || sequenceSize === 1
    ? null
    : `symbol ${sequenceIndex + 1} of ${sequenceSize || 'several'} that hold one text (structured append)`

/** What the reader says beside the text, as far as it is looked at. */
interface Extra {
  /** Share of the words of error correction that are left. */
  UEC?: number
  /** The symbol programs a reader: FNC3 of Code 128, Reader Programming of DataMatrix, Reader Initialization of Aztec. */
  ReaderInit?: boolean
}

const extraOf = ({ extra }: ReadResult): Extra => JSON.parse(extra || '{}') as Extra

/** Why a symbol says nothing about a part; null when it may. By their standards such a text is not to be transmitted. */
const programError = (r: ReadResult): string | null =>
  extraOf(r).ReaderInit ? 'the symbol programs a reader, and is no data' : null

/** Why the text of a symbol may be made up; null when enough of its error correction is left to tell, or it has none. */
function guessError(r: ReadResult): string | null {
  const least = LEAST_LEFT[r.symbology]
  if (least === undefined) return null
  const { UEC: left = 1 } = extraOf(r)
  return left > least
    ? null
    : `${Math.round(left * 100)} % of the error correction is left, too little to tell`
}

/**
 * Why a UPC-E may be the left half of an EAN-13; null when it cannot. That half begins with a digit of odd parity, which in
 * UPC-E only number system 1 does. GS1 has UPC-E for number system 0 alone (General Specifications, 2.1.3.3).
 */
const halfError = (r: ReadResult): string | null =>
  NAMES.get(r.format) === 'UPC-E' && r.text.startsWith('01')
    ? 'a UPC-E of number system 1 may be half of an EAN-13, and is none of GS1'
    : null

/** Why digits of an ITF symbol are no read; null when they are one. */
function itfError(text: string, itfDigits: readonly number[]): string | null {
  if (itfDigits.includes(text.length)) return null
  if (text.length !== 14)
    return `${text.length} digits of ITF may be a part of it: expected ${[14, ...itfDigits].join(' or ')} (itfDigits of the tool)`
  const expected = gs1CheckDigit(text.slice(0, 13))
  return expected === Number(text.at(-1)) ? null : `wrong check digit of ITF-14: expected ${expected}`
}
