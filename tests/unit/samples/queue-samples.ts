import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach } from 'vitest'
import {
  type InspectJob,
  type InspectOutcome,
  type Inspector,
  type InspectorHealth,
  monoMs,
  noVerdict,
  uuidv7,
} from '../../../contracts/index.ts'
import { QueueInspector, QueueWorker } from '../../../inspection/queue/redis.ts'
import { REDIS_URL } from '../../services/require-service.ts'
import { IDLE } from './station-ports.ts'

export const RECIPE = { id: 'r@1', sha256: 'a'.repeat(64) }
export const recipes = new Map([[RECIPE.id, RECIPE.sha256]])

/** What its models mean, here and, as long as a test says nothing else, there. */
const means = (): string => 'c'.repeat(64)

export const passed = (worker: string): InspectOutcome => ({
  verdict: {
    ...noVerdict(RECIPE, { reason: 'tool', code: 'INS_TOOL', message: '' }),
    result: 'pass',
    disposition: 'release',
    noVerdict: null,
  },
  timing: { queueMs: 0, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: 0 },
  widthPx: 8,
  heightPx: 8,
  worker,
})

/** An inspector that takes its time and remembers the bytes it saw. */
export class SlowInspector implements Inspector {
  readonly seen: string[] = []
  readonly #name: string
  readonly #ms: number

  constructor(name: string, ms: number) {
    this.#name = name
    this.#ms = ms
  }

  inspect(job: InspectJob): ReturnType<Inspector['inspect']> {
    if (job.pixels.in === 'message') this.seen.push(Buffer.from(job.pixels.bytes).toString())
    const outcome = sleep(this.#ms).then(() => passed(this.#name))
    return { outcome, settled: outcome.then(() => null) }
  }

  health(): InspectorHealth {
    return IDLE
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** A worker of this process; closed after the test. */
export async function worker(
  prefix: string,
  inspector: Inspector,
  known = recipes,
  redisUrl = REDIS_URL,
  meaningSha: (recipe: string) => string | undefined = means,
): Promise<QueueWorker> {
  const w = new QueueWorker({
    redisUrl,
    prefix,
    inspector,
    concurrency: 2,
    recipes: known,
    meaningSha,
    name: `w${closers.length}`,
    onError: () => undefined,
  })
  await w.start()
  closers.push(() => w.close())
  return w
}

/** The side of the line; closed after the test. */
export async function ingest(
  prefix: string,
  local: Inspector,
  redisUrl = REDIS_URL,
  said: string[] = [],
): Promise<QueueInspector> {
  const buffer = new SharedArrayBuffer(64)
  new Uint8Array(buffer).set(Buffer.from('pixels'))
  const q = new QueueInspector({
    redisUrl,
    prefix,
    buffers: [buffer],
    local,
    recipeSha: (id) => recipes.get(id),
    meaningSha: means,
    maxFrameBytes: 32,
    log: { warn: (_fact, message) => void said.push(message) },
  })
  await q.open()
  closers.push(() => q.close())
  return q
}

export const job = (budgetMs: number, byteLength = 6): InspectJob => ({
  meta: {
    frameId: uuidv7(),
    station: 's',
    view: 'top',
    trigger: 1,
    cameraCounter: null,
    capturedAt: new Date().toISOString(),
    triggeredAtMs: monoMs(),
    format: { kind: 'encoded', mime: 'image/png' },
    byteLength,
    source: 'test',
    simulated: true,
  },
  pixels: { in: 'slot', slot: 0, byteLength },
  recipe: RECIPE.id,
  context: { line: 'l', plant: 'p', station: 's', product: 'x', shift: 'day' },
  deadlineMs: monoMs() + budgetMs,
})

export const prefixed = (): string => `test-${uuidv7()}`
