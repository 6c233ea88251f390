import { z } from 'zod'
import {
  beyond,
  pLimits,
  standardised,
  westernElectricAtLast,
  WESTERN_ELECTRIC,
  type WesternElectricRule,
  type Limits,
} from '../kernels/index.ts'
import type { Evidence, OutputCtx, SqlRead } from '../kit/io.ts'
import type { LeanParams } from './params.ts'
import type { Stream, SubgroupRow } from './tables.ts'

/** What the limits job found for one stream. */
export const limitsResult = z.discriminatedUnion('state', [
  z.strictObject({
    state: z.literal('set'),
    stream: z.string(),
    /** Subgroups of phase I, and the last of them. */
    used: z.number().int(),
    baseTo: z.number().int(),
    trial: z.number(),
    /** Subgroups outside the trial limits, left out of the revised centre line. */
    removed: z.array(z.number().int()),
    centre: z.number(),
    sigmaZ: z.number(),
  }),
  z.strictObject({
    state: z.literal('insufficient'),
    stream: z.string(),
    reason: z.enum(['subgroups', 'stable-subgroups', 'nonconforming']),
    have: z.number(),
    need: z.number(),
  }),
])
export type LimitsResult = z.infer<typeof limitsResult>

export const outOfControl = z.strictObject({
  chart: z.literal('p'),
  line: z.string(),
  station: z.string(),
  product: z.string(),
  simulated: z.boolean(),
  subgroup: z.number().int(),
  phase: z.enum(['I', 'II']),
  side: z.enum(['above', 'below']),
  /** Number of the Western Electric test. */
  rule: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]),
  n: z.number().int(),
  nonconforming: z.number().int(),
  fraction: z.number(),
  centre: z.number(),
  ucl: z.number(),
  lcl: z.number(),
  firstEvent: z.string(),
  lastEvent: z.string(),
})
export type OutOfControl = z.infer<typeof outOfControl>
export const OUT_OF_CONTROL = 'mod.lean.chart.out-of-control.v1'

export function readLimits(db: SqlRead, stream: string): LimitsResult | null {
  const row = db.get<{ result: string }>(`select result from limits where stream = ?`, stream)
  return row ? limitsResult.parse(JSON.parse(row.result)) : null
}

/** Verdict on one closed subgroup: limits for its own n, and which test it fails, if any. */
export interface Judged {
  phase: 'I' | 'II'
  limits: Limits
  out: 'above' | 'below' | null
  rule: WesternElectricRule
}

/**
 * Phase I points stand against the trial limits, later ones against the revised limits.
 *
 * @param past closed subgroups before this one and after the baseline, oldest first
 */
export function judge(
  p: LeanParams,
  set: Extract<LimitsResult, { state: 'set' }>,
  g: { seq: number; n: number; fail: number },
  past: readonly { n: number; fail: number }[],
): Judged {
  const phase = g.seq <= set.baseTo ? 'I' : 'II'
  const limits = pLimits(phase === 'I' ? set.trial : set.centre, g.n)
  const side = beyond({ k: g.fail, n: g.n }, limits)
  if (side || phase === 'I' || p.rules === 'beyond-limits') return { phase, limits, out: side, rule: 1 }
  const z = [...past, g].map((s) => standardised({ k: s.fail, n: s.n }, set.centre))
  const signal = westernElectricAtLast(z)[0]
  return { phase, limits, out: signal?.side ?? null, rule: signal?.rule ?? 1 }
}

/** Judges closed subgroups from `from` on and raises or withdraws what follows from it. */
export function evaluate(
  p: LeanParams,
  ctx: OutputCtx,
  s: Stream,
  range: { from: number; count: number },
): void {
  const set = readLimits(ctx.db, s.stream)
  const rows = ctx.db.all<SubgroupRow>(
    `select * from subgroup where stream = ? and seq >= ? and closed_by is not null and n > 0 order by seq limit ?`,
    s.stream,
    range.from,
    range.count,
  )
  // Corrections may leave a subgroup without a judged part: it has no point, and nothing follows from it any more.
  const empty = ctx.db.all<SubgroupRow>(
    `select * from subgroup where stream = ? and seq >= ? and closed_by is not null and n = 0 order by seq limit ?`,
    s.stream,
    range.from,
    range.count,
  )
  for (const g of empty) ctx.resolve(keyOf(g))
  for (const g of rows) {
    if (set?.state !== 'set') {
      ctx.resolve(keyOf(g))
      continue
    }
    const past = p.rules === 'beyond-limits' ? [] : pastOf(ctx.db, set.baseTo, g)
    report(ctx, s, g, judge(p, set, g, past))
  }
}

