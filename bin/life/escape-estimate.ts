import type { EscapeEstimate, EscapeEstimates } from '../../dashboard/index.ts'
import type { StratumCount } from '../../models/index.ts'
import { stratifiedShare } from '../../scenarios/index.ts'

/** Share of bad parts among the passed ones, from the reviewed part of the audit sample. */
export function escapeEstimates(strata: StratumCount[]): EscapeEstimates {
  const groups = new Map<string, StratumCount[]>()
  for (const s of strata) {
    const key = `${s.station} ${s.recipe}`
    groups.set(key, [...(groups.get(key) ?? []), s])
  }
  return {
    all: estimate(strata),
    byRecipe: [...groups.values()].map((own) => ({
      station: own[0]?.station ?? '',
      recipe: own[0]?.recipe ?? '',
      ...estimate(own),
    })),
    strata,
  }
}

function estimate(strata: readonly StratumCount[]): EscapeEstimate {
  const sum = (of: (s: StratumCount) => number): number => strata.reduce((n, s) => n + of(s), 0)
  return {
    ...stratifiedShare(strata.map((s) => ({ size: s.size, n: s.reviewed, k: s.escapes }))),
    passed: sum((s) => s.size),
    sampled: sum((s) => s.sampled),
    reviewed: sum((s) => s.reviewed),
    escapes: sum((s) => s.escapes),
    undecided: sum((s) => s.undecided),
  }
}
