import { pareto } from '../../scenarios/index.ts'
import { csvText } from '../../traceability/query/index.ts'
import { factorsOf, ishikawaOf, rankCauses } from './causes.ts'
import { effectOf, type EffectScope } from './ncr-effect.ts'
import type { Analysis, PartQueries } from './ports.ts'

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
  queries: Pick<PartQueries, 'causeTable' | 'causeCounts' | 'defectClasses'>,
  { change, eachClass = false, ...query }: AnalysisAsk,
): Promise<Analysis> {
  const table = await queries.causeTable({ ...query, ...(query.class === undefined && { eachClass }) })
  const classes = await queries.defectClasses(query)
  const ranked = await rankCauses(table, MAX_CAUSES)
  return {
    n: table.n,
    bad: table.bad,
    since: table.since,
    classes: pareto(classes.map((c) => [c.class, c.count])),
    ...ranked,
    ishikawa: ishikawaOf(table.counts, ranked.causes),
    factors: factorsOf(table),
    cut: {
      undecided: table.undecided,
      unjudged: [...table.unjudged],
      repeated: table.repeated,
      olderInspections: table.olderInspections,
      older: table.older,
      later: table.later,
      links: table.linksCut,
      classes: table.classesCut,
    },
    change: change === undefined ? null : await changed(queries, { ...query, change }),
  }
}

async function changed(
  queries: Pick<PartQueries, 'causeCounts'>,
  scope: EffectScope,
): Promise<Analysis['change']> {
  const { comparison } = await effectOf(queries, scope)
  const { n, beforeN, undecided = 0, beforeUndecided = 0 } = comparison
  return n === 0 || beforeN === 0 ? null : { ...comparison, undecided, beforeUndecided }
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
export const causesCsv = ({ causes }: Analysis, bom = false): string =>
  csvText(
    [
      CAUSE_COLUMNS,
      ...causes.map((c) => [
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
    ],
    bom,
  )
