import type { Request, Response } from 'express'
import type { Text } from '../ports.ts'
import type { Route } from '../route.ts'
import { changeGuard } from '../security.ts'
import { z } from '../zod.ts'
import { discovery, EPCIS_BASE, negotiate } from './epcis-http.ts'

type Run = (req: Request, res: Response) => Promise<void>

/** One resource of the interface with its methods; OPTIONS comes by itself. @param more headers of OPTIONS */
export function resource(
  path: string,
  version: string,
  methods: Partial<Record<'get' | 'post' | 'delete', { summary: Text; status?: number; run: Run }>>,
  more: Record<string, string> | ((req: Request) => Promise<Record<string, string>>) = {},
): Route[] {
  const allow = ['OPTIONS', ...Object.keys(methods).map((m) => m.toUpperCase())].join(', ')
  const common = { path: EPCIS_BASE + path, tag: 'epcis' as const, response: z.unknown() }
  return [
    ...Object.entries(methods).map(([method, { summary, status, run }]): Route => ({
      ...common,
      method: method as Route['method'],
      summary,
      ...(status !== undefined && { status }),
      guards: method === 'get' ? [negotiate] : [negotiate, changeGuard],
      run,
    })),
    {
      ...common,
      method: 'options',
      summary: { zh: '能力发现', en: 'Discovery of versions and methods' },
      status: 204,
      run: async (req, res) =>
        discovery(allow, version, typeof more === 'function' ? await more(req) : more)(res),
    },
  ]
}
