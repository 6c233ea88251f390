import { CodedError } from '../../contracts/index.ts'
import { openSessionPool } from '../runtime/session-pool.ts'
import type { SessionPool } from '../runtime/session-pool.ts'
import { openMatrixSessions } from './matrix-sessions.ts'
import type { MatrixSessions } from './matrix-sessions.ts'
import type { TeachRequest } from './request.ts'

/** How a teaching ends that was stopped before its package was in place. */
export const NOTHING_WRITTEN = { hint: 'nothing was written', zh: { hint: '未写入任何内容' } }

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
    if (signal?.aborted === true) throw new CodedError('TCH_CANCELLED', NOTHING_WRITTEN)
    const seconds = (performance.now() - start) / 1000
    if (options.timeLimitS !== null && seconds > options.timeLimitS)
      throw new CodedError('TCH_LIMIT', {
        path: 'time',
        expected: `at most ${options.timeLimitS} s`,
        actual: `${seconds.toFixed(0)} s and not done; nothing was written`,
        hint: 'teach with fewer images or a smaller working area, or allow more time',
        zh: {
          expected: `最多 ${options.timeLimitS} 秒`,
          actual: `已用 ${seconds.toFixed(0)} 秒仍未完成;未写入任何内容`,
          hint: '请减少图像或缩小工作区,或允许更长时间',
        },
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
