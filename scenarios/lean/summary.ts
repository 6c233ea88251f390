import { z } from 'zod'
import { wilson } from '../kernels/index.ts'
import { defineRoute, type ReadIo } from '../kit/parts.ts'
import type { kpiPanelSchema } from '../kit/view.ts'
import { dayQuery, inStreams, NEEDS_PARTS, streamQuery, type DayRange } from './query.ts'
import { summable, type Stream } from './tables.ts'
import { costOfPoorQuality } from './unit-costs.ts'

type KpiPanel = z.infer<typeof kpiPanelSchema>
type Item = KpiPanel['items'][number]

export const summaryRoute = defineRoute({
  method: 'GET',
  path: '/summary',
  title: { zh: '质量概览', en: 'Quality summary' },
  role: 'viewer',
  query: z.strictObject({ ...streamQuery, ...dayQuery }),
  body: z.undefined(),
  handle: ({ query: q }, io) => {
    const { streams, simulated } = summable(io.db, q)
    return { ...summary(io, streams, q), simulated, streams }
  },
})

/**
 * Yield counts units by their first inspection. First-pass yield = passed at once / inspected: a part held as
 * inconclusive did not pass at once. The fraction nonconforming leaves inconclusive parts out, as the chart does.
 */
function summary({ db, ref }: ReadIo, streams: readonly Stream[], d: DayRange): KpiPanel {
  const { where, values } = inStreams(streams, d)
  const c = db.get<Record<'pass' | 'fail' | 'inconclusive' | 'again', number | null>>(
    `select sum(pass) as pass, sum(fail) as fail, sum(inconclusive) as inconclusive, sum(again) as again
     from daily where ${where}`,
    ...values,
  )
  const [pass, fail, held] = [c?.pass ?? 0, c?.fail ?? 0, c?.inconclusive ?? 0]
  const units = pass + fail + held
  const defects =
    db.get<{ n: number | null }>(`select sum(defects) as n from tally where ${where}`, ...values)?.n ?? 0
  const cost = costOfPoorQuality(db, ref, streams, d)
  const complete = cost !== null && cost.missing.length === 0
  return {
    status: units > 0 ? 'ok' : 'insufficient-data',
    needs: units > 0 ? null : NEEDS_PARTS,
    items: [
      number('units', { zh: '首次检测件数', en: 'Units inspected' }, units, null),
      ratio('first-pass-yield', { zh: '一次合格率', en: 'First-pass yield' }, pass, units, 'up'),
      ratio('nonconforming', { zh: '不合格率', en: 'Fraction nonconforming' }, fail, pass + fail, 'down'),
      ratio('inconclusive', { zh: '待判率', en: 'Inconclusive' }, held, units, 'down'),
      {
        ...number('defects-per-unit', { zh: '单位缺陷数', en: 'Defects per unit' }, 0, 'down'),
        value: units > 0 ? defects / units : null,
        unit: 'per-unit',
      },
      number('again', { zh: '复检与返工件数', en: 'Repeats and reworked' }, c?.again ?? 0, null),
      {
        ...number('copq', { zh: '不良质量成本', en: 'Cost of poor quality' }, 0, 'down'),
        value: complete ? cost.total : null,
        unit: 'currency',
        ...(cost?.currency && { currency: cost.currency }),
      },
    ],
  }
}

const number = (id: string, title: Item['title'], value: number, good: Item['good']): Item => ({
  id,
  title,
  value,
  unit: 'count',
  interval: null,
  good,
})

/** k of n with its 95 % Wilson interval; unknown, not zero, when n is 0. */
const ratio = (id: string, title: Item['title'], k: number, n: number, good: Item['good']): Item => ({
  id,
  title,
  value: n > 0 ? k / n : null,
  unit: 'ratio',
  interval: n > 0 ? wilson(k, n) : null,
  good,
})
