import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  generateKeys,
  loadModel,
  loadTeachData,
  packTaught,
  teach,
  teachDataDir,
  teachOptionsSchema,
  updateTaught,
} from '../../models/index.ts'
import type { TaughtModel, TeachImage } from '../../models/index.ts'
import { createImageInput } from '../../models/input/image-input.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import type { Backbone } from '../../models/teach/backbone.ts'
import { calibrate, calibratedMap, imageScore, openCrossFit } from '../../models/teach/crossfit.ts'
import { openEmbedder } from '../../models/teach/embedder.ts'
import { openForms } from '../../models/teach/form.ts'
import { inputOf } from '../../models/teach/images.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { planeNumbers } from '../../models/teach/plane-points.ts'
import { openPlanes } from '../../models/teach/planes.ts'
import { foldsFor } from '../../models/teach/plan.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { commandPresent, describeWith } from '../services/require-service.ts'
import { deliveredBackbone, plate, plates } from './samples/teach-parts.ts'

const GOOD = 24
const JUDGED = [plate(100), plate(101), plate(101, { spot: true }), plate(102, { spot: true })]
const METHODS = ['position-gaussian', 'template'] as const
const options = teachOptionsSchema.parse({
  areaPx: 9_216,
  dims: 32,
  bankSize: 50,
  turn: false,
  group: false,
  threads: 1,
})

let backbone: Backbone
let dir: string
const taught = {} as Record<(typeof METHODS)[number], TaughtModel>

