import { readdir } from 'node:fs/promises'
import { z } from 'zod'
import type { ModuleHandler } from '../../dashboard/index.ts'
import { type Activations, gateResults } from '../../models/index.ts'
import { empty, endpoint } from '../../scenarios/index.ts'
import type { Challenges } from './challenges.ts'
import type { Changeover } from './changeover.ts'
import type { FirstArticles } from './first-articles.ts'
import type { ShadowRuns } from './shadow-runs.ts'

export interface LifeRouteParts {
  changeover: Changeover
  shadows: ShadowRuns
  challenges: Pick<Challenges, 'state'>
  firstArticles: Pick<FirstArticles, 'state'>
  activations: Activations
  gatesDir: string
  recipesDir: string
  stations: readonly string[]
}

const RECIPE_FILE = /^([a-z0-9][a-z0-9-]*@[1-9]\d*)\.recipe\.yaml$/

/** `id@version` of every recipe file, a later version behind an earlier one: 10 behind 9. */
export const recipeNames = async (dir: string): Promise<string[]> =>
  (await readdir(dir))
    .flatMap((name) => RECIPE_FILE.exec(name)?.[1] ?? [])
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))

const recipeName = z.string().regex(/^[a-z0-9][a-z0-9-]*@[1-9]\d*$/, 'recipe-id@version')
const reason = z.string().max(500)
/** A name that is typed in; absent = the account. */
const who = z.string().trim().min(1).max(128).optional()
/** `n` of the activation that was in force when it was asked for; refused when another is. */
const from = z.int().optional()

/** What the pages and other programs may ask of the life of models. */
export function lifeRoutes({
  changeover,
  shadows,
  challenges,
  firstArticles,
  activations,
  gatesDir,
  recipesDir,
  stations,
}: LifeRouteParts): ModuleHandler[] {
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
        stations: await Promise.all(
          stations.map(async (station) => ({
            station,
            current: activations.current(station),
            history: activations.history(station, 50),
            shadow: shadows.state(station),
            challenge: challenges.state(station),
            firstArticle: await firstArticles.state(station),
          })),
        ),
        gates: (await gateResults(gatesDir)).slice(0, 50),
        recipes: await recipeNames(recipesDir),
      }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/stations/:id/recipe',
      title: { zh: '启用配方(不停线)', en: 'Put a recipe in force without stopping the line' },
      role: 'admin',
      query: empty,
      body: z.strictObject({
        recipe: recipeName,
        reason: reason.default(''),
        /** Without an accepted gate result; needs a reason. */
        override: z.boolean().default(false),
        by: who,
        from,
      }),
      work: ({ params, body, user }) =>
        changeover.activate(params['id'] ?? '', { ...body, by: body.by ?? user }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/stations/:id/rollback',
      title: { zh: '退回上一个配方', en: 'Return to the recipe before' },
      role: 'admin',
      query: empty,
      body: z
        .strictObject({
          reason: reason.default(''),
          by: who,
          from,
        })
        .prefault({}),
      work: ({ params, body, user }) =>
        changeover.rollback(params['id'] ?? '', { ...body, by: body.by ?? user }),
    }),
    endpoint({
      method: 'PUT',
      path: '/api/stations/:id/shadow',
      title: {
        zh: '影子运行:候选配方旁观在线工件',
        en: 'Shadow: a candidate looks at live parts; null ends it',
      },
      role: 'admin',
      query: empty,
      body: z.strictObject({ recipe: recipeName.nullable(), by: who }),
      work: ({ params, body, user }) => shadows.set(params['id'] ?? '', body.recipe, body.by ?? user),
    }),
  ]
}
