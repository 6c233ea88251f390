import { z } from '../zod.ts'
import type { LineState } from '../ports.ts'
import { jsonRoute, type Route } from '../route.ts'
import type { Side } from '../side.ts'

const readySchema = z.object({ ready: z.boolean(), problems: z.array(z.string()) })

export interface OperationsParts {
  side: Pick<Side, 'kind' | 'offers' | 'problems' | 'registry'>
  version: string
  /** The OpenAPI document, and its page in a language; late, because they describe these routes too. */
  document(): object
  page(language: 'zh' | 'en'): string
}

export function operationsRoutes(p: OperationsParts): Route[] {
  return [
    jsonRoute({
      path: '/healthz',
      tag: 'operations',
      summary: { zh: '进程存活', en: 'The process answers' },
      response: z.object({ status: z.literal('ok'), version: z.string() }),
      handle: () => ({ status: 'ok' as const, version: p.version }),
    }),
    jsonRoute({
      path: '/api/site',
      tag: 'operations',
      summary: {
        zh: '服务对象(一条产线或整个工厂),以及是否提供操作员与存证',
        en: 'What is served, a line or a plant of many, and whether with operators and proof',
      },
      response: z.object({
        kind: z.enum(['line', 'plant']),
        operators: z.boolean(),
        proof: z.boolean(),
        /** IANA name of the clock that pages go by: that of the line; null = that of each screen. */
        timeZone: z.string().nullable(),
      }),
      handle: () => ({ kind: p.side.kind, ...p.side.offers }),
    }),
    {
      method: 'get',
      path: '/readyz',
      tag: 'operations',
      summary: {
        zh: '产线能够判定、记录并分流工件,或工厂数据库可以查询;否则 503 并列出问题',
        en: 'The line can judge, record and divert parts, or the plant store answers; otherwise 503 with the problems',
      },
      response: readySchema,
      otherStatuses: { 503: { means: 'Not ready', body: true } },
      async run(_req, res) {
        const problems = await p.side.problems()
        res.status(problems.length === 0 ? 200 : 503).set('Cache-Control', 'no-store')
        res.json({ ready: problems.length === 0, problems } satisfies z.infer<typeof readySchema>)
      },
    },
    {
      method: 'get',
      path: '/metrics',
      tag: 'operations',
      summary: { zh: 'Prometheus 指标', en: 'Prometheus metrics' },
      contentType: 'text/plain',
      response: z.string(),
      async run(_req, res) {
        res.set('Content-Type', p.side.registry.contentType).send(await p.side.registry.metrics())
      },
    },
    {
      method: 'get',
      path: '/openapi.json',
      tag: 'operations',
      summary: { zh: '本接口的 OpenAPI 3.1 文档', en: 'This API as an OpenAPI 3.1 document' },
      response: z.looseObject({ openapi: z.string() }),
      async run(_req, res) {
        res.json(p.document())
      },
    },
    {
      method: 'get',
      path: '/docs',
      tag: 'operations',
      summary: { zh: '接口文档页面', en: 'This API as a page' },
      query: z.strictObject({ lang: z.enum(['zh', 'en']).optional() }),
      contentType: 'text/html',
      response: z.string(),
      async run(req, res) {
        const chosen = req.query['lang']
        const accepted = req.acceptsLanguages('en', 'zh') || 'en'
        res.type('html').send(p.page((chosen ?? accepted) === 'zh' ? 'zh' : 'en'))
      },
    },
  ]
}

/** Why the line is not ready, in codes and facts; empty = ready. */
export function problemsOf(state: LineState): string[] {
  const problems: string[] = []
  if (state.run === 'starting' || state.run === 'stopped') problems.push(`line ${state.run}`)
  if (state.inspector.workers === 0) problems.push('no inspection worker')
  if (state.store.state === 'failed') problems.push(`store failed: ${state.store.lastError ?? 'unknown'}`)
  const because = (error: string | null): string => (error ? `: ${error}` : '')
  for (const { id, camera, reject } of state.stations) {
    if (camera.state === 'offline' || camera.state === 'reconnecting' || camera.state === 'opening')
      problems.push(`camera ${id} ${camera.state}${because(camera.lastError)}`)
    if (!reject.connected) problems.push(`gate ${id} not connected${because(reject.lastError)}`)
  }
  return problems
}
