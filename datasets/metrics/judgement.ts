import type { VerdictResult } from '../../contracts/index.ts'
import { rate, type Rate } from './rate.ts'

/** One part: what it is and how it was judged. */
export interface JudgedPart {
  defective: boolean
  verdict: VerdictResult
}

export interface JudgementScore {
  parts: number
  defective: number
  good: number
  /** Bad parts passed, of all bad parts. */
  escape: Rate
  /** Good parts failed, of all good parts. */
  overkill: Rate
  /** Parts nobody could judge, of all parts: held, so neither escape nor overkill, but never left out. */
  inconclusive: Rate
  /** counts[bad | good][verdict] */
  counts: Record<'defective' | 'good', Record<VerdictResult, number>>
}

export function scoreJudgements(parts: readonly JudgedPart[]): JudgementScore {
  const counts: JudgementScore['counts'] = {
    defective: { pass: 0, fail: 0, inconclusive: 0 },
    good: { pass: 0, fail: 0, inconclusive: 0 },
  }
  for (const p of parts) counts[p.defective ? 'defective' : 'good'][p.verdict]++
  const defective = parts.filter((p) => p.defective).length
  const good = parts.length - defective
  return {
    parts: parts.length,
    defective,
    good,
    escape: rate(counts.defective.pass, defective),
    overkill: rate(counts.good.fail, good),
    inconclusive: rate(counts.defective.inconclusive + counts.good.inconclusive, parts.length),
    counts,
  }
}
