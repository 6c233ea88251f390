import { json, type RequestHandler, type Router } from 'express'
import { CodedError } from '../../../contracts/index.ts'
import { badRequest } from '../errors.ts'
import type { ModuleHandler } from '../ports.ts'
import { changeGuard } from '../security.ts'

const NAME = /^[\w.@:-]{1,128}$/

/** Mounts the handlers of the module host under their own absolute paths. */
export function mountModules(router: Router, handlers: readonly ModuleHandler[]): void {
  const body = json({ limit: '1mb' })
  for (const handler of handlers) {
    if (!handler.path.startsWith('/api/m'))
      throw new CodedError('EVT_MODULE', { expected: 'a path under /api/m', actual: handler.path })
    const serve = serveModule(handler)
    if (handler.method === 'GET') router.get(handler.path, serve)
    else if (handler.method === 'PUT') router.put(handler.path, changeGuard, body, serve)
    else router.post(handler.path, changeGuard, body, serve)
  }
}

function serveModule(handler: ModuleHandler): RequestHandler {
  return async (req, res) => {
    const answer = await handler.handle({
      params: texts(req.params, 'path', NAME),
      query: texts(req.query, 'query', /^[^]{0,1024}$/),
      body: req.body as unknown,
    })
    res.set('Cache-Control', 'no-store').json(answer ?? null)
  }
}

/** Plain single values only: repeated or nested parameters never reach a module. */
function texts(values: object, where: string, allowed: RegExp): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [key, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !allowed.test(value))
      throw badRequest('one plain value', JSON.stringify(value).slice(0, 120), `${where}: ${key}`)
    out[key] = value
  }
  return out
}
