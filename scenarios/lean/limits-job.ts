import { z } from 'zod'
import { laneySigmaZ, revisePhaseOne } from '../kernels/index.ts'
import { defineJob, type ComputeJob } from '../kit/parts.ts'
import { evaluate, limitsResult, type LimitsResult } from './evaluate.ts'
import { MIN_NONCONFORMING, MIN_STABLE, type LeanParams } from './params.ts'
import type { Stream, SubgroupRow } from './tables.ts'

const limitsInput = z.strictObject({
  stream: z.string(),
  baseline: z.number().int().min(20),
  samples: z.array(
    z.strictObject({ seq: z.number().int(), k: z.number().int().min(0), n: z.number().int().min(1) }),
  ),
})
export type LimitsInput = z.infer<typeof limitsInput>

/** Phase I: limits from the first subgroups; all closed points are judged again when they are set. */
export const limitsJob = (p: LeanParams): ComputeJob =>
  defineJob<LimitsInput, LimitsResult>({
    title: { zh: '计算控制限', en: 'Compute control limits' },
    trigger: { manual: true },
    ordered: true,
    deadlineMs: 10_000,
    input: limitsInput,
    output: limitsResult,
    snapshot: ({ db }, stream) => ({
      stream,
      baseline: p.baseline,
      samples: db
        .all<SubgroupRow>(
          `select * from subgroup where stream = ? and closed_by is not null and n > 0 order by seq`,
          stream,
        )
        .map((g) => ({ seq: g.seq, k: g.fail, n: g.n })),
    }),
    run: phaseOne,
    apply(result, ctx) {
      const s = ctx.db.get<{ line: string; station: string; product: string; simulated: number }>(
        `select line, station, product, simulated from stream where stream = ?`,
        result.stream,
      )
      // A job started by hand may name a stream that does not exist.
      if (!s) return
      ctx.db.run(
        `insert or replace into limits(stream, base_to, result) values(?, ?, ?)`,
        result.stream,
        result.state === 'set' ? result.baseTo : null,
        JSON.stringify(result),
      )
      const stream: Stream = { ...s, stream: result.stream, simulated: s.simulated === 1 }
      evaluate(p, ctx, stream, { from: 0, count: 1_000_000 })
    },
  })

/**
 * Uses the first `baseline` subgroups, or twice, four times … as many while too few of them are in control or hold
 * nonconforming parts. A function of the data alone: when it is run does not matter.
 */
export function phaseOne(i: LimitsInput): LimitsResult {
  const { stream, samples } = i
  let lack: LimitsResult = {
    state: 'insufficient',
    stream,
    reason: 'subgroups',
    have: samples.length,
    need: i.baseline,
  }
  for (let used = i.baseline; used <= samples.length; used *= 2) {
    const base = samples.slice(0, used)
    const r = revisePhaseOne(base)
    const stable = used - r.out.length
    if (stable < MIN_STABLE) {
      lack = { state: 'insufficient', stream, reason: 'stable-subgroups', have: stable, need: MIN_STABLE }
      continue
    }
    const kept = base.filter((_, n) => !r.out.includes(n))
    // Of those that the centre line is made of: all bad parts may lie in the subgroups that are left out.
    const found = kept.reduce((sum, s) => sum + s.k, 0)
    if (found < MIN_NONCONFORMING) {
      lack = { state: 'insufficient', stream, reason: 'nonconforming', have: found, need: MIN_NONCONFORMING }
      continue
    }
    return {
      state: 'set',
      stream,
      used,
      baseTo: base.at(-1)?.seq ?? 0,
      trial: r.trial,
      removed: r.out.flatMap((n) => base[n]?.seq ?? []),
      centre: r.revised,
      sigmaZ: laneySigmaZ(kept, r.revised),
    }
  }
  return lack
}
