import { type BackgroundKind, type BackgroundWorkerOptions, redisQueue } from '../../inspection/index.ts'
import { JobRunner } from '../../scenarios/index.ts'
import type { Environment } from '../setup/environment.ts'
import { type EvaluateOrder, evaluateInProcess } from './evaluate.ts'
import { computeModuleJob } from './modules.ts'
import { judgingProgram, moduleProgram } from '../setup/judging-sha.ts'

export interface JobsHostOptions {
  environment: Environment
  redisUrl: string
  name: string
  onError(message: string): void
  prefix?: string
}

/** File that lists the modules, for threads that compute their jobs; from the sources and from `dist` alike. */
export const moduleRegistry = (): URL =>
  new URL(
    import.meta.url.endsWith('.ts') ? '../../scenarios/registry.ts' : '../../scenarios/registry.js',
    import.meta.url,
  )

/** Does the background jobs of all lines on this host, one of each kind at a time, apart from the frames. */
export async function startJobsHost(options: JobsHostOptions): Promise<{ close(): Promise<void> }> {
  const { environment, ...rest } = options
  const stop = new AbortController()
  const { BackgroundWorker } = await redisQueue()
  const runner = new JobRunner(moduleRegistry())
  const handlers: Record<BackgroundKind, BackgroundWorkerOptions['handle']> = {
    evaluate: (input, progress, unwanted) =>
      evaluateInProcess(
        { order: input as EvaluateOrder, environment },
        AbortSignal.any([stop.signal, unwanted]),
        progress,
      ),
    module: (input) => computeModuleJob(runner, input),
  }
  const workers = [
    new BackgroundWorker({ ...rest, kind: 'evaluate', version: judgingProgram(), handle: handlers.evaluate }),
    new BackgroundWorker({ ...rest, kind: 'module', version: moduleProgram(), handle: handlers.module }),
  ]
  const close = async (): Promise<void> => {
    // First the workers, so that what is given up here is done again elsewhere and not answered as failed.
    await Promise.all(workers.map((w) => w.close()))
    stop.abort()
    await runner.close()
  }
  try {
    await Promise.all(workers.map((w) => w.start()))
  } catch (error) {
    await close()
    throw error
  }
  return { close }
}
