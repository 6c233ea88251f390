import type { EventTail } from '../live/event-tail.ts'
import type { LatencyWindow } from '../live/latency-window.ts'
import type { LiveFeed } from '../live/live-feed.ts'
import type { LiveLine } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import { lineAnswerSchema } from '../schemas/live.schema.ts'

export interface LineRouteParts {
  live: LiveLine
  latency: LatencyWindow
  tail: EventTail
  feed: LiveFeed
  version: string
  startedAtMs: number
}

export function lineRoutes(p: LineRouteParts): Route[] {
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
  ]
}
