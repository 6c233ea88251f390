import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeys, importModel, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { importArgumentsSchema } from '../../models/import/arguments.schema.ts'
import type { ForeignFamily } from '../../models/import/arguments.schema.ts'
import { foreignModel } from '../../models/import/foreign-card.ts'
import { refuseOtherHeads } from '../../models/import/foreign-outputs.ts'
import { refuseContradictions } from '../../models/import/export-metadata.ts'
import {
  SIDE,
  classesLike,
  rawAnomalyLike,
  requestOf,
  rowsLike,
  withMetadata,
  withOutput,
  writeExport,
} from './samples/foreign-export.ts'
import type { Shown } from './samples/foreign-export.ts'

let root = ''
let privateKeyPem = ''
let count = 0

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-refusals-'))
  privateKeyPem = generateKeys().privateKeyPem
})
afterAll(() => rm(root, { recursive: true, force: true }))

interface Given {
  model: Uint8Array
  args: Record<string, unknown>
  shown: readonly Shown[]
}

async function bring({ model, args, shown }: Given) {
  const dir = await writeExport(join(root, `case-${count++}`), model, args, shown)
  return importModel(requestOf(dir, privateKeyPem))
}

describe('a classifier', () => {
  // what a yolov8n-cls of ultralytics 8.4.190 (`YOLO('model.onnx', task='classify').predict`) said of a scratched part
  const probabilities = [0.0004, 0.9981, 0.0015]
  const labels = ['good', 'scratch', 'stain']
  const box = [0, 0, SIDE, SIDE]
  const given = (args: Record<string, unknown>): Given => ({
    model: classesLike(probabilities),
    args: { labels, threshold: 0.5, ...args },
    shown: [
      {
        level: 64,
        findings: [{ class: 'scratch', score: 0.9981, box }],
        scores: { good: 0.0004, scratch: 0.9981, stain: 0.0015 },
      },
    ],
  })

  it('of Ultralytics has its probabilities taken as they are', async () => {
    const { parity, packed } = await bring(given({ family: 'yolo-classify' }))
    expect(parity[0]?.own.scoresMax).toBeLessThan(1e-6)
    expect(packed.dir).toContain('package')
  })

  it('is refused where a second softmax keeps the verdict and makes 0.57 of 0.998', async () => {
    await expect(bring(given({ family: 'torchvision-classify' }))).rejects.toThrow(
      /MDL_GOLDEN.*0\.png.*the scores of toy 1\.0; found others, by up to 0\.42\d, on its own pixels/,
    )
    await bring(given({ family: 'torchvision-classify', activation: 'none' }))
  })

  // a mobilenet_v3_small of torchvision 0.28 gave 0.4991 in float32, and more than 0.5 in float16
  it('may have a score just above its threshold where its library has it just below', async () => {
    const shown = { level: 64, findings: [], scores: { good: 0.4991, scratch: 0.0263, stain: 0.4746 } }
    const model = classesLike([0.5003, 0.0262, 0.4735])
    const { parity } = await bring({ ...given({ family: 'yolo-classify' }), model, shown: [shown] })
    expect(parity[0]?.given).toMatchObject({ findings: 1, unmatched: 1 })
  })

  // T.Resize of one number keeps the sides' ratio, of two does not (`classify_transforms` of ultralytics 8.4.190)
  it.each([
    [[64, 64], {}, { fit: 'crop', resizePx: 64 }],
    [[96, 64], {}, { fit: 'stretch' }],
    [[96, 64], { resize: 112 }, { fit: 'crop', resizePx: 112 }],
  ])('of Ultralytics for %j px is shown images as its library does', (size, more, fit) => {
    const args = importArgumentsSchema.parse({
      family: 'yolo-classify',
      labels,
      size,
      threshold: 0.5,
      ...more,
    })
    const request = { id: 'a', version: '1.0.0', licence: 'none', library: 'toy', arguments: args }
    const inputs = [{ name: 'images', type: 'float32', shape: [1, 3, size[1] ?? 0, size[0] ?? 0] }]
    const outputs = [{ name: 'output0', type: 'float32', shape: [1, 3] }]
    const { card } = foreignModel(request, { inputs, outputs, opset: 17, unclamped: new Map() })
    expect(card.inputs[0]).toMatchObject({ ...fit, resample: 'pillow' })
  })

  it('is refused where the library tells the scores of some classes only', async () => {
    const [shown] = given({}).shown
    const first = { level: 64, findings: shown?.findings ?? [], scores: { scratch: 0.9981 } }
    // of the classes that no image shows, nothing would tell the order
    const other = {
      ...given({ family: 'yolo-classify', labels: ['stain', 'scratch', 'good'] }),
      shown: [first],
    }
    await expect(bring(other)).rejects.toThrow(
      /MDL_PACKAGE.*reference\.json.*items\[0\]\.scores.*the score of every class.*none of stain, good/,
    )
  })

  it('is read at the output that is named, and refused at one that is none of its scores', async () => {
    const beside = (name: string, more: Parameters<typeof withOutput>[1]): Given => ({
      ...given({ family: 'yolo-classify', output: name }),
      model: withOutput(classesLike(probabilities), more),
    })
    const features = { name: 'features', type: 'float32', shape: [1, 8] } as const
    await expect(bring(beside('features', features))).rejects.toThrow(
      /MDL_PACKAGE.*\[n, 3\], one number per label; found features \[1, 8\], output0 \[1, 3\].*`output`/,
    )
    await bring(beside('output0', features))
    const best = { name: 'best', type: 'int64', shape: [1, 3] } as const
    await expect(bring(beside('best', best))).rejects.toThrow(
      /MDL_PACKAGE.*float numbers in best; found int64; .*ArgMax/,
    )
    await expect(bring(beside('logits', best))).rejects.toThrow(/MDL_PACKAGE.*expected logits; found/)
  })

  it.each([[['background', 'crack']], [['crack']]])(
    'of places is read at the output that is named: %j',
    (labels) => {
      const specOf = (output?: string) => {
        const args = importArgumentsSchema.parse({
          family: 'torchvision-segment',
          labels,
          size: [8, 8],
          threshold: 0.5,
          output,
        })
        const request = { id: 'a', version: '1.0.0', licence: 'none', library: 'toy', arguments: args }
        const inputs = [{ name: 'images', type: 'float32', shape: [1, 3, 8, 8] }]
        const outputs = ['aux', 'out'].map((name) => ({
          name,
          type: 'float32',
          shape: [1, labels.length, 8, 8],
        }))
        return foreignModel(request, { inputs, outputs, opset: 17, unclamped: new Map() }).card.spec
      }
      const at = labels.length === 1 ? 'map' : 'output'
      expect(specOf()).toMatchObject({ [at]: 'aux' })
      expect(specOf('out')).toMatchObject({ [at]: 'out' })
      expect(() => specOf('logits')).toThrow(/MDL_PACKAGE.*expected logits; found \[aux, out\]/)
    },
  )

  it('is refused where its input is one image without a batch', async () => {
    const model = onnxModel(
      onnxGraph({
        name: 'no-batch',
        nodes: [onnxNode('ReduceMax', ['image'], ['output0'], { axes: { ints: [1] } })],
        initializers: [],
        inputs: [{ name: 'image', type: 'float32', shape: [3, SIDE, SIDE] }],
        outputs: [{ name: 'output0', type: 'float32', shape: [3, 1, SIDE] }],
      }),
    )
    await expect(bring({ ...given({ family: 'yolo-classify' }), model })).rejects.toThrow(
      /MDL_PACKAGE.*\[n, channels, height, width\].*; found image \[3, 8, 8\]; .*Faster R-CNN/,
    )
  })
})

