import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { importModel, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../../models/index.ts'
import type { ImportRequest, OnnxType } from '../../../models/index.ts'
import { valueInfo } from '../../../models/onnx/graph.ts'
import { bytesField, concatFields, messageField, replaceField, textField } from '../../../models/onnx/wire.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Side of the networks below, px. */
export const SIDE = 8

const one = (name: string, value: number): Bytes => onnxTensor(name, [1], Float32Array.of(value))

/**
 * Like an export of anomalib: map = mean of R, G, B in 0..1, score = its maximum; both normalised to
 * (value - 0.5) / range + 0.5 and clamped to 0..1.
 */
export function anomalibLike({
  type = 'float32' as OnnxType,
  range = 0.25,
  opset = 18,
  batch = 1,
} = {}): Bytes {
  const half = type === 'float16'
  const cast = (from: string, to: string, code: number): Bytes[] =>
    half ? [onnxNode('Cast', [from], [to], { to: { int: code } })] : []
  const normalised = (from: string, to: string): Bytes[] => [
    onnxNode('Sub', [from, 'threshold'], [`${from}_a`]),
    onnxNode('Div', [`${from}_a`, 'range'], [`${from}_b`]),
    onnxNode('Add', [`${from}_b`, 'threshold'], [`${from}_c`]),
    onnxNode('Clip', [`${from}_c`, 'low', 'high'], [`${from}_d`]),
    // as anomalib's graph: taken when a range is known, which is a constant of the export
    onnxNode('Where', ['known', `${from}_d`, from], [half ? `${to}_f` : to]),
    ...cast(`${to}_f`, to, 10),
  ]
  return onnxModel(
    onnxGraph({
      name: 'anomalib-like',
      nodes: [
        ...cast('input', 'x', 1),
        onnxNode('Conv', [half ? 'x' : 'input', 'mean'], ['grey']),
        onnxNode('GlobalMaxPool', ['grey'], ['peak4']),
        onnxNode('Flatten', ['peak4'], ['peak']),
        ...normalised('grey', 'anomaly_map'),
        ...normalised('peak', 'pred_score'),
      ],
      initializers: [
        onnxTensor('mean', [1, 3, 1, 1], new Float32Array(3).fill(1 / 3)),
        one('threshold', 0.5),
        one('range', range),
        onnxTensor('low', [], Float32Array.of(0)),
        onnxTensor('high', [], Float32Array.of(1)),
        boolean('known'),
      ],
      inputs: [{ name: 'input', type, shape: [batch, 3, SIDE, SIDE] }],
      outputs: [
        { name: 'anomaly_map', type, shape: [batch, 1, SIDE, SIDE] },
        { name: 'pred_score', type, shape: [batch, 1] },
      ],
    }),
    'toy',
    opset,
  )
}

/** Like an export of anomalib without normalisation: map = `gain` x blue in 0..1, score = its maximum. */
export const rawAnomalyLike = (gain: number): Bytes =>
  onnxModel(
    onnxGraph({
      name: 'raw-anomaly-like',
      nodes: [
        onnxNode('Conv', ['input', 'blue'], ['anomaly_map']),
        onnxNode('GlobalMaxPool', ['anomaly_map'], ['peak4']),
        onnxNode('Flatten', ['peak4'], ['pred_score']),
      ],
      initializers: [onnxTensor('blue', [1, 3, 1, 1], Float32Array.of(0, 0, gain))],
      inputs: [{ name: 'input', type: 'float32', shape: [1, 3, SIDE, SIDE] }],
      outputs: [
        { name: 'anomaly_map', type: 'float32', shape: [1, 1, SIDE, SIDE] },
        { name: 'pred_score', type: 'float32', shape: [1, 1] },
      ],
    }),
    'toy',
    18,
  )

/** A scalar `true`: TensorProto with data_type BOOL and one raw byte. */
const boolean = (name: string): Bytes => {
  const text = new TextEncoder().encode(name)
  return Uint8Array.of(0x10, 9, 0x42, text.length, ...text, 0x4a, 1, 1)
}

/**
 * Like an end-to-end detector: always these rows, e.g. [x1, y1, x2, y2, score, label], plus `noise` x 0 of the image.
 *
 * @param said how many rows and numbers of a row the graph declares, in place of what only its run tells
 */
export function rowsLike(rows: number[][], said?: [string, string]): Bytes {
  const width = rows[0]?.length ?? 0
  return onnxModel(
    onnxGraph({
      name: 'rows-like',
      nodes: [
        onnxNode('GlobalAveragePool', ['images'], ['level4']),
        onnxNode('Conv', ['level4', 'zero3'], ['none4']),
        onnxNode('Squeeze', ['none4', 'axis'], ['none']),
        onnxNode('Add', ['none', 'rows'], [said ? 'sum' : 'output0']),
        ...(said
          ? [
              onnxNode('Reshape', ['none', 'flat'], ['nothing']),
              onnxNode('Add', ['nothing', 'sizes'], ['floats']),
              onnxNode('Cast', ['floats'], ['made'], { to: { int: 7 } }),
              onnxNode('Reshape', ['sum', 'made'], ['output0']),
            ]
          : []),
      ],
      initializers: [
        ...(said
          ? [
              onnxTensor('flat', [1], BigInt64Array.of(-1n)),
              onnxTensor('sizes', [3], Float32Array.of(1, rows.length, width)),
            ]
          : []),
        onnxTensor('zero3', [1, 3, 1, 1], new Float32Array(3)),
        onnxTensor('axis', [1], BigInt64Array.of(3n)),
        onnxTensor('rows', [1, rows.length, width], Float32Array.from(rows.flat())),
      ],
      inputs: [{ name: 'images', type: 'float32', shape: ['n', 3, 'h', 'w'] }],
      outputs: [{ name: 'output0', type: 'float32', shape: ['n', ...(said ?? [rows.length, width])] }],
    }),
  )
}

/** Like a classifier that ends with a softmax: always these probabilities, plus 0 of the image. */
export function classesLike(probabilities: readonly number[], channels: 1 | 3 = 3): Bytes {
  const classes = probabilities.length
  return onnxModel(
    onnxGraph({
      name: 'classes-like',
      nodes: [
        onnxNode('GlobalAveragePool', ['images'], ['level4']),
        onnxNode('Conv', ['level4', 'zero3'], ['none4']),
        onnxNode('Flatten', ['none4'], ['none']),
        onnxNode('Add', ['none', 'logits'], ['sum']),
        onnxNode('Softmax', ['sum'], ['output0'], { axis: { int: 1 } }),
      ],
      initializers: [
        onnxTensor('zero3', [classes, channels, 1, 1], new Float32Array(classes * channels)),
        onnxTensor('logits', [1, classes], Float32Array.from(probabilities, Math.log)),
      ],
      inputs: [{ name: 'images', type: 'float32', shape: [1, channels, SIDE, SIDE] }],
      outputs: [{ name: 'output0', type: 'float32', shape: [1, classes] }],
    }),
  )
}

/** The model with one more output, before its own: zeros. */
export function withOutput(
  model: Uint8Array,
  output: { name: string; type: OnnxType; shape: readonly number[] },
): Bytes {
  const { name, type, shape } = output
  const to = { float32: 1, int64: 7 }[type as 'float32' | 'int64']
  const zeros = `${name}_zeros`
  return replaceField(model, 7, (graph) =>
    concatFields([
      messageField(12, valueInfo({ name, type, shape: [...shape] })),
      graph,
      bytesField(5, onnxTensor(`${zeros}_shape`, [shape.length], BigInt64Array.from(shape, BigInt))),
      bytesField(1, onnxNode('ConstantOfShape', [`${zeros}_shape`], [zeros])),
      bytesField(1, onnxNode('Cast', [zeros], [name], { to: { int: to } })),
    ]),
  )
}

/** The model with what Ultralytics writes beside its graphs. */
export const withMetadata = (model: Uint8Array, notes: Readonly<Record<string, string>>): Bytes =>
  concatFields([
    model,
    ...Object.entries(notes).map(([key, value]) =>
      messageField(14, [textField(1, key), textField(2, value)]),
    ),
  ])

/** What a clone without Git LFS has in place of a file (git-lfs.com, docs/spec.md). */
export const LFS_POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
`

export interface Shown {
  /** Grey level of the middle four px; 64 around. */
  level: number
  /** The image is grey of 64 throughout and has this side; by default that of the network. */
  side?: number
  /** Added to the levels that the library showed its network. */
  inputShift?: number
  findings: { class: string; score: number; box: number[] }[]
  scores?: Record<string, number>
}

/** Writes model, import.json, reference.json and images; returns the folder. */
export async function writeExport(
  dir: string,
  model: Uint8Array,
  args: Record<string, unknown>,
  shown: readonly Shown[],
): Promise<string> {
  await mkdir(dir, { recursive: true })
  const items = []
  for (const [n, { level, findings, scores = {}, inputShift = 0, side }] of shown.entries()) {
    const pixels = Buffer.alloc(SIDE * SIDE * 3, 64)
    for (const y of [3, 4]) pixels.fill(level, (y * SIDE + 3) * 3, (y * SIDE + 5) * 3)
    const image = side === undefined ? pixels : Buffer.alloc(side * side * 3, 64)
    await sharp(image, { raw: { width: side ?? SIDE, height: side ?? SIDE, channels: 3 } })
      .png()
      .toFile(join(dir, `${n}.png`))
    await writeFile(
      join(dir, `${n}.bin`),
      pixels.map((v) => v + inputShift),
    )
    items.push({ image: `${n}.png`, input: `${n}.bin`, findings, scores })
  }
  await writeFile(join(dir, 'model.onnx'), model)
  await writeFile(
    join(dir, 'import.json'),
    JSON.stringify({ labels: ['anomaly'], size: [SIDE, SIDE], ...args }),
  )
  await writeFile(join(dir, 'reference.json'), JSON.stringify({ library: 'toy 1.0', items }))
  return dir
}

/** Asks for the package of an export that `writeExport` wrote. */
export const requestOf = (dir: string, privateKeyPem: string): ImportRequest => ({
  onnxFile: join(dir, 'model.onnx'),
  fp32File: null,
  referenceDir: dir,
  overrides: {},
  id: 'foreign',
  version: '1.0.0',
  licence: 'none',
  outDir: join(dir, 'package'),
  privateKeyPem,
  keyId: 'test',
  taktMs: null,
})

/** An export, its `import.json` and its reference. */
export interface Given {
  model: Uint8Array
  args: Record<string, unknown>
  shown: readonly Shown[]
}

/** Imports an export from a folder of its own in `root`. */
export async function importForeign(root: string, privateKeyPem: string, { model, args, shown }: Given) {
  const dir = await writeExport(await mkdtemp(join(root, 'case-')), model, args, shown)
  return importModel(requestOf(dir, privateKeyPem))
}
