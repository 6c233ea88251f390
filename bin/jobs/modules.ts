import { isDeepStrictEqual } from 'node:util'
import { asCoded, CodedError, type ErrorFact, toFact } from '../../contracts/index.ts'
import { type BackgroundClient, redisQueue } from '../../inspection/index.ts'
import { JobRunner } from '../../scenarios/index.ts'
import { moduleProgram } from '../setup/judging-sha.ts'

type Order = Parameters<JobRunner['run']>[0]
type Result = Awaited<ReturnType<JobRunner['run']>>

/** A module computation as it travels. */
export interface ModuleOrder {
  order: Order
  deadlineMs: number
}

export type ModuleAnswer =
  | { ok: true; output: unknown; ms: number }
  | { ok: false; error: ErrorFact; ms: number }
  /** The output would not survive JSON: it must be computed where it is used. */
  | { ok: false; error: null; ms: number }

/** Time for the way there and back and for one worker that dies, on top of the job's own deadline, ms. */
const WAY_MS = 15_000

/** True for values that come out of JSON as they went in. */
const survivesJson = (value: unknown): boolean =>
  value !== undefined && isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)

/**
 * Computes the jobs of modules on worker processes, and here when there are none or they do not answer. Jobs are pure
 * functions of their order, so both give the same bytes, and doing one twice does no harm.
 */
export class QueuedJobRunner extends JobRunner {
  readonly #client: BackgroundClient
  /** Jobs done by workers so far. */
  remote = 0

  readonly #onFallback: (why: CodedError) => void

  private constructor(registry: URL, client: BackgroundClient, onFallback: (why: CodedError) => void) {
    super(registry)
    this.#onFallback = onFallback
    this.#client = client
  }

  /** @param onFallback hears why a job that was sent is computed here after all */
  static async open(
    registry: URL,
    redisUrl: string,
    onFallback: (why: CodedError) => void,
    prefix?: string,
  ): Promise<QueuedJobRunner> {
    const { BackgroundClient } = await redisQueue()
    const place = { redisUrl, kind: 'module' as const, version: moduleProgram() }
    const client = new BackgroundClient(prefix === undefined ? place : { ...place, prefix })
    return new QueuedJobRunner(registry, client, onFallback)
  }

  override async run(order: Order, deadlineMs: number): Promise<Result> {
    if (survivesJson(order) && (await this.#client.workers()) > 0) {
      try {
        const input: ModuleOrder = { order, deadlineMs }
        const wait = { withinMs: deadlineMs + WAY_MS, lookEveryMs: 100 }
        const answer = (await this.#client.run(input, wait)) as ModuleAnswer
        if (answer.ok || answer.error) {
          this.remote += 1
          return answer.ok
            ? answer
            : {
                ok: false,
                error: new CodedError(answer.error.code, { actual: answer.error.message }),
                ms: answer.ms,
              }
        }
      } catch (error) {
        this.#onFallback(asCoded(error, 'INS_QUEUE'))
      }
    }
    return super.run(order, deadlineMs)
  }

  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#client.close()])
  }
}

/** A worker's side: the same thread that computes locally. */
export async function computeModuleJob(runner: JobRunner, input: unknown): Promise<ModuleAnswer> {
  const { order, deadlineMs } = input as ModuleOrder
  const result = await runner.run(order, deadlineMs)
  if (!result.ok) return { ok: false, error: toFact(result.error), ms: result.ms }
  return survivesJson(result.output) ? result : { ok: false, error: null, ms: result.ms }
}