// skl2onnx 1.20.0 of a LogisticRegression: X [n, 1024]
it('a classifier of features is refused as that, and not as a detector of torchvision', () => {
  const request = {
    id: 'a',
    version: '1.0.0',
    licence: 'none',
    library: 'toy',
    arguments: importArgumentsSchema.parse({
      family: 'torchvision-classify',
      labels: ['good', 'bad'],
      size: [32, 32],
      threshold: 0.5,
    }),
  }
  const inputs = [{ name: 'X', type: 'float32', shape: ['n', 1024] }]
  const refused = () => foreignModel(request, { inputs, outputs: [], opset: 17, unclamped: new Map() })
  expect(refused).toThrow(/MDL_PACKAGE.*found X \[n, 1024\]; .*numbers, as scikit-learn's, .*no image/)
  expect(refused).not.toThrow(/Faster R-CNN/)
})

describe('a segmentation with one channel', () => {
  // as U-Nets of one class are exported: a probability per place, or the logit of one
  const model = (logits = false): Uint8Array =>
    onnxModel(
      onnxGraph({
        name: 'one-channel',
        nodes: [
          onnxNode('ReduceMean', ['image'], ['mask'], { axes: { ints: [1] } }),
          onnxNode('Sub', ['mask', 'half'], ['above']),
          onnxNode('Mul', ['above', 'ten'], ['logit']),
        ],
        initializers: [
          onnxTensor('half', [1], Float32Array.of(0.5)),
          onnxTensor('ten', [1], Float32Array.of(10)),
        ],
        inputs: [{ name: 'image', type: 'float32', shape: [1, 3, SIDE, SIDE] }],
        outputs: [{ name: logits ? 'logit' : 'mask', type: 'float32', shape: [1, 1, SIDE, SIDE] }],
      }),
    )
  const args = {
    family: 'torchvision-segment',
    labels: ['dent'],
    threshold: 0.5,
    mean: [0, 0, 0],
    std: [255, 255, 255],
  }
  const dent = (score: number): Shown => ({
    level: 204,
    findings: [{ class: 'dent', score, box: [3, 3, 5, 5] }],
  })
  // the middle is 0.8 of 1: a logit of 3
  const likely = 1 / (1 + Math.exp(-3))

  it('finds the places at or above the threshold, by their logits or by the probabilities of the graph', async () => {
    const given = await bring({ model: model(), args: { ...args, activation: 'none' }, shown: [dent(0.8)] })
    const made = await bring({ model: model(true), args, shown: [dent(likely)] })
    for (const { parity } of [given, made])
      expect(parity).toMatchObject([{ verdict: 'fail', own: { findings: 1, unmatched: 0, boxMaxPx: 0 } }])
    expect(made.parity[0]?.own.scoreMax).toBeLessThan(1e-6)
  })

  it('is read at the output that is named, behind others', async () => {
    const aux = { name: 'aux', type: 'float32', shape: [1, 1, SIDE, SIDE] } as const
    const beside = (output: string): Given => ({
      model: withOutput(model(true), aux),
      args: { ...args, output },
      shown: [dent(likely)],
    })
    expect((await bring(beside('logit'))).parity[0]?.own.scoreMax).toBeLessThan(1e-6)
    await expect(bring(beside('mask'))).rejects.toThrow(/MDL_PACKAGE.*expected mask; found \[aux, logit\]/)
    const probabilities = { ...args, activation: 'none', output: 'mask' }
    await bring({ model: withOutput(model(), aux), args: probabilities, shown: [dent(0.8)] })
  })

  it('is refused where the library marks the whole image, with a sigmoid too many, or too few', async () => {
    const whole = { class: 'dent', score: 0.8, box: [0, 0, SIDE, SIDE] }
    const plain = { ...args, activation: 'none' }
    await expect(
      bring({ model: model(), args: plain, shown: [{ level: 204, findings: [whole] }] }),
    ).rejects.toThrow(/MDL_GOLDEN.*2 of 2 have no partner/)
    // 0.25 of a good place becomes 0.56
    await expect(bring({ model: model(), args, shown: [dent(0.8)] })).rejects.toThrow(/MDL_GOLDEN/)
    await expect(bring({ model: model(true), args: plain, shown: [dent(likely)] })).rejects.toThrow(
      /MDL_GOLDEN.*the scores of toy 1\.0; found others, by up to 2\.\d+/,
    )
  })

  it('has no softmax, and where there are classes to choose from there is no sigmoid', async () => {
    await expect(
      bring({ model: model(true), args: { ...args, activation: 'softmax' }, shown: [dent(likely)] }),
    ).rejects.toThrow(/MDL_PACKAGE.*\(labels\); expected two labels or more.*found dent/)
    const two = { ...args, labels: ['good', 'dent'], activation: 'sigmoid' }
    await expect(bring({ model: model(true), args: two, shown: [dent(likely)] })).rejects.toThrow(
      /MDL_PACKAGE.*\(activation\); expected softmax or none.*found sigmoid/,
    )
  })
})

describe('findings that the library has not', () => {
  it('are refused: a background that nobody names makes every good part bad', async () => {
    // two classes per place, the first one where it is dark
    const model = onnxModel(
      onnxGraph({
        name: 'two-channels',
        nodes: [
          onnxNode('ReduceMean', ['image'], ['grey'], { axes: { ints: [1] } }),
          onnxNode('Sub', ['one', 'grey'], ['dark']),
          onnxNode('Concat', ['dark', 'grey'], ['out'], { axis: { int: 1 } }),
        ],
        initializers: [onnxTensor('one', [1], Float32Array.of(1))],
        inputs: [{ name: 'image', type: 'float32', shape: [1, 3, SIDE, SIDE] }],
        outputs: [{ name: 'out', type: 'float32', shape: [1, 2, SIDE, SIDE] }],
      }),
    )
    const args = {
      family: 'torchvision-segment',
      labels: ['background', 'dent'],
      activation: 'none',
      threshold: 0,
      mean: [0, 0, 0],
      std: [255, 255, 255],
    }
    const shown = [{ level: 204, findings: [{ class: 'dent', score: 0.8, box: [3, 3, 5, 5] }] }]
    await bring({ model, args: { ...args, background: 'background' }, shown })
    await expect(bring({ model, args, shown })).rejects.toThrow(
      /MDL_GOLDEN.*the findings of toy 1\.0, and no others; found 1 of 2 it has not.*check background/,
    )
  })
})

describe('an anomaly model whose scores are small numbers', () => {
  // as a student of anomalib has them without normalisation: 0.04 of good images, 0.2 of bad ones
  const gain = 0.25
  const score = (level: number): number => (gain * level) / 255
  const given = (bad: number): Given => ({
    model: rawAnomalyLike(gain),
    args: { family: 'anomalib', threshold: 0.5, imageThreshold: 0.13 },
    shown: [
      { level: 204, findings: [], scores: { score: bad } },
      { level: 64, findings: [], scores: { score: score(64) } },
    ],
  })

  it('is refused for a fifth of a score, which is less than a tenth of 1', async () => {
    await bring(given(score(204)))
    await expect(bring(given(score(204) - 0.04))).rejects.toThrow(
      /MDL_GOLDEN.*0\.png.*the scores of toy 1\.0; found others, by up to 0\.25\d/,
    )
  })

  it('whose graph scales its images is refused for 0.05 of a score', async () => {
    expect((await bring(given(score(204) * 0.99))).scoresOff).toBeCloseTo(0.01, 3)
    await expect(bring(given(score(204) * 0.95))).rejects.toThrow(/MDL_GOLDEN.*others, by up to 0\.05\d/)
  })

  it('is refused for the same in the peaks of its map', async () => {
    const bad = (peak: number): Given => ({
      ...given(score(204)),
      args: { family: 'anomalib', threshold: 0.13, imageThreshold: 0.13 },
      shown: [
        {
          level: 204,
          findings: [{ class: 'anomaly', score: peak, box: [3, 3, 5, 5] }],
          scores: { score: score(204) },
        },
      ],
    })
    await bring(bad(score(204)))
    await expect(bring(bad(score(204) - 0.04))).rejects.toThrow(/MDL_GOLDEN.*the scores of toy 1\.0/)
  })
})

describe('a detector', () => {
  const finding = { class: 'dent', score: 0.9, box: [0, 0, 8, 8] }
  const given: Given = {
    model: rowsLike([[0, 0, 8, 8, 0.9, 0]]),
    args: { family: 'yolo-rows', labels: ['dent', 'stain', 'hole'], threshold: 0.5 },
    shown: [{ level: 64, findings: [finding] }],
  }

  it.each([
    ['a score', { ...finding, score: 0.8 }, /the scores of toy 1\.0; found others, by up to 0\.100/],
    ['a place', { ...finding, box: [1.5, 0, 8, 8] }, /the boxes of toy 1\.0; found others, by up to 1\.5 px/],
  ])('is refused for %s that its library does not give, whatever the verdict', async (_, other, message) => {
    await expect(bring({ ...given, shown: [{ level: 64, findings: [other] }] })).rejects.toThrow(message)
  })

  // channels B for R of a network with batch normalisation: 0.027 on the library's own pixels, every verdict kept
  it('is refused where its scores are 0.027 off, and what is less is told', async () => {
    const off = (by: number) =>
      bring({ ...given, shown: [{ level: 64, findings: [{ ...finding, score: 0.9 - by }] }] })
    await expect(off(0.027)).rejects.toThrow(
      /MDL_GOLDEN.*the scores of toy 1\.0; found others, by up to 0\.027, .*order/,
    )
    expect((await off(0.019)).scoresOff).toBeCloseTo(0.019, 6)
    expect((await off(0)).scoresOff).toBeLessThan(1e-6)
  })

  it('before its quantisation is held to the same scores', async () => {
    const dir = await writeExport(join(root, 'int8'), given.model, given.args, given.shown)
    const fp32File = join(dir, 'fp32.onnx')
    const brought = async (score: number, outDir: string) => {
      await writeFile(fp32File, rowsLike([[0, 0, 8, 8, score, 0]]))
      return importModel({ ...requestOf(dir, privateKeyPem), fp32File, outDir: join(dir, outDir) })
    }
    await expect(brought(0.873, 'wrong')).rejects.toThrow(/MDL_GOLDEN.*by up to 0\.027/)
    expect((await brought(0.89, 'right')).scoresOff).toBeCloseTo(0.01, 6)
  })

  it('is refused where findings of the library are missing, though fewer than half', async () => {
    const second = { class: 'stain', score: 0.9, box: [0, 0, 4, 4] }
    const shown = [
      { level: 64, findings: [finding] },
      { level: 65, findings: [finding, second] },
    ]
    const model = rowsLike([[0, 0, 8, 8, 0.9, 0], [0, 0, 4, 4, 0.1, 1]]) // prettier-ignore
    await expect(bring({ ...given, model, shown })).rejects.toThrow(
      /MDL_GOLDEN.*1 of 3 are missing, on the pixels of the library/,
    )
  })

  // ultralytics 8.4.14, YOLO26: the graph gives 300 rows, and predict(max_det=3000) more findings than that
  it('is refused where the reference has more findings in an image than the graph has rows', async () => {
    const many = Array.from({ length: 5 }, () => finding)
    await expect(bring({ ...given, shown: [{ level: 64, findings: many }] })).rejects.toThrow(
      /MDL_PACKAGE.*0\.png.*at most 1 findings: the graph gives 1 rows; found 5 .*max_det=1;/,
    )
  })

  it('is refused where it is shown other pixels than by its library', async () => {
    const shown = [{ level: 64, inputShift: 3, findings: [finding] }]
    await expect(bring({ ...given, shown })).rejects.toThrow(/MDL_GOLDEN.*by 3\.0 grey levels in the mean/)
  })

  it('is told apart where no image had another size than the model', async () => {
    expect((await bring(given)).resized).toBe(false)
    const shown = [{ level: 64, side: 2 * SIDE, findings: [{ ...finding, box: [0, 0, 16, 16] }] }]
    expect((await bring({ ...given, shown })).resized).toBe(true)
  })

  // stain and hole may be swapped: nothing of theirs is compared
  it('has the classes named that no reference image shows, and a classifier, whose scores are compared, has none', async () => {
    expect((await bring(given)).unseen).toEqual(['stain', 'hole'])
    const probabilities = { dent: 0.9, stain: 0.06, hole: 0.04 }
    const classifier = await bring({
      model: classesLike(Object.values(probabilities)),
      args: { family: 'yolo-classify', labels: given.args['labels'], threshold: 0.5 },
      shown: [{ level: 64, findings: [finding], scores: probabilities }],
    })
    expect(classifier.unseen).toEqual([])
  })

  it('is refused with the way out where its library showed it a narrower image', async () => {
    const dir = await writeExport(join(root, 'narrow'), given.model, given.args, given.shown)
    await writeFile(join(dir, '0.bin'), new Uint8Array(SIDE * (SIDE - 2) * 3))
    await expect(importModel(requestOf(dir, privateKeyPem))).rejects.toThrow(
      /MDL_PACKAGE.*8 × 8 px RGB, 192 bytes.*found 144 bytes; .*rect=False/,
    )
  })

  it('is refused where the reference has nothing to compare', async () => {
    const model = rowsLike([[0, 0, 8, 8, 0.1, 0]])
    await expect(bring({ ...given, model, shown: [{ level: 64, findings: [] }] })).rejects.toThrow(
      /MDL_GOLDEN.*findings or scores of toy 1\.0 to compare; found none in 1 images/,
    )
  })

  const noted = (notes: Record<string, string>, args: Record<string, unknown> = {}): Given => ({
    ...given,
    model: withMetadata(given.model, notes),
    args: { ...given.args, ...args },
  })

  it('keeps the order of the classes that the export names, also of those no image shows', async () => {
    await bring(noted({ task: 'detect', names: "{0: 'dent', 1: 'stain', 2: 'hole'}" }))
    for (const names of [`{0: 'dent', 1: "hole", 2: 'stain'}`, "['dent', 'hole', 'stain']", "{0: 'dent'}"])
      await expect(bring(noted({ names }))).rejects.toThrow(/MDL_PACKAGE.*\(labels\); expected the classes/)
    // other names are a translation
    await bring(noted({ names: `{0: 'dent', 1: "operator's mark", 2: 'Loch'}` }))
    await bring(noted({ names: 'whatever' }))
  })

  it('is held to names as Python writes them, and as JSON does', async () => {
    const labels = ['dent', "operator's\u3000mark", '划\u00a0\\痕😀']
    const python = String.raw`{0: 'dent', 1: "operator's\u3000mark", 2: '划\xa0\\痕\U0001f600'}`
    for (const names of [python, JSON.stringify({ ...labels }), JSON.stringify(labels)]) {
      await bring(noted({ names }, { labels }))
      await expect(bring(noted({ names }, { labels: labels.toReversed() }))).rejects.toThrow(
        /MDL_PACKAGE.*\(labels\); expected the classes/,
      )
    }
  })

  it('reads names that are made to take long in the time of their length', () => {
    // one that looks back from each of these digits would look 10^12 times, one that takes the letters at once fills its stack
    const texts = ['1'.repeat(1e6), `{${' '.repeat(1e6)}`, `{1${' '.repeat(1e6)}`, `{'${'a'.repeat(5e7)}'}`]
    for (const text of texts)
      refuseContradictions(new Map([['names', text]]), { family: 'yolo-rows', labels: ['a'] })
  })

  it.each([
    ['obb', 'yolo-detect'],
    ['classify', 'yolo-detect'],
    ['segment', 'yolo-detect'],
  ])('of the task %s is not read as %s', async (task, family) => {
    await expect(bring(noted({ task }, { family }))).rejects.toThrow(
      new RegExp(`MDL_PACKAGE.*\\(family\\).*an export made for ${task}`),
    )
  })

  it.each([
    [
      'yolo-rows',
      [7, 525],
      null,
      /expected yolo-detect, for an output \[n, 7, 525\] of 3 labels; found yolo-rows/,
    ],
    ['rtdetr', [7, 525], null, /expected yolo-detect, .*found rtdetr/],
    ['yolo-detect', [300, 6], null, /expected yolo-rows or rtdetr, .*found yolo-detect/],
    ['yolo-rows', [300, 7], null, /expected rtdetr, .*found yolo-rows/],
    ['yolo-detect', [39, 525], 32, /expected yolo-segment, .*found yolo-detect/],
    // what YOLO26 gives with masks and end to end
    [
      'yolo-segment',
      [300, 38],
      32,
      /expected a head before its selection, .*end2end=False, and import as yolo-segment/,
    ],
    [
      'yolo-detect',
      [84, 525],
      null,
      /\(outputs\).*expected \[n, 7, k\] for 3 labels; found output0 \[n, 84, 525\]/,
    ],
    ['yolo-segment', [116, 525], 32, /expected \[n, 39, k\] for 3 labels; found output0 \[n, 116, 525\]/],
    ['rtdetr', [300, 3], null, /expected \[n, k, 6\] or \[n, k, 7\] for 3 labels; .*join them in the graph/],
  ])('read as %s with an output %j is told what it is', (family, [rows = 0, width = 0], masks, message) => {
    const shapes = [['n', rows, width], ...(masks === null ? [] : [['n', masks, 40, 40]])]
    const outputs = shapes.map((shape, n) => ({ name: `output${n}`, type: 'float32', shape }))
    const labels = ['dent', 'stain', 'hole']
    const args = importArgumentsSchema.parse({ family, labels, size: [160, 160], threshold: 0.5 })
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(message)
  })

  // transformers 5.24.0: what RTDetr(V2)ForObjectDetection, DetrForObjectDetection and YolosForObjectDetection give; RF-DETR 1.3
  const SIGMOID =
    /join.* to \[n, k, \d+\].*import as rtdetr.*: torch\.cat\(\[boxes, logits\.sigmoid\(\)\], -1\)/
  const SOFTMAX = /\[boxes, logits\.softmax\(-1\)\[\.\.\., :-1\]\].*, whose last one is no object/
  it.each<[string, ForeignFamily, number, ['logits' | 'boxes', number | string, number | string][], RegExp]>([
    [
      'six scores',
      'rtdetr',
      6,
      [
        ['logits', 300, 6],
        ['boxes', 300, 4],
      ],
      SIGMOID,
    ],
    [
      'three scores',
      'rtdetr',
      3,
      [
        ['logits', 300, 3],
        ['boxes', 300, 4],
      ],
      SIGMOID,
    ],
    [
      'any number of queries',
      'rtdetr',
      3,
      [
        ['logits', 'k', 3],
        ['boxes', 'k', 4],
      ],
      SIGMOID,
    ],
    [
      'boxes first',
      'yolo-rows',
      3,
      [
        ['boxes', 300, 4],
        ['logits', 300, 3],
      ],
      SIGMOID,
    ],
    [
      'six scores with no object',
      'yolo-rows',
      5,
      [
        ['logits', 100, 6],
        ['boxes', 100, 4],
      ],
      SOFTMAX,
    ],
    [
      'as many scores as numbers of a box',
      'rtdetr',
      3,
      [
        ['logits', 100, 4],
        ['boxes', 100, 4],
      ],
      SOFTMAX,
    ],
    [
      'seven queries',
      'yolo-detect',
      3,
      [
        ['logits', 7, 4],
        ['boxes', 7, 4],
      ],
      SOFTMAX,
    ],
    [
      'two scores',
      'rtdetr',
      2,
      [
        ['logits', 100, 2],
        ['boxes', 100, 4],
      ],
      /"classes": "scores".*sigmoid/,
    ],
    [
      'scores of other classes',
      'rtdetr',
      3,
      [
        ['logits', 100, 92],
        ['boxes', 100, 4],
      ],
      /give all labels.*join/,
    ],
  ])('is told where its boxes and its scores are apart: %s', (_, family, count, shapes, message) => {
    // prettier-ignore
    const outputs = shapes.map(([name, rows, width]) => ({ name, type: 'float32', shape: ['n', rows, width] }))
    const labels = Array.from({ length: count }, (__, n) => `class ${n}`)
    const args = importArgumentsSchema.parse({ family, labels, size: [160, 160], threshold: 0.5 })
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(message)
    expect(() => refuseOtherHeads(args, { outputs })).toThrow(/^MDL_PACKAGE.*; found (logits|boxes) \[n/)
  })

  it('has each label once', async () => {
    await expect(bring(noted({}, { labels: ['dent', 'dent', 'hole'] }))).rejects.toThrow(
      /MDL_PACKAGE.*each label once/,
    )
  })
})
