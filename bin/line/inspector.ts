import { availableParallelism } from 'node:os'
import { CodedError, type Inspector } from '../../contracts/index.ts'
import { type Canary, LocalInspector, redisQueue } from '../../inspection/index.ts'
import { CanaryWatch } from './canary.ts'
import type { LineConfig } from './config.ts'
import type { Environment } from '../setup/environment.ts'
import { judgingProgram } from '../setup/judging-sha.ts'
import { log } from '../setup/log.ts'
import { modelSetup } from '../setup/models.ts'
import { openFileLimit, openFilesFor } from '../setup/open-files.ts'

/** Frames up to this size travel through Redis; a larger one is judged on the line PC. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024

/**
 * One key space per line and program: several lines and plants can share one Redis, and a worker that was not
 * upgraded with the line judges nothing of it.
 */
export const queuePrefix = ({ plant, line }: { plant: string; line: string }): string =>
  `sightline-${judgingProgram()}:${plant}:${line}`

export interface OpenInspector {
  inspector: Inspector
  /** The workers of this process, behind the queue or by themselves. */
  local: LocalInspector
  canary: CanaryWatch
}

/**
 * Before the workers start: one that cannot open its files dies of it, and names any of them.
 *
 * @throws CFG_LIMIT
 */
export function enoughFiles(workers: number, limit: number): void {
  const least = openFilesFor(workers)
  if (limit >= least) return
  throw new CodedError('CFG_LIMIT', {
    expected: `at least ${least} open files for ${workers} inspection workers`,
    actual: String(limit),
    hint: `raise it (ulimit -n ${least}, LimitNOFILE of the service, or --ulimit nofile of the container) or take fewer workers (--workers)`,
  })
}

/**
 * Inspection workers of this process: one session and one core each.
 *
 * @throws CFG_LIMIT
 */
export async function openLocalInspector(
  config: LineConfig,
  environment: Environment,
  buffers: readonly SharedArrayBuffer[],
): Promise<OpenInspector> {
  const { spec } = config
  const recipes = [...new Map([...config.recipes.values()].map((r) => [r.id, r])).values()]
  const workers = spec.workers || availableParallelism()
  enoughFiles(workers, openFileLimit())
  const canaries: Canary[] = []
  const inspector = await LocalInspector.start({
    workers,
    buffers,
    recipes,
    models: await modelSetup(spec.providers, environment),
    canaries,
  })
  try {
    return {
      inspector,
      local: inspector,
      canary: await CanaryWatch.start(inspector, canaries, spec, config.recipes),
    }
  } catch (error) {
    await inspector.close()
    throw error
  }
}

/** The inspector of a line: local workers, or, with Redis, workers on other hosts with the local ones behind them. */
export async function openInspector(
  config: LineConfig,
  environment: Environment,
  buffers: readonly SharedArrayBuffer[],
): Promise<OpenInspector> {
  const local = await openLocalInspector(config, environment, buffers)
  if (environment.redisUrl === null) return local
  const { QueueInspector } = await redisQueue()
  const queue = new QueueInspector({
    redisUrl: environment.redisUrl,
    prefix: queuePrefix(config.spec),
    buffers,
    local: local.inspector,
    // Asked anew for each frame: a station may have changed over to another recipe.
    recipeSha: (id) => [...config.recipes.values()].find((r) => r.id === id)?.sha256,
    meaningSha: local.local.meaningSha,
    maxFrameBytes: MAX_QUEUED_BYTES,
    log,
  })
  await queue.open()
  return { ...local, inspector: queue }
}