/** Up to seven closed phase II subgroups before `g`, oldest first. */
export const pastOf = (db: SqlRead, baseTo: number, g: SubgroupRow): { n: number; fail: number }[] =>
  db
    .all<{ n: number; fail: number }>(
      `select n, fail from subgroup where stream = ? and seq < ? and seq > ? and closed_by is not null and n > 0
       order by seq desc limit 7`,
      g.stream,
      g.seq,
      baseTo,
    )
    .reverse()

const keyOf = (g: SubgroupRow): string => `p-chart/${g.stream}/${g.seq}`

function report(ctx: OutputCtx, s: Stream, g: SubgroupRow, j: Judged): void {
  const key = keyOf(g)
  if (j.out === null) {
    ctx.resolve(key)
    return
  }
  const fraction = g.fail / g.n
  const { centre, ucl, lcl } = j.limits
  // The closing event is the cause however late the point is judged, so that it is announced once.
  const cause = { id: g.closed_by ?? g.last_event, time: g.closed_at ?? g.last_time, partitionkey: s.line }
  const evidence: Evidence = {
    method: `p-chart/phase-${j.phase}/western-electric-${j.rule}`,
    firstEvent: g.first_event,
    lastEvent: g.last_event,
    n: g.n,
    statistic: fraction,
    limit: j.out === 'above' ? ucl : lcl,
    references: {},
  }
  const data: OutOfControl = {
    chart: 'p',
    line: s.line,
    station: s.station,
    product: s.product,
    simulated: s.simulated,
    subgroup: g.seq,
    phase: j.phase,
    side: j.out,
    rule: j.rule,
    n: g.n,
    nonconforming: g.fail,
    fraction,
    centre,
    ucl,
    lcl,
    firstEvent: g.first_event,
    lastEvent: g.last_event,
  }
  ctx.emit(OUT_OF_CONTROL, `chart/${s.stream}/p/${g.seq}`, data, cause)
  const text = explain(s, data)
  ctx.alert({ key, severity: j.phase === 'II' ? 'high' : 'warn', title: TITLE[j.out], text, evidence, cause })
  ctx.propose({ key, type: 'investigate', params: data, summary: text, evidence, cause })
}

const TITLE = {
  above: { zh: '不合格率失控偏高', en: 'Fraction nonconforming out of control, high' },
  below: { zh: '不合格率失控偏低', en: 'Fraction nonconforming out of control, low' },
}

function explain(s: Stream, d: OutOfControl): { zh: string; en: string } {
  const pct = (v: number): string => `${(v * 100).toFixed(2)} %`
  const where = `${s.line} / ${s.station} / ${s.product}`
  const hint =
    d.side === 'above'
      ? { zh: '查找原因后再继续。', en: 'Find the cause before going on.' }
      : {
          zh: '可能是改进,也可能是检测漏判,请核实。',
          en: 'Either an improvement or an inspection that misses defects: check which.',
        }
  const rule = WESTERN_ELECTRIC[d.rule]
  return {
    zh: `${where}:第 ${d.subgroup} 组 ${d.n} 件中不合格 ${d.nonconforming} 件(${pct(d.fraction)}),控制限 ${pct(d.lcl)} 至 ${pct(d.ucl)}(${rule.zh})。${hint.zh}`,
    en: `${where}: subgroup ${d.subgroup} has ${d.nonconforming} of ${d.n} nonconforming (${pct(d.fraction)}); limits ${pct(d.lcl)} to ${pct(d.ucl)} (${rule.en}). ${hint.en}`,
  }
}
