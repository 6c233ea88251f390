import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFramePool, generatedSource, recordingOutput } from '../../camera/index.ts'
import {
  type FrameFormat,
  monoMs,
  type Recipe,
  recipeSchema,
  type StationSpec,
} from '../../contracts/index.ts'
import { BOARD_PX } from '../../datasets/index.ts'
import {
  type JudgedPart,
  type LoadedRecipe,
  LocalInspector,
  recipeHash,
  StationEngine,
} from '../../inspection/index.ts'
import { openPartStore } from '../../traceability/index.ts'
import type { FramePair } from './frames.ts'

/**
 * A line runs for hours: what counts is the speed after the compiler has done its work, which goes by calls. So the line
 * begins with a model that takes next to no time and changes over; `settleMs` is for what only the model at test does.
 */
const WARM_UP = { parts: 4_000, longestMs: 20_000, settleMs: 4_000 }

export interface ChainModel {
  /** Folder of its package's folder. */
  root: string
  trustedKeys: Record<string, string>
  id: string
  sha256: string
  pair: boolean
}

export interface ChainOrder {
  model: ChainModel
  /** Runs before `model`, until the code is compiled. */
  warmUp: ChainModel
  frames: FramePair[]
  kind: 'raw' | 'jpeg'
  workers: number
  /** Frames per second, or as many as go through. */
  rate: number | 'max'
  ms: number
  budgetMs: number
}

export interface ChainResult {
  framesPerSecond: number
  cpuMsPerFrame: number
  /** Trigger to served gate, ms, of every part after the warm-up. */
  latenciesMs: number[]
  parts: number
  noVerdicts: number
}

function benchRecipe(model: ChainModel, version: number): Recipe {
  const reason = { en: 'bench', zh: '基准' }
  return recipeSchema.parse({
    recipe: 'bench',
    version,
    title: reason,
    product: { id: 'bench' },
    view: { widthPx: BOARD_PX, heightPx: BOARD_PX },
    ...(model.pair && { golden: { from: 'frame' } }),
    gate: { focusMin: 1, glareMax: 0.9 },
    tools: [{ id: 'm', use: 'model@1', model: model.id, sha256: model.sha256, threshold: 0.45 }],
    rules: [
      {
        id: 'bad',
        when: 'findings.exists(f, f.score > 0.45)',
        condemns: 'finding.score > 0.45',
        verdict: 'fail',
        disposition: 'rework',
        reason,
      },
      { id: 'good', when: 'findings.size() == 0', verdict: 'pass', disposition: 'release', reason },
    ],
  })
}

/** The whole chain of one station: source, pool, workers, rules, identity, store with images on disk, gate. */
export async function runChain(order: ChainOrder): Promise<ChainResult> {
  const dir = mkdtempSync(join(tmpdir(), 'sightline-bench-'))
  const load = (recipe: Recipe): LoadedRecipe => ({
    id: `bench@${recipe.version}`,
    recipe,
    sha256: recipeHash(recipe),
    dir,
    file: '',
  })
  const first = load(benchRecipe(order.warmUp, 1))
  const second = load(benchRecipe(order.model, 2))
  const pool = createFramePool({ slots: order.workers * 2 + 2, slotBytes: 2 ** 20 })
  const inspector = await LocalInspector.start({
    workers: order.workers,
    buffers: pool.buffers,
    recipes: [first, second],
    models: {
      modelDirs: [order.warmUp.root, order.model.root],
      providers: ['cpu'],
      trustedKeys: { ...order.warmUp.trustedKeys, ...order.model.trustedKeys },
      intraOpThreads: 1,
    },
  })
  const store = await openPartStore({ dataDir: join(dir, 'data'), spoolAfterMs: order.budgetMs / 4 })
  const format: FrameFormat =
    order.kind === 'raw'
      ? { kind: 'raw', pixel: 'mono8', widthPx: BOARD_PX, heightPx: BOARD_PX }
      : { kind: 'encoded', mime: 'image/jpeg' }
  async function* frames() {
    for (let n = 0; ; n++) {
      const frame = order.frames[n % order.frames.length]
      if (!frame) return
      yield {
        bytes: frame.bytes,
        format,
        ...(order.model.pair && { reference: { bytes: frame.reference, format } }),
        source: `bench ${n}`,
      }
    }
  }
  const source = generatedSource({
    adapter: 'bench',
    station: 's',
    view: 'top',
    pool,
    firstTrigger: 1,
    rate: order.rate,
    backPressure: order.rate === 'max' ? 'wait' : 'miss',
    frames,
  })
  await source.open()
  const output = recordingOutput({ keep: 10 })
  await output.open()
  const latenciesMs: number[] = []
  let counting = false
  let noVerdicts = 0
  let seen = 0
  const onPart = (p: JudgedPart): void => {
    seen += 1
    if (!counting) return
    latenciesMs.push(p.gateAtMs - p.triggeredAtMs)
    if (p.outcome.verdict.noVerdict) noVerdicts += 1
  }
  const spec = { id: 's', recipe: 'bench@1', budgetMs: order.budgetMs, interlock: {} } as StationSpec
  const log = { warn: () => undefined, error: () => undefined }
  const engine = new StationEngine(
    spec,
    first,
    { line: 'bench', plant: 'p', station: 's', product: 'bench', shift: 'day' },
    {
      source,
      inspector,
      output,
      store,
      last: null,
      identify: () => ({ problem: null, hold: () => Promise.resolve(null) }),
      onPart,
      log,
    },
  )
  const abort = new AbortController()
  const running = engine.run(abort.signal)
  for (const end = monoMs() + WARM_UP.longestMs; seen < WARM_UP.parts && monoMs() < end;) await sleep(100)
  await engine.switchTo(second)
  await sleep(WARM_UP.settleMs)
  counting = true
  const cpu = process.cpuUsage()
  const start = monoMs()
  await sleep(order.ms)
  const used = process.cpuUsage(cpu)
  const wallMs = monoMs() - start
  const parts = latenciesMs.length
  counting = false
  abort.abort()
  await running
  await inspector.close()
  await store.close()
  rmSync(dir, { recursive: true, force: true })
  return {
    framesPerSecond: (parts * 1000) / wallMs,
    cpuMsPerFrame: (used.user + used.system) / 1000 / parts,
    latenciesMs,
    parts,
    noVerdicts,
  }
}
