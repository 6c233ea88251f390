import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  generateKeys,
  importBackbone,
  onnxGraph,
  onnxModel,
  onnxNode,
  onnxTensor,
  readBackboneCard,
  verifyPackage,
} from '../../models/index.ts'
import { createRunner } from '../../models/runner.ts'
import { openSession } from '../../models/runtime/ort-session.ts'

let dir = ''
let keys: ReturnType<typeof generateKeys>
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sightline-backbone-test-'))
  keys = generateKeys()
})
afterAll(() => rm(dir, { recursive: true, force: true }))

/** Maxima of 3 x 3 px at stride 2, without padding, three times: like SqueezeNet, cells are lost at the border. `cut`: of 224 px alone. */
function extractor(cut: boolean): Uint8Array {
  const strided = { strides: { ints: [2, 2] }, kernel_shape: { ints: [3, 3] } }
  const rounded = { ...strided, ceil_mode: { int: 1 } }
  return onnxModel(
    onnxGraph({
      name: 'extractor',
      nodes: [
        onnxNode('MaxPool', ['input'], ['s2'], strided),
        onnxNode('MaxPool', ['s2'], ['s4'], rounded),
        onnxNode('MaxPool', ['s4'], ['s8'], rounded),
        onnxNode('GlobalAveragePool', ['s8'], ['pooled4']),
        onnxNode('Reshape', ['pooled4', 'flat'], ['pooled']),
        ...(cut ? [onnxNode('Reshape', ['s8', 'windows'], ['cut'])] : []),
      ],
      initializers: [
        onnxTensor('flat', [2], BigInt64Array.of(0n, -1n)),
        onnxTensor('windows', [4], BigInt64Array.of(1n, 3n, 28n, 28n)),
      ],
      inputs: [{ name: 'input', type: 'float32', shape: ['n', 3, 'h', 'w'] }],
      outputs: [{ name: 'pooled', type: 'float32', shape: ['n', 3] }],
    }),
  )
}

async function add(card: Record<string, unknown>) {
  await writeFile(join(dir, 'net.onnx'), extractor(`${card['taps']}` === 'cut'))
  await writeFile(join(dir, 'card.json'), JSON.stringify(card))
  return importBackbone({
    onnxFile: join(dir, 'net.onnx'),
    card: await readBackboneCard(join(dir, 'card.json')),
    outDir: join(dir, 'package'),
    privateKeyPem: keys.privateKeyPem,
    keyId: 'test',
  })
}

const card = { id: 'means', licence: 'none', trainedOn: 'nothing', taps: ['s4', 's8'] }

it('repeats the border until the cells of a network without padding cover the image', async () => {
  const { packed, taps } = await add({ ...card, mean: [10, 10, 10] })
  expect(taps).toEqual([
    { output: 's4', stridePx: 4, channels: 3 },
    { output: 's8', stridePx: 8, channels: 3 },
  ])
  const pkg = await verifyPackage(packed.dir, { test: keys.publicKey })
  const session = await openSession(pkg.model, { providers: ['cpu'], intraOpThreads: 1 })
  const { forward, runner } = createRunner(pkg.card, pkg.sha256, session)
  const image = {
    data: new Uint8Array(48 * 24 * 3).fill(60),
    widthPx: 48,
    heightPx: 24,
    channels: 3 as const,
  }
  const { raw } = await forward({ image })
  expect(raw['s4']?.shape).toEqual([1, 3, 6, 12])
  expect(raw['s8']?.shape).toEqual([1, 3, 3, 6])
  // grey 60 less the mean of 10 everywhere, the repeated border included
  expect(new Set(raw['s8']?.data as Float32Array | undefined)).toEqual(new Set([50]))
  await runner.close()
})

it.each([
  ['a tensor the graph has not', { taps: ['s16'] }, /MDL_LOAD/],
  [
    'a tensor that is no map',
    { taps: ['pooled'] },
    /MDL_PACKAGE.*pooled.*feature map \[1, channels, h, w\]; found \[1, 3\]/,
  ],
  [
    'a map whose cells do not cover the image',
    { taps: ['pooled4'] },
    /MDL_PACKAGE.*cells divide 256 px.*pooled4 \[1, 3, 1, 1\]/,
  ],
  ['an input the graph has not', { input: 'images' }, /MDL_PACKAGE.*an input images/],
  ['a word it does not know', { tap: ['s4'] }, /MDL_PACKAGE.*tap/],
  ['no licence', { licence: '' }, /MDL_PACKAGE.*licence/],
  ['a deviation of 0', { std: [1, 0, 1] }, /MDL_PACKAGE.*std.*deviation of grey levels/],
  [
    'mean and deviation of levels 0..1, as timm and torchvision print them',
    { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    /MDL_PACKAGE.*std.*grey levels 0\.\.255, 1 or more: one of 0\.\.1 times 255/,
  ],
  [
    'a network of one size, as a vision transformer',
    { taps: ['cut'] },
    /MDL_PACKAGE.*any height and width.*256 x 256 px.*free height and width/s,
  ],
])('refuses %s', async (_, over: Record<string, unknown>, message) => {
  await expect(add({ ...card, ...over })).rejects.toThrow(message)
})
