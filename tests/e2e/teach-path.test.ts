import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ModelCard } from '../../contracts/index.ts'
import { CLI, runCli } from './line-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'sightline-teach-path-'))
const env = { SIGHTLINE_DATA_DIR: join(dir, 'home'), SIGHTLINE_SIGNING_KEY: '', SIGHTLINE_TRUST: '' }
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** A grey ring on a dark ground with grain; a bad one has a white slot across it. */
async function ring(file: string, seed: number, bad: boolean, side = 96): Promise<void> {
  const data = new Uint8Array(side * side * 3)
  let state = seed * 2654435761
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      const r = Math.hypot(x - side / 2, y - side / 2)
      const slot = bad && Math.abs(y - 40) < 4 && x > 20 && x < 44
      const level = (slot ? 235 : r > 20 && r < 40 ? 150 : 40) + ((state >>> 24) % 17) - 8
      data.fill(level, (y * side + x) * 3, (y * side + x) * 3 + 3)
    }
  await sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(file)
}

beforeAll(async () => {
  for (const folder of ['good', 'test/good', 'test/bad', 'classes/good', 'classes/bad'])
    mkdirSync(join(dir, folder), { recursive: true })
  for (let n = 0; n < 12; n++) await ring(join(dir, 'good', `${n}.png`), n + 1, false)
  for (let n = 0; n < 3; n++) await ring(join(dir, 'test/good', `g${n}.png`), 100 + n, false)
  for (let n = 0; n < 3; n++) await ring(join(dir, 'test/bad', `b${n}.png`), 200 + n, true)
  for (let n = 0; n < 12; n++)
    await ring(join(dir, 'classes', n % 2 ? 'good' : 'bad', `${n}.png`), n, n % 2 === 0)
})

describe('a teaching that is stopped', () => {
  it.each([
    ['SIGINT', ['teach', '--good', 'good']],
    ['SIGTERM', ['teach', '--good', 'good']],
    ['SIGHUP', ['teach-classes', 'classes']],
  ] as const)(
    'by %s says so and leaves nothing: %s',
    async (signal, command) => {
      const models = join(dir, signal, 'models')
      mkdirSync(models, { recursive: true })
      const begun = new Promise<void>((resolve) => {
        const seen = watch(models, (_, name) => {
          if (name?.endsWith('.teaching') !== true) return
          seen.close()
          resolve()
        })
      })
      const child = spawn(process.execPath, [CLI, ...command, '--id', 'rings'], {
        cwd: dir,
        env: { ...process.env, ...env, SIGHTLINE_DATA_DIR: join(dir, signal) },
      })
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const ended = once(child, 'close')
      await begun
      child.kill(signal)
      expect([await ended, said]).toEqual([[1, null], expect.stringContaining('TCH_CANCELLED')])
      expect(readdirSync(models)).toEqual([])
    },
    120_000,
  )
})

