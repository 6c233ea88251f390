import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { taughtDir } from '../../bin/setup/paths.ts'
import { signingKey } from '../../bin/setup/signing-key.ts'
import { teachAgainSchema } from '../../bin/teach/ask.ts'
import { runTeach, type TeachOrder } from '../../bin/teach/job.ts'
import { nextModel } from '../../bin/teach/order.ts'
import {
  loadTrustedKeys,
  packModel,
  PACKAGES_DIR,
  teachOptionsSchema,
  TRUSTED_KEYS_FILE,
  verifyPackage,
} from '../../models/index.ts'
import { plate } from './samples/teach-parts.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-backbone-'))
const environment = readEnvironment({ SIGHTLINE_DATA_DIR: join(dir, 'home') })
const good = join(dir, 'good')
const parts = { recipesDir: dir, environment, folders: [] }
const packageDir = (name: string): string => join(taughtDir(environment), name)

/** The delivered backbone under another name: with a text in its graph, hence of another hash. */
async function packBackbone(version: string): Promise<string> {
  const { card, golden, model } = await verifyPackage(
    join(PACKAGES_DIR, 'backbone-s'),
    await loadTrustedKeys(TRUSTED_KEYS_FILE),
  )
  const onnxFile = join(dir, 'own.onnx')
  // onnx.proto: field 6 of ModelProto is doc_string
  writeFileSync(onnxFile, Buffer.concat([model, Buffer.of(0x32, version.length), Buffer.from(version)]))
  const { keyFile, keyId } = await signingKey({}, environment)
  const packed = await packModel({
    onnx: onnxFile,
    card: { ...card, id: 'own', version },
    goldenInputs: golden.slice(0, 1),
    outDir: packageDir(`own-${version}`),
    privateKeyPem: readFileSync(keyFile, 'utf8'),
    keyId,
  })
  return packed.sha256
}

const teachAs = (order: TeachOrder) =>
  runTeach(order, environment, new AbortController().signal, () => undefined)

beforeAll(async () => {
  mkdirSync(good)
  for (let n = 0; n < 11; n++) {
    const { data, widthPx, heightPx } = await plate(n).load()
    const raw = { width: widthPx, height: heightPx, channels: 3 as const }
    await sharp(data, { raw }).toFile(join(good, `${n}.png`))
  }
}, 60_000)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('a taught model with other images', () => {
  it('keeps the very backbone it was taught with, also where its card names none', async () => {
    const own = await packBackbone('1.0.0')
    const taught = await teachAs({
      good: [good],
      defects: [],
      from: null,
      remove: [],
      backbone: 'own',
      recipe: null,
      options: teachOptionsSchema.parse({
        areaPx: 4_096,
        dims: 32,
        bankSize: 50,
        turn: false,
        group: false,
        method: 'template',
        threads: 1,
      }),
      id: 'still',
      version: '1.0.0',
      outDir: packageDir('still-1.0.0'),
      ...(await signingKey({}, environment)),
    })
    const card = readFileSync(join(taught.packed.dir, 'card.json'), 'utf8')
    expect(card).not.toContain(own)
    // A newer version of it is another backbone.
    await packBackbone('1.1.0')
    const ask = teachAgainSchema.parse({
      from: { id: 'still', sha256: taught.packed.sha256 },
      remove: ['3.png'],
      by: 'li',
    })
    const { order } = await nextModel(ask, parts)
    expect(order).toMatchObject({ backbone: 'own', version: '1.1.0' })
    const again = await teachAs(order)
    expect(again.report.goodImages).toBe(10)
    const header = readFileSync(join(`${again.packed.dir}.teach`, 'teach.json'), 'utf8')
    expect(JSON.parse(header)).toMatchObject({ backboneSha256: own })

    // Where it is gone, nothing else takes its place.
    rmSync(packageDir('own-1.0.0'), { recursive: true })
    const gone = new RegExp(`^TCH_DATA.*${own}.*own 1\\.1\\.0`)
    await expect(nextModel(ask, parts)).rejects.toThrow(gone)
    await expect(teachAs({ ...order, outDir: packageDir('still-2') })).rejects.toThrow(gone)
  }, 300_000)
})
