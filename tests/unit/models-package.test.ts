import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import sharp from 'sharp'
import {
  checkPackageFolder,
  checkTaughtFolder,
  keepPackageFolder,
  createSigningKey,
  findBackbone,
  findPackages,
  otherMeanings,
  listModels,
  loadTrustedKeys,
  packModel,
  packageNamed,
  PACKAGES_DIR,
  packModelFiles,
  pinnedPackage,
  verifyModel,
  verifyPackage,
  verifyPinned,
} from '../../models/index.ts'
import { ModelShelf } from '../../inspection/pipeline/index.ts'
import { fromPng, toPng } from '../../models/package/png.ts'
import { unknownModel } from '../../models/package/unknown-model.ts'
import { plain, toyCard, toyModel, writeToyPackage } from '../suites/toy-models.ts'
import { canMountTmpfs, mountTmpfs, unmount } from '../services/mounts.ts'
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

describe('packing', () => {
  it('leaves a file in the place of the package alone, and says before the work what cannot be written', async () => {
    const root = await copy()
    const file = join(root, 'notes')
    await writeFile(file, 'mine')
    const says = /^MDL_PACKAGE: .*expected a new folder.*found a file/
    await expect(checkPackageFolder(file)).rejects.toThrow(says)
    const { privateKeyPem, keyId, card } = sound
    const goldenInputs = [{ image: plain(8, 8, 200), template: plain(8, 8, 50) }]
    const onnx = join(sound.root, 'toy.onnx')
    const request = { onnx, card, goldenInputs, privateKeyPem, keyId }
    await expect(packModel({ ...request, outDir: file })).rejects.toThrow(says)
    expect(await readFile(file, 'utf8')).toBe('mine')
    await expect(checkPackageFolder(join(file, 'below'))).rejects.toThrow(/^CFG_USAGE: .*notes/)
    await mkdir(join(root, 'cap.teach'))
    await writeFile(join(root, 'cap.teach', 'mine.txt'), 'mine')
    await expect(checkTaughtFolder(join(root, 'cap'))).rejects.toThrow(/^MDL_PACKAGE: .*mine\.txt/)
    await checkPackageFolder(join(root, 'cap'))
    // What a copy that was cut off left would refuse the new package at the end.
    await mkdir(join(root, 'cut', 'golden'), { recursive: true })
    await expect(checkPackageFolder(join(root, 'cut'))).rejects.toThrow(/^MDL_PACKAGE: .*found remains/)
    await expect(packModel({ ...request, outDir: join(root, 'cut') })).rejects.toThrow(/found remains/)
    await rm(join(root, 'cut', 'golden'), { recursive: true })
    await checkPackageFolder(join(root, 'cut'))
    expect((await readdir(root)).filter((name) => name.startsWith('cap'))).toEqual(['cap.teach'])
  })

  it('is refused before the work while another process makes a package there, and keeps its own place', async () => {
    const root = await copy()
    const out = join(root, 'cap-1.0.0')
    const other = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'])
    const gone = once(other, 'exit')
    const work = vi.fn(async () => (await readdir(root)).filter((name) => name.startsWith('cap-1.0.0.')))
    try {
      await mkdir(`${out}.${other.pid}-00000000.teaching`)
      await expect(keepPackageFolder(out, work)).rejects.toThrow(
        new RegExp(`^TCH_BUSY: .*cap-1\\.0\\.0.*found process ${other.pid}.*wait for it`),
      )
      // Also where folders are those of a machine whose clock is behind.
      const ahead = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000)
      await expect(keepPackageFolder(out, work)).rejects.toThrow(/^TCH_BUSY/)
      ahead.mockRestore()
      expect(work).not.toHaveBeenCalled()
      if (process.platform === 'linux') {
        // Made before that process began: by one whose number it got when the machine was started anew.
        await utimes(`${out}.${other.pid}-00000000.teaching`, 1e9, 1e9)
        await keepPackageFolder(out, () => Promise.resolve())
      }
      // Another version is another place.
      await keepPackageFolder(join(root, 'cap-1.1.0'), () => Promise.resolve())
    } finally {
      other.kill('SIGKILL')
      await gone
    }
    // What a process that is gone left behind keeps nothing.
    expect(await keepPackageFolder(out, work)).toEqual([
      expect.stringMatching(new RegExp(`^cap-1\\.0\\.0\\.${process.pid}-.*\\.teaching$`)),
    ])
    await expect(keepPackageFolder(out, () => Promise.reject(new Error('full')))).rejects.toThrow('full')
    expect((await readdir(root)).filter((name) => name.startsWith('cap-'))).toEqual([])
  })

  it('replaces a package only by one that verifies, and leaves foreign folders alone', async () => {
    await copy()
    const onnx = join(sound.root, 'toy.onnx')
    const { privateKeyPem, keyId, card } = sound
    const request = { onnx, card, outDir: dir, privateKeyPem, keyId }
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

  it('never puts another model or card in the place of a package, also when two are made at once', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-pack-'))
    const outDir = join(dir, 'cap-1.0.0')
    const { privateKeyPem, keyId, card, trustedKeys } = sound
    const goldenInputs = [{ image: plain(8, 8, 200), template: plain(8, 8, 50) }]
    const onnx = join(sound.root, 'toy.onnx')
    const request = { onnx, goldenInputs, outDir, privateKeyPem, keyId }
    const cards = ['a', 'b'].map((name) => ({ ...card, labels: [name] }))
    const made = await Promise.allSettled(cards.map((c) => packModel({ ...request, card: c })))
    expect(made.map((m) => m.status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = made.find((m) => m.status === 'rejected')
    expect(String(lost?.reason)).toMatch(/MDL_PACKAGE.*never replaced.*found a package, SHA-256/)
    const first = cards[made.findIndex((m) => m.status === 'fulfilled')]
    expect((await verifyPackage(outDir, trustedKeys)).card.labels).toEqual(first?.labels)
    const other = toyModel({
      toy: { kind: 'decoded', pair: true, rows: [{ box: [1, 1, 3, 3], label: 0, score: 1 }] },
    })
    await writeFile(join(dir, 'other.onnx'), other)
    await expect(
      packModel({ ...request, card: first ?? card, onnx: join(dir, 'other.onnx') }),
    ).rejects.toThrow(/MDL_PACKAGE/)
    expect((await verifyPackage(outDir, trustedKeys)).sha256).toBe(sound.sha256)
    // Who is about to work for hours is told before.
    await symlink(dir, join(dir, 'link'))
    await expect(checkPackageFolder(join(dir, 'link'))).rejects.toThrow(/MDL_PACKAGE.*found a symbolic link/)
    await rm(join(dir, 'link'))
    await expect(checkPackageFolder(outDir)).rejects.toThrow(/MDL_PACKAGE.*never replaced/)
    // What a process that is gone left of its draft goes; that of a living one stays.
    const [gone, living] = [4_194_303, process.ppid].map((pid) => `cap-1.0.0.${pid}-00ff.packing`)
    for (const name of [gone, living]) await mkdir(join(dir, name ?? ''))
    await packModel({ ...request, card: first ?? card })
    expect((await readdir(dir)).sort()).toEqual(['cap-1.0.0', living, 'other.onnx'])
  })

  it.runIf(canMountTmpfs())('says where a disk is full, and leaves nothing there', async () => {
    const disk = await mkdtemp(join(tmpdir(), 'sightline-disk-'))
    mountTmpfs(disk, 'size=64k')
    try {
      await writeFile(join(disk, 'fill'), Buffer.alloc(60 * 1024))
      const { privateKeyPem, keyId, card } = sound
      const goldenInputs = [{ image: plain(64, 64, 200), template: plain(64, 64, 50) }]
      const onnx = join(sound.root, 'toy.onnx')
      const outDir = join(disk, 'cap')
      await expect(
        packModel({ onnx, card, goldenInputs, outDir, privateKeyPem, keyId }),
      ).rejects.toMatchObject({
        code: 'TRC_DISK_FULL',
        message: expect.stringContaining(outDir) as string,
      })
      expect(await readdir(disk)).toEqual(['fill'])
    } finally {
      unmount(disk)
      await rm(disk, { recursive: true })
    }
  })

  it('packs in place, when the model already lies in the package folder', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-pack-'))
    const outDir = join(dir, 'pkg')
    await mkdir(outDir)
    await writeFile(join(outDir, 'model.onnx'), toyModel(toy))
    const { privateKeyPem, keyId, card, trustedKeys } = sound
    const goldenInputs = [{ image: plain(8, 8, 200), template: plain(8, 8, 50) }]
    const onnx = join(outDir, 'model.onnx')
    await packModel({ onnx, card, goldenInputs, outDir, privateKeyPem, keyId })
    expect((await verifyPackage(outDir, trustedKeys)).sha256).toBe(sound.sha256)
    expect(await readdir(dir)).toEqual(['pkg'])
  })

  it('refuses a segmentation of one class, whose findings would be the whole image', async () => {
    const { privateKeyPem, keyId, card, dir } = sound
    const spec = {
      family: 'segmentation-classes' as const,
      output: 'p',
      activation: 'none' as const,
      background: null,
      minAreaPx: 1,
    }
    const goldenInputs = [{ image: plain(8, 8, 200), template: plain(8, 8, 50) }]
    const one = { ...card, spec, labels: ['dent'] }
    const outDir = `${dir}-one-class`
    const onnx = toyModel(toy)
    await expect(packModel({ onnx, card: one, goldenInputs, outDir, privateKeyPem, keyId })).rejects.toThrow(
      /MDL_PACKAGE.*\(labels\); expected two labels or more/,
    )
  })

  it('keeps every pixel and tensor value through the golden files', async () => {
    const image = { ...plain(17, 5, 0), data: Uint8Array.from({ length: 85 }, (_, i) => (i * 37) % 256) }
    expect(await fromPng(await toPng(image), 'grey')).toEqual(image)
    const rgb = {
      ...plain(7, 5, 0, 3),
      data: Uint8Array.from({ length: 105 }, (_, i) => (i * 91) % 256),
    }
    expect(await fromPng(await toPng(rgb), 'rgb')).toEqual(rgb)
    // the profile of a screen changes no value: a line, OpenCV and Pillow do not look at it either
    const raw = { width: rgb.widthPx, height: rgb.heightPx, channels: rgb.channels }
    const tagged = await sharp(rgb.data, { raw }).png().withIccProfile('p3').toBuffer()
    const written = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer()
    expect([...written]).not.toEqual([...rgb.data])
    expect([...(await fromPng(tagged, 'tagged')).data]).toEqual([...written])
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
    const dirs = [sound.root]
    const pin = { id: sound.id, sha256: sound.sha256 }
    expect(pinnedPackage(packages, pin, dirs).dir).toBe(sound.dir)
    expect(() => pinnedPackage(packages, { ...pin, sha256: '0'.repeat(64) }, dirs)).toThrow(
      new RegExp(`MDL_UNKNOWN.*${sound.sha256}`),
    )
    expect(() => pinnedPackage(packages, { ...pin, id: 'other' }, dirs)).toThrow(
      /MDL_UNKNOWN.*packages toy-decoded/,
    )
  })

  it('tells packages with one network apart by their cards, and guesses at neither', async () => {
    const labels = ['crack', 'good']
    const rows = labels.map((_, label) => ({
      box: [2, 2, 12, 12] as [number, number, number, number],
      label,
      score: 0.9,
    }))
    const wrong = await writeToyPackage({ toy: { kind: 'decoded', rows }, labels, keyId: 'a' })
    const right = await writeToyPackage({
      toy: { kind: 'decoded', rows },
      labels: labels.toReversed(),
      keyId: 'b',
    })
    const dirs = [wrong.root, right.root]
    try {
      const packages = await findPackages(dirs)
      const pin = { id: right.id, sha256: right.sha256 }
      expect(wrong.sha256).toBe(right.sha256)
      expect(() => pinnedPackage(packages, pin, dirs)).toThrow(
        /^MDL_PACKAGE.*one meaning of the model.*1\.0\.0 in .*cardSha256.*raise the recipe version with `cardSha256`/,
      )
      for (const { dir: place, cardSha256 } of packages)
        expect(pinnedPackage(packages, { ...pin, cardSha256 }, dirs).dir).toBe(place)
      expect(() => pinnedPackage(packages, { ...pin, cardSha256: '0'.repeat(64) }, dirs)).toThrow(
        /^MDL_UNKNOWN.*SHA-256 [0-9a-f]{64}, card 0000.*found toy-decoded 1\.0\.0 with SHA-256 .*, card/,
      )
      // A card that says another licence judges alike.
      const [first] = packages
      if (!first) throw new Error('no package')
      const renewed = { ...first, cardSha256: '1'.repeat(64), card: { ...first.card, licence: 'MIT' } }
      expect(pinnedPackage([first, renewed], pin, dirs)).toBe(first)
      // Said when the second is made, not when a line of today does not start again.
      expect(await otherMeanings(right.dir, [right.root])).toMatchObject({
        own: { dir: right.dir },
        others: [],
      })
      expect((await otherMeanings(right.dir, dirs)).others.map((p) => p.dir)).toEqual([wrong.dir])
      const shelf = new ModelShelf({
        modelDirs: dirs,
        providers: ['cpu'],
        trustedKeys: { ...wrong.trustedKeys, ...right.trustedKeys },
        intraOpThreads: 1,
      })
      for (const { cardSha256, card } of packages)
        expect((await shelf.take({ ...pin, cardSha256 })).card.labels).toEqual(card.labels)
      for (const { cardSha256 } of packages) await shelf.release({ ...pin, cardSha256 })
    } finally {
      await wrong.remove()
      await right.remove()
    }
  })

  it('says of a model that is not there where it looked and what is there, a few names of it', async () => {
    const [root, none] = [sound.root, join(sound.root, 'no-such-folder')]
    const pin = { id: 'other', sha256: sound.sha256 }
    for (const asked of [
      () => packageNamed([root, none], 'other'),
      () => verifyPinned([root, none], pin, {}),
      () => findBackbone([root, none], 'other', {}),
    ])
      await expect(asked()).rejects.toThrow(
        `; searched ${root}, ${none} (not there); ${asked.toString().includes('Pinned') ? 'install the package' : 'name'}`,
      )
    await expect(packageNamed([root], 'other')).rejects.toThrow(
      'MDL_UNKNOWN: no such model package; expected one of the packages toy-decoded; found other; searched',
    )
    await expect(findBackbone([root], 'other', {})).rejects.toThrow(
      'one of the backbones (none); found other',
    )
    await expect(packageNamed([], 'other')).rejects.toThrow('searched no folder')
    // Named in place of the folder around it.
    await expect(packageNamed([sound.dir], 'toy-decoded')).rejects.toThrow(
      `searched ${sound.dir} (itself a package: name ${sound.root});`,
    )
    await expect(packageNamed([], sound.dir)).rejects.toThrow(
      `that of this folder is toy-decoded, with SIGHTLINE_MODELS=${sound.root}, or name`,
    )

    const many = ['zz', ...Array.from({ length: 20 }, (_, n) => `cap-${n}`), 'housing-left', 'housing-right']
    const { message } = unknownModel({
      id: 'housing',
      dirs: Array<string>(9).fill(root),
      there: many,
      kind: 'packages',
    })
    expect(message).toContain('packages housing-left, housing-right, cap-0,')
    expect(message).toMatch(/ and 15 more; found housing; searched .* and 3 more;/)
  })

  it('finds a backbone beside broken folders, and says of those', async () => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-beside-'))
    await mkdir(join(dir, 'draft-of-someone'))
    await writeFile(join(dir, 'draft-of-someone', 'card.json'), '{')
    const told: string[] = []
    const keys = await loadTrustedKeys()
    const found = await findBackbone([dir, PACKAGES_DIR], 'backbone-s', keys, (b) => told.push(b.dir))
    expect([found.id, told]).toEqual(['backbone-s', [join(dir, 'draft-of-someone')]])
    await expect(findBackbone([dir], 'backbone-s', keys)).rejects.toThrow(
      /^MDL_UNKNOWN.*mend or remove .*draft-of-someone, which cannot be read/,
    )
    await mkdir(join(dir, 'backbone-s-2'))
    await writeFile(join(dir, 'backbone-s-2', 'card.json'), '{')
    await expect(findBackbone([dir], 'backbone-s', keys)).rejects.toThrow(/^MDL_PACKAGE.*backbone-s-2/)
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

  it.each(['manifest.json', 'model.onnx'])('names a %s that is too large to be read', async (name) => {
    dir = await mkdtemp(join(tmpdir(), 'sightline-large-'))
    await cp(sound.dir, dir, { recursive: true })
    // A hole: it takes no room.
    await truncate(join(dir, name), 2 ** 31)
    const given = { providers: ['cpu' as const], trustedKeys: sound.trustedKeys }
    await expect(verifyModel(dir, given)).rejects.toThrow(new RegExp(`^MDL_PACKAGE.*${name}.*2 GiB`))
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
