import { OpenApiGeneratorV31, OpenAPIRegistry } from '@asteasolutions/zod-to-openapi'
import { z } from './zod.ts'
import type { ModuleHandler } from './ports.ts'
import type { Route } from './route.ts'
import { LIVE_MESSAGES } from './schemas/live.schema.ts'
import { partDetailSchema, partRowSchema } from './schemas/part.schema.ts'
import { verdictSchema } from './schemas/verdict.schema.ts'

const errorSchema = z.object({ code: z.string(), message: z.string(), zh: z.string() })

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
  const failure = { description: 'code and message', content: { 'application/json': { schema: error } } }

  for (const route of routes) {
    const type = route.contentType ?? 'application/json'
    registry.registerPath({
      method: route.method,
      path: openApiPath(route.path),
      tags: [route.tag],
      summary: route.summary.en,
      'x-summary-zh': route.summary.zh,
      request: {
        ...(route.params === undefined ? {} : { params: route.params }),
        ...(route.query === undefined ? {} : { query: route.query }),
        ...(route.body === undefined
          ? {}
          : { body: { content: { 'application/json': { schema: route.body } } } }),
      },
      responses: {
        [route.status ?? 200]:
          route.status === 204
            ? { description: 'Done' }
            : { description: 'OK', content: { [type]: { schema: route.response } } },
        ...(route.params === undefined && route.query === undefined && route.body === undefined
          ? {}
          : { 400: failure }),
        ...(route.body === undefined ? {} : { 403: failure, 409: failure }),
        ...(route.params === undefined ? {} : { 404: failure }),
        ...(route.path === '/readyz'
          ? { 503: { description: 'Not ready', content: { [type]: { schema: route.response } } } }
          : {}),
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
        : { requestBody: { content: { 'application/json': { schema: { ...body } } } } }),
      responses: {
        200: { description: 'OK', content: { 'application/json': { schema: z.unknown() } } },
        400: failure,
        403: failure,
        404: failure,
      },
    })
  }

  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sightline',
      version,
      description:
        'Inline inspection: state of the line, inspections, images, live feed, modules. Errors are `{ code, message }`.',
    },
    servers: [{ url: '/' }],
  })
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
