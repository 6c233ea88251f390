import { notFound } from '../errors.ts'
import { jsonBody } from '../json-body.ts'
import type { LiveLine, PartQueries, ShownSink, SinkPort } from '../ports.ts'
import { check, jsonRoute, type Route } from '../route.ts'
import {
  lettersAnswerSchema,
  sinkReplayAnswerSchema,
  sinkReplayBodySchema,
  sinksAnswerSchema,
} from '../schemas/sinks.schema.ts'
import { changeGuard } from '../security.ts'
import { z } from '../zod.ts'

const params = z.strictObject({ id: z.string().min(1).max(128).openapi({ example: 'mes' }) })
const whole = (pattern: RegExp, what: string) => z.string().regex(pattern, what).transform(Number).optional()

/** Receivers outside: how far each has come, what it did not take, and sending it again. */
export function sinkRoutes(
  queries: Pick<PartQueries, 'sinks' | 'sinkLetters' | 'lastPosition'>,
  live: LiveLine,
  port: SinkPort,
): Route[] {
  /** Those of the line file first, in its order; a sink that was never served is at the beginning of the log. */
  const all = async (): Promise<ShownSink[]> => {
    const [rows, end] = [await queries.sinks(), await queries.lastPosition()]
    const running = live.state().sinks
    const configured = running.map(({ sink, retrying }): ShownSink => {
      const row = rows.find((r) => r.sink === sink)
      const none = { sink, position: 0, end, behind: end, dead: 0 }
      return { ...(row ?? none), retrying, configured: true }
    })
    const others = rows.filter((r) => !running.some((c) => c.sink === r.sink))
    return [...configured, ...others.map((r) => ({ ...r, configured: false }))]
  }
  const one = async (id: string): Promise<ShownSink> => {
    const sinks = await all()
    const found = sinks.find((s) => s.sink === id)
    if (found) return found
    const names = sinks.map((s) => s.sink).join(', ')
    throw notFound(names === '' ? 'a sink, of which this line has none' : `a sink: ${names}`, id)
  }
  return [
    jsonRoute({
      path: '/api/sinks',
      tag: 'line',
      summary: {
        zh: '外部接收方:日志位置、落后条数、重试原因、死信数',
        en: 'Receivers outside: position in the log, events behind it, what is tried again and why, dead letters',
      },
      response: sinksAnswerSchema,
      handle: async () => ({ sinks: await all() }),
    }),
    jsonRoute({
      path: '/api/sinks/:id/letters',
      tag: 'line',
      summary: {
        zh: '未被接收的事件(死信与待重试):类型、对象、次数、原因、时间,最新在前',
        en: 'Events that a sink did not take (dead letters, and one that is tried again) with the reason, newest first',
      },
      params,
      query: z.strictObject({
        limit: whole(/^([1-9]\d{0,2}|1000)$/, 'a whole number from 1 to 1000'),
        before: whole(/^\d{1,15}$/, 'a position of the log'),
      }),
      response: lettersAnswerSchema,
      async handle({ params: { id }, query: { limit = 50, before } }) {
        const { sink } = await one(id)
        const letters = await queries.sinkLetters({ sink, limit, ...(before !== undefined && { before }) })
        const last = letters.length < limit ? undefined : letters.at(-1)
        return { letters, nextBefore: last?.position ?? null }
      },
    }),
    {
      method: 'post',
      path: '/api/sinks/:id/replay',
      role: 'process',
      tag: 'line',
      summary: {
        zh: '向外部接收方重发:某位置之后的全部事件,或仅死信',
        en: 'Sends events to a sink again: everything behind a position, or its dead letters',
      },
      params,
      body: sinkReplayBodySchema,
      response: sinkReplayAnswerSchema,
      guards: [changeGuard, ...jsonBody(16)],
      async run(req, res) {
        const { id } = check(params, req.params, 'path')
        const { from, by } = check(sinkReplayBodySchema, req.body, 'body')
        const { sink, end, dead } = await one(id)
        await port.replay(sink, { by, ...(from !== undefined && { from }) })
        res.set('Cache-Control', 'no-store').json({
          sink,
          from: from ?? null,
          events: from === undefined ? dead : end - from,
        } satisfies z.infer<typeof sinkReplayAnswerSchema>)
      },
    },
  ]
}
