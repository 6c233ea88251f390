import { Briefly } from '../briefly.ts'
import type { RecordQueries } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import { paretoSchema, stationCountersSchema } from '../schemas/part.schema.ts'
import { z } from '../zod.ts'

/** Counting a whole table is not free, and several screens ask for the same numbers. */
const KEEP_MS = 1_000

const since = z.strictObject({
  since: z.iso.datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' }).optional(),
})

export function counterRoutes(queries: Pick<RecordQueries, 'counters' | 'defectPareto'>): Route[] {
  const counters = new Briefly(KEEP_MS, (from: string) => queries.counters(from || undefined))
  const pareto = new Briefly(KEEP_MS, (from: string) => queries.defectPareto(from || undefined))
  return [
    jsonRoute({
      path: '/api/counters',
      tag: 'line',
      summary: { zh: '各工位计数;since 之后', en: 'Counters per station; after `since`' },
      query: since,
      response: z.array(stationCountersSchema),
      handle: ({ query }) => counters.get(query.since ?? ''),
    }),
    jsonRoute({
      path: '/api/pareto',
      tag: 'line',
      summary: { zh: '缺陷类别排列', en: 'Defects by class, most frequent first' },
      query: since,
      response: paretoSchema,
      handle: ({ query }) => pareto.get(query.since ?? ''),
    }),
  ]
}
