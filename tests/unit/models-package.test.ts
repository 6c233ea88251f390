import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PackageManifest } from '../../contracts/index.ts'
import {
  createSigningKey,
  findPackages,
  generateKeys,
  listModels,
  loadModel,
  loadTrustedKeys,
  packModel,
  packModelFiles,
  pinnedPackage,
  verifyModel,
  verifyPackage,
} from '../../models/index.ts'
import { sha256Of, signManifest } from '../../models/package/manifest.ts'
import { fromPng, toPng } from '../../models/package/png.ts'
import { plain, toyCard, toyModel, writeToyPackage } from '../suites/toy-models.ts'
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
})

/** The toy with `Identity` renamed to an operator of the same length nobody knows. */
function badOperator(): Buffer {
  const text = Buffer.from(toyModel(toy)).toString('latin1')
  return Buffer.from(text.replaceAll('Identity', 'Idantity'), 'latin1')
}

describe('packing', () => {
  it('replaces a package only by one that verifies, and leaves foreign folders alone', async () => {
    await copy()
    const onnxFile = join(sound.root, 'toy.onnx')
    const { privateKeyPem, keyId, card } = sound
    const request = { onnxFile, card, outDir: dir, privateKeyPem, keyId }
    const pair = { image: plain(8, 8, 200), template: plain(8, 8, 50) }
    await expect(packModel({ ...request, goldenInputs: [] })).rejects.toThrow(/MDL_PACKAGE.*golden/)
    await expect(packModel({ ...request, goldenInputs: [{ image: pair.image }] })).rejects.toThrow(
      /MDL_INPUT/,
    )
    expect((await verifyPackage(dir, sound.trustedKeys)).golden).toHaveLength(1)
    const packed = await packModel({ ...request, goldenInputs: [pair, pair] })
    expect(packed.sha256).toBe(sound.sha256)
    expect((await verifyPackage(dir, sound.trustedKeys)).golden).toHaveLength(2)
    await writeFile(join(dir, 'thesis.doc'), 'x')
    await expect(packModel({ ...request, goldenInputs: [pair] })).rejects.toThrow(/MDL_PACKAGE.*thesis\.doc/)
  })

  it('packs in place, when the model already lies in the package folder', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-pack-'))
    const outDir = join(dir, 'pkg')
    await mkdir(outDir)
    await writeFile(join(outDir, 'model.onnx'), toyModel(toy))
    const { privateKeyPem, keyId, card, trustedKeys } = sound
    const goldenInputs = [{ image: plain(8, 8, 200), template: plain(8, 8, 50) }]
    const onnxFile = join(outDir, 'model.onnx')
    await packModel({ onnxFile, card, goldenInputs, outDir, privateKeyPem, keyId })
    expect((await verifyPackage(outDir, trustedKeys)).sha256).toBe(sound.sha256)
    expect(await readdir(dir)).toEqual(['pkg'])
  })

  it('keeps every pixel and tensor value through the golden files', async () => {
    const image = { ...plain(17, 5, 0), data: Uint8Array.from({ length: 85 }, (_, i) => (i * 37) % 256) }
    expect(await fromPng(await toPng(image), 'grey')).toEqual(image)
    const rgb = {
      ...plain(7, 5, 0, 3),
      data: Uint8Array.from({ length: 105 }, (_, i) => (i * 91) % 256),
    }
    expect(await fromPng(await toPng(rgb), 'rgb')).toEqual(rgb)
    const { golden } = await verifyPackage(sound.dir, sound.trustedKeys)
    // level of |image - 0|: a quarter of the rows is 90, the rest 200; score = 0.9 * level
    const level = (90 / 4 + (200 * 3) / 4) / 255
    expect(golden[0]?.outputs['scores']?.data[0]).toBeCloseTo(0.9 * level, 6)
    expect([...(golden[0]?.outputs['labels']?.data ?? [])]).toEqual([0n])
    expect([...(golden[0]?.outputs['boxes']?.data ?? [])]).toEqual([2, 2, 12, 12])
  })
})

describe('finding and commands', () => {
  it('finds packages by folder and pins them by hash', async () => {
    const packages = await findPackages([sound.root, join(sound.root, 'no-such-folder')])
    expect(packages).toMatchObject([{ id: sound.id, version: '1.0.0', dir: sound.dir, sha256: sound.sha256 }])
    expect(pinnedPackage(packages, sound.id, sound.sha256).dir).toBe(sound.dir)
    expect(() => pinnedPackage(packages, sound.id, '0'.repeat(64))).toThrow(
      new RegExp(`MDL_UNKNOWN.*${sound.sha256}`),
    )
    expect(() => pinnedPackage(packages, 'other', sound.sha256)).toThrow(/MDL_UNKNOWN.*packages toy-decoded/)
  })

  it('does not overlook a broken package', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sightline-find-'))
    dir = root
    await cp(sound.dir, join(root, 'a'), { recursive: true })
    await mkdir(join(root, 'b'))
    await writeFile(join(root, 'b', 'model.onnx'), 'x')
    await mkdir(join(root, 'notes'))
    await expect(findPackages([root])).rejects.toThrow(/MDL_PACKAGE/)
    await writeFile(join(root, 'a', 'extra'), 'x')
    const listed = await listModels([root], sound.trustedKeys)
    expect(listed).toMatchObject([
      { dir: join(root, 'b'), id: null, error: { code: 'MDL_PACKAGE' } },
      { dir: join(root, 'a'), id: sound.id, error: { code: 'MDL_PACKAGE' } },
    ])
  })

  it('verifies a package as the line would', async () => {
    const { trustedKeys } = sound
    expect(await verifyModel(sound.dir, { providers: ['cpu'], trustedKeys })).toMatchObject({
      id: sound.id,
      signedBy: 'toy-key',
      goldenVectors: 1,
      provider: 'cpu',
      degraded: null,
    })
  })

  it('creates a key once, readable by its owner only, and packs from files with it', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-key-'))
    const keyFile = join(dir, 'key.pem')
    const { publicKey } = await createSigningKey(keyFile, 'mine')
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600)
    await expect(createSigningKey(keyFile, 'mine')).rejects.toThrow(/CFG_USAGE/)

    const place = (name: string): string => join(dir, name)
    await writeFile(place('image.png'), await toPng(plain(8, 8, 200)))
    await writeFile(place('template.png'), await toPng(plain(8, 8, 20)))
    await writeFile(place('card.json'), JSON.stringify(toyCard(toy)))
    const packed = await packModelFiles({
      onnxFile: join(sound.root, 'toy.onnx'),
      cardFile: place('card.json'),
      golden: [{ image: place('image.png'), template: place('template.png') }],
      outDir: place('out'),
      keyFile,
      keyId: 'mine',
    })
    await writeFile(place('keys.json'), JSON.stringify({ mine: publicKey }))
    const trustedKeys = await loadTrustedKeys(place('keys.json'))
    expect((await verifyPackage(packed.dir, trustedKeys)).sha256).toBe(sound.sha256)
  })

  it('reads trusted keys strictly', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-keys-'))
    const file = join(dir, 'keys.json')
    await expect(loadTrustedKeys(file)).rejects.toThrow(/CFG_MISSING_FILE/)
    await writeFile(file, '{"a": "bm90IGEga2V5"}')
    await expect(loadTrustedKeys(file)).rejects.toThrow(/CFG_INVALID.*Ed25519/)
    expect(Object.keys(await loadTrustedKeys())).toContain('sightline-2026')
  })
})
