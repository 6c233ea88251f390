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
function canaryProblem(
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

export interface CanaryJudge {
  /** Name of the worker, for the error. */
  name: string
  judge(job: InspectJob): Promise<InspectOutcome>
  /** Longest time for one canary, ms. */
  limitMs: number
  /** No answer in time. */
  onSilence(): void
}

/**
 * Has a worker judge canaries, one after the other. Silence is a wrong answer.
 *
 * @throws INS_CANARY naming worker, canary and difference; what `judge` threw
 */
export async function judgeCanaries(worker: CanaryJudge, canaries: readonly Canary[]): Promise<void> {
  for (const canary of canaries) {
    const outcome = await orSilence(worker.judge(canaryJob(canary)), worker.limitMs)
    if (outcome === null) worker.onSilence()
    const problem = outcome
      ? canaryProblem(canary, outcome)
      : { expected: 'an answer', actual: `none in ${worker.limitMs} ms` }
    if (problem) throw new CodedError('INS_CANARY', { path: `${worker.name}, ${canary.name}`, ...problem })
  }
}

/** Null when there is no answer in time. */
export async function orSilence<T>(answer: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), ms)))
  try {
    return await Promise.race([answer, silence])
  } finally {
    clearTimeout(timer)
  }
}
