import { z } from 'zod'
import type { I18n } from '../../contracts/index.ts'
import { pFalseAlarm, pLimits, WESTERN_ELECTRIC } from '../kernels/index.ts'
import type { SqlRead } from '../kit/io.ts'
import { defineRoute, type Route } from '../kit/parts.ts'
import type { controlChartPanelSchema, Needs } from '../kit/view.ts'
import { judge, pastOf, readLimits, type LimitsResult } from './evaluate.ts'
import type { LeanParams } from './params.ts'
import { streamQuery } from './query.ts'
import { findStreams, type Stream, type SubgroupRow } from './tables.ts'

const query = z.strictObject({
  ...streamQuery,
  points: z.coerce.number().int().min(1).max(1_000).default(100),
})
type ControlChart = z.infer<typeof controlChartPanelSchema>
type Set = Extract<LimitsResult, { state: 'set' }>

export const pChartRoute = (p: LeanParams): Route =>
  defineRoute({
    method: 'GET',
    path: '/p-chart',
    title: { zh: '不合格率控制图(p 图)', en: 'Control chart of the fraction nonconforming (p chart)' },
    role: 'viewer',
    query,
    body: z.undefined(),
    handle: ({ query: q }, { db }) => {
      const streams = findStreams(db, q)
      const s = streams[0]
      return s ? chart(p, db, s, streams, q.points) : nothing(p)
    },
  })

const nothing = (p: LeanParams): ControlChart => ({
  status: 'insufficient-data',
  needs: needsSubgroups(p, 0, p.baseline),
  stream: null,
  streams: [],
  centre: null,
  points: [],
})

/** The newest points of one stream, with the limits each was judged by. */
function chart(p: LeanParams, db: SqlRead, s: Stream, streams: Stream[], points: number): ControlChart {
  const found = readLimits(db, s.stream)
  const set = found?.state === 'set' ? found : null
  const rows = db
    .all<SubgroupRow>(
      `select * from subgroup where stream = ? and closed_by is not null and n > 0 order by seq desc limit ?`,
      s.stream,
      points,
    )
    .reverse()
  const open = db.get<{ n: number; fail: number; inconclusive: number; seq: number }>(
    `select seq, n, fail, inconclusive from subgroup where stream = ? and closed_by is null order by seq desc limit 1`,
    s.stream,
  )
  const nominal = p.subgroup === 'hour' ? (rows.at(-1)?.n ?? null) : p.subgroup
  return {
    status: set ? 'ok' : 'insufficient-data',
    needs: set ? null : lacking(p, db, s, found),
    stream: s,
    streams,
    method: {
      zh: 'p 图,3σ 控制限,第一阶段修正一次(Montgomery 7.2;ISO 7870-2)',
      en: 'p chart, 3 sigma, phase I revised once (Montgomery 7.2; ISO 7870-2)',
    },
    unit: 'ratio',
    centre: set ? set.centre : null,
    nominalN: nominal,
    trial: set && nominal ? { ...pLimits(set.trial, nominal) } : null,
    limits: set && nominal ? { ...pLimits(set.centre, nominal) } : null,
    phaseOne: set ? { subgroups: set.used, removed: set.removed } : null,
    /** Probability that an in-control point lies outside, exact binomial. */
    falseAlarmPerPoint: set && nominal ? pFalseAlarm(set.centre, nominal) : null,
    sigmaZ: set ? set.sigmaZ : null,
    notes: set && nominal ? notes(set, nominal) : [],
    points: rows.map((g) => point(p, db, set, g)),
    open: open ?? null,
  }
}

function point(p: LeanParams, db: SqlRead, set: Set | null, g: SubgroupRow): ControlChart['points'][number] {
  const j = set
    ? judge(p, set, g, p.rules === 'western-electric' && g.seq > set.baseTo ? pastOf(db, set.baseTo, g) : [])
    : null
  return {
    label: p.subgroup === 'hour' ? new Date(g.seq * 3_600_000).toISOString() : String(g.seq),
    subgroup: g.seq,
    at: g.last_time,
    value: g.fail / g.n,
    n: g.n,
    nonconforming: g.fail,
    inconclusive: g.inconclusive,
    ucl: j ? j.limits.ucl : null,
    lcl: j ? j.limits.lcl : null,
    phase: j ? j.phase : 'I',
    out: j ? j.out : null,
    rule: j?.out ? { number: j.rule, text: WESTERN_ELECTRIC[j.rule] } : null,
    removed: set?.removed.includes(g.seq) ?? false,
    firstEvent: g.first_event,
    lastEvent: g.last_event,
  }
}

function lacking(p: LeanParams, db: SqlRead, s: Stream, found: LimitsResult | null): Needs {
  if (found?.state === 'insufficient' && found.reason !== 'subgroups') {
    const { have, need } = found
    const text =
      found.reason === 'nonconforming'
        ? {
            zh: `基准组的受控子组中只有 ${have} 件不合格品,至少需要 ${need} 件才能估计不合格率`,
            en: `The in-control subgroups of the baseline hold only ${have} nonconforming parts; ${need} are needed to know the fraction`,
          }
        : {
            zh: `基准组中只有 ${have} 组受控,需要 ${need} 组:过程尚不稳定`,
            en: `Only ${have} baseline subgroups are in control, ${need} are needed: the process is not stable yet`,
          }
    return { text, have, need }
  }
  const row = db.get<{ n: number }>(
    `select count(*) as n from subgroup where stream = ? and closed_by is not null and n > 0`,
    s.stream,
  )
  return needsSubgroups(p, row?.n ?? 0, p.baseline)
}

function needsSubgroups(p: LeanParams, have: number, need: number): Needs {
  const size: I18n =
    p.subgroup === 'hour'
      ? { zh: '每小时一组', en: 'one per hour' }
      : { zh: `每组 ${p.subgroup} 件`, en: `of ${p.subgroup} parts` }
  return {
    text: {
      zh: `控制限需要 ${need} 个子组(${size.zh}),现有 ${have} 个`,
      en: `Limits need ${need} subgroups (${size.en}); there are ${have}`,
    },
    have,
    need,
  }
}

/** What the reader must know before trusting the chart. */
function notes(set: Set, n: number): I18n[] {
  const list: I18n[] = []
  const alarm = pFalseAlarm(set.centre, n)
  if (alarm > 0.01) {
    const better = Math.ceil(9 / set.centre)
    list.push({
      zh: `子组偏小:误报概率为每点 ${(alarm * 100).toFixed(1)} %;建议每组至少 ${better} 件`,
      en: `The subgroup is small: ${(alarm * 100).toFixed(1)} % false alarms per point; use ${better} parts or more`,
    })
  }
  if (set.sigmaZ > 1.3)
    list.push({
      zh: `子组间差异大于随机波动(σz = ${set.sigmaZ.toFixed(2)}),误报会偏多`,
      en: `Subgroups differ more than chance allows (sigma z = ${set.sigmaZ.toFixed(2)}); expect more false alarms`,
    })
  return list
}
