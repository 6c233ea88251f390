import { availableParallelism } from 'node:os'
import { CodedError } from '../../contracts/index.ts'
import type { I18n } from '../../contracts/index.ts'
import { fitEvidence } from './evidence.kernel.ts'
import { MOST_COMPARED, SOUGHT_CELLS } from './alike.ts'
import type { MatrixSessions } from './matrix-sessions.ts'
import { CURVE, MAX_CANDIDATES, MOMENT_IMAGES, turnedCompared } from './plan.ts'
import { seededRandom } from './random.ts'

/** What teaching is expected to take, said before it starts. */
export interface TeachEstimate {
  /** Wall clock, on this machine as busy as it is now. */
  seconds: number
  /** Upper bound of the memory held at once. */
  memoryBytes: number
  /** What the images say before the work begins; absent where that is nothing. */
  warnings?: I18n[]
}

interface EstimateRequest {
  good: number
  damaged: number
  turned: number
  defects: number
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
/** Rows of the regression that is timed; it takes as long with any number. */
const PROBE_PATCHES = 64
/** Regressions of a teaching: for the bank by each part of the images and by all, and some for the mean of the place. */
const FITS = 6
/** Banks of the learning curve. */
const CURVE_BANKS = 3
/** What images are compared with while they are held out, in banks: with the stand-ins of the groups. */
const HELD_OUT = 1.5
/**
 * What goes with each piece of work that is timed, as a share of it: copies are drawn, channels are measured; members
 * are chosen a few at a time; directions are found and maps are made. Measured by CPU time on one thread, 5 to 100 images
 * of 256² and 512² px.
 */
const WITH = { describing: 1.3, choosing: 3, comparing: 2, fitting: 3 }

/**
 * Expected time: images through the backbone, comparisons of patches with banks, and regressions, at the speed of one
 * image, one product and one regression measured here and now.
 */
export async function estimateTeaching(
  request: EstimateRequest,
  matrices: MatrixSessions,
): Promise<TeachEstimate> {
  const { good, damaged, turned, defects, cells, dims, bankSize, describeSeconds, threads, memoryBytes } =
    request
  const rows = new Float32Array(PROBE_ROWS * dims)
  const bank = new Float32Array(bankSize * dims)
  await matrices.nearest(rows, bank, dims)
  const patches = rows.subarray(0, PROBE_PATCHES * dims)
  const fit = (): unknown => fitEvidence(patches, dims, PROBE_PATCHES / 2, seededRandom(1))
  // the first of each is compiled
  fit()
  const start = performance.now()
  await matrices.nearest(rows, bank, dims)
  const compared = performance.now()
  fit()
  const fitSeconds = (performance.now() - compared) / 1000
  const perComparison = (compared - start) / 1000 / (PROBE_ROWS * bankSize)
  const judged = good + damaged + defects
  const images = judged + turned + Math.min(good, MOMENT_IMAGES)
  const views = (good + turned) * cells
  const candidates = Math.min(MAX_CANDIDATES, views)
  const ofCurve = CURVE_BANKS * Math.min(CURVE.candidates, good * cells) * bankSize * CURVE.bankShare
  const pooled =
    images * describeSeconds * WITH.describing +
    (candidates * bankSize + ofCurve) * perComparison * WITH.choosing +
    // each candidate with the bank, for the stand-ins
    (HELD_OUT * judged * cells + candidates) * bankSize * perComparison * WITH.comparing
  // each image with each other in two lights, and with the turned copies
  const pairs = good > MOST_COMPARED ? 0 : good * (2 * good + Math.min(turned, turnedCompared(good, cells)))
  const alike = pairs * SOUGHT_CELLS * cells * perComparison
  const own = FITS * fitSeconds * WITH.fitting
  // the regressions are the calling thread's own, and others wait for them
  const cores = Math.min(threads, availableParallelism())
  return { seconds: (pooled + alike) / cores + own, memoryBytes }
}

/** @throws TCH_LIMIT when teaching would take longer than allowed */
export function checkTime({ seconds }: TeachEstimate, limitS: number | null): void {
  if (limitS === null || seconds <= limitS) return
  throw new CodedError('TCH_LIMIT', {
    path: 'time',
    expected: `at most ${limitS} s`,
    actual: `about ${Math.ceil(seconds)} s`,
    hint: 'teach with fewer images, a smaller working area or bank, or allow more time',
    zh: {
      expected: `最多 ${limitS} 秒`,
      actual: `约 ${Math.ceil(seconds)} 秒`,
      hint: '请减少图像、缩小工作区或特征库,或允许更长时间',
    },
  })
}
