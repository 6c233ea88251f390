import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import {
  CodedError,
  isRegistered,
  type LineSpec,
  lineSchema,
  type ModelCard,
  modelPins,
  parseStrict,
} from '../../contracts/index.ts'
import {
  checkNaming,
  checkRuleNames,
  connectionOptions,
  loadRecipe,
  type LoadedRecipe,
} from '../../inspection/index.ts'
import { checkRegions, checkThresholds, verifyPinned } from '../../models/index.ts'
import { checkModules } from '../../scenarios/index.ts'
import { type Environment, variablesOf } from '../setup/environment.ts'
import { modelDirs, trustedKeys } from '../setup/models.ts'
import { paths } from '../setup/paths.ts'
import { atLine } from './at-line.ts'
import { checkChallenge } from './challenge-parts.ts'
import { lineSchemaWithTokens, sinkTokens } from './sinks.ts'

export interface LineConfig {
  spec: LineSpec
  file: string
  recipesDir: string
  dataDir: string
  /** By station id. */
  recipes: Map<string, LoadedRecipe>
  /** By sink id. */
  sinkTokens: Map<string, string>
}

export interface Overrides {
  dataDir?: string | undefined
  port?: number | undefined
  host?: string | undefined
  workers?: number | undefined
  /** The line itself runs elsewhere: secrets that only it needs may be absent. */
  judgeOnly?: boolean
}

/**
 * Reads a line file and every recipe it names. Precedence: line file < environment < flags. Nothing is started
 * before this has succeeded.
 */
export const loadLine = (...ask: Parameters<typeof readLine>): Promise<LineConfig> =>
  readLine(...ask).catch(async (error: unknown) => {
    throw await atLine(error)
  })

async function readLine(
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
  const schema = flags.judgeOnly ? lineSchema : lineSchemaWithTokens(env)
  const spec = parseStrict(text, schema, file, variablesOf(env))
  const ids = spec.stations.map((s) => s.id)
  const twice = ids.find((id, i) => ids.indexOf(id) !== i)
  if (twice !== undefined)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'stations',
      expected: 'station ids used once',
      actual: twice,
    })
  checkGates(spec, file)
  if (spec.plantStore !== undefined && environment.databaseUrl === null && !flags.judgeOnly)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'plantStore',
      expected: 'the address of the plant store in the environment variable SIGHTLINE_DATABASE_URL',
      actual: 'nothing',
      hint: 'set it, or leave plantStore out',
    })
  if (environment.redisUrl !== null) connectionOptions(environment.redisUrl)
  const folder = dirname(resolve(file))
  const recipesDir = join(folder, 'recipes')
  const recipes = new Map<string, LoadedRecipe>()
  for (const station of spec.stations) {
    if (station.camera.adapter === 'replay') station.camera.path = resolve(folder, station.camera.path)
    const recipe = await loadRecipe(recipesDir, station.recipe)
    checkNaming(recipe, station.association.length > 0)
    checkChallenge(recipe)
    recipes.set(station.id, recipe)
  }
  checkFrameSizes(spec, recipes, file)
  try {
    checkModules(spec.scenarios.map(({ use, ...params }) => ({ slug: use, params })))
  } catch (error) {
    throw inFile(error, file)
  }
  await checkModels([...recipes.values()], environment)
  spec.teach.folders = spec.teach.folders.map((taught) => resolve(folder, taught))
  spec.dashboard.port = flags.port ?? environment.port ?? spec.dashboard.port
  spec.dashboard.host = flags.host ?? environment.host ?? spec.dashboard.host
  const { https } = spec.dashboard
  if (https) {
    https.certificate = resolve(folder, https.certificate)
    https.key = resolve(folder, https.key)
  }
  spec.workers = flags.workers ?? environment.workers ?? spec.workers
  const given = flags.dataDir ?? environment.dataDir
  const { dir } = spec.data
  if (given === null && dir !== undefined) checkMoved(folder, dir, file)
  return {
    spec,
    file,
    recipesDir,
    // Beside the line file, as all its paths: started from another folder, the line keeps its log and its numbers.
    dataDir: given === null && dir !== undefined ? resolve(folder, dir) : resolve(given ?? '.sightline'),
    recipes,
    sinkTokens: sinkTokens(spec, env),
  }
}

/**
 * Where `data.dir` went by the current folder, records of before lie there: a line that begins with none would not know
 * its holds and its numbers.
 */
function checkMoved(folder: string, dir: string, file: string): void {
  const [before, now] = [resolve(dir), resolve(folder, dir)]
  if (before === now || !existsSync(join(before, 'trace.db')) || existsSync(join(now, 'trace.db'))) return
  throw new CodedError('CFG_INVALID', {
    file,
    path: 'data.dir',
    expected: `the records of this line in ${now}: a relative path goes by the folder of the line file`,
    actual: `none there, and records in ${before}`,
    hint: 'move them there, or write the whole path',
  })
}

/**
 * A PLC gate acts by trigger number, so the numbers must be the PLC's own: a camera that counts for itself would be
 * off by one after its first lost frame, and every release would go to another part.
 */
