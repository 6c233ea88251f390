import { type Request, type RequestHandler, type Response, Router } from 'express'
import { CodedError, requestFault, type Role } from '../../contracts/index.ts'
import { roleGuard, selfGuard } from './accounts/who.ts'
import { z } from './zod.ts'
import type { Text } from './ports.ts'

/** A route as data: what serves it, what checks it and what documents it are one object. */
export interface Route {
  method: 'get' | 'post' | 'delete' | 'options'
  /** Express form, e.g. `/api/parts/:inspectionId`. */
  path: string
  tag:
    | 'accounts'
    | 'operations'
    | 'line'
    | 'plant'
    | 'parts'
    | 'genealogy'
    | 'proof'
    | 'images'
    | 'live'
    | 'epcis'
  summary: Text
  /** Absent = each `:name` of the path is text. */
  params?: z.ZodObject
  query?: z.ZodObject
  headers?: z.ZodObject
  /** Of a `post`. */
  body?: z.ZodType
  /** JSON unless said otherwise. */
  bodyTypes?: readonly string[]
  /** Whom it is for; absent = everybody. */
  role?: Role
  /** Run before it: what asks, and how the body is read. */
  guards?: RequestHandler[]
  /** `application/json` unless said otherwise. */
  contentType?: string
  response: z.ZodType
  /** The same answer in other types, by what was asked for. */
  otherTypes?: Readonly<Record<string, z.ZodType>>
  /** Of success; 200 unless said otherwise. */
  status?: number
  /** Other answers than success and errors, with what they mean; those with a body have that of `response`. */
  otherStatuses?: Readonly<Record<number, { means: string; body?: true }>>
  /** How its failures leave: a problem body (RFC 7807); absent = `{ code, message, zh }`. */
  problem?: z.ZodType
  /** Answers; called with checked parameters only. */
  run(req: Request, res: Response): Promise<void>
}

interface JsonRoute<P extends z.ZodObject, Q extends z.ZodObject, R extends z.ZodType> {
  path: string
  tag: Route['tag']
  summary: Text
  params?: P
  query?: Q
  response: R
  handle(request: {
    params: z.output<P>
    query: z.output<Q>
  }): z.input<NoInfer<R>> | Promise<z.input<NoInfer<R>>>
}

const none = z.strictObject({})

/** A GET that answers JSON, never cached. */
export function jsonRoute<
  R extends z.ZodType,
  P extends z.ZodObject = typeof none,
  Q extends z.ZodObject = typeof none,
>(route: JsonRoute<P, Q, R>): Route {
  return {
    ...route,
    method: 'get',
    run: async (req, res) => {
      const params = check(route.params ?? none, req.params, 'path') as z.output<P>
      const query = check(route.query ?? none, req.query, 'query') as z.output<Q>
      res.set('Cache-Control', 'no-store').json(await route.handle({ params, query }))
    },
  }
}

/**
 * Checks request input strictly: an unknown query parameter is an error, like an unknown key of a line file.
 *
 * @throws API_REQUEST naming the first parameter that is wrong
 */
export function check<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CodedError('API_REQUEST', requestFault(parsed.error, value, where))
}

/**
 * A path that is known, by a method that it has not: 405 with `Allow` (RFC 9110, 15.5.6); OPTIONS says the same without an
 * error. Mounted behind everything else, since paths with parameters may hide others.
 */
export function otherMethods(routes: readonly { method: string; path: string }[]): RequestHandler {
  const router = Router()
  const methods = new Map<string, Set<string>>()
  for (const { method, path } of routes) {
    const known = methods.get(path) ?? methods.set(path, new Set(['OPTIONS'])).get(path)
    known?.add(method.toUpperCase())
    if (method.toUpperCase() === 'GET') known?.add('HEAD')
  }
  for (const [path, known] of methods)
    router.all(path, (req, res) => {
      res.set('Allow', [...known].sort().join(', '))
      if (req.method === 'OPTIONS') res.status(204).end()
      else
        throw new CodedError('API_METHOD', {
          expected: [...known].sort().join(', '),
          actual: `${req.method} ${req.path}`,
        })
    })
  return router
}

export function mount(router: Router, routes: readonly Route[]): void {
  for (const route of routes)
    router[route.method](
      route.path,
      ...(route.role === undefined ? [] : [roleGuard(route.role)]),
      ...(route.guards ?? []),
      selfGuard,
      (req, res) => route.run(req, res),
    )
}