beforeAll(async () => {
  backbone = await deliveredBackbone()
  dir = await mkdtemp(join(tmpdir(), 'sightline-methods-'))
  for (const method of METHODS)
    taught[method] = await teach({ backbone, good: plates(0, GOOD), options: { ...options, method } })
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const pixelsOf = async (model: TaughtModel, image: TeachImage): Promise<Uint8Array<ArrayBuffer>> => {
  const { tensor } = createImageInput(inputOf(model.data.size)).prepare(await image.load())
  return Uint8Array.from(tensor.data)
}

async function fusedScores(model: TaughtModel, images: readonly TeachImage[]): Promise<number[]> {
  const session = await openSession(model.model, { providers: ['cpu'], intraOpThreads: 1 })
  const { widthPx, heightPx } = model.data.size
  const scores: number[] = []
  for (const image of images) {
    const x = { data: await pixelsOf(model, image), shape: [1, heightPx, widthPx, 3] }
    scores.push(Number((await session.run({ [backbone.input]: x }, ['score']))['score']?.data[0]))
  }
  await session.close()
  return scores
}

/** Scores and raw maps by one step after the other. */
async function steps(method: (typeof METHODS)[number], images: readonly TeachImage[]) {
  const model = taught[method]
  const { data, report } = model
  const { grid } = data.size
  const template = method === 'template'
  const pool = openSessionPool(1)
  const context = {
    dims: template ? planeNumbers(grid) : data.projection.dims,
    cells: grid.width * grid.height,
    bankSize: options.bankSize,
    seed: options.seed,
    matrices: await openMatrixSessions(pool),
    pool,
    checkCancelled: () => undefined,
  }
  const seen = <T extends { embedding: Float32Array<ArrayBuffer>; planes?: Float32Array<ArrayBuffer> }>(
    of: readonly T[],
  ): T[] => of.map((o) => ({ ...o, embedding: (template ? o.planes : o.embedding) ?? o.embedding }))
  const fit = await openCrossFit(
    template ? 'template' : 'position',
    {
      good: seen(data.good).map((g) => g.embedding),
      groups: data.good.map((_, i) => i),
      damaged: seen(data.damaged),
      bank: null,
      defects: [],
      methods: [method],
    },
    foldsFor(GOOD),
    context,
  )
  const { fitted, good } = await fit.whole()
  const calibration = calibrate(method, good, grid, report.choice.chosen.perPosition)
  const forms = await openForms(fitted.forms, context.dims, pool)
  const embedder = await openEmbedder(backbone, data.size, data.projection, pool)
  const planes = await openPlanes(data.size, pool)
  const scores: number[] = []
  const raw: number[][] = []
  for (const image of images) {
    const pixels = await pixelsOf(model, image)
    const described = template ? await planes(pixels) : await embedder.describe(pixels, image.name)
    const maps = await forms.maps(await fitted.reference.residuals(described))
    raw.push([...(maps.spread ?? maps.gaussian ?? [])])
    scores.push(imageScore(calibratedMap(method, maps, calibration), null))
  }
  await pool.close()
  return { scores, raw }
}

describe.each(METHODS)('the method %s', (method) => {
  it('tells damaged parts from good ones it has not seen', async () => {
    const { value } = taught[method].report.threshold
    const [good, other, bad, worse] = await fusedScores(taught[method], JUDGED)
    expect(Math.max(good ?? NaN, other ?? NaN)).toBeLessThan(value)
    expect(Math.min(bad ?? NaN, worse ?? NaN)).toBeGreaterThan(value)
  })

  it('gives in one graph what the steps give one after the other', async () => {
    const fused = await fusedScores(taught[method], JUDGED)
    for (const [i, score] of (await steps(method, JUDGED)).scores.entries())
      expect(Math.abs((fused[i] ?? NaN) - score)).toBeLessThan(1e-4 * (1 + Math.abs(score)))
  })

  it('is a package whose images come and go', async () => {
    const keys = generateKeys()
    const { dir: place, sha256 } = await packTaught({
      taught: taught[method],
      backbone,
      id: 'plate',
      version: '1.0.0',
      title: { zh: '板', en: 'plate' },
      outDir: join(dir, method),
      privateKeyPem: keys.privateKeyPem,
      keyId: 'test',
    })
    const runner = await loadModel(place, {
      providers: ['cpu'],
      trustedKeys: { test: keys.publicKey },
      intraOpThreads: 1,
    })
    const { threshold, trainingData } = runner.card
    await runner.close()
    expect(threshold.provenance).toMatch(new RegExp(`^${method} \\(asked for; ${method}`))
    expect(trainingData.some((t) => t.name.startsWith('backbone'))).toBe(method !== 'template')
    const saved = await loadTeachData(teachDataDir(place), sha256)
    const data = { ...saved, options: { ...saved.options, threads: 2 } }
    expect(data.good.map((g) => g.planes)).toEqual(taught[method].data.good.map((g) => g.planes))
    const { examples } = taught[method]
    const odd = plate(300, { spot: true })
    const more = await updateTaught({ backbone, data, examples, add: [odd], remove: [] })
    expect(more.data.good).toHaveLength(GOOD + 1)
    // An image more takes more, and what is too much is said before one is loaded.
    expect(more.memoryBytes).toBeGreaterThan(130_000_000)
    const unread = { ...odd, load: () => Promise.reject(new Error('loaded')) }
    const little = { ...data, options: { ...data.options, memoryLimitBytes: more.memoryBytes - 1 } }
    await expect(
      updateTaught({ backbone, data: little, examples, add: [unread], remove: [] }),
    ).rejects.toThrow(/TCH_LIMIT.*MB for 25 good images.*add fewer/)
    const less = await updateTaught({ backbone, data: more.data, examples, add: [], remove: [odd.name] })
    expect(Buffer.compare(less.model, taught[method].model)).toBe(0)
    const remove = data.good.slice(0, 18).map((g) => g.name)
    await expect(updateTaught({ backbone, data, examples, add: [], remove })).rejects.toThrow(
      new RegExp(`TCH_IMAGES.*good workpieces for the method ${method}; found 6`),
    )
  })
})

/** A surface without a place: blotches of chance. */
function grain(seed: number): TeachImage {
  return {
    name: `grain-${seed}`,
    load: () => {
      const random = seededRandom(seed + 1)
      const data = new Uint8Array(128 * 128 * 3).fill(120)
      for (let blotch = 0; blotch < 60; blotch++) {
        const [x, y, level] = [random() * 128, random() * 128, 60 + 120 * random()]
        for (let v = Math.floor(y); v < Math.min(128, y + 12); v++)
          for (let u = Math.floor(x); u < Math.min(128, x + 12); u++)
            data.fill(level, (v * 128 + u) * 3, (v * 128 + u) * 3 + 3)
      }
      return Promise.resolve({ data, widthPx: 128, heightPx: 128, channels: 3 as const })
    },
  }
}

it('measures all methods on parts in a fixture, and says which were not where they lie anywhere', async () => {
  const still = await teach({ backbone, good: plates(0, GOOD), options })
  expect([...new Set(still.report.choice.measured.map((m) => m.method))].toSorted()).toEqual([
    'bank',
    'bank-evidence',
    'position',
    'position-evidence',
    'position-gaussian',
    'template',
  ])
  expect(still.report.choice.notMeasured).toEqual([])
  // What only a template compares is kept for it alone.
  const kept = [still, taught.template, taught['position-gaussian']].map((m) => m.data.good[0]?.planes)
  expect(kept.map((planes) => planes !== undefined)).toEqual([true, true, false])
  const anywhere = Array.from({ length: 12 }, (_, i) => grain(i))
  const moving = await teach({ backbone, good: anywhere, options })
  expect(moving.report.choice.notMeasured[0]?.methods).toContain('template')
  expect(moving.data.good[0]?.planes).toBeUndefined()
  await expect(
    teach({ backbone, good: anywhere, options: { ...options, method: 'template' } }),
  ).rejects.toThrow(/TCH_IMAGES.*parts at the same place in every image for the method template/)
})

it('refuses a template of an area in tiles before an image is loaded', async () => {
  const large = {
    name: 'large',
    size: () => Promise.resolve({ widthPx: 2_048, heightPx: 1_536 }),
    load: () => Promise.reject(new Error('loaded')),
  }
  const asked = { ...options, areaPx: null, method: 'template' as const }
  await expect(teach({ backbone, good: [large, large], options: asked })).rejects.toThrow(
    /TCH_IMAGES.*1048576 px for the method template.*2 x 2 tiles.*--area/,
  )
})

const python = process.env['SIGHTLINE_PYTHON'] ?? 'python3'
const usable =
  process.env['SIGHTLINE_PYTHON'] !== undefined && commandPresent(python, ['-c', 'import onnxruntime, numpy'])

describeWith(
  'Python with onnxruntime and numpy (SIGHTLINE_PYTHON)',
  usable,
  'a taught model in Python',
  () => {
    it('gives the same scores there, and a golden template that of numpy', async () => {
      const bank = await teach({
        backbone,
        good: plates(0, GOOD),
        options: { ...options, method: 'bank-evidence' },
      })
      const models = { 'bank-evidence': bank, ...taught }
      const { data } = bank
      const raw = async (name: string, images: readonly TeachImage[]): Promise<void> =>
        writeFile(join(dir, name), Buffer.concat(await Promise.all(images.map((i) => pixelsOf(bank, i)))))
      await raw('good.u8', plates(0, GOOD))
      await raw('judged.u8', JUDGED)
      for (const [name, { model }] of Object.entries(models))
        await writeFile(join(dir, name + '.onnx'), model)
      const names = Object.keys(models)
      const order = { side: data.size.widthPx, folds: foldsFor(GOOD), models: names.map((n) => `${n}.onnx`) }
      await writeFile(join(dir, 'order.json'), JSON.stringify(order))
      execFileSync(python, [join(import.meta.dirname, 'samples', 'taught_scores.py'), dir], { stdio: 'pipe' })
      const answer = JSON.parse(await readFile(join(dir, 'answer.json'), 'utf8')) as {
        scores: Record<string, number[]>
        template: number[][]
      }
      for (const [name, model] of Object.entries(models))
        for (const [i, score] of (await fusedScores(model, JUDGED)).entries())
          expect(Math.abs((answer.scores[`${name}.onnx`]?.[i] ?? NaN) - score)).toBeLessThan(
            1e-4 * (1 + Math.abs(score)),
          )
      const { raw: maps } = await steps('template', JUDGED)
      for (const [i, map] of maps.entries())
        for (const [cell, value] of map.entries())
          expect(Math.abs((answer.template[i]?.[cell] ?? NaN) - value)).toBeLessThan(1e-3 * (1 + value))
    })
  },
)
