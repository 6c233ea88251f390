/**
 * Packs models/packages/backbone-s: card, golden vectors, hashes, signature.
 *
 *   npx tsx models/training/pack-backbone.ts --key FILE [--key-id sightline-2026c] [--model FILE]
 *
 * Run it after each training: put the export at models/packages/backbone-s/model.onnx (or name it with --model),
 * bring VERSION and METRICS below up to date, run, and commit the package folder. FILE is the private key (PKCS #8
 * PEM) whose public half is in models/trust/keys.json; it is never in the repository.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { ModelCard } from '../../contracts/index.ts'
import { PACKAGES_DIR, loadTrustedKeys, packModel, verifyModel } from '../index.ts'
import type { ModelImages } from '../index.ts'

const VERSION = '1.1.0'
/** By `probe.py`, mean of two seeds, %; the model card says how and on what. */
const METRICS = {
  'casting-image-auroc': 96.6,
  'casting-image-auroc-per-place': 96.7,
  'cookies-image-auroc': 100.0,
  'cookies-image-auroc-per-place': 95.8,
  'cookies-aupro30': 91.7,
}

const TAPS = [
  { output: 'tap4', stridePx: 4, channels: 48 },
  { output: 'tap8', stridePx: 8, channels: 96 },
  { output: 'tap16', stridePx: 16, channels: 192 },
]

const card: ModelCard = {
  id: 'backbone-s',
  version: VERSION,
  title: {
    zh: '小型通用特征提取网络(步长 4、8、16 的特征图)',
    en: 'Small general feature extractor (feature maps at stride 4, 8 and 16)',
  },
  spec: { family: 'backbone', taps: TAPS },
  inputs: [
    {
      name: 'image',
      role: 'image',
      layout: 'NHWC',
      dtype: 'uint8',
      channels: 3,
      widthPx: null,
      heightPx: null,
      multipleOf: 16,
      fit: 'none',
    },
  ],
  labels: ['feature'],
  licence: 'Apache-2.0',
  trainingData: [
    { name: '1,000 photographs (EliSchwartz/imagenet-sample-images)', licence: 'research use' },
    { name: 'DeepPCB train.txt (tangsanli5201/DeepPCB)', licence: 'MIT, "research purpose" in its README' },
    { name: 'NEU surface defects, 600 images', licence: 'none stated' },
    { name: 'bottle caps, 150 images (CapVision, bottle-cap-v5)', licence: 'CC BY 4.0' },
    { name: '250 good castings (Kaggle casting product data)', licence: 'CC BY-NC-ND' },
    { name: '31 good cookies (aws-samples/amazon-lookout-for-vision)', licence: 'CC BY-SA 4.0' },
    { name: '240 pairs of `sightline sample-boards --seed 2026`', licence: 'Apache-2.0' },
    { name: 'surfaces drawn by models/training/backbone/textures.py', licence: 'Apache-2.0' },
    { name: 'features of MobileNetV1 and MobileNetV2 (google-coral/test_data)', licence: 'Apache-2.0' },
    { name: 'features of SqueezeNet', licence: 'BSD-2-Clause' },
  ],
  metrics: METRICS,
  threshold: { value: 0, provenance: 'none: a backbone judges nothing' },
  // features are of the order of 1; other processors and providers add in another order
  golden: { atol: 0.01, rtol: 0.002 },
}

/** A part on a shaded ground: a ring, a slot and a scratch, whole-number arithmetic only. */
function drawPart(widthPx: number, heightPx: number): ModelImages {
  const data = new Uint8Array(widthPx * heightPx * 3)
  const cx = widthPx >> 1
  const cy = heightPx >> 1
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++) {
      const squared = (x - cx) ** 2 + (y - cy) ** 2
      let rgb = [60 + (x >> 1), 70 + (y >> 1), 90]
      if (squared < 900) rgb = [170, 150 + ((x * 7 + y * 13) % 24), 120]
      if (squared < 225) rgb = [30, 34, 40]
      if (y > cy + 6 && y < cy + 12 && x > cx) rgb = [200, 40, 30]
      if (x === y + 4) rgb = [235, 235, 240]
      data.set(rgb, (y * widthPx + x) * 3)
    }
  return { image: { data, widthPx, heightPx, channels: 3 } }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      key: { type: 'string' },
      'key-id': { type: 'string', default: 'sightline-2026c' },
      model: { type: 'string' },
    },
  })
  if (values.key === undefined) throw new Error('--key FILE: the private key to sign with')
  const outDir = fileURLToPath(new URL('backbone-s', `file://${PACKAGES_DIR}`))
  const packed = await packModel({
    onnx: values.model ?? `${outDir}/model.onnx`,
    card,
    // multiples of the stride, and a size that is padded first
    goldenInputs: [drawPart(96, 64), drawPart(90, 70)],
    outDir,
    privateKeyPem: readFileSync(values.key, 'utf8'),
    keyId: values['key-id'],
  })
  const verified = await verifyModel(packed.dir, { providers: ['cpu'], trustedKeys: await loadTrustedKeys() })
  console.log(JSON.stringify(verified, null, 2))
}

await main()
