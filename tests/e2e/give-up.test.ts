import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEnvironment } from '../../bin/setup/environment.ts'
import { evaluateInProcess } from '../../bin/jobs/evaluate.ts'
import { type InspectJob, monoMs, uuidv7 } from '../../contracts/index.ts'
import { LocalInspector } from '../../inspection/index.ts'
import { type ToyPackage, writeToyPackage } from '../suites/toy-models.ts'
import { context, noModels, raw, recipeOf } from '../unit/samples/inspection-recipes.ts'
import { type ModelShop, modelShop } from './model-shop.ts'

// Each of these took the whole process down (SIGABRT) when the thread in question was terminated in an inference.

let shop: ModelShop
let slow: ToyPackage
const size = [32, 32] as const
beforeAll(async () => {
  shop = await modelShop('give-up')
  slow = await writeToyPackage({
    toy: { kind: 'anomaly' },
    size: { widthPx: 32, heightPx: 32 },
    slowMatMuls: 400,
  })
})
afterAll(async () => {
  shop.remove()
  await slow.remove()
})

/** Processes that this one started and that are still there (Linux). */
const children = (): string[] =>
  readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )

it('gives an evaluation up in the middle of an inference, and nothing of it goes on', async () => {
  const before = children()
  const stop = new AbortController()
  let judged = 0
  const order = {
    dir: shop.acceptance,
    goodLabels: ['good'],
    recipe: { dir: join(shop.dir, 'recipes'), id: 'ramp@4' },
    leakage: null,
    workers: 1,
    report: null,
  }
  const evaluation = evaluateInProcess({ order, environment: readEnvironment(shop.env) }, stop.signal, () => {
    judged += 1
    stop.abort()
  })
  await expect(evaluation).rejects.toThrow(/INS_WORKER_LOST.*given up/)
  expect(judged).toBe(1)
  expect(children()).toEqual(before)
}, 60_000)

it('replaces an inspection worker in the middle of an inference, and judges on', async () => {
  const recipe = recipeOf(size, [
    { id: 'm', use: 'model@1', model: slow.id, sha256: slow.sha256, threshold: 0.9 },
  ])
  const inspector = await LocalInspector.start({
    workers: 1,
    buffers: [],
    recipes: [{ recipe, dir: '.' }],
    models: { ...noModels, modelDirs: [slow.root], trustedKeys: slow.trustedKeys },
    restart: { max: 100, withinMs: 60_000 },
  })
  const job = (): InspectJob => ({
    meta: {
      frameId: uuidv7(),
      station: 'st10',
      view: 'top',
      trigger: 1,
      cameraCounter: null,
      capturedAt: new Date().toISOString(),
      triggeredAtMs: monoMs(),
      format: raw(size),
      byteLength: 1024,
      source: 'test',
      simulated: true,
    },
    pixels: { in: 'message', bytes: new Uint8Array(1024).fill(90) },
    recipe: 'sample@1',
    context,
    deadlineMs: monoMs() + 60_000,
  })
  for (let n = 0; n < 4; n++) {
    const { outcome } = inspector.inspect(job())
    // The inference takes 0.3 s and more, also on a fast machine; decoding before it a few ms.
    await sleep(60)
    for (const worker of inspector.busyWorkers()) inspector.recycle(worker)
    // Another thread judges it.
    expect((await outcome).verdict.result).toBe('pass')
  }
  expect(inspector.health()).toMatchObject({ restarts: 4, workers: 1, degraded: null })
  await inspector.close()
}, 120_000)
