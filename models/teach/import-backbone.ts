import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CodedError, asCoded } from '../../contracts/index.ts'
import { extendModel } from '../onnx/extend.ts'
import { withUint8Input } from '../onnx/uint8-input.ts'
import { packModel } from '../package/pack.ts'
import type { PackedModel } from '../package/pack.ts'
import { openSession } from '../runtime/ort-session.ts'
import type { Tap } from './backbone.ts'

export interface ImportBackboneRequest {
  onnxFile: string
  /** Name of the float32 NCHW input, and how grey levels become its values. */
  input: string
  mean: number[]
  std: number[]
  order: 'rgb' | 'bgr'
  /** Names of tensors of the graph to take as feature maps, inner ones included. */
  taps: string[]
  id: string
  version: string
  licence: string
  trainingData: string
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
export async function importBackbone(request: ImportBackboneRequest): Promise<PackedModel> {
  const { onnxFile, input, mean, std, order, taps: names } = request
  const original = await readFile(onnxFile).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: onnxFile })
  })
  const uint8 = withUint8Input(original, { input, image: IMAGE, channels: 3, mean, std, order })
  const tapped = (taps: readonly Tap[] | null): Uint8Array =>
    extendModel(uint8, {
      nodes: [],
      initializers: [],
      inputs: [{ name: IMAGE, type: 'uint8', shape: ['n', 'h', 'w', 3] }],
      outputs: names.map((name, i) => ({
        name,
        type: 'float32',
        shape: ['n', taps?.[i]?.channels ?? `c${i}`, `h${i}`, `w${i}`],
      })),
    })
  const image = { data: testImage(), widthPx: SIDE, heightPx: SIDE, channels: 3 as const }
  const taps = await measureTaps(tapped(null), names, image.data)
  const scratch = await mkdtemp(join(tmpdir(), 'sightline-backbone-'))
  try {
    const file = join(scratch, 'model.onnx')
    await writeFile(file, tapped(taps))
    return await packModel({
      onnxFile: file,
      card: {
        id: request.id,
        version: request.version,
        title: { zh: `${request.id}:特征提取网络`, en: `${request.id}: feature extractor` },
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
        licence: request.licence,
        trainingData: [{ name: request.trainingData, licence: request.licence }],
        metrics: {},
        threshold: { value: 0, provenance: 'none: a backbone does not judge' },
        golden: { atol: 0.01, rtol: 0.01 },
      },
      goldenInputs: [{ image }],
      outDir: request.outDir,
      privateKeyPem: request.privateKeyPem,
      keyId: request.keyId,
    })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function measureTaps(
  model: Uint8Array,
  names: readonly string[],
  data: Uint8Array<ArrayBuffer>,
): Promise<Tap[]> {
  const session = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
  try {
    const out = await session.run({ [IMAGE]: { data, shape: [1, SIDE, SIDE, 3] } }, names)
    return names.map((name) => {
      const shape = out[name]?.shape ?? []
      const [, channels = 0, height = 0, width = 0] = shape
      const stridePx = SIDE / width
      if (shape.length !== 4 || height !== width || !Number.isInteger(stridePx))
        throw new CodedError('MDL_PACKAGE', {
          path: name,
          expected: `a feature map [1, channels, h, w] whose side divides ${SIDE}`,
          actual: `[${shape.join(', ')}]`,
          hint: 'choose tensors that are feature maps, channels first',
        })
      return { output: name, stridePx, channels }
    })
  } finally {
    await session.close()
  }
}

/** Smooth waves and edges in three colours. */
function testImage(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % SIDE
    const y = Math.floor(i / 3 / SIDE)
    const wave = 127 + 80 * Math.sin((x * (1 + (i % 3))) / 17) * Math.cos(y / 23)
    return Math.round(x > y ? wave : 255 - wave)
  })
}
