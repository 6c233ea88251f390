import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CodedError } from '../../contracts/index.ts'
import type { Backbone } from '../../models/teach/backbone.ts'
import {
  loadModel,
  loadTeachData,
  packTaught,
  teach,
  teachDataDir,
  teachOptionsSchema,
  updateTaught,
} from '../../models/index.ts'
import type { TaughtModel, TeachImage } from '../../models/index.ts'
import { smoothed } from '../../models/teach/calibration.ts'
import { chooseBank } from '../../models/teach/fit.ts'
import { calibrate, calibratedMap, imageScore, openCrossFit } from '../../models/teach/crossfit.ts'
import { openEmbedder } from '../../models/teach/embedder.ts'
import { openForms } from '../../models/teach/form.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { foldsFor } from '../../models/teach/plan.ts'
import type { TeachAnswer } from '../../bin/teach/job.ts'
import { teachReportText } from '../../bin/teach/report-text.ts'
import { onnxNode } from '../../models/onnx/graph.ts'
import { extendModel } from '../../models/onnx/extend.ts'
import { generateKeys } from '../../models/package/keys.ts'
import { createImageInput } from '../../models/input/image-input.ts'
import { inputOf } from '../../models/teach/images.ts'
import { openSession } from '../../models/runtime/ort-session.ts'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { deliveredBackbone, plate, plates } from './samples/teach-parts.ts'

const options = teachOptionsSchema.parse({
  areaPx: 16_384,
  bankSize: 200,
  dims: 48,
  method: 'bank-evidence',
  turn: false,
  threads: 1,
})
let backbone: Backbone
let taught: TaughtModel
let dir: string

