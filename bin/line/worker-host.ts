import { CodedError } from '../../contracts/index.ts'
import { type LoadedRecipe, type QueueWorker, RecipeRack, redisQueue } from '../../inspection/index.ts'
import type { LineConfig } from './config.ts'
import { LearnedRecipes } from './learned-recipes.ts'
import type { Environment } from '../setup/environment.ts'
import { log } from '../setup/log.ts'
import { openLocalInspector, queuePrefix } from './inspector.ts'

export interface WorkerHostOptions {
  /** One or more lines; their frames share the threads of this process. */
  lines: readonly LineConfig[]
  environment: Environment
  redisUrl: string
  name: string
  onError(message: string): void
}

export interface WorkerHost {
  threads: number
  close(): Promise<void>
}

/**
 * Judges the frames of one or more lines on this host. The threads have the recipes of all lines, so that a line that
 * stands still leaves its share to the others.
 */
export async function startWorkerHost(options: WorkerHostOptions): Promise<WorkerHost> {
  const { lines, environment, redisUrl, name, onError } = options
  const all = together(lines)
  const { inspector, local, canary } = await openLocalInspector(all, environment, [])
  const rack = new RecipeRack(
    {
      prepare: (recipe) => local.prepare(recipe),
      retire: (id) => local.retire(id),
      addCanary: (recipe) => canary.add(recipe),
      dropCanary: (id) => canary.drop(id),
    },
    all.recipes.values(),
  )
  const { QueueWorker } = await redisQueue()
  const workers: QueueWorker[] = []
  const told = new Set<string>()
  const close = async (): Promise<void> => {
    canary.stop()
    await Promise.all(workers.map((w) => w.close()))
    await inspector.close()
  }
  try {
    for (const line of lines) {
      const recipes = new LearnedRecipes(line.recipesDir, rack, line.recipes.values())
      const worker = new QueueWorker({
        redisUrl,
        prefix: queuePrefix(line.spec),
        inspector,
        fit: (recipe) => canary.fit(recipe),
        concurrency: inspector.health().workers,
        recipes: recipes.loaded,
        meaningSha: local.meaningSha,
        onUnknown: (recipe, sha256) => void recipes.learn(recipe, sha256),
        onOtherMeaning: (recipe) => tellMeaning(told, line.spec.line, recipe),
        name,
        onError,
      })
      workers.push(worker)
      await worker.start()
    }
  } catch (error) {
    await close()
    throw error
  }
  return { threads: inspector.health().workers, close }
}

/** Once for each recipe of a line: each of its frames would say it. */
function tellMeaning(told: Set<string>, line: string, recipe: string): void {
  if (told.has(`${line} ${recipe}`)) return
  told.add(`${line} ${recipe}`)
  log.warn(
    { code: 'MDL_PACKAGE', line, recipe },
    'a model package of this host has the network of the one on the line and another meaning (labels, inputs or family), so that the line judges; replace it by that of the line, start this host again, and pin cardSha256 in the recipe',
  )
}

/** @throws CFG_INVALID when two lines mean different recipes by one name, or want different providers */
function together(lines: readonly LineConfig[]): LineConfig {
  const [first] = lines
  if (!first) throw new CodedError('CFG_USAGE', { expected: 'a line', actual: 'none' })
  const recipes = new Map<string, LoadedRecipe>()
  for (const line of lines) {
    const wanted = first.spec.providers.join(', ')
    if (line.spec.providers.join(', ') !== wanted)
      throw new CodedError('CFG_INVALID', {
        file: line.file,
        path: 'providers',
        expected: `${wanted}, as in ${first.file}`,
        actual: line.spec.providers.join(', '),
        hint: 'start a worker for each line',
      })
    for (const recipe of line.recipes.values()) {
      const same = recipes.get(recipe.id)
      if (same && same.sha256 !== recipe.sha256)
        throw new CodedError('CFG_INVALID', {
          file: line.file,
          path: recipe.id,
          expected: `the recipe of that name in ${same.dir}`,
          actual: `another one in ${recipe.dir}`,
          hint: 'raise the version of one, or start a worker for each line',
        })
      recipes.set(recipe.id, recipe)
    }
  }
  return { ...first, recipes }
}
