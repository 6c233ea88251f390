import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelCardSchema } from '../../contracts/index.ts'
import type { Colour, FamilySpec, ModelCard } from '../../contracts/index.ts'
import { generateKeys, packModel } from '../../models/index.ts'
import type { ModelImages, Pixels } from '../../models/index.ts'
import { toyModel } from './toy-graphs.ts'
import type { ToyGraph, ToyKind } from './toy-graphs.ts'

export { toyModel } from './toy-graphs.ts'
export type { ToyGraph, ToyKind, ToyRow } from './toy-graphs.ts'

export interface ToyOptions extends ToyGraph {
  /** Package id; default `toy-<kind>`. */
  id?: string
  labels?: string[]
  fit?: 'none' | 'stretch' | 'letterbox'
  multipleOf?: number
  /** What the card says that it was taught with. */
  colour?: Colour
  /** Fields of the family that differ from the defaults below. */
  spec?: Partial<FamilySpec>
  threshold?: number
  /** Name of the key that is made for it; where several toys are trusted together, each needs its own. */
  keyId?: string
}

export interface ToyPackage {
  id: string
  /** The package folder. */
  dir: string
  /** The folder above it, for `findPackages`. */
  root: string
  trustedKeys: Record<string, string>
  /** SHA-256 of model.onnx. */
  sha256: string
  keyId: string
  privateKeyPem: string
  card: ModelCard
  /** Deletes the folder. */
  remove(): Promise<void>
}

/** A uniform image. */
export function plain(widthPx: number, heightPx: number, grey: number, channels: 1 | 3 = 1): Pixels {
  return { data: new Uint8Array(widthPx * heightPx * channels).fill(grey), widthPx, heightPx, channels }
}

/**
 * Writes a signed model package with a hand-computable model into a temporary folder, by the product's own packer
 * and with a key made for it. See `ToyKind` for what each model answers, and `ToyGraph` for slow ones and ones that
 * return NaN.
 */
export async function writeToyPackage(options: ToyOptions): Promise<ToyPackage> {
  const root = await mkdtemp(join(tmpdir(), 'sightline-toy-'))
  const card = toyCard(options)
  const dir = join(root, card.id)
  const onnx = toyModel(options)
  await writeFile(join(root, 'toy.onnx'), onnx)
  const { privateKeyPem, publicKey } = generateKeys()
  const keyId = options.keyId ?? 'toy-key'
  const { sha256 } = await packModel({
    onnx,
    card,
    goldenInputs: goldenInputs(options),
    outDir: dir,
    privateKeyPem,
    keyId,
  })
  return {
    id: card.id,
    dir,
    root,
    trustedKeys: { [keyId]: publicKey },
    sha256,
    keyId,
    privateKeyPem,
    card,
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

function goldenInputs({ toy, size, channels = 1 }: ToyOptions): ModelImages[] {
  const { widthPx, heightPx } = size ?? { widthPx: 32, heightPx: 24 }
  const image = plain(widthPx, heightPx, 200, channels)
  image.data.fill(90, 0, image.data.length / 4)
  const pair = toy.kind === 'decoded' && toy.pair === true
  return [{ image, ...(pair ? { template: plain(widthPx, heightPx, 0, channels) } : {}) }]
}

export function toyCard(options: ToyOptions): ModelCard {
  const { toy, channels = 1, size, fit = 'none', multipleOf = 1 } = options
  const input = {
    layout: 'NHWC',
    dtype: 'uint8',
    channels,
    widthPx: size?.widthPx ?? null,
    heightPx: size?.heightPx ?? null,
    multipleOf,
    fit,
    ...(options.colour && { colour: options.colour }),
  }
  const pair = toy.kind === 'decoded' && toy.pair === true
  return modelCardSchema.parse({
    id: options.id ?? `toy-${toy.kind}`,
    version: '1.0.0',
    title: { zh: '玩具模型', en: 'Toy model' },
    spec: { ...familyOf(toy), ...options.spec },
    inputs: [
      { ...input, name: 'image', role: 'image' },
      ...(pair ? [{ ...input, name: 'template', role: 'template' }] : []),
    ],
    labels: options.labels ?? defaultLabels(toy),
    licence: 'Apache-2.0',
    trainingData: [],
    metrics: {},
    threshold: { value: options.threshold ?? 0.5, provenance: 'chosen by hand' },
    golden: { atol: 1e-4, rtol: 1e-4 },
  })
}

function familyOf(toy: ToyKind): FamilySpec {
  switch (toy.kind) {
    case 'classification':
      return { family: 'classification', output: 'logits', activation: 'none' }
    case 'yolov8':
      return { family: 'detection-yolov8', output: 'output0', nmsIou: 0.5, scoreFloor: 0.05 }
    case 'yolov5':
      return {
        family: 'detection-objectness',
        output: 'output0',
        score: 'product',
        nmsIou: 0.5,
        scoreFloor: 0.05,
      }
    case 'decoded':
      return {
        family: 'detection-decoded',
        boxes: 'boxes',
        scores: 'scores',
        labels: 'labels',
        nms: null,
        scoreFloor: 0.05,
      }
    case 'anomaly':
      return { family: 'anomaly-map', map: 'map', score: 'score', mapThreshold: 40, minAreaPx: 1 }
  }
}

function defaultLabels(toy: ToyKind): string[] {
  switch (toy.kind) {
    case 'classification':
      return toy.gain.map((_, i) => `class-${i}`)
    case 'yolov8':
    case 'yolov5':
      return Array.from({ length: toy.classes }, (_, i) => `class-${i}`)
    case 'decoded':
      return Array.from({ length: Math.max(...toy.rows.map((r) => r.label)) + 1 }, (_, i) => `class-${i}`)
    case 'anomaly':
      return ['anomaly']
  }
}
