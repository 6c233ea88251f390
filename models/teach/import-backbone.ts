import { CodedError, asCoded } from '../../contracts/index.ts'
import { readOnnx } from '../onnx/read-onnx.ts'
import { extendModel } from '../onnx/extend.ts'
import { withUint8Input } from '../onnx/uint8-input.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { OrtSession } from '../runtime/ort-session.ts'
import type { BackboneCard } from './backbone-card.ts'
import type { Tap } from './backbone.ts'

export interface ImportBackboneRequest {
  onnxFile: string
  card: BackboneCard
  outDir: string
  privateKeyPem: string
  keyId: string
}

const IMAGE = 'image'
/** Side of the test image: a multiple of every stride up to 64. */
const SIDE = 256

/**
 * Makes a backbone package of a feature extractor: uint8 input, the wanted inner tensors as outputs, golden vector.
 * Strides and channels are read off a run.
 *
 * @throws MDL_PACKAGE when a tap is no map [1, channels, h, w] or its stride is no whole number; MDL_LOAD when a name
 *         is unknown; what `packModel` throws
 */
export async function importBackbone(
  request: ImportBackboneRequest,
): Promise<{ packed: PackedModel; taps: Tap[] }> {
  const { input, mean, std, order, taps: names, ...about } = request.card
  const original = await readOnnx(request.onnxFile)
  const tapped = (paddedPx: number, taps: readonly Tap[] | null): Uint8Array =>
    extendModel(withUint8Input(original, { input, image: IMAGE, channels: 3, mean, std, order, paddedPx }), {
      nodes: [],
      initializers: [],
      inputs: [{ name: IMAGE, type: 'uint8', shape: ['n', 'h', 'w', 3] }],
      outputs: names.map((name, i) => ({
        name,
        type: 'float32',
        shape: ['n', taps?.[i]?.channels ?? `c${i}`, `h${i}`, `w${i}`],
      })),
    })
  const image = { data: testImage(SIDE, SIDE), widthPx: SIDE, heightPx: SIDE, channels: 3 as const }
  const { taps, paddedPx } = await fittingTaps((padding) => tapped(padding, null), names)
  const packed = await packModel({
    onnx: tapped(paddedPx, taps),
    card: {
      id: about.id,
      version: about.version,
      title: { zh: `${about.id}:特征提取网络`, en: `${about.id}: feature extractor` },
      spec: { family: 'backbone', taps },
      inputs: [
        {
          name: IMAGE,
          layout: 'NHWC',
          dtype: 'uint8',
          channels: 3,
          widthPx: null,
          heightPx: null,
          multipleOf: Math.max(...taps.map((t) => t.stridePx)),
          fit: 'none',
          resample: 'pillow',
          marginGrey: 114,
          role: 'image',
        },
      ],
      labels: ['feature'],
      licence: about.licence,
      trainingData: [{ name: about.trainedOn, licence: about.licence }],
      metrics: {},
      threshold: { value: 0, provenance: 'none: a backbone does not judge' },
      golden: { atol: 0.01, rtol: 0.01 },
    },
    goldenInputs: [{ image }],
    outDir: request.outDir,
    privateKeyPem: request.privateKeyPem,
    keyId: request.keyId,
  })
  return { packed, taps }
}

/** Networks without padding lose a few cells at the border; this much repeated border gives them back. */
const MOST_PADDING = 32
/** A larger one is no feature map but a summary of the image. */
const MOST_STRIDE = 64

/**
 * Taps whose cells cover the image evenly: side / stride of them, at two sizes. Where the network pads nothing by
 * itself, the border of the image is repeated until they do.
 *
 * @throws MDL_PACKAGE when no padding does it, or a tap is no map [1, channels, h, w]
 */
async function fittingTaps(
  model: (paddedPx: number) => Uint8Array,
  names: readonly string[],
): Promise<{ taps: Tap[]; paddedPx: number }> {
  let first: Shapes | null = null
  for (let paddedPx = 0; paddedPx <= MOST_PADDING; paddedPx++) {
    const session = await openSession(model(paddedPx), { providers: ['cpu'], intraOpThreads: 1 })
    try {
      const square = await shapesAt(session, names, SIDE, SIDE)
      first ??= square
      const taps = square.map(({ name, shape: [, channels = 0, , width = 0] }) => ({
        output: name,
        channels,
        // the next power of two above what a border may have cost, which never costs half of the cells
        stridePx: 2 ** Math.round(Math.log2(SIDE / width)),
      }))
      if (taps.some((t) => t.stridePx > MOST_STRIDE)) break
      const fits = (shapes: Shapes, w: number, h: number): boolean =>
        shapes.every(({ shape }, n) => {
          const stride = taps[n]?.stridePx ?? 0
          return shape[2] === h / stride && shape[3] === w / stride
        })
      if (
        fits(square, SIDE, SIDE) &&
        fits(await shapesAt(session, names, SIDE / 2, SIDE * 2), SIDE / 2, SIDE * 2)
      )
        return { taps, paddedPx }
    } finally {
      await session.close()
    }
  }
  throw new CodedError('MDL_PACKAGE', {
    path: names.join(', '),
    expected: `feature maps whose cells divide ${SIDE} px, with at most ${MOST_PADDING} px of repeated border`,
    actual: (first ?? []).map(({ name, shape }) => `${name} [${shape.join(', ')}]`).join('; '),
    hint: 'choose tensors that are feature maps, channels first',
  })
}

type Shapes = { name: string; shape: readonly number[] }[]

/** @throws MDL_PACKAGE when a tap is no map [1, channels, h, w], or the network fails at this size */
async function shapesAt(
  session: OrtSession,
  names: readonly string[],
  widthPx: number,
  heightPx: number,
): Promise<Shapes> {
  const data = testImage(widthPx, heightPx)
  const out = await session
    .run({ [IMAGE]: { data, shape: [1, heightPx, widthPx, 3] } }, names)
    .catch((error: unknown) => {
      const { code, detail } = asCoded(error, 'MDL_RUN')
      if (code !== 'MDL_RUN') throw error
      // as a vision transformer, whose places are of one size
      throw new CodedError('MDL_PACKAGE', {
        path: names.join(', '),
        expected: 'a feature extractor for images of any height and width',
        actual: `one that fails at ${widthPx} x ${heightPx} px: ${detail.actual}`,
        hint: 'export it with free height and width; where it takes images of one size alone, choose another network',
        cause: error,
      })
    })
  return names.map((name) => {
    const shape = out[name]?.shape ?? []
    if (shape.length !== 4 || shape.some((d) => d < 1))
      throw new CodedError('MDL_PACKAGE', {
        path: name,
        expected: 'a feature map [1, channels, h, w]',
        actual: `[${shape.join(', ')}]`,
        hint: 'choose tensors that are feature maps, channels first',
      })
    return { name, shape }
  })
}

/** Smooth waves and edges in three colours. */
function testImage(widthPx: number, heightPx: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % widthPx
    const y = Math.floor(i / 3 / widthPx)
    const wave = 127 + 80 * Math.sin((x * (1 + (i % 3))) / 17) * Math.cos(y / 23)
    return Math.round(x > y ? wave : 255 - wave)
  })
}
