import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { generateKeys, importModel, loadModel } from '../../models/index.ts'
import type { ImportRequest } from '../../models/index.ts'

/**
 * Exports made by the original libraries with what those libraries' own pre- and postprocessing gives:
 *
 *   pip install -r tests/models/requirements.txt
 *   for p in ultralytics torchvision anomalib; do python tests/models/export_$p.py DIR; done
 *   SIGHTLINE_FOREIGN_MODELS=DIR npx vitest run tests/suites/foreign-models.test.ts
 */
const root = process.env['SIGHTLINE_FOREIGN_MODELS'] ?? ''
const present = root !== '' && existsSync(root)
const cases = present
  ? readdirSync(root).filter((name) => existsSync(join(root, name, 'reference.json')))
  : ['one case']

// one inference of EfficientAd takes half a second, and each model runs some 80 times
vi.setConfig({ testTimeout: 180_000 })

/**
 * Limits: grey levels of the input; then, with the pixels of one side, score, px, relative area, named numbers. `given`
 * are the library's own 8-bit pixels, `own` those made here of the image. What is left is the arithmetic of float32 in
 * another order; thresholds lie between two scores, so no finding may come or go.
 */
interface Limits {
  side: 'given' | 'own'
  pixels: number
  score: number
  boxPx: number
  area: number
  scores: number
}
const LIMITS: Record<string, Limits> = {
  // OpenCV's vectorised fixed point differs from its scalar one by a level in 1 of 500 pixels
  yolo: { side: 'given', pixels: 1, score: 1e-4, boxPx: 1e-3, area: 1e-3, scores: 0 },
  // YOLOv5 scales boxes back by the wanted ratio, not by that of the rows it made: 120 for 120.12 of 241 px here
  'yolo-objectness': { side: 'given', pixels: 1, score: 1e-4, boxPx: 0.25, area: 1e-3, scores: 0 },
  // Pillow 13 scales some portrait images vertically first, which rounds otherwise
  torchvision: { side: 'given', pixels: 1, score: 1e-4, boxPx: 1e-3, area: 1e-3, scores: 1e-3 },
  // scaled in float on both sides: half a level is the rounding of the reference's 8-bit pixels alone
  anomalib: { side: 'own', pixels: 0.501, score: 1e-3, boxPx: 1e-3, area: 1e-3, scores: 1e-3 },
}

interface Arguments {
  family: string
  threshold: number
}
const argumentsOf = (name: string): Arguments =>
  JSON.parse(readFileSync(join(root, name, 'import.json'), 'utf8')) as Arguments

// Made by Python libraries of several GB, by hand, so no machine is required to have them.
const missing =
  root === '' ? 'SIGHTLINE_FOREIGN_MODELS is not set' : `${root} of SIGHTLINE_FOREIGN_MODELS is absent`
describe.skipIf(!present)(`models from other libraries${present ? '' : ` (skipped: ${missing})`}`, () => {
  let out = ''
  let request: (name: string) => ImportRequest
  let trustedKeys: Record<string, string>

  beforeAll(async () => {
    out = await mkdtemp(join(tmpdir(), 'sightline-foreign-'))
    const { privateKeyPem, publicKey } = generateKeys()
    trustedKeys = { test: publicKey }
    request = (name) => ({
      onnxFile: join(root, name, 'model.onnx'),
      fp32File: null,
      referenceDir: join(root, name),
      overrides: {},
      id: name,
      version: '1.0.0',
      licence: 'none',
      outDir: join(out, name),
      privateKeyPem,
      keyId: 'test',
      taktMs: 1000,
    })
  })
  afterAll(() => rm(out, { recursive: true, force: true }))

  it.each(cases)('%s agrees with its library and becomes a package', async (name) => {
    const { family } = argumentsOf(name)
    const report = await importModel(request(name))
    const rounded = (n: number): number => Number(n.toPrecision(3))
    const sum = (n: readonly number[]): number => n.reduce((a, b) => a + b, 0)
    const summary = (side: 'given' | 'own') => {
      const all = report.parity.map((p) => p[side])
      return {
        unmatched: sum(all.map((p) => p.unmatched)),
        scoreMax: rounded(Math.max(...all.map((p) => p.scoreMax))),
        boxMaxPx: rounded(Math.max(...all.map((p) => p.boxMaxPx))),
        areaMax: rounded(Math.max(...all.map((p) => p.areaMax))),
        scoresMax: rounded(Math.max(...all.map((p) => p.scoresMax))),
      }
    }
    const findings = sum(report.parity.map((p) => p.referenceFindings))
    const pixelsMax = Math.max(...report.parity.map((p) => p.pixelsMax))
    const pixelsMean = rounded(Math.max(...report.parity.map((p) => p.pixelsMean)))
    const sides = { given: summary('given'), own: summary('own') }
    process.stdout.write(
      `${name} ${JSON.stringify({ findings, pixelsMax, pixelsMean, ...sides, p95Ms: rounded(report.p95Ms) })}\n`,
    )
    const limits = LIMITS[family] ?? LIMITS[family === 'rtdetr' ? 'yolo' : (family.split('-')[0] ?? '')]
    if (limits === undefined) throw new Error(`no limits for ${family}`)
    const strict = sides[limits.side]
    expect(pixelsMax).toBeLessThanOrEqual(limits.pixels)
    expect(findings).toBeGreaterThan(0)
    expect(strict.unmatched).toBe(0)
    expect(strict.scoreMax).toBeLessThanOrEqual(limits.score)
    expect(strict.boxMaxPx).toBeLessThanOrEqual(limits.boxPx)
    expect(strict.areaMax).toBeLessThanOrEqual(limits.area)
    expect(strict.scoresMax).toBeLessThanOrEqual(limits.scores)
    const runner = await loadModel(join(out, name), { providers: ['cpu'], trustedKeys, intraOpThreads: 1 })
    await runner.close()
  })

  it.each(cases)('%s is refused when its verdicts or all its findings differ', async (name) => {
    const { family } = argumentsOf(name)
    // a threshold nothing reaches, or for the class the labels in another order
    const overrides =
      family === 'torchvision-classify'
        ? { labels: ['stain', 'good', 'scratch'] }
        : { threshold: 1e9, imageThreshold: 1e9 }
    await expect(importModel({ ...request(name), overrides })).rejects.toThrow(
      // the threshold of anomalib's image score holds for both sides, and the best class needs none
      family === 'anomalib' || family === 'yolo-classify'
        ? /MDL_GOLDEN.*have no partner/
        : /MDL_GOLDEN.*the verdicts of/,
    )
  })

  const quantised = cases.filter((name) => existsSync(join(root, name, 'model-int8.onnx')))
  it.each(quantised)('%s as int8 is a package without flips, or refused with their names', async (name) => {
    const onnxFile = join(root, name, 'model-int8.onnx')
    const fp32File = join(root, name, 'model.onnx')
    const given = { ...request(name), onnxFile, fp32File, outDir: join(out, `${name}-int8`) }
    try {
      const report = await importModel(given)
      process.stdout.write(`${name} int8 ${JSON.stringify(report.quantised)}\n`)
      expect(report.quantised).toMatchObject({ flips: [] })
      expect(report.quantised?.cpuRatio).toBeGreaterThan(0)
    } catch (error) {
      expect(String(error)).toMatch(/MDL_GOLDEN.*\d\d\.png.*(the verdicts of|before quantisation)/)
    }
  })
})
