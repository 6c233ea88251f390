import { readFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { CodedError, type LineSpec, lineSchema, parseStrict } from '../contracts/index.ts'
import { loadRecipe, type LoadedRecipe } from '../inspection/index.ts'
import { type Environment, expandVariables } from './environment.ts'
import { paths } from './paths.ts'

export interface LineConfig {
  spec: LineSpec
  file: string
  recipesDir: string
  dataDir: string
  /** By station id. */
  recipes: Map<string, LoadedRecipe>
}

export interface Overrides {
  dataDir?: string | undefined
  port?: number | undefined
  host?: string | undefined
  workers?: number | undefined
}

/**
 * Reads a line file and every recipe it names. Precedence: line file < environment < flags. Nothing is started
 * before this has succeeded.
 */
export async function loadLine(
  file: string,
  environment: Environment,
  flags: Overrides,
  env: NodeJS.ProcessEnv,
): Promise<LineConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: 'a line file', cause: error })
  }
  const spec = parseStrict(expandVariables(text, env, file), lineSchema, file)
  const ids = spec.stations.map((s) => s.id)
  const twice = ids.find((id, i) => ids.indexOf(id) !== i)
  if (twice !== undefined)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'stations',
      expected: 'station ids used once',
      actual: twice,
    })
  const recipesDir = join(dirname(resolve(file)), 'recipes')
  const recipes = new Map<string, LoadedRecipe>()
  for (const station of spec.stations) {
    if (station.camera.adapter === 'replay')
      station.camera.path = resolve(dirname(resolve(file)), station.camera.path)
    recipes.set(station.id, await loadRecipe(recipesDir, station.recipe))
  }
  spec.dashboard.port = flags.port ?? environment.port ?? spec.dashboard.port
  spec.dashboard.host = flags.host ?? environment.host ?? spec.dashboard.host
  spec.workers = flags.workers ?? environment.workers ?? spec.workers
  const dir = flags.dataDir ?? environment.dataDir ?? spec.data.dir
  return { spec, file, recipesDir, dataDir: isAbsolute(dir) ? dir : resolve(dir), recipes }
}

/** The line file a word on the command line means: a path, or the name of a file in `lines/`. */
export const lineFile = (name: string): string =>
  /[/\\]|\.ya?ml$/.test(name) ? resolve(name) : join(paths.lines, `${name}.line.yaml`)

/** The recipe a word on the command line means: `id@version` in lines/recipes, or a recipe file. */
export function recipePlace(name: string): { dir: string; id: string } {
  if (!/\.ya?ml$/.test(name)) return { dir: join(paths.lines, 'recipes'), id: name }
  return { dir: dirname(resolve(name)), id: basename(name).replace(/\.recipe\.yaml$/, '') }
}
