import { chiSquare, pareto } from '../../../scenarios/index.ts'
import { compare, rankCauses } from '../causes.ts'
import type { CauseCount, RecordQueries } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import { analysisSchema } from '../schemas/analysis.schema.ts'
import { z } from '../zod.ts'

const time = z.iso
  .datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' })
  .transform((t) => new Date(t).toISOString())
  .optional()
const MAX_CAUSES = 200

export function analysisRoutes(queries: RecordQueries): Route[] {
  return [
    jsonRoute({
      path: '/api/analysis',
      tag: 'genealogy',
      summary: {
        zh: '原因分析:缺陷与批次、供应商、工位、班次、配方的关联,及对策前后比较',
        en: 'Causes: defects by lot, supplier, station, shift and recipe, ranked; before and after a countermeasure',
      },
      query: z.strictObject({
        class: z.string().min(1).max(128).optional(),
        from: time,
        to: time,
        /** When a countermeasure took effect. */
        change: time,
      }),
      response: analysisSchema,
      async handle({ query: { class: of, from, to, change } }) {
        const counts = (a: string | undefined, b: string | undefined) =>
          queries.causeCounts({
            ...(of !== undefined && { class: of }),
            ...(a !== undefined && { from: a }),
            ...(b !== undefined && { to: b }),
          })
        const all = await counts(from, to)
        const classes = await queries.defectPareto(from)
        return {
          ...totals(all),
          classes: pareto(classes.map((c) => [c.class, c.count])),
          causes: rankCauses(all).slice(0, MAX_CAUSES),
          factors: wholeFactors(all),
          change: change === undefined ? null : changed(await counts(from, change), await counts(change, to)),
        }
      },
    }),
  ]
}

/** Every judgement has a station: its counts add up to all. */
function totals(counts: readonly CauseCount[]): { n: number; bad: number } {
  const stations = counts.filter((c) => c.factor === 'station')
  return { n: stations.reduce((s, c) => s + c.n, 0), bad: stations.reduce((s, c) => s + c.bad, 0) }
}

function wholeFactors(counts: readonly CauseCount[]) {
  return [...new Set(counts.map((c) => c.factor))].flatMap((factor) => {
    const own = counts.filter((c) => c.factor === factor)
    if (own.length < 2) return []
    return [{ factor, values: own.length, ...chiSquare(own.map((c) => [c.bad, c.n - c.bad])) }]
  })
}

function changed(before: readonly CauseCount[], after: readonly CauseCount[]) {
  const [b, a] = [totals(before), totals(after)]
  if (a.n === 0 || b.n === 0) return null
  return { ...a, beforeN: b.n, beforeBad: b.bad, ...compare(a.n, a.bad, b.n, b.bad) }
}
