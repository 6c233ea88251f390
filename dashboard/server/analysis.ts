import { pareto } from '../../scenarios/index.ts'
import { csvRow } from '../../traceability/query/index.ts'
import { compare, factorsOf, ishikawaOf, rankCauses } from './causes.ts'
import type { Analysis, CauseCount, PartQueries } from './ports.ts'

export interface AnalysisAsk {
  /** Defect class; absent = whatever makes the verdict `fail`. */
  class?: string
  /** Every frequent class by itself, too. */
  eachClass?: boolean
  /** Window by start of judging, RFC 3339, half-open. */
  from?: string
  to?: string
  /** When a countermeasure took effect. */
  change?: string
}

/** Causes that are answered, the most telling ones. */
const MAX_CAUSES = 500

/** What goes with the defects, ranked, and what a countermeasure changed. */
export async function analyse(
  queries: Pick<PartQueries, 'causeTable' | 'causeCounts' | 'defectPareto'>,
  { change, eachClass = false, ...query }: AnalysisAsk,
): Promise<Analysis> {
  const table = await queries.causeTable({ ...query, ...(query.class === undefined && { eachClass }) })
  const classes = await queries.defectPareto(query.from, query.to)
  const ranked = await rankCauses(table, MAX_CAUSES)
  const counts = (from: string | undefined, to: string | undefined) =>
    queries.causeCounts({
      ...(query.class !== undefined && { class: query.class }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    })
  return {
    n: table.n,
    bad: table.bad,
    since: table.since,
    classes: pareto(classes.map((c) => [c.class, c.count])),
    ...ranked,
    ishikawa: ishikawaOf(table.counts, ranked.causes),
    factors: factorsOf(table),
    cut: {
      older: table.older,
      later: table.later,
      links: table.linksCut,
      classes: table.classesCut,
    },
    change:
      change === undefined ? null : changed(await counts(query.from, change), await counts(change, query.to)),
  }
}

/** Every judgement has a station: its counts add up to all. */
function totals(counts: readonly CauseCount[]): { n: number; bad: number } {
  const stations = counts.filter((c) => c.factor === 'station')
  return { n: stations.reduce((s, c) => s + c.n, 0), bad: stations.reduce((s, c) => s + c.bad, 0) }
}

function changed(before: readonly CauseCount[], after: readonly CauseCount[]): Analysis['change'] {
  const [b, a] = [totals(before), totals(after)]
  if (a.n === 0 || b.n === 0) return null
  return { ...a, beforeN: b.n, beforeBad: b.bad, ...compare(a.n, a.bad, b.n, b.bad) }
}

const CAUSE_COLUMNS = [
  'factor',
  'value',
  'class',
  'category',
  'parts',
  'bad',
  'share',
  'shareLow',
  'shareHigh',
  'restParts',
  'restBad',
  'riskRatio',
  'riskRatioLow',
  'riskRatioHigh',
  'oddsRatio',
  'oddsRatioLow',
  'oddsRatioHigh',
  'test',
  'p',
  'q',
  'named',
  'together',
] as const

/** The causes in their order, RFC 4180; shares from 0 to 1, intervals of 95 %. */
export const causesCsv = ({ causes }: Analysis): string =>
  [
    csvRow(CAUSE_COLUMNS),
    ...causes.map((c) =>
      csvRow([
        c.factor,
        c.value,
        c.class ?? '',
        c.category,
        c.n,
        c.bad,
        c.bad / c.n,
        c.shareLow,
        c.shareHigh,
        c.restN,
        c.restBad,
        c.ratio,
        c.low,
        c.high,
        c.odds?.ratio ?? null,
        c.odds?.low ?? null,
        c.odds?.high ?? null,
        c.method,
        c.p,
        c.q,
        c.named ? 'yes' : 'no',
        c.together.map((t) => `${t.factor}/${t.value} V=${t.v.toFixed(2)}`).join('; '),
      ]),
    ),
  ].join('')
