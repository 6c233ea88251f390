import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createSigningKey,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  packModelFiles,
} from '../../models/index.ts'
import { toPng } from '../../models/package/png.ts'

let dir = ''
const place = (name: string): string => join(dir, name)

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-scores-'))
  await createSigningKey(place('key.pem'), 'mine')
  const data = Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => [200, 100, 0][i % 3] ?? 0)
  await writeFile(place('image.png'), await toPng({ data, widthPx: 4, heightPx: 4, channels: 3 }))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Per-channel mean of the image, 200, 100 and 0, divided by 50; `softmax`: its softmax, 0.867, 0.117 and 0.016. */
function classifier(softmax: boolean): Uint8Array {
  const last = softmax ? 'logits' : 'scores'
  return model(
    [
      onnxNode('ReduceMean', ['x'], ['means'], { axes: { ints: [1, 2] }, keepdims: { int: 0 } }),
      onnxNode('Div', ['means', 'k'], [last], {}),
      ...(softmax ? [onnxNode('Softmax', ['logits'], ['scores'], { axis: { int: 1 } })] : []),
    ],
    onnxTensor('k', [1], Float32Array.of(50)),
    [1, 3],
  )
}

/** One anchor of a YOLOv8 head with one class, its score the mean level of the image, 100, times `scale`. */
const detector = (scale: number): Uint8Array =>
  model(
    [
      onnxNode('ReduceMean', ['x'], ['mean'], { axes: { ints: [1, 2, 3] }, keepdims: { int: 0 } }),
      onnxNode('Mul', ['mean', 'k'], ['scores'], {}),
    ],
    onnxTensor('k', [1, 5, 1], Float32Array.of(0.02, 0.02, 0.02, 0.02, scale)),
    [1, 5, 1],
  )

const model = (
  nodes: ReturnType<typeof onnxNode>[],
  constant: ReturnType<typeof onnxTensor>,
  shape: number[],
): Uint8Array =>
  onnxModel(
    onnxGraph({
      name: 'foreign',
      nodes: [onnxNode('Cast', ['image'], ['x'], { to: { int: 1 } }), ...nodes],
      initializers: [constant],
      inputs: [{ name: 'image', type: 'uint8', shape: [1, 4, 4, 3] }],
      outputs: [{ name: 'scores', type: 'float32', shape }],
    }),
  )

async function packed(onnx: Uint8Array, spec: object, labels: string[], value = 0.5): Promise<string> {
  await writeFile(place('model.onnx'), onnx)
  await writeFile(
    place('card.json'),
    JSON.stringify({
      id: 'foreign',
      version: '1.0.0',
      title: { zh: '外来', en: 'Foreign' },
      spec,
      inputs: [
        {
          name: 'image',
          layout: 'NHWC',
          dtype: 'uint8',
          channels: 3,
          widthPx: 4,
          heightPx: 4,
          fit: 'stretch',
        },
      ],
      labels,
      licence: 'MIT',
      trainingData: [],
      metrics: {},
      threshold: { value, provenance: 'test' },
      golden: { atol: 1e-3, rtol: 1e-3 },
    }),
  )
  const { sha256 } = await packModelFiles({
    onnxFile: place('model.onnx'),
    cardFile: place('card.json'),
    golden: [{ image: place('image.png') }],
    outDir: place('out'),
    keyFile: place('key.pem'),
    keyId: 'mine',
  })
  return sha256
}

describe('a card that says of scores what they are not', () => {
  const classes = (activation: string) => ({ family: 'classification', output: 'scores', activation })
  const labels = ['good', 'crack', 'stain']
  const yolo = { family: 'detection-yolov8', output: 'scores', nmsIou: 0.7, scoreFloor: 0.01 }

  it('is refused where a softmax would follow that of the graph', async () => {
    await expect(packed(classifier(true), classes('softmax'), labels)).rejects.toThrow(
      /MDL_PACKAGE.*spec\.activation.*logits.*add up to 1.*"activation": "none"/,
    )
  })

  it('is refused where logits are called probabilities', async () => {
    await expect(packed(classifier(false), classes('none'), labels)).rejects.toThrow(
      /MDL_PACKAGE.*spec\.activation.*scores from 0 to 1.*0\.5.*a score of 4\.000.*"activation": "softmax"/,
    )
    await expect(packed(detector(0.02), yolo, ['hole'])).rejects.toThrow(
      /MDL_PACKAGE.*spec\.output.*a score of 2\.000.*sigmoid/,
    )
  })

  it('is packed where they agree', async () => {
    await packed(classifier(true), classes('none'), labels)
    await rm(place('out'), { recursive: true })
    await packed(classifier(false), classes('softmax'), labels)
    await rm(place('out'), { recursive: true })
    await packed(classifier(false), classes('none'), labels, 1.5)
    await rm(place('out'), { recursive: true })
    await packed(detector(0.008), yolo, ['hole'])
  })
})
