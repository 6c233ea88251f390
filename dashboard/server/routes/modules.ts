import type { RequestHandler, Router } from 'express'
import { CodedError, errorText } from '../../../contracts/index.ts'
import { badRequest } from '../errors.ts'
import { jsonBody } from '../json-body.ts'
import type { DashboardLog, ModuleHandler, ModuleResponse } from '../ports.ts'
import { mustBeSelf, roleGuard, whoAsks } from '../accounts/who.ts'
import { changeGuard } from '../security.ts'

const NAME = /^[\w.@:/-]{1,500}$/
const MAX_QUERY = 1_024

/** Mounts endpoints that are not the server's own, of the module host and of the life of models, under their paths. */
export function mountModules(router: Router, handlers: readonly ModuleHandler[], log: DashboardLog): void {
  // The host takes reference tables of up to 16 MB as CSV text.
  const body = jsonBody(20_480)
  for (const handler of handlers) {
    if (!/^\/api\/(modules$|m\/|life(\/|$)|stations\/)/.test(handler.path))
      throw new CodedError('EVT_MODULE', {
        expected: '/api/modules, /api/m/…, /api/life… or /api/stations/…',
        actual: handler.path,
      })
    const serve = serveModule(handler, log)
    const guards = [roleGuard(handler.role), changeGuard, ...body]
    if (handler.method === 'GET') router.get(handler.path, serve)
    else if (handler.method === 'PUT') router.put(handler.path, ...guards, serve)
    else router.post(handler.path, ...guards, serve)
  }
}

function serveModule(handler: ModuleHandler, log: DashboardLog): RequestHandler {
  return async (req, res) => {
    const { role, user } = whoAsks(req)
    mustBeSelf(req, req.body)
    const answer = await handler.handle({
      params: texts(req.params, 'path', (value) => NAME.test(value)),
      query: texts(req.query, 'query', (value) => value.length <= MAX_QUERY),
      body: req.body as unknown,
      role,
      user,
    })
    if (answer.status >= 500)
      log.error({ err: answer.failure, method: req.method, path: req.path }, 'request failed')
    res
      .status(answer.status)
      .set('Cache-Control', 'no-store')
      .json(flat(answer) ?? null)
  }
}

/** Errors leave the server in one form, `{ code, message, zh }`, whatever else the module adds; it may bring its own `zh`. */
function flat({ status, body }: ModuleResponse): unknown {
  if (status < 400 || body === null || typeof body !== 'object' || !('error' in body)) return body
  const { error, ...rest } = body
  const fact = error as { code: string; message: string }
  return { zh: errorText(fact).zh, ...fact, ...rest }
}

/** Plain single values only: repeated or nested parameters never reach a module. */
function texts(values: object, where: string, good: (value: string) => boolean): Record<string, string> {
  const out: Record<string, string> = {}
  for (const [key, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !good(value))
      throw badRequest('one plain value', JSON.stringify(value).slice(0, 120), `${where}: ${key}`)
    out[key] = value
  }
  return out
}
