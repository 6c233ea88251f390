import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { listImages } from '../../camera/index.ts'
import { asCoded, CodedError, type FrameFormat, type PartContext } from '../../contracts/index.ts'
import { inspect, loadRecipe, prepareRecipe } from '../../inspection/index.ts'
import type { Environment } from '../environment.ts'
import { modelSetup } from '../model-setup.ts'
import { recipePlace } from '../config.ts'

const ENCODED: FrameFormat = { kind: 'encoded', mime: 'application/octet-stream' }

export function addInspect(program: Command, environment: Environment): void {
  program
    .command('inspect <path>')
    .description('judge an image or a folder of images, as the line would; one JSON line each')
    .requiredOption('--recipe <id@version>', 'recipe in lines/recipes, or a recipe file')
    .option('--template <file>', 'golden template for recipes that expect it with the frame')
    .action(async (path: string, o: { recipe: string; template?: string }) => {
      const { dir, id } = recipePlace(o.recipe)
      const loaded = await loadRecipe(dir, id)
      const files = await filesOf(path)
      const reference = o.template === undefined ? null : await read(o.template)
      const prepared = await prepareRecipe(loaded, await modelSetup(['cpu'], environment))
      const context: PartContext = {
        line: 'cli',
        plant: 'cli',
        station: 'cli',
        product: loaded.recipe.product.id,
        shift: 'day',
      }
      const counts = { pass: 0, fail: 0, inconclusive: 0 }
      for (const file of files) {
        const frame = {
          bytes: await read(file),
          format: ENCODED,
          ...(reference ? { reference: { bytes: reference, format: ENCODED } } : {}),
        }
        const { verdict, timing } = await inspect(frame, prepared, context)
        counts[verdict.result] += 1
        process.stdout.write(`${JSON.stringify({ file, ...verdict, maps: undefined, timing })}\n`)
      }
      await prepared.close()
      process.stderr.write(`${JSON.stringify({ files: files.length, ...counts })}\n`)
      if (counts.fail + counts.inconclusive > 0) process.exitCode = 3
    })
}

async function filesOf(path: string): Promise<string[]> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file: path, expected: 'an image or a folder', cause: error })
  })
  if (!facts.isDirectory()) return [path]
  const files = (await listImages(path)).map((entry) => entry.path)
  if (files.length === 0)
    throw new CodedError('DAT_EMPTY', { file: path, expected: 'images', actual: 'none' })
  return files
}

const read = (file: string): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file })
  })