beforeAll(async () => {
  backbone = await deliveredBackbone()
  taught = await teach({ backbone, good: plates(0, 24), options })
  dir = await mkdtemp(join(tmpdir(), 'sightline-teach-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

async function scoreOf(model: TaughtModel, image: TeachImage): Promise<{ score: number; map: Float32Array }> {
  const session = await openSession(model.model, { providers: ['cpu'], intraOpThreads: 1 })
  const { tensor } = createImageInput(inputOf(model.data.size)).prepare(await image.load())
  const out = await session.run({ [backbone.input]: tensor }, ['map', 'score'])
  await session.close()
  return { score: Number(out['score']?.data[0]), map: out['map']?.data as Float32Array }
}

describe('a taught model', () => {
  it('tells damaged parts from good ones it has not seen', async () => {
    const { value } = taught.report.threshold
    for (const n of [100, 101, 102]) {
      expect((await scoreOf(taught, plate(n))).score).toBeLessThan(value)
      expect((await scoreOf(taught, plate(n, { spot: true }))).score).toBeGreaterThan(value)
    }
  })

  it('gives in one graph what the steps give one after the other', async () => {
    const { data, report } = taught
    const { method, perPosition } = report.choice.chosen
    const { grid } = data.size
    const cells = grid.width * grid.height
    const pool = openSessionPool(2)
    const matrices = await openMatrixSessions(pool)
    const context = {
      dims: data.projection.dims,
      cells,
      bankSize: options.bankSize,
      seed: options.seed,
      matrices,
      pool,
      checkCancelled: () => undefined,
    }
    const good = data.good.map((g) => g.embedding)
    const fit = await openCrossFit(
      'bank',
      {
        good,
        groups: good.map((_, i) => i),
        damaged: data.damaged,
        bank: await chooseBank(good, data.turned, context),
        methods: [method],
        defects: [],
      },
      foldsFor(24),
      context,
    )
    const { fitted, good: goodMaps } = await fit.whole()
    const calibration = calibrate(method, goodMaps, grid, perPosition)
    const { reference, forms } = fitted
    const opened = await openForms(forms, context.dims, pool)
    const embedder = await openEmbedder(backbone, data.size, data.projection, pool)
    for (const image of [plate(100), plate(101, { spot: true })]) {
      const { tensor } = createImageInput(inputOf(data.size)).prepare(await image.load())
      const embedding = await embedder.describe(tensor.data, image.name)
      const maps = await opened.maps(await reference.residuals(embedding))
      const z = calibratedMap(method, maps, calibration)
      const score = imageScore(z, null)
      const { score: fused, map } = await scoreOf(taught, image)
      const where = smoothed(z, grid, null, 0)
      // the map is scaled so that one threshold serves it and the score
      const gain = (map[0] ?? 0) / (where[0] ?? 1)
      for (const [i, w] of where.entries())
        expect(Math.abs((map[i] ?? 0) - gain * w)).toBeLessThan(0.002 * gain)
      expect(Math.abs(fused - score)).toBeLessThan(1e-4 * (1 + Math.abs(score)))
    }
    await embedder.close()
    await pool.close()
  })

  it('is the same bytes again for the same images, on any number of threads', async () => {
    for (const threads of [1, 3]) {
      const again = await teach({ backbone, good: plates(0, 24), options: { ...options, threads } })
      expect(Buffer.compare(again.model, taught.model)).toBe(0)
    }
  })

  it('puts the blot where it is', async () => {
    const { map } = await scoreOf(taught, plate(100, { spot: true }))
    const { width, stridePx } = taught.data.size.grid
    const at = map.indexOf(map.reduce((a, b) => Math.max(a, b)))
    expect(Math.abs(((at % width) + 0.5) * stridePx - 88)).toBeLessThan(12)
    expect(Math.abs((Math.floor(at / width) + 0.5) * stridePx - 40)).toBeLessThan(12)
  })

  it('names a defect among the good images', async () => {
    const good = [...plates(0, 23), plate(7, { spot: true })]
    const { report } = await teach({ backbone, good, options })
    expect(report.suspicious[0]?.name).toBe('plate-7-spot')
    const packed = { dir: 'models/plate', sha256: '0' }
    const said = (of: typeof report): string => teachReportText({ packed, report: of } as TeachAnswer)
    expect(said(report)).toMatch(
      /look at plate-7-spot: .*\n(look at .*\n)*a defect among the good images makes the model blind to it: .*--from models\/plate --remove NAME/,
    )
    expect(said({ ...report, suspicious: [] })).not.toContain('blind')
  })

  // features see about 40 px around their cell, so the region leaves a margin of that much
  it('keeps what is excluded out of map and score', async () => {
    const blind = await teach({
      backbone,
      good: plates(0, 24),
      options: { ...options, exclude: [[40, 0, 128, 96]] },
    })
    const good = await scoreOf(blind, plate(100))
    const spot = await scoreOf(blind, plate(100, { spot: true }))
    expect(spot.score).toBeLessThan(blind.report.threshold.value)
    expect(Math.min(...good.map)).toBeLessThan(-50)
  })
})

it('tries turned copies of each image unless told not to', async () => {
  const turning = await teach({ backbone, good: plates(0, 6), options: { ...options, turn: true } })
  expect(turning.data.turned.map((t) => t.source)).toEqual(Array.from({ length: 42 }, (_, i) => i % 6))
  expect(turning.report.turnedCopies).toBe(42)
  expect(taught.report.turnedCopies).toBe(0)
})

/** An empty file, as it is after a disk ran full. */
const brokenImage = (n: number): TeachImage => {
  const fail = () =>
    Promise.reject(
      new CodedError('INS_DECODE', { file: `d/${n}.png`, expected: 'an image', actual: '0 bytes' }),
    )
  return { name: `${n}.png`, size: fail, load: fail }
}

describe('a bad input', () => {
  const run = (good: TeachImage[], more: Partial<Parameters<typeof teach>[0]> = {}) =>
    teach({ backbone, good, options, ...more })

  it.each([
    ['one image', () => run(plates(0, 1)), /TCH_IMAGES.*at least 2 different/],
    ['no image', () => run([]), /TCH_IMAGES/],
    [
      'identical images',
      () => run([0, 1, 2].map((i) => ({ name: `copy-${i}`, load: plate(5).load }))),
      /TCH_IMAGES.*2 exact copies/,
    ],
    [
      'a size far from the others',
      () => run([...plates(0, 3), plate(9, { widthPx: 1_280 })]),
      /TCH_IMAGES.*plate-9.*about 128 x 128 px.*1280 x 128 px/,
    ],
    [
      'several that cannot be read, all of them in one error',
      () => run([...plates(0, 3), brokenImage(1), brokenImage(2)], { defects: [brokenImage(3)] }),
      /TCH_IMAGES.*taught from; found 3 that cannot: d\/1\.png \(INS_DECODE: 0 bytes\), d\/2\.png .*, d\/3\.png [^,]*; put/,
    ],
    [
      'more than can be named, and how many',
      () => run(Array.from({ length: 25 }, (_, n) => brokenImage(n))),
      /found 25 that cannot: .*d\/19\.png \([^)]*\), and 5 more; /,
    ],
    [
      'one that cannot be read, by its own error',
      () => run([...plates(0, 3), brokenImage(1)]),
      /INS_DECODE.*\(d\/1\.png\).*found 0 bytes$/,
    ],
    [
      'a good image that is among the defects, too',
      () => run(plates(0, 4), { defects: [{ ...plate(2), name: 'defect-1' }] }),
      /TCH_LABELS.*defect-1.*the same picture as the good image plate-2/,
    ],
    [
      'too little memory',
      () => run(plates(0, 4), { options: { ...options, memoryLimitBytes: 1_000_000 } }),
      /TCH_LIMIT/,
    ],
    [
      'too little time',
      () => run(plates(0, 4), { options: { ...options, timeLimitS: 0.01 } }),
      /TCH_LIMIT.*at most 0.01 s/,
    ],
    [
      'regions that leave nothing',
      () => run(plates(0, 4), { options: { ...options, exclude: [[0, 0, 128, 128]] } }),
      /TCH_IMAGES/,
    ],
  ])('is refused: %s', async (_name, attempt, message) => {
    await expect(attempt()).rejects.toThrow(message)
  })

  it('is refused when the backbone gives NaN for it', async () => {
    const [tap] = backbone.taps
    if (tap === undefined) throw new Error('a backbone has taps')
    const model = extendModel(backbone.model, {
      // the root of a negative number
      nodes: [
        onnxNode('Abs', [tap.output], ['size']),
        onnxNode('Neg', ['size'], ['negative']),
        onnxNode('Sqrt', ['negative'], ['broken']),
      ],
      initializers: [],
      inputs: [{ name: backbone.input, type: 'uint8', shape: ['n', 'h', 'w', 3] }],
      outputs: [{ name: 'broken', type: 'float32', shape: ['n', tap.channels, 'x', 'y'] }],
    })
    const broken = { ...backbone, model, taps: [{ ...tap, output: 'broken' }] }
    await expect(run(plates(0, 4), { backbone: broken })).rejects.toThrow(
      /MDL_OUTPUT.*plate-\d.*finite features/,
    )
  })

  it('can be cancelled at any stage', async () => {
    for (const stage of ['load', 'describe', 'measure', 'finish'] as const) {
      const stop = new AbortController()
      const attempt = run(plates(0, 8), {
        signal: stop.signal,
        onProgress: (p) => {
          if (p.stage === stage) stop.abort()
        },
      })
      await expect(attempt).rejects.toThrow(/TCH_CANCELLED/)
    }
  })

  it('is stretched and named when its size is a little different', async () => {
    const { report, data } = await run([...plates(0, 7), plate(9, { widthPx: 160 })])
    expect(data.source).toEqual({ widthPx: 128, heightPx: 128 })
    const said = report.warnings.map((w) => w.en).join('\n')
    expect(said).toMatch(/1 images are not of the usual size 128 x 128 px.*plate-9/)
    expect(said).not.toMatch(/far from it/)
  })

  it('is told before it is taught when it may show a part of another one again', async () => {
    const early: string[] = []
    const { report } = await run(plates(0, 7), {
      onProgress: ({ estimate }) => void early.push(...(estimate?.warnings ?? []).map((w) => w.en)),
    })
    expect(early).toEqual([expect.stringMatching(/^7 images show \d parts or parts of which/)])
    expect(report.warnings.map((w) => w.en)).toContain(early[0])
    expect(report.learningCurve.enough).toBe(false)
  })

  it('is named by itself when its size is very different, and taught all the same', async () => {
    const { report, data } = await run([...plates(0, 7), plate(9, { widthPx: 400 })])
    expect(data.good).toHaveLength(8)
    expect(report.warnings.map((w) => w.en).join()).toMatch(/1 of them are far from it.*plate-9/)
  })

  it('is declared when it makes the result rough', async () => {
    const { report } = await run(plates(0, 3), { options: { ...options, method: 'auto' } })
    expect(report.warnings.map((w) => w.en).join()).toMatch(/only 3 different good images/)
    expect(report.threshold.kept).toBe(false)
  })
})

describe('package and updates', () => {
  const keys = generateKeys()
  const pack = (model: TaughtModel, name: string, version = '1.0.0', signal?: AbortSignal) =>
    packTaught({
      taught: model,
      backbone,
      id: 'plate',
      version,
      title: { zh: '板', en: 'plate' },
      outDir: join(dir, name),
      privateKeyPem: keys.privateKeyPem,
      keyId: 'test',
      ...(signal === undefined ? {} : { signal }),
    })

  it('is never without its teach data, also for a moment', async () => {
    const place = join(dir, 'moment')
    let without = 0
    let look = setImmediate(function again() {
      if (existsSync(place) && !existsSync(teachDataDir(place))) without += 1
      look = setImmediate(again)
    })
    await pack(taught, 'moment')
    clearImmediate(look)
    expect([without, existsSync(place), existsSync(teachDataDir(place))]).toEqual([0, true, true])
  })

  it('is an ordinary package of the family anomaly-map', async () => {
    const { dir: place } = await pack(taught, 'plate')
    const runner = await loadModel(place, {
      providers: ['cpu'],
      trustedKeys: { test: keys.publicKey },
      intraOpThreads: 1,
    })
    const threshold = runner.card.threshold.value
    const run = async (image: TeachImage) =>
      runner.run({ image: await image.load() }, { threshold, thresholds: {}, maxFindings: 10 })
    const good = await run(plate(100))
    const bad = await run(plate(100, { spot: true }))
    await runner.close()
    expect(good.findings).toEqual([])
    expect(bad.findings[0]?.class).toBe('anomaly')
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = bad.findings[0]?.box ?? []
    expect([x1 <= 88 && 88 <= x2, y1 <= 40 && 40 <= y2]).toEqual([true, true])
  })

  it('learns an overkill and forgets a contaminated image, from the data kept', async () => {
    const { dir: place, sha256 } = await pack(taught, 'again')
    const data = await loadTeachData(teachDataDir(place), sha256)
    const odd = plate(300, { spot: true })
    const { examples } = taught
    const before = (await scoreOf(taught, odd)).score
    const more = await updateTaught({
      backbone,
      data,
      examples,
      add: [odd, { ...odd, name: 'its copy' }],
      remove: [],
    })
    expect(more.data.good).toHaveLength(25)
    const learned = (await scoreOf(more, odd)).score
    expect(learned).toBeLessThan(before / 2)
    const less = await updateTaught({ backbone, data: more.data, examples, add: [], remove: [odd.name] })
    expect(Buffer.compare(less.model, taught.model)).toBe(0)
    expect(less.examples).toEqual(examples.slice(0, 2))
  })

  it('refuses teach data of another model, damaged ones, and unknown names', async () => {
    const { dir: place, sha256 } = await pack(taught, 'data')
    await expect(loadTeachData(teachDataDir(place), '0'.repeat(64))).rejects.toThrow(/TCH_DATA/)
    const data = await loadTeachData(teachDataDir(place), sha256)
    const { examples } = taught
    await expect(updateTaught({ backbone, data, examples, add: [], remove: ['nobody'] })).rejects.toThrow(
      /TCH_DATA.*nobody/,
    )
    const named = (...names: string[]) => ({
      ...data,
      good: data.good.map((g, i) => ({ ...g, name: names[i] ?? g.name })),
    })
    const remove = (names: typeof data) =>
      updateTaught({ backbone, data: names, examples, add: [], remove: ['1.png'] })
    await expect(remove(named('1.png', '1.png'))).rejects.toThrow(/TCH_DATA.*2 of this name.*teach anew/)
    await expect(remove(named('a/1.png', 'b/1.png'))).rejects.toThrow(
      /TCH_DATA.*none of this name, but a\/1\.png, b\/1\.png/,
    )
    const file = join(teachDataDir(place), 'embeddings.bin')
    const bytes = await readFile(file)
    bytes[40] = (bytes[40] ?? 0) ^ 1
    await writeFile(file, bytes)
    await expect(loadTeachData(teachDataDir(place), sha256)).rejects.toThrow(/TCH_DATA/)
  })

  it('leaves nothing behind when it is cancelled', async () => {
    await expect(pack(taught, 'never', '1.0.0', AbortSignal.abort())).rejects.toThrow(/TCH_CANCELLED/)
    expect((await readdir(dir)).filter((name) => name.startsWith('never'))).toEqual([])
  })
})
