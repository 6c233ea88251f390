import {
  CodedError,
  type FrameFormat,
  type InspectJob,
  type InspectOutcome,
  monoMs,
  type PartContext,
  type VerdictResult,
} from '../../contracts/index.ts'

/** A frame with a known answer: health means completed work, not a live thread. */
export interface Canary {
  name: string
  /** `id@version` */
  recipe: string
  context: PartContext
  bytes: Uint8Array
  format: FrameFormat
  reference?: { bytes: Uint8Array; format: FrameFormat }
  expect: {
    result: VerdictResult
    /** Classes of all findings, in order; absent = not compared. */
    classes?: readonly string[]
  }
}

export function canaryJob(canary: Canary): InspectJob {
  const now = monoMs()
  const { bytes, format, reference } = canary
  return {
    meta: {
      frameId: '00000000-0000-7000-8000-000000000000',
      station: canary.context.station,
      view: 'canary',
      trigger: 0,
      cameraCounter: null,
      capturedAt: new Date().toISOString(),
      triggeredAtMs: now,
      format,
      byteLength: bytes.byteLength,
      source: canary.name,
      simulated: true,
    },
    pixels: { in: 'message', bytes, ...(reference ? { reference } : {}) },
    recipe: canary.recipe,
    context: canary.context,
    deadlineMs: now + 60_000,
  }
}

/** Null when the canary was judged as expected. */
export function canaryProblem(
  canary: Canary,
  { verdict }: InspectOutcome,
): { expected: string; actual: string } | null {
  const classes = verdict.findings.map((f) => f.class)
  const text = (result: string, list: readonly string[] | undefined): string =>
    list ? `${result} with [${list.join(', ')}]` : result
  const expected = text(canary.expect.result, canary.expect.classes)
  const actual = text(verdict.result, canary.expect.classes && classes)
  if (expected === actual) return null
  return { expected, actual: verdict.noVerdict ? `${actual}: ${verdict.noVerdict.message}` : actual }
}

/** Longest time a worker may take for one canary, ms. */
const CANARY_LIMIT_MS = 30_000

/** A worker that does not answer a canary in time is replaced, and the silence is a wrong answer. */
export async function withinCanaryTime<T>(
  seat: { name: string; recycle(why: string): void },
  answer: Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      seat.recycle('no answer to a canary')
      reject(
        new CodedError('INS_CANARY', {
          path: seat.name,
          expected: 'an answer',
          actual: `none in ${CANARY_LIMIT_MS} ms`,
        }),
      )
    }, CANARY_LIMIT_MS)
  })
  try {
    return await Promise.race([answer, silence])
  } finally {
    clearTimeout(timer)
  }
}
