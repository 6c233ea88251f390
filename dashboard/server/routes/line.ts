import { z } from '../zod.ts'
import { Briefly } from '../briefly.ts'
import type { EventTail } from '../live/event-tail.ts'
import type { LatencyWindow } from '../live/latency-window.ts'
import type { LiveFeed } from '../live/live-feed.ts'
import type { LiveLine, PartQueries } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import { lineAnswerSchema } from '../schemas/live.schema.ts'
import { paretoSchema, stationCountersSchema } from '../schemas/part.schema.ts'

export interface LineRouteParts {
  queries: PartQueries
  live: LiveLine
  latency: LatencyWindow
  tail: EventTail
  feed: LiveFeed
  version: string
  startedAtMs: number
}

/** Counting a whole table is not free, and several screens ask for the same numbers. */
const KEEP_MS = 1_000

const since = z.strictObject({
  since: z.iso.datetime({ offset: true, error: 'an RFC 3339 time, e.g. 2026-01-31T06:00:00Z' }).optional(),
})

export function lineRoutes(p: LineRouteParts): Route[] {
  const counters = new Briefly(KEEP_MS, (from: string) => p.queries.counters(from || undefined))
  const pareto = new Briefly(KEEP_MS, (from: string) => p.queries.defectPareto(from || undefined))
  return [
    jsonRoute({
      path: '/api/line',
      tag: 'line',
      summary: {
        zh: '产线配置概要与实时状态:工位、相机、检测、存储、报警、降级',
        en: 'The line in brief and its state: stations, cameras, inspector, store, alarms, degraded modes',
      },
      response: lineAnswerSchema,
      handle: () => ({
        info: p.live.info(),
        state: p.live.state(),
        latency: p.latency.all(),
        version: p.version,
        node: process.version,
        uptimeS: Math.round((Date.now() - p.startedAtMs) / 1000),
        position: p.tail.position,
        liveClients: p.feed.clients,
        waitingReviews: p.live.models?.().waiting ?? null,
      }),
    }),
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
