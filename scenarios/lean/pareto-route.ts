import { z } from 'zod'
import { pareto } from '../kernels/index.ts'
import type { SqlRead } from '../kit/io.ts'
import { defineRoute, type ReadIo } from '../kit/parts.ts'
import type { Needs, paretoPanelSchema } from '../kit/view.ts'
import { dayQuery, inStreams, NEEDS_PARTS, streamQuery, type DayRange } from './query.ts'
import { summable, type Stream } from './tables.ts'
import { costOfPoorQuality } from './unit-costs.ts'

type ParetoPanel = z.infer<typeof paretoPanelSchema>

const query = z.strictObject({
  ...streamQuery,
  ...dayQuery,
  /** Defects found, units condemned (by their worst class), or money lost. */
  by: z.enum(['defects', 'units', 'cost']).default('defects'),
})

export const paretoRoute = defineRoute({
  method: 'GET',
  path: '/pareto',
  title: { zh: '缺陷排列图', en: 'Pareto of defects' },
  role: 'viewer',
  query,
  body: z.undefined(),
  handle: ({ query: q }, io) => {
    const { streams, simulated } = summable(io.db, q)
    const answer = q.by === 'cost' ? byCost(io, streams, q) : byCount(io.db, streams, q, q.by)
    return { ...answer, by: q.by, simulated, streams }
  },
})

function byCount(
  db: SqlRead,
  streams: readonly Stream[],
  d: DayRange,
  column: 'defects' | 'units',
): ParetoPanel {
  const { where, values } = inStreams(streams, d)
  const counts = db
    .all<{ class: string; value: number }>(
      `select class, sum(${column}) as value from tally where ${where} group by class`,
      ...values,
    )
    .map((r): [string, number] => [r.class, r.value])
  return panel(streams, 'count', null, counts, null)
}

function byCost({ db, ref }: ReadIo, streams: readonly Stream[], d: DayRange): ParetoPanel {
  const cost = costOfPoorQuality(db, ref, streams, d)
  if (!cost)
    return {
      status: 'needs-reference',
      needs: {
        text:
          ref.status('unitCosts') === 'stale'
            ? {
                zh: '单件损失成本表已过期,请核对后重新上传',
                en: 'The costs per lost unit are out of date: check them and upload them again',
              }
            : {
                zh: '请上传单件损失成本表(PUT /api/m/lean/ref/unitCosts,见 /docs)',
                en: 'Upload the table of costs per lost unit (PUT /api/m/lean/ref/unitCosts, see /docs)',
              },
        table: 'unitCosts',
        missing: ['product', 'disposition', 'costPerUnit', 'currency'],
      },
      unit: 'currency',
      currency: null,
      total: 0,
      bars: [],
    }
  const gap: Needs =
    cost.missing.length === 0
      ? null
      : {
          text: {
            zh: `缺少成本:${cost.missing.join('、')};这些件未计入`,
            en: `No cost for ${cost.missing.join(', ')}; these units are not included`,
          },
          table: 'unitCosts',
          missing: cost.missing,
        }
  return panel(streams, 'currency', cost.currency, cost.byClass, gap)
}

function panel(
  streams: readonly Stream[],
  unit: 'count' | 'currency',
  currency: string | null,
  values: [string, number][],
  gap: Needs,
): ParetoPanel {
  return {
    status: streams.length === 0 ? 'insufficient-data' : gap ? 'partial' : 'ok',
    needs: streams.length === 0 ? NEEDS_PARTS : gap,
    unit,
    currency,
    total: values.reduce((sum, [, v]) => sum + v, 0),
    bars: pareto(values),
  }
}
