import { z } from 'zod'
import type { ModuleHandler } from '../dashboard/index.ts'
import { type Activations, gateResults } from '../models/index.ts'
import { empty, endpoint } from '../scenarios/index.ts'
import type { Changeover } from './changeover.ts'

export interface LifeRouteParts {
  changeover: Changeover
  activations: Activations
  gatesDir: string
  stations: readonly string[]
}

const reason = z.string().max(500)

/** What the pages and other programs may ask of the life of models. */
export function lifeRoutes({ changeover, activations, gatesDir, stations }: LifeRouteParts): ModuleHandler[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/life',
      title: {
        zh: '模型:在用配方、启用历史、验收结果',
        en: 'Models: recipes in force, activations, gate results',
      },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: async () => ({
        stations: stations.map((station) => ({
          station,
          current: activations.current(station),
          history: activations.history(station, 50),
        })),
        gates: (await gateResults(gatesDir)).slice(0, 50),
      }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/stations/:id/recipe',
      title: { zh: '启用配方(不停线)', en: 'Put a recipe in force without stopping the line' },
      role: 'admin',
      query: empty,
      body: z.strictObject({
        recipe: z.string().regex(/^[a-z0-9][a-z0-9-]*@[1-9]\d*$/, 'recipe-id@version'),
        reason: reason.default(''),
        /** Without an accepted gate result; needs a reason. */
        override: z.boolean().default(false),
      }),
      work: ({ params, body, user }) => changeover.activate(params['id'] ?? '', { ...body, by: user }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/stations/:id/rollback',
      title: { zh: '退回上一个配方', en: 'Return to the recipe before' },
      role: 'admin',
      query: empty,
      body: z.strictObject({ reason: reason.default('') }).prefault({}),
      work: ({ params, body, user }) => changeover.rollback(params['id'] ?? '', user, body.reason),
    }),
  ]
}