describe('from good images to verdicts, with nothing set up', () => {
  it('teaches, signs with a key of this machine, judges, scores and makes a recipe', async () => {
    mkdirSync(join(dir, 'good', 'later'))
    for (const name of ['old.gif', 'later/1.png']) writeFileSync(join(dir, 'good', name), '')
    const taught = await runCli(['teach', '--good', join(dir, 'good'), '--id', 'rings'], env)
    expect(taught).toMatchObject({ code: 0 })
    expect(taught.stdout).toContain('sightline inspect DIR --model rings')
    expect(taught.stdout).toMatch(/12 good images.*note: DAT_LEFT_OUT: .*found 2: old\.gif, later\/1\.png/s)
    expect(statSync(join(dir, 'home/keys/signing.pem')).mode & 0o077).toBe(0)

    writeFileSync(join(dir, 'test/bad/old.gif'), '')
    const bad = await runCli(['inspect', join(dir, 'test/bad'), '--model', 'rings'], env)
    expect(bad.code).toBe(3)
    expect(bad.stderr).toMatch(/DAT_LEFT_OUT: .*found 1: old\.gif/)
    expect(JSON.parse(bad.stderr.trim().split('\n').at(-1) ?? '')).toEqual({
      files: 3,
      pass: 0,
      fail: 3,
      inconclusive: 0,
    })
    const report = join(dir, 'rings.html')
    const scored = await runCli(['evaluate', join(dir, 'test'), '--model', 'rings', '--report', report], env)
    expect(scored.code).toBe(0)
    expect(scored.stdout).toContain('AUROC 1.0000')

    // The recipe that is printed is one that is taken.
    const recipe = await runCli(['models', 'recipe', 'rings', '--view', '96x96'], env)
    const file = join(dir, 'rings@1.recipe.yaml')
    writeFileSync(file, recipe.stdout)
    const good = await runCli(['inspect', join(dir, 'test/bad/b0.png'), '--recipe', file], env)
    expect(JSON.parse(good.stdout)).toMatchObject({ result: 'fail' })

    // Another version is signed with the same key, and is the one that is taken by name.
    const next = await runCli(
      ['teach', '--from', join(dir, 'home/models/rings-1.0.0'), '--remove', '0.png'],
      env,
    )
    expect(next).toMatchObject({ code: 0 })
    const of = (version: string, file: string): Buffer =>
      readFileSync(join(dir, `home/models/rings-${version}`, file))
    const card = JSON.parse(of('1.1.0', 'card.json').toString()) as ModelCard
    expect(card.trainingData.slice(0, 2)).toEqual([
      expect.objectContaining({ name: '11 good images of the user' }),
      {
        name: 'taught from rings 1.0.0, which had 12 good images: 0 added, 1 taken out',
        licence: "the user's own",
        sha256: createHash('sha256').update(of('1.0.0', 'model.onnx')).digest('hex'),
      },
    ])
    const keys = JSON.parse(readFileSync(join(dir, 'home/keys/trusted.json'), 'utf8')) as object
    expect(Object.keys(keys)).toHaveLength(1)
    const listed = await runCli(['models', 'recipe', 'rings', '--view', '96x96'], env)
    expect(listed.stdout).not.toBe(recipe.stdout)
  }, 240_000)

  it('grows by no more memory than it said', async () => {
    mkdirSync(join(dir, 'many'))
    for (let n = 0; n < 40; n++) await ring(join(dir, 'many', `${n}.png`), n + 1, false, 256)
    const { stdout, stderr } = await runCli(['teach', '--good', join(dir, 'many'), '--id', 'many'], env)
    const said = Number(/at most (\d+) MB more/.exec(stderr)?.[1])
    const held = Number(/held up to (\d+) MB/.exec(stdout)?.[1])
    // the program before it teaches: Node and its modules
    expect(held).toBeLessThan(said + 200)
    expect(held).toBeGreaterThan(said / 2)
  }, 120_000)

  it('trusts on another machine only what that was told to', async () => {
    const elsewhere = {
      ...env,
      SIGHTLINE_DATA_DIR: join(dir, 'elsewhere'),
      SIGHTLINE_MODELS: join(dir, 'home/models'),
    }
    const refused = await runCli(['inspect', join(dir, 'test/bad'), '--model', 'rings'], elsewhere)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain('MDL_SIGNATURE')
    const told = { ...elsewhere, SIGHTLINE_TRUST: join(dir, 'home/keys/trusted.json') }
    expect((await runCli(['inspect', join(dir, 'test/bad'), '--model', 'rings'], told)).code).toBe(3)
  }, 60_000)

  it.each([
    [['--key-id', 'qa'], '--key FILE'],
    [['--key', 'no.pem'], '--key-id NAME'],
  ])(
    'refuses half a key: %j',
    async (flags, expected) => {
      const { code, stderr } = await runCli(
        ['teach', '--good', join(dir, 'good'), '--id', 'half', ...flags],
        env,
      )
      expect(code).toBe(2)
      expect(stderr).toContain(expected)
    },
    30_000,
  )

  it.each([
    [['--id', '../half'], 2, /CFG_USAGE.*--id.*letters/],
    [['--id', 'half', '--model-version', '2'], 2, /CFG_USAGE.*--model-version/],
    [['--id', 'rings', '--model-version', '1.0.0'], 2, /CFG_USAGE.*1\.0\.0.*the next one is 1\.2\.0/],
    [['--id', 'half', '--defect', 'empty'], 1, /TCH_IMAGES.*empty\).*images in the folder/],
    [['--from', 'broken'], 1, /MDL_PACKAGE.*broken/],
    [['--from', 'broken', '--backbone', 'own'], 2, /CFG_USAGE.*settings.*--backbone/],
  ])(
    'refuses %j before anything is taught',
    async (flags, exit, says) => {
      mkdirSync(join(dir, 'empty'), { recursive: true })
      mkdirSync(join(dir, 'broken'), { recursive: true })
      writeFileSync(join(dir, 'broken/card.json'), '{ "id": ')
      const at = flags.map((f) => (f === 'empty' || f === 'broken' ? join(dir, f) : f))
      const before = readdirSync(join(dir, 'home/models'))
      const { code, stderr } = await runCli(['teach', '--good', join(dir, 'good'), ...at], env)
      expect(stderr).toMatch(says)
      expect(stderr).not.toMatch(/^about|^ +at /m)
      expect(code).toBe(exit)
      expect(readdirSync(join(dir, 'home/models'))).toEqual(before)
    },
    30_000,
  )
})
