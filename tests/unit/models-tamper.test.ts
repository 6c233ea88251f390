import { cp, mkdtemp, readFile, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PackageManifest } from '../../contracts/index.ts'
import { generateKeys, loadModel } from '../../models/index.ts'
import { sha256Of, signManifest } from '../../models/package/manifest.ts'
import { toyModel, writeToyPackage } from '../suites/toy-models.ts'
import type { ToyOptions, ToyPackage } from '../suites/toy-models.ts'

const toy: ToyOptions = {
  toy: { kind: 'decoded', pair: true, rows: [{ box: [2, 2, 12, 12], label: 0, score: 0.9 }] },
}
let sound: ToyPackage
let dir: string

beforeAll(async () => {
  sound = await writeToyPackage(toy)
})
afterAll(() => sound.remove())

async function copy(): Promise<string> {
  dir = await mkdtemp(join(tmpdir(), 'sightline-tamper-'))
  await cp(sound.dir, dir, { recursive: true })
  return dir
}
afterEach(() => rm(dir, { recursive: true, force: true }))

const load = (trustedKeys = sound.trustedKeys): Promise<unknown> =>
  loadModel(dir, { providers: ['cpu'], trustedKeys, intraOpThreads: 1 })

const manifestOf = async (): Promise<PackageManifest> =>
  JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as PackageManifest
const writeManifest = (m: unknown): Promise<void> => writeFile(join(dir, 'manifest.json'), JSON.stringify(m))

/** Lists the files as they are now and signs them with the publisher's key: an intended change. */
async function signAgain(): Promise<void> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((e) => e.isFile() && e.name !== 'manifest.json')
    .map((e) => join(e.parentPath, e.name).slice(dir.length + 1))
  const files: Record<string, string> = {}
  for (const name of names) files[name] = sha256Of(await readFile(join(dir, name)))
  await writeManifest(signManifest(files, sound.privateKeyPem, sound.keyId))
}

async function flip(name: string, at = 8): Promise<void> {
  const bytes = await readFile(join(dir, name))
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  await writeFile(join(dir, name), bytes)
}

