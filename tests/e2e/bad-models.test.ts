import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PackageManifest } from '../../contracts/index.ts'
import { generateKeys } from '../../models/index.ts'
import { sha256Of, signManifest } from '../../models/package/manifest.ts'
import { type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'
import {
  blackPng,
  closedBooks,
  goodPng,
  goodRecipe,
  HEIGHT,
  WIDTH,
  type Workshop,
  workshop,
} from './bad-samples.ts'
import { runCli } from './line-process.ts'

let shop: Workshop
let toy: ToyPackage
let line: string
let trust: string

/** A model that finds nothing on grey images and answers NaN to a black one. */
beforeAll(async () => {
  shop = workshop('models')
  toy = await writeToyPackage({
    toy: { kind: 'decoded', rows: [{ box: [2, 2, 12, 12], label: 0, score: 0.5 }] },
    nanWhenBlack: true,
    size: { widthPx: WIDTH, heightPx: HEIGHT },
  })
  const images = join(shop.dir, 'images')
  mkdirSync(images)
  for (const [name, bytes] of [
    ['1', await goodPng()],
    ['2', await blackPng()],
    ['3', await goodPng()],
  ] as const)
    writeFileSync(join(images, `${name}.png`), bytes)
  const tools = [{ id: 'net', use: 'model@1', model: toy.id, sha256: toy.sha256, threshold: 0.9 }]
  shop.recipe(goodRecipe({ recipe: 'net', tools }), 'net@1')
  const camera = { adapter: 'replay', path: 'images', rate: 'max' }
  line = shop.line('net', { stations: [{ id: 'cam', camera, recipe: 'net@1', budgetMs: 20_000 }] })
  trust = join(shop.dir, 'keys.json')
  writeFileSync(trust, JSON.stringify(toy.trustedKeys))
})
afterAll(async () => {
  await toy.remove()
  shop.remove()
})

const environment = (root: string): Record<string, string> => ({
  SIGHTLINE_MODELS: root,
  SIGHTLINE_TRUST: trust,
})
const serve = (data: string, env: Record<string, string>): ReturnType<typeof runCli> =>
  runCli(['serve', line, '--data', data, '--no-supervisor', '--once'], env)

describe('a package of SIGHTLINE_MODELS', () => {
  it('signed by a key of SIGHTLINE_TRUST judges; NaN in its outputs is a no-verdict that holds the part', async () => {
    const { code } = await serve(shop.data, environment(toy.root))
    expect(code).toBe(0)
    const rows = await closedBooks(shop.data)
    expect(rows.map((r) => [r.result, r.disposition, r.noVerdict, r.code])).toEqual([
      ['pass', 'release', null, null],
      ['inconclusive', 'hold', 'tool', 'MDL_OUTPUT'],
      ['pass', 'release', null, null],
    ])
  })

  const manifest = (dir: string): PackageManifest =>
    JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as PackageManifest
  const rewrite = (dir: string, content: unknown): void =>
    writeFileSync(join(dir, 'manifest.json'), JSON.stringify(content))
  const flip = (dir: string, name: string): void => {
    const bytes = readFileSync(join(dir, name))
    const at = bytes.length >> 1
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
    writeFileSync(join(dir, name), bytes)
  }

  const refused: [string, (dir: string) => void, RegExp][] = [
    [
      'whose model has one altered bit',
      (dir) => flip(dir, 'model.onnx'),
      /^MDL_HASH: .*model\.onnx\); expected SHA-256 \w{64}; found \w{64}/m,
    ],
    [
      'whose golden vector has one altered bit',
      (dir) => flip(dir, 'golden/00-output-0.bin'),
      /^MDL_HASH: .*00-output-0\.bin/m,
    ],
    [
      'without signature',
      (dir) => {
        const { signature: _, ...unsigned } = manifest(dir)
        rewrite(dir, unsigned)
      },
      /^MDL_SIGNATURE: .*unsigned/m,
    ],
    [
      'signed by a foreign key',
      (dir) => rewrite(dir, signManifest(manifest(dir).files, generateKeys().privateKeyPem, 'stranger')),
      /^MDL_SIGNATURE: .*found stranger/m,
    ],
    [
      'without manifest',
      (dir) => rmSync(join(dir, 'manifest.json')),
      /^MDL_PACKAGE: .*manifest\.json\); expected a signed manifest/m,
    ],
    ['without model', (dir) => rmSync(join(dir, 'model.onnx')), /^MDL_PACKAGE: .*model\.onnx/m],
  ]

  it.each(refused)('%s stops the start before anything is opened', async (_name, spoil, says) => {
    const root = mkdtempSync(join(tmpdir(), 'sightline-spoilt-'))
    try {
      cpSync(toy.dir, join(root, toy.id), { recursive: true })
      spoil(join(root, toy.id))
      const data = join(shop.dir, 'refused')
      const { code, stdout, stderr } = await serve(data, environment(root))
      expect(stderr).toMatch(says)
      expect([code, stdout]).toEqual([1, ''])
      expect(existsSync(data)).toBe(false)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('that is properly signed but no ONNX model is refused', async () => {
    const root = mkdtempSync(join(tmpdir(), 'sightline-spoilt-'))
    try {
      const dir = join(root, toy.id)
      cpSync(toy.dir, dir, { recursive: true })
      writeFileSync(join(dir, 'model.onnx'), Buffer.from('not a model'))
      const sha256 = sha256Of(readFileSync(join(dir, 'model.onnx')))
      rewrite(
        dir,
        signManifest({ ...manifest(dir).files, 'model.onnx': sha256 }, toy.privateKeyPem, toy.keyId),
      )
      const recipe = join(shop.dir, 'recipes', 'net@1.recipe.yaml')
      const before = readFileSync(recipe, 'utf8')
      writeFileSync(recipe, before.replace(toy.sha256, sha256))
      const { code, stderr } = await serve(join(shop.dir, 'refused'), environment(root))
      writeFileSync(recipe, before)
      expect(stderr).toMatch(/^MDL_LOAD: /m)
      expect(code).toBe(1)
    } finally {
      rmSync(root, { recursive: true })
    }
  })

  it('is unknown without SIGHTLINE_MODELS, and not trusted without SIGHTLINE_TRUST', async () => {
    const data = join(shop.dir, 'refused')
    const missing = await serve(data, {})
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringMatching(/^MDL_UNKNOWN: .*expected toy-decoded with SHA-256/m),
    ])
    const untrusted = await serve(data, { SIGHTLINE_MODELS: toy.root })
    expect([untrusted.code, untrusted.stderr]).toEqual([
      1,
      expect.stringMatching(/^MDL_SIGNATURE: .*found toy-key/m),
    ])
    const noFile = await serve(data, {
      SIGHTLINE_MODELS: toy.root,
      SIGHTLINE_TRUST: join(shop.dir, 'no.json'),
    })
    expect([noFile.code, noFile.stderr]).toEqual([2, expect.stringMatching(/^CFG_MISSING_FILE: .*no\.json/m)])
  })

  it('is listed by `sightline models list`, with its fault', async () => {
    const { code, stdout } = await runCli(['models', 'list', '--json'], { SIGHTLINE_MODELS: toy.root })
    const listed = JSON.parse(stdout) as { id: string; error: { code: string } | null }[]
    expect([code, listed.find((m) => m.id === toy.id)?.error?.code]).toEqual([0, 'MDL_SIGNATURE'])
  })
})