function checkGates(spec: LineSpec, file: string): void {
  spec.stations.forEach(({ camera, reject }, i) => {
    const pushed = camera.adapter === 'http-push'
    const triggered =
      !pushed && (camera.adapter === 'ffmpeg' ? camera.mode === 'triggered' : camera.rate === 'triggered')
    if (triggered && reject.adapter !== 'modbus-tcp')
      throw new CodedError('CFG_INVALID', {
        file,
        path: `stations[${i}].reject`,
        expected: 'adapter: modbus-tcp, the PLC that triggers the camera',
        actual: `${reject.adapter}, which triggers nothing: no part would ever be looked at`,
      })
    if (reject.adapter === 'modbus-tcp' && !pushed && !triggered)
      throw new CodedError('CFG_INVALID', {
        file,
        path: `stations[${i}].camera`,
        expected:
          'a camera triggered by the PLC (`rate: triggered`, `mode: triggered`) or http-push with x-trigger',
        actual: `${camera.adapter} that numbers its own frames, behind a ${reject.adapter} gate`,
      })
  })
}

/** Frames whose size the line file says must be what the recipe looks at, and fit into a slot: else none is ever judged. */
function checkFrameSizes(spec: LineSpec, recipes: LineConfig['recipes'], file: string): void {
  const { slotBytes } = spec.frames
  spec.stations.forEach(({ id, camera, recipe }, i) => {
    const view = recipes.get(id)?.recipe.view
    if (camera.adapter !== 'ffmpeg' || view === undefined) return
    const { widthPx, heightPx, pixel } = camera
    const path = `stations[${i}].camera`
    if (widthPx !== view.widthPx || heightPx !== view.heightPx)
      throw new CodedError('CFG_INVALID', {
        file,
        path,
        expected: `frames of ${view.widthPx} × ${view.heightPx} px, the view of ${recipe}`,
        actual: `${widthPx} × ${heightPx} px`,
      })
    const bytes = widthPx * heightPx * (pixel === 'rgb8' ? 3 : 1)
    if (bytes > slotBytes)
      throw new CodedError('CFG_INVALID', {
        file,
        path,
        expected: `frames of at most ${slotBytes} bytes`,
        actual: `${widthPx} × ${heightPx} px of ${pixel}, ${bytes} bytes`,
        hint: 'raise frames.slotBytes',
      })
  })
}

/**
 * Every model that a recipe pins is there and in order, short of running it, can do what is asked of it, and knows the
 * classes and scores that rules name.
 *
 * @throws MDL_*, CFG_*
 */
async function checkModels(recipes: readonly LoadedRecipe[], environment: Environment): Promise<void> {
  const keys = await trustedKeys(environment)
  const cards = new Map<string, ModelCard>()
  for (const { recipe, file } of recipes) {
    const ofTools = new Map<string, ModelCard>()
    for (const [i, tool] of recipe.tools.entries()) {
      try {
        for (const pin of modelPins(tool)) {
          const key = Object.values(pin).join(' ')
          const card = cards.get(key) ?? (await verifyPinned(modelDirs(environment), pin, keys)).card
          cards.set(key, card)
          if (tool.use !== 'model@1') continue
          ofTools.set(tool.id, card)
          checkThresholds(card, tool, `tools[${i}]`)
          checkRegions(card, tool, `tools[${i}]`, isRegistered(recipe))
        }
      } catch (error) {
        throw inFile(error, file, `tools[${i}]`)
      }
    }
    try {
      checkRuleNames(recipe, ofTools)
    } catch (error) {
      throw inFile(error, file)
    }
  }
}

/** Says in which file the fault is, where the error itself names none. */
function inFile(error: unknown, file: string, path?: string): unknown {
  if (!(error instanceof CodedError) || error.detail.file !== undefined) return error
  return new CodedError(error.code, { ...(path === undefined ? {} : { path }), ...error.detail, file })
}

/** The line file a word on the command line means: a path, or the name of a file in `lines/`. */
export const lineFile = (name: string): string =>
  /[/\\]|\.ya?ml$/.test(name) ? resolve(name) : join(paths.lines, `${name}.line.yaml`)

const RECIPE_ID = /^[a-z0-9][a-z0-9-]*@[1-9]\d*$/
const RECIPE_FILE = /^(.*)\.recipe\.ya?ml$/

/** The recipe a word on the command line means: `id@version` in lines/recipes, or a recipe file. @throws CFG_USAGE */
export function recipePlace(name: string): { dir: string; id: string } {
  const dir = join(paths.lines, 'recipes')
  if (RECIPE_ID.test(name)) {
    const file = join(dir, `${name}.recipe.yaml`)
    if (existsSync(file)) return { dir, id: name }
    throw new CodedError('CFG_MISSING_FILE', {
      file,
      expected: `the recipe ${name}`,
      hint: `a recipe of another folder is named by its file: --recipe recipes/${name}.recipe.yaml`,
    })
  }
  if (!/\.ya?ml$/.test(name)) {
    const there = existsSync(dir) ? readdirSync(dir).flatMap((file) => RECIPE_FILE.exec(file)?.[1] ?? []) : []
    throw new CodedError('CFG_USAGE', {
      path: '--recipe',
      expected: `id@version, one of ${there.slice(0, 8).join(', ') || '(none)'} in ${dir}, or a file id@version.recipe.yaml`,
      actual: name,
    })
  }
  if (!name.endsWith('.recipe.yaml'))
    throw new CodedError('CFG_USAGE', {
      path: '--recipe',
      expected: 'a file named id@version.recipe.yaml, after what it says in it',
      actual: `${name}${existsSync(name) ? '' : ', which does not exist'}`,
    })
  return { dir: dirname(resolve(name)), id: basename(name, '.recipe.yaml') }
}

/** A quarter of the tightest budget: a record that the store does not take by then still reaches the spool in time. */
export const spoolAfterMs = (spec: LineSpec): number =>
  Math.max(20, Math.min(...spec.stations.map((s) => s.budgetMs)) / 4)
