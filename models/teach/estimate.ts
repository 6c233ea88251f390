import { availableParallelism } from 'node:os'
import { CodedError } from '../../contracts/index.ts'
import type { MatrixSessions } from './matrix-sessions.ts'
import { MAX_CANDIDATES } from './plan.ts'

/** What teaching is expected to take, said before it starts. */
export interface TeachEstimate {
  /** Wall clock, on this machine as busy as it is now. */
  seconds: number
  /** Upper bound of the memory held at once. */
  memoryBytes: number
}

interface EstimateRequest {
  good: number
  /** Damaged and turned copies and given defects. */
  others: number
  cells: number
  dims: number
  bankSize: number
  /** Measured: seconds to describe one image, on one thread. */
  describeSeconds: number
  threads: number
  memoryBytes: number
}

/** Rows of the product that is timed, by one thread. */
const PROBE_ROWS = 4_096
/** Share of the matrix products in the work on embeddings; the rest is choice among candidates and statistics. */
const PRODUCTS = 0.6

/**
 * Expected time: images through the backbone, and comparisons of patches with banks, at the speed of one image and
 * of one product measured here and now.
 */
export async function estimateTeaching(
  request: EstimateRequest,
  matrices: MatrixSessions,
): Promise<TeachEstimate> {
  const { good, others, cells, dims, bankSize, describeSeconds, threads, memoryBytes } = request
  const rows = new Float32Array(PROBE_ROWS * dims)
  const bank = new Float32Array(bankSize * dims)
  await matrices.nearest(rows, bank, dims)
  const start = performance.now()
  await matrices.nearest(rows, bank, dims)
  const perComparison = (performance.now() - start) / 1000 / (PROBE_ROWS * bankSize)
  const images = good + others
  // the bank of the model, and three of at most half its size for the curve
  const banks = 1 + 1.5
  const candidates = Math.min(MAX_CANDIDATES, good * cells)
  const choosing = banks * candidates * bankSize
  const comparing = images * cells * bankSize
  const cores = Math.min(threads, availableParallelism())
  return {
    seconds: (images * describeSeconds + ((choosing + comparing) * perComparison) / PRODUCTS) / cores,
    memoryBytes,
  }
}

/** @throws TCH_LIMIT when teaching would take longer than allowed */
export function checkTime({ seconds }: TeachEstimate, limitS: number | null): void {
  if (limitS === null || seconds <= limitS) return
  throw new CodedError('TCH_LIMIT', {
    path: 'time',
    expected: `at most ${limitS} s`,
    actual: `about ${Math.ceil(seconds)} s`,
    hint: 'teach with fewer images, a smaller working area or bank, or allow more time',
  })
}
