import { z } from '../zod.ts'
import type { LiveFeed } from '../live/live-feed.ts'
import { check, type Route } from '../route.ts'

const position = z
  .string()
  .regex(/^\d{1,15}$/, 'a log position (whole number)')
  .transform(Number)
const query = z.strictObject({
  /** For the first connection; afterwards browsers send Last-Event-ID, which wins. */
  after: position.optional(),
})

/** Live feed by server-sent events. */
export function liveRoutes(feed: LiveFeed): Route[] {
  return [
    {
      method: 'get',
      path: '/api/events',
      tag: 'live',
      summary: {
        zh: '实时推送(SSE):part、event、state、gap、beat、bye;按日志位置续传(Last-Event-ID)',
        en: 'Live feed (SSE): part, event, state, gap, beat, bye; resumes by log position (Last-Event-ID)',
      },
      query,
      contentType: 'text/event-stream',
      response: z.string(),
      async run(req, res) {
        const { after } = check(query, req.query, 'query')
        const lastId = req.get('Last-Event-ID')
        const resume = lastId === undefined ? after : check(position, lastId, 'header Last-Event-ID')
        if (req.method === 'HEAD') {
          res.type('text/event-stream').end()
          return
        }
        await feed.connect(res, resume ?? null)
      },
    },
  ]
}
