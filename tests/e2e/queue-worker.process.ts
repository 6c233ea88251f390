import '../from-build.ts'
import type { Recipe } from '../../contracts/index.ts'
import { LocalInspector, recipeHash } from '../../inspection/index.ts'
import { QueueWorker } from '../../inspection/queue/redis.ts'
import { noModels } from '../unit/samples/inspection-recipes.ts'

/** One inspection worker host with one thread: `queue-worker.process.ts <redisUrl> <prefix> <name> <recipe as JSON>`. */
const [redisUrl = '', prefix = '', name = '', recipeJson = ''] = process.argv.slice(2)
const recipe = JSON.parse(recipeJson) as Recipe
const inspector = await LocalInspector.start({
  workers: 1,
  buffers: [],
  recipes: [{ recipe, dir: '.' }],
  models: noModels,
  entry: new URL('../suites/samples-inspect.worker.ts', import.meta.url),
  restart: { max: 100, withinMs: 60_000 },
})
const worker = new QueueWorker({
  redisUrl,
  prefix,
  inspector,
  concurrency: 1,
  recipes: new Map([[`${recipe.recipe}@${recipe.version}`, recipeHash(recipe)]]),
  meaningSha: inspector.meaningSha,
  name,
  onError: () => undefined,
})
await worker.start()
process.send?.('ready')
process.on('disconnect', () => process.exit(0))
