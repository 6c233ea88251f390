import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeys, onnxGraph, onnxModel, onnxNode, onnxTensor } from '../../models/index.ts'
import { importArgumentsSchema } from '../../models/import/arguments.schema.ts'
import { foreignModel } from '../../models/import/foreign-card.ts'
import { SIDE, classesLike, importForeign, rawAnomalyLike, withOutput } from './samples/foreign-export.ts'
import type { Given, Shown } from './samples/foreign-export.ts'

let root = ''
let privateKeyPem = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'sightline-refusals-'))
  privateKeyPem = generateKeys().privateKeyPem
})
afterAll(() => rm(root, { recursive: true, force: true }))

const bring = (given: Given) => importForeign(root, privateKeyPem, given)

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
