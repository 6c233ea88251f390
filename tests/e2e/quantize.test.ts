import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelCard } from '../../contracts/index.ts'
import { generateKeys, packModel } from '../../models/index.ts'
import { closeClasses } from '../unit/samples/small-network.ts'
import { removeFolder } from '../../bin/setup/scratch-folder.ts'
import { CLI, runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-quantize-'))
const env = {
  SIGHTLINE_DATA_DIR: join(dir, 'home'),
  SIGHTLINE_SIGNING_KEY: '',
  SIGHTLINE_TRUST: join(dir, 'trusted.json'),
}
const sha256: Record<string, string> = {}
// Processes of a command may be writing yet.
afterAll(() => removeFolder(dir))

beforeAll(async () => {
  const { privateKeyPem, publicKey } = generateKeys()
  writeFileSync(env.SIGHTLINE_TRUST, JSON.stringify({ shop: publicKey }))
  for (const copies of [0, 1]) {
    const { model, card, images } = closeClasses(copies)
    const onnxFile = join(dir, `${copies}.onnx`)
    writeFileSync(onnxFile, model)
    const goldenInputs = images.map((image) => ({ image }))
    const packed = await packModel({
      onnx: onnxFile,
      card,
      goldenInputs,
      outDir: join(dir, `small-${copies}`),
      privateKeyPem,
      keyId: 'shop',
    })
    sha256[`small-${copies}`] = packed.sha256
    for (const [n, { data, widthPx, heightPx }] of images.entries()) {
      const folder = join(dir, 'images', n === 0 ? 'class-0' : 'class-1')
      mkdirSync(folder, { recursive: true })
      await sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } }).toFile(
        join(folder, `${n}.png`),
      )
    }
  }
})

describe('models quantize', () => {
  it('makes a package that is verified, knows its origin and its numbers', async () => {
    const made = await runCli(
      ['models', 'quantize', join(dir, 'small-1'), '--images', join(dir, 'images')],
      env,
    )
    expect(made).toMatchObject({ code: 0 })
    expect(made.stdout).toMatch(
      /1 layers in 8 bits; float: 1 first, 1 last, 0 appended .*, 1 because verdicts flipped/,
    )
    expect(made.stdout).toMatch(/0 of 3 verdicts differ \(at most 0 allowed\)/)
    // Three images of one class by both, of which two are named so; one of them does not reach the threshold.
    expect(made.stdout).not.toMatch(/all images have one verdict/)
    expect(made.stdout).toMatch(/accuracy +0\.6667 - 0\.6667/)
    const out = join(dir, 'home/models/small-int8-1.2.0')
    expect(await runCli(['models', 'verify', out], env)).toMatchObject({ code: 0 })
    const card = JSON.parse(readFileSync(join(out, 'card.json'), 'utf8')) as ModelCard
    expect(card.trainingData[0]).toMatchObject({
      name: 'quantised from small 1.2.0',
      sha256: sha256['small-1'],
    })
    expect(card.trainingData[1]?.name).toBe(
      `calibrated with 3 of 3 images of ${join(dir, 'images')} (folder-per-class)`,
    )
    expect(card.metrics).toMatchObject({ 'int8.flips': 0, 'int8.accuracy': 2 / 3, 'float.accuracy': 2 / 3 })
    const again = await runCli(['models', 'quantize', out, '--images', join(dir, 'images')], env)
    expect(again.stderr).toMatch(/MDL_QUANTISE: .*a quantised one/)
    expect(again.code).toBe(1)
  }, 120_000)

  it('refuses with exit code 3 and writes nothing when verdicts flip', async () => {
    const out = join(dir, 'refused')
    const args = ['models', 'quantize', join(dir, 'small-0'), '--images', join(dir, 'images'), '--out', out]
    const refused = await runCli(args, env)
    expect(refused.stdout).toMatch(
      /3 of 3 verdicts differ[^]*class-0\/0\.png: class-1 \+ class-0, int8 class-0 \+ class-1[^]*refused/,
    )
    expect(refused.code).toBe(3)
    expect(existsSync(out)).toBe(false)
    expect(await runCli([...args, '--max-flips', '3'], env)).toMatchObject({ code: 0 })
    expect(existsSync(join(out, 'card.json'))).toBe(true)
  }, 120_000)

  it('leaves nothing among the temporary files, also when it is stopped by Ctrl-C', async () => {
    const TMPDIR = join(dir, 'tmp')
    mkdirSync(TMPDIR)
    const out = join(dir, 'stopped')
    const args = ['models', 'quantize', join(dir, 'small-1'), '--images', join(dir, 'images'), '--out', out]
    const came = new Promise<string>((resolve) => {
      const seen = watch(TMPDIR, (_, name) => {
        if (name?.startsWith('sightline-quantise-') !== true) return
        seen.close()
        resolve(name)
      })
    })
    const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, ...env, TMPDIR } })
    const ended = once(child, 'exit')
    await came
    child.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
    expect([readdirSync(TMPDIR).filter((f) => f.startsWith('sightline-')), existsSync(out)]).toEqual([
      [],
      false,
    ])
    expect(await runCli(args, { ...env, TMPDIR })).toMatchObject({ code: 0 })
    expect(readdirSync(TMPDIR).filter((f) => f.startsWith('sightline-'))).toEqual([])
  }, 120_000)

  it('says what is wrong with a folder without images', async () => {
    mkdirSync(join(dir, 'empty'))
    const none = await runCli(
      ['models', 'quantize', join(dir, 'small-0'), '--images', join(dir, 'empty')],
      env,
    )
    expect(none.stderr).toMatch(/DAT_LAYOUT: /)
    expect(none.code).toBe(1)
  })
})