describe('a package is refused when', () => {
  it('nothing was changed: it is not', async () => {
    await copy()
    await expect(load()).resolves.toMatchObject({ sha256: sound.sha256, provider: 'cpu', degraded: null })
  })

  it.each(['model.onnx', 'card.json', 'golden/00.json', 'golden/00-image.png', 'golden/00-output-0.bin'])(
    'one bit of %s is flipped',
    async (name) => {
      await copy()
      await flip(name)
      await expect(load()).rejects.toThrow(new RegExp(`MDL_HASH.*${name}`))
    },
  )

  it('the model is truncated', async () => {
    await copy()
    await truncate(join(dir, 'model.onnx'), 100)
    await expect(load()).rejects.toThrow(/MDL_HASH.*model\.onnx/)
  })

  it('a file was added', async () => {
    await copy()
    await writeFile(join(dir, 'golden', 'more.bin'), 'x')
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*golden\/more\.bin.*not in it/)
  })

  it('a file was removed', async () => {
    await copy()
    await rm(join(dir, 'golden', '00-template.png'))
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*00-template\.png.*no such file/)
  })

  it('a file is a link', async () => {
    await copy()
    await rm(join(dir, 'model.onnx'))
    await symlink(join(sound.dir, 'model.onnx'), join(dir, 'model.onnx'))
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*model\.onnx.*link/)
  })

  it('the manifest is missing, or the folder', async () => {
    await copy()
    await rm(join(dir, 'manifest.json'))
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*manifest\.json/)
    await rm(dir, { recursive: true })
    await expect(load()).rejects.toThrow(/MDL_UNKNOWN/)
  })

  it('it is unsigned', async () => {
    await copy()
    const { signature: _, ...unsigned } = await manifestOf()
    await writeManifest(unsigned)
    await expect(load()).rejects.toThrow(/MDL_SIGNATURE.*unsigned/)
  })

  it('the key is unknown, also when it carries the name of a trusted one', async () => {
    await copy()
    const stranger = generateKeys()
    const { files } = await manifestOf()
    await writeManifest(signManifest(files, stranger.privateKeyPem, 'stranger'))
    await expect(load()).rejects.toThrow(/MDL_SIGNATURE.*trusted keys: toy-key; found stranger/)
    await writeManifest(signManifest(files, stranger.privateKeyPem, sound.keyId))
    await expect(load()).rejects.toThrow(/MDL_SIGNATURE.*does not match/)
    await expect(load({})).rejects.toThrow(/MDL_SIGNATURE.*\(none\)/)
    await writeManifest(signManifest(files, stranger.privateKeyPem, 'constructor'))
    await expect(load()).rejects.toThrow(/MDL_SIGNATURE/)
  })

  it('model and manifest were changed together', async () => {
    await copy()
    await flip('model.onnx')
    const manifest = await manifestOf()
    manifest.files['model.onnx'] = sha256Of(await readFile(join(dir, 'model.onnx')))
    await writeManifest(manifest)
    await expect(load()).rejects.toThrow(/MDL_SIGNATURE.*does not match/)
  })

  it.each(['../escape.txt', '/etc/hostname', 'golden/../../escape.txt', 'golden\\x', '.hidden', 'a//b'])(
    'its manifest, although signed, names %s',
    async (name) => {
      await copy()
      const { files } = await manifestOf()
      const wrong = { ...files, [name]: sha256Of(Buffer.from('x')) }
      await writeManifest(signManifest(wrong, sound.privateKeyPem, sound.keyId))
      await expect(load()).rejects.toThrow(/MDL_PACKAGE.*inside the package folder/)
    },
  )

  it('the manifest is not JSON, or has an unknown key', async () => {
    await copy()
    await writeManifest({ ...(await manifestOf()), note: 1 })
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*note/)
    await writeFile(join(dir, 'manifest.json'), '{')
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*manifest\.json/)
  })

  it('the card, although signed, has a fault: path, line, expected and found are named', async () => {
    await copy()
    const card = await readFile(join(dir, 'card.json'), 'utf8')
    await writeFile(join(dir, 'card.json'), card.replace('"scoreFloor": 0.05', '"scoreFloor": 5'))
    await signAgain()
    await expect(load()).rejects.toThrow(
      /MDL_PACKAGE.*card\.json, line \d+, spec\.scoreFloor\); expected number <= 1; found 5/,
    )
  })

  it('the card does not describe the graph', async () => {
    await copy()
    const card = await readFile(join(dir, 'card.json'), 'utf8')
    await writeFile(join(dir, 'card.json'), card.replace('"boxes": "boxes"', '"boxes": "bboxes"'))
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*\[boxes, scores, labels\].*an output bboxes/)
    await writeFile(join(dir, 'card.json'), card.replaceAll('"channels": 1', '"channels": 3'))
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*inputs\[0\].*\[1, any, any, 3\]/)
    await writeFile(join(dir, 'card.json'), card.replace('"name": "template"', '"name": "reference"'))
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*inputs\[1\]\.name/)
  })

  it('a golden vector, although signed, is not what the model gives', async () => {
    await copy()
    const file = join(dir, 'golden', '00-output-0.bin')
    const boxes = await readFile(file)
    boxes.writeFloatLE(3.5, 4)
    await writeFile(file, boxes)
    await signAgain()
    await expect(load()).rejects.toThrow(
      /MDL_GOLDEN.*golden\/00.*box \[2\.00, 3\.50, 12\.00, 12\.00\] within 0\.0001.*off by 1\.5, on cpu/,
    )
    const runner = await loadModel(dir, {
      providers: ['cpu'],
      trustedKeys: sound.trustedKeys,
      intraOpThreads: 1,
      skipGolden: true,
    })
    await runner.close()
  })

  it('it has no golden vector, or a malformed one', async () => {
    await copy()
    await writeFile(join(dir, 'golden', '00-output-0.bin'), Buffer.alloc(3))
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*00-output-0\.bin.*expected 16 bytes.*found 3 bytes/)
    await rm(join(dir, 'golden'), { recursive: true })
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*golden.*none/)
  })

  it.each([
    ['a truncated model', async () => (await readFile(join(dir, 'model.onnx'))).subarray(0, -10)],
    ['a pickle', () => Promise.resolve(Buffer.from('80049503000000000000004b012e', 'hex'))],
    ['a zip file', () => Promise.resolve(Buffer.from('504b03041400000000000000', 'hex'))],
    ['a model of operators that do not exist', () => Promise.resolve(badOperator())],
  ])('model.onnx, although signed, is %s', async (_, content) => {
    await copy()
    await writeFile(join(dir, 'model.onnx'), await content())
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_LOAD/)
  })

  it('weights, although signed, lie outside model.onnx', async () => {
    await copy()
    // onnx 1.23.2: initializer with data_location EXTERNAL and location ../../etc/passwd, inside a GraphProto
    const initializer =
      '2a290802080210014201776a1c0a086c6f636174696f6e12102e2e2f2e2e2f6574632f7061737377647001'
    await writeFile(join(dir, 'model.onnx'), Buffer.from(`08083a2b${initializer}`, 'hex'))
    await signAgain()
    await expect(load()).rejects.toThrow(/MDL_PACKAGE.*model\.onnx.*external data/)
  })
})

/** The toy with `Identity` renamed to an operator of the same length nobody knows. */
function badOperator(): Buffer {
  const text = Buffer.from(toyModel(toy)).toString('latin1')
  return Buffer.from(text.replaceAll('Identity', 'Idantity'), 'latin1')
}
