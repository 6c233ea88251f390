import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { generateKeys, packModel } from '../../models/index.ts'
import { plain, toyCard, toyModel } from '../suites/toy-models.ts'
import { goodRecipe, HEIGHT, type Workshop, WIDTH, workshop } from './bad-samples.ts'

export interface ModelShop extends Workshop {
  models: string
  trust: string
  /** Folder of pictures: four good, one bad. */
  images: string
  /** Acceptance set, a folder per class: `good` and `bad`, eight of each. */
  acceptance: string
  env: Record<string, string>
}

const size = { widthPx: WIDTH, heightPx: HEIGHT }
const picture = (grey: number): Promise<Buffer> =>
  sharp(Buffer.alloc(WIDTH * HEIGHT, grey), { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer()

/**
 * A workshop with three models that call everything bright: a part of grey level g has score gain * g / 255, and from
 * 0.5 on it is bad. `ramp@1` (gain 1) and `ramp@2` (gain 0.95) agree on all pictures; `ramp@3` (gain 0.5) lets the
 * bad ones pass, and `ramp@4` is `ramp@1` on a slow model.
 */
export async function modelShop(name: string): Promise<ModelShop> {
  const shop = workshop(name)
  const models = join(shop.dir, 'models')
  mkdirSync(models)
  const { privateKeyPem, publicKey } = generateKeys()
  const trust = join(shop.dir, 'keys.json')
  writeFileSync(trust, JSON.stringify({ 'shop-key': publicKey }))
  const golden = await picture(70)
  writeFileSync(join(shop.dir, 'recipes', 'golden.png'), golden)
  const versions = [
    { gain: 1, slowMatMuls: 0 },
    { gain: 0.95, slowMatMuls: 0 },
    { gain: 0.5, slowMatMuls: 0 },
    { gain: 1, slowMatMuls: 12 },
  ]
  for (const [i, { gain, slowMatMuls }] of versions.entries()) {
    const id = `bright-${i + 1}`
    const options = {
      id,
      size,
      slowMatMuls,
      toy: {
        kind: 'decoded' as const,
        rows: [{ box: [8, 8, 40, 40] as [number, number, number, number], label: 0, score: gain }],
      },
    }
    const onnxFile = join(shop.dir, `${id}.onnx`)
    writeFileSync(onnxFile, toyModel(options))
    const { sha256 } = await packModel({
      onnx: onnxFile,
      card: toyCard(options),
      goldenInputs: [{ image: plain(WIDTH, HEIGHT, 200) }],
      outDir: join(models, id),
      privateKeyPem,
      keyId: 'shop-key',
    })
    shop.recipe(
      goodRecipe({
        version: i + 1,
        golden: {
          from: 'file',
          file: 'golden.png',
          sha256: createHash('sha256').update(golden).digest('hex'),
        },
        tools: [{ id: 'spot', use: 'model@1', model: id, sha256, threshold: 0.5, roi: 'all' }],
      }),
      `ramp@${i + 1}`,
    )
  }
  const images = join(shop.dir, 'images')
  const acceptance = join(shop.dir, 'acceptance')
  for (const dir of [images, ...['good', 'bad'].map((c) => join(acceptance, c))])
    mkdirSync(dir, { recursive: true })
  for (const n of [1, 2, 3, 4, 5])
    writeFileSync(join(images, `${n}.png`), await picture(n === 5 ? 200 : 60 + n))
  for (let n = 0; n < 8; n++) {
    writeFileSync(join(acceptance, 'good', `${n}.png`), await picture(60 + n))
    writeFileSync(join(acceptance, 'bad', `${n}.png`), await picture(180 + n))
  }
  return {
    ...shop,
    models,
    trust,
    images,
    acceptance,
    env: { SIGHTLINE_MODELS: models, SIGHTLINE_TRUST: trust },
  }
}

/** SHA-256 of the model of `ramp@<version>`. */
export const modelSha = (shop: ModelShop, version: number): string =>
  createHash('sha256')
    .update(readFileSync(join(shop.models, `bright-${version}`, 'model.onnx')))
    .digest('hex')
