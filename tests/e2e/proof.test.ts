import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { VerifyReport } from '../../traceability/index.ts'
import { rewrite } from '../unit/samples/signed-log.ts'
import { runCli, startCli, stopped } from './line-process.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sightline-proof-'))
  mkdirSync(join(dir, 'recipes'))
  const recipes = resolve(import.meta.dirname, '../../lines/recipes')
  for (const file of ['sample-board@1.recipe.yaml', 'sample-board@1.golden.png'])
    copyFileSync(join(recipes, file), join(dir, 'recipes', file))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it(
  'a line signs, a witness in another process cosigns, and verify says what is true',
  { timeout: 240_000 },
  async () => {
    const data = join(dir, 'data')
    const witness = (...args: string[]) =>
      startCli(['witness', '--name', 'witness.example/w1', '--dir', join(dir, 'witness'), ...args])
    const first = await witness('--port', '0')
    const { url, key } = first.ready as { url: string; key: string }
    await stopped(first)
    const line = join(dir, 'proof.line.yaml')
    writeFileSync(
      line,
      `line: proof
title: { en: Proof test, zh: 存证测试 }
stations:
  - id: aoi-top
    camera: { adapter: sample-line, seed: 1, defectRate: 0.4, rate: max, backPressure: wait, count: 6 }
    recipe: sample-board@1
    budgetMs: 10000
frames: { slots: 8, slotBytes: 1048576 }
dashboard: { port: 0 }
proof:
  origin: plant.example/proof
  everyMs: 200
  witnesses: [{ url: '${url}', key: '${key}' }]
`,
    )
    const serve = ['serve', line, '--data', data, '--no-supervisor', '--once']
    const alone = await runCli(serve)
    expect(alone.code, alone.stderr).toBe(0)
    expect(alone.stderr).toContain('TRC_WITNESS')
    const log = readFileSync(join(data, 'log', 'key.pub'), 'utf8').trim()
    expect(alone.stderr).toContain(log)

    const second = await witness('--port', new URL(url).port, '--log', log)
    const watched = await runCli(serve)
    expect(watched.code, watched.stderr).toBe(0)
    const latest = await (await fetch(`${url}/checkpoint?origin=plant.example/proof`)).text()
    expect(await stopped(second)).toBe(0)

    const kept = join(dir, 'kept.checkpoint')
    writeFileSync(kept, latest)
    const verified = await runCli(['verify', data, '--json', '--key', log, key, '--checkpoint', kept])
    expect(verified.code, verified.stdout).toBe(0)
    const report = JSON.parse(verified.stdout) as VerifyReport
    expect(report).toMatchObject({
      state: 'intact',
      origin: 'plant.example/proof',
      records: 12,
      findings: [],
    })
    expect(report.signed).toBe(report.events)
    expect(report.cosigned).toMatchObject([{ witness: 'witness.example/w1', size: report.events }])

    const bundle = join(dir, 'part.json')
    const traced = await runCli(['trace', 'SL00000001', '--data', data, '--bundle', bundle])
    expect(traced.stdout).toContain(`included in the checkpoint of size ${report.events}`)
    expect(traced.stdout).toContain('Cosigned: witness.example/w1')
    const proven = await runCli(['verify', bundle, '--key', log, key])
    expect([proven.code, proven.stdout.split('\n')[0]]).toEqual([0, 'intact: as it was signed'])
    writeFileSync(bundle, readFileSync(bundle, 'utf8').replace('SL00000001', 'SL00000009'))
    expect((await runCli(['verify', bundle])).code).toBe(3)

    rewrite(data, (events) => events.slice(0, -2))
    const cut = await runCli(['verify', data, '--lang', 'zh'])
    expect(cut.code).toBe(3)
    expect(cut.stdout).toContain(`日志尾部被截断: 位置 ${report.events - 1}`)
  },
)
