import { DISPOSITIONS, VERDICTS, type InspectOutcome, type NoVerdictReason } from '../../contracts/index.ts'

/** What comes back as the job's return value. */
export type QueuedResult =
  | { ok: true; outcome: InspectOutcome }
  /**
   * The worker could not judge at all (recipe or meaning of a model differs, frame expired, canary judged wrong, no thread
   * for it): somebody else must.
   */
  | { ok: false; why: Refusal; worker: string }

const REFUSALS = ['recipe', 'package', 'expired', 'canary', 'unjudged'] as const
export type Refusal = (typeof REFUSALS)[number]

/** No-verdicts that say something about who judges, and nothing about the part. */
export const UNJUDGED: ReadonlySet<NoVerdictReason> = new Set([
  'deadline',
  'overload',
  'worker-lost',
  'interrupted',
])

/**
 * BullMQ gives the return value parsed or, from older servers, as text. What is no complete result counts as none, and
 * so does a judgement by another recipe than was asked for: the frame is then judged here.
 *
 * @param sha256 of the recipe that was asked for
 */
export function asResult(value: unknown, sha256: string | undefined): QueuedResult | null {
  try {
    const parsed = (typeof value === 'string' ? JSON.parse(value) : value) as Partial<
      QueuedResult & { outcome: InspectOutcome; why: string }
    >
    if (parsed.ok === false) return REFUSALS.some((r) => r === parsed.why) ? (parsed as QueuedResult) : null
    const verdict = parsed.outcome?.verdict
    const complete =
      parsed.ok === true &&
      typeof parsed.outcome?.worker === 'string' &&
      verdict !== undefined &&
      VERDICTS.includes(verdict.result) &&
      DISPOSITIONS.includes(verdict.disposition) &&
      (verdict.result === 'pass') === (verdict.disposition === 'release') &&
      Array.isArray(verdict.findings) &&
      Array.isArray(verdict.codes) &&
      (sha256 === undefined || verdict.recipeSha256 === sha256)
    return complete ? (parsed as QueuedResult) : null
  } catch {
    return null
  }
}
