import type { Request, Response } from 'express'
import type { Text } from '../ports.ts'
import type { Route } from '../route.ts'
import { changeGuard } from '../security.ts'
import { problemSchema } from '../schemas/epcis.schema.ts'
import { versionHeaders } from '../schemas/epcis-query.schema.ts'
import { z } from '../zod.ts'
import { discovery, EPCIS_BASE, JSON_TYPES, negotiate } from './epcis-http.ts'

/** A method of a resource; what it takes and gives is documentation. */
interface Method extends Pick<Route, 'query' | 'headers' | 'status' | 'otherStatuses'> {
  summary: Text
  body?: z.ZodType
  response?: z.ZodType
  run(req: Request, res: Response): Promise<void>
}

/** Headers of OPTIONS for what may not be there: what `find` does not find has no abilities, but a 404. */
export const there =
  (find: (req: Request) => Promise<unknown>) =>
  async (req: Request): Promise<Record<string, string>> => {
    await find(req)
    return {}
  }

/** One resource of the interface with its methods; OPTIONS comes by itself. @param more headers of OPTIONS */
export function resource(
  path: string,
  version: string,
  methods: Partial<Record<'get' | 'post' | 'delete', Method>>,
  more: Record<string, string> | ((req: Request) => Promise<Record<string, string>>) = {},
): Route[] {
  const allow = ['OPTIONS', ...Object.keys(methods).map((m) => m.toUpperCase())].join(', ')
  const common = {
    path: EPCIS_BASE + path,
    tag: 'epcis' as const,
    problem: problemSchema,
  }
  return [
    ...Object.entries(methods).map(([method, { headers, response = z.unknown(), ...rest }]): Route => ({
      ...common,
      ...rest,
      method: method as Route['method'],
      headers: versionHeaders.extend(headers?.shape ?? {}),
      response,
      otherTypes: { 'application/ld+json': response },
      ...(rest.body && { bodyTypes: JSON_TYPES }),
      guards: method === 'get' ? [negotiate] : [negotiate, changeGuard],
    })),
    {
      ...common,
      method: 'options',
      summary: { zh: '能力发现', en: 'Discovery of versions and methods' },
      response: z.unknown(),
      status: 204,
      run: async (req, res) =>
        discovery(allow, version, typeof more === 'function' ? await more(req) : more)(res),
    },
  ]
}
