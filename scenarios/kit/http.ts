import { z } from 'zod'
import {
  asCoded,
  CodedError,
  errorText,
  httpStatus,
  mustAllow,
  requestFault,
  toFact,
  type ErrorCode,
  type I18n,
  type Role,
} from '../../contracts/index.ts'
import type { ModuleHost } from './host.ts'

export interface HttpRequest {
  params: Record<string, string>
  /** As parsed from the URL; a repeated name may be an array. */
  query: Record<string, unknown>
  body: unknown
  /** Role and name of the signed-in user. */
  role: string
  user: string
}

export interface HttpResponse {
  status: number
  body: unknown
  /** What went wrong, for the log. */
  failure?: unknown
}

/** One endpoint without any web framework: the dashboard mounts it and documents it from the schemas. */
export interface HttpRoute {
  method: 'GET' | 'PUT' | 'POST'
  /** Express style: `/api/m/:slug/status`. */
  path: string
  title: I18n
  role: Role
  query: z.ZodType
  body: z.ZodType
  /** Never rejects; errors are `{ error: { code, message, zh } }` with a fitting status. */
  handle(req: HttpRequest): Promise<HttpResponse>
}

/** Input that parsed but cannot be accepted; `body` explains in full. */
export class Refused extends CodedError {
  readonly body: Record<string, unknown>

  constructor(code: ErrorCode, actual: string, body: Record<string, unknown>) {
    super(code, { actual })
    this.body = body
  }
}

export const empty = z.strictObject({})
/** A POST without a body arrives as undefined or as an empty object, depending on the client. */
export const noBody = empty.nullish()

/** What a handler gets: checked query and body. */
export interface Checked<Q, B> {
  params: Record<string, string>
  query: Q
  body: B
  role: string
  user: string
}

/** Builds an endpoint that checks the role, then the input, then calls `work`. */
export function endpoint<Q, B>(e: {
  method: HttpRoute['method']
  path: string
  title: I18n
  role: Role
  query: z.ZodType<Q>
  body: z.ZodType<B>
  work(req: Checked<Q, B>): unknown
}): HttpRoute {
  const { work, ...rest } = e
  return {
    ...rest,
    async handle(req) {
      try {
        mustAllow(req.role, e.role)
        const query = check(e.query, req.query, 'query')
        const body = check(e.body, req.body, 'body')
        const answer = await work({ ...req, query, body })
        return { status: 200, body: answer }
      } catch (error) {
        return failure(error)
      }
    },
  }
}

function check<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new CodedError('API_REQUEST', requestFault(parsed.error, value, where))
  return parsed.data
}

function failure(error: unknown): HttpResponse {
  const coded = asCoded(error, 'API_INTERNAL')
  const extra = coded instanceof Refused ? coded.body : {}
  return {
    status: httpStatus(coded.code),
    body: { error: { ...toFact(coded), zh: errorText(coded).zh }, ...extra },
    failure: error,
  }
}

/** The routes each module declares, below `/api/m/<slug>/x`. */
export function moduleRoutes(host: ModuleHost): HttpRoute[] {
  return host.instances().flatMap((m) =>
    m.body.routes.map((r) =>
      endpoint({
        method: r.method,
        path: `/api/m/${m.slug}/x${r.path}`,
        title: r.title,
        role: r.role,
        query: r.query,
        body: r.method === 'GET' ? z.unknown() : r.body,
        work: ({ query, body }) => r.handle({ query, body }, { db: m.jobs.read, ref: m.ref }),
      }),
    ),
  )
}
