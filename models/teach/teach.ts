import { CodedError } from '../../contracts/index.ts'
import { openSessionPool } from '../runtime/session-pool.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import { collect } from './collect.ts'
import { conclude } from './conclude.ts'
import type { TeachReport } from './conclude.ts'
import { openMatrixSessions } from './matrix-sessions.ts'
import type { MatrixSessions } from './matrix-sessions.ts'
import type { TeachProgress, TeachRequest } from './request.ts'
import type { TeachData } from './teach-data.ts'

export interface TaughtModel {
  /** Bytes of the ONNX model. */
  model: Uint8Array
  report: TeachReport
  data: TeachData
  /** Inputs for golden vectors, HWC RGB of the working size. */
  examples: readonly Uint8Array[]
  /** Upper bound of the memory the work was allowed to hold, bytes. */
  memoryBytes: number
}

/**
 * Teaches a model from good images; no network is trained: backbone, patch embeddings, references, statistics, threshold,
 * one ONNX graph. The same images, options and backbone give the same bytes, whatever the number of threads. Blocks its
 * thread in turns: call it from a worker. Writes nothing.
 *
 * @throws TCH_IMAGES, TCH_LIMIT, TCH_CANCELLED, MDL_OUTPUT; what `load` of an image throws
 */
export async function teach(request: TeachRequest): Promise<TaughtModel> {
  return withTools(request, async (tools) => {
    const { data, warnings, examples, memoryBytes } = await collect(request, tools)
    const onProgress = (p: TeachProgress): void => request.onProgress?.(p)
    const { model, report } = await conclude(request.backbone, data, { ...tools, onProgress })
    return {
      model,
      report: { ...report, warnings: [...warnings, ...report.warnings] },
      data,
      examples,
      memoryBytes,
    }
  })
}

/** What teaching works with. */
export interface TeachTools {
  pool: SessionPool
  matrices: MatrixSessions
  /** @throws TCH_CANCELLED; TCH_LIMIT when the time is over */
  checkCancelled(): void
}

/** Runs work with its threads and sessions open, and closes them whatever happens. */
export async function withTools<T>(
  { options, signal }: Pick<TeachRequest, 'options' | 'signal'>,
  work: (tools: TeachTools) => Promise<T>,
): Promise<T> {
  const start = performance.now()
  const checkCancelled = (): void => {
    if (signal?.aborted === true) throw new CodedError('TCH_CANCELLED', { hint: 'nothing was written' })
    const seconds = (performance.now() - start) / 1000
    if (options.timeLimitS !== null && seconds > options.timeLimitS)
      throw new CodedError('TCH_LIMIT', {
        path: 'time',
        expected: `at most ${options.timeLimitS} s`,
        actual: `${seconds.toFixed(0)} s and not done; nothing was written`,
        hint: 'teach with fewer images or a smaller working area, or allow more time',
      })
  }
  checkCancelled()
  const pool = openSessionPool(options.threads)
  try {
    return await work({ pool, matrices: await openMatrixSessions(pool), checkCancelled })
  } finally {
    await pool.close()
  }
}
