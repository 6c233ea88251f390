import { OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { z } from './zod.ts'
import type { ModuleHandler } from './ports.ts'
import type { Route } from './route.ts'
import { LIVE_MESSAGES } from './schemas/live.schema.ts'
import { partDetailSchema, partRowSchema } from './schemas/part.schema.ts'
import { verdictSchema } from './schemas/verdict.schema.ts'

const errorSchema = z.object({ code: z.string(), message: z.string(), zh: z.string() })

const JSON_TYPE = 'application/json'
const PROBLEM_TYPE = 'application/problem+json'
/** Refused, not allowed, not there, not now, not acceptable, too busy: what endpoints of modules and models may answer. */
const MODULE_FAILURES = [400, 401, 403, 404, 409, 422, 503]
/** A body that is too large, or no JSON in UTF-8. */
const BODY_FAILURES = [413, 415]

/** Express path → OpenAPI path: `/parts/:id` → `/parts/{id}`. */
export const openApiPath = (path: string): string => path.replace(/[:*](\w+)/g, '{$1}')

/** OpenAPI 3.1 of everything the server answers: its own routes and those of the module host. */
export function openApiDocument(
  routes: readonly Route[],
  modules: readonly ModuleHandler[],
  version: string,
): object {
  const registry = new OpenAPIRegistry()
  const error = registry.register('Error', errorSchema)
  registry.register('PartRow', partRowSchema)
  registry.register('PartDetail', partDetailSchema)
  registry.register('Verdict', verdictSchema)
  for (const [name, schema] of Object.entries(LIVE_MESSAGES))
    if (name !== 'part') registry.register(`Live.${name}`, schema)
  const failure = { description: 'code and message', content: { [JSON_TYPE]: { schema: error } } }
  const failures = (...statuses: number[]): Record<string, typeof failure> =>
    Object.fromEntries([...statuses, 'default'].map((status) => [status, failure]))

  for (const route of routes) {
    const { params, query, headers, body, bodyTypes = [JSON_TYPE] } = route
    const asked = params !== undefined || query !== undefined || body !== undefined
    registry.registerPath({
      method: route.method,
      path: openApiPath(route.path),
      tags: [route.tag],
      summary: route.summary.en,
      'x-summary-zh': route.summary.zh,
      ...(route.role && { 'x-role': route.role }),
      ...(params === undefined && { parameters: pathParameters(route.path) }),
      request: {
        ...(params && { params }),
        ...(query && { query }),
        ...(headers && { headers }),
        ...(body && {
          body: { required: true, content: contentOf(bodyTypes.map((type) => [type, body] as const)) },
        }),
      },
      responses: {
        ...(route.problem
          ? { default: { description: 'Problem', content: { [PROBLEM_TYPE]: { schema: route.problem } } } }
          : failures(
              ...(asked ? [400] : []),
              ...(body === undefined ? [] : [403, 409, ...BODY_FAILURES]),
              ...(route.role === undefined ? [] : [401, 403]),
              ...(params === undefined ? [] : [404]),
            )),
        ...successes(route),
      },
    })
  }

  for (const handler of modules) {
    const body = jsonSchema(handler.body)
    registry.registerPath({
      method: METHOD[handler.method],
      path: openApiPath(handler.path),
      tags: [handler.path.startsWith('/api/m') ? 'modules' : 'models'],
      summary: handler.title.en,
      'x-summary-zh': handler.title.zh,
      'x-role': handler.role,
      parameters: [...pathParameters(handler.path), ...queryParameters(handler.query)],
      ...(handler.method === 'GET'
        ? {}
        : { requestBody: { content: { [JSON_TYPE]: { schema: { ...body } } } } }),
      responses: {
        200: { description: 'OK', content: { [JSON_TYPE]: { schema: z.unknown() } } },
        ...failures(...MODULE_FAILURES, ...(handler.method === 'GET' ? [] : BODY_FAILURES)),
      },
    })
  }

  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sightline',
      version,
      description:
        'Inline inspection: state of the line, inspections, images, live feed, modules. Errors are `{ code, message, zh }`, those below /epcis problem bodies.',
    },
    servers: [{ url: '/' }],
  })
  return withoutFlags(document)
}

/**
 * The generator ends a pattern with the flags of its RegExp, `/u`, which would be two characters to match. A slash of the
 * pattern itself is escaped.
 */
const withoutFlags = (document: object): object =>
  JSON.parse(
    JSON.stringify(document, (key, value: unknown) =>
      key === 'pattern' && typeof value === 'string' ? value.replace(/(?<!\\)\/[a-z]+$/, '') : value,
    ),
  ) as object

const contentOf = (types: readonly (readonly [type: string, schema: z.ZodType])[]) =>
  Object.fromEntries(types.map(([type, schema]) => [type, { schema }]))

/** What a route answers when nothing is wrong. */
function successes({
  response,
  status = 200,
  contentType = JSON_TYPE,
  otherTypes = {},
  otherStatuses = {},
}: Route) {
  const content = contentOf([[contentType, response], ...Object.entries(otherTypes)])
  return {
    [status]: status === 204 ? { description: 'Done' } : { description: 'OK', content },
    ...Object.fromEntries(
      Object.entries(otherStatuses).map(([other, { means, body }]) => [
        other,
        { description: means, ...(body && { content }) },
      ]),
    ),
  }
}

interface JsonSchema {
  properties?: Record<string, Record<string, unknown>>
  required?: string[]
}

const METHOD = { GET: 'get', POST: 'post', PUT: 'put' } as const

type Parameter = {
  name: string
  in: 'path' | 'query'
  required: boolean
  schema: Record<string, unknown>
}

const pathParameters = (path: string): Parameter[] =>
  [...path.matchAll(/:(\w+)/g)].map((m) => ({
    name: m[1] ?? '',
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))

function queryParameters(query: z.ZodType): Parameter[] {
  const { properties = {}, required = [] } = jsonSchema(query)
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

/** By zod's own means: schemas of modules were made without the extension that the registry needs. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })
  return plain as JsonSchema
}
