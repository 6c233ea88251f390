import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { listImages } from '../../camera/index.ts'
import {
  asCoded,
  CodedError,
  type FrameFormat,
  type InspectOutcome,
  type PartContext,
  type Recipe,
} from '../../contracts/index.ts'
import { imageSize, picturesBeside, recipeOfPackage } from '../../datasets/index.ts'
import {
  codesElsewhere,
  identityTools,
  inspect,
  loadRecipe,
  type PreparedRecipe,
  prepareRecipe,
  withoutIdentity,
} from '../../inspection/index.ts'
import { packageNamed } from '../../models/index.ts'
import { identify } from '../../traceability/index.ts'
import { readerGone } from '../terminal/closed-output.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, modelSetup } from '../setup/models.ts'
import { recipePlace } from '../line/config.ts'
import { doubtOf, readElsewhere } from '../line/part-identity.ts'

const ENCODED: FrameFormat = { kind: 'encoded', mime: 'application/octet-stream' }

export function addInspect(program: Command, environment: Environment): void {
  program
    .command('inspect <path>')
    .description('judge an image or a folder of images, as the line would; one JSON line each')
    .option('--recipe <id@version>', 'recipe in lines/recipes, or a recipe file')
    .option('--model <id>', 'a bare model package under the plainest recipe, for images of any size')
    .option('--template <file>', 'golden template for recipes that expect it with the frame')
    .action(async (path: string, o: { recipe?: string; model?: string; template?: string }) => {
      const judges = await judgesOf(o, environment)
      const { files, named } = await filesOf(path)
      const reference = o.template === undefined ? null : await templateOf(o.template, judges)
      const counts = { pass: 0, fail: 0, inconclusive: 0 }
      for (const file of files) {
        if (readerGone()) break
        const bytes = await read(file, named ? 'CFG_MISSING_FILE' : 'CAM_INCOMPLETE').catch(
          (error: CodedError) => {
            if (named) throw error
            return error
          },
        )
        // One that cannot be read does not take the others of the folder with it.
        if (!Buffer.isBuffer(bytes)) {
          counts.inconclusive += 1
          process.stdout.write(`${JSON.stringify(unread(file, bytes))}\n`)
          continue
        }
        const frame = {
          bytes,
          format: ENCODED,
          ...(reference ? { reference: { bytes: reference, format: ENCODED } } : {}),
        }
        const { prepared, product, recipe } = await judges.of(file)
        const context: PartContext = { line: 'cli', plant: 'cli', station: 'cli', product, shift: 'day' }
        const { verdict, timing } = namedByImage(await inspect(frame, prepared, context), recipe)
        counts[verdict.result] += 1
        process.stdout.write(`${JSON.stringify({ file, ...verdict, maps: undefined, timing })}\n`)
      }
      await judges.close()
      // Before the sum, which counts what was looked at.
      for (const { message } of await picturesBeside(path, files)) process.stderr.write(`${message}\n`)
      const judged = counts.pass + counts.fail + counts.inconclusive
      process.stderr.write(`${JSON.stringify({ files: judged, ...counts })}\n`)
      // Nobody knows of the others whether they pass; what has failed before stays said.
      if (judged < files.length) process.exitCode ||= 1
      else if (counts.fail + counts.inconclusive > 0) process.exitCode ||= 3
    })
}

/** @throws CFG_USAGE when nothing would look at it; CFG_MISSING_FILE, INS_DECODE */
async function templateOf(file: string, judges: Judges): Promise<Buffer> {
  if (!judges.takesTemplate)
    throw new CodedError('CFG_USAGE', {
      path: '--template',
      expected: 'a recipe or model that takes its golden template with the frame',
      actual: 'one that does not',
    })
  const bytes = await read(file, 'CFG_MISSING_FILE')
  await imageSize(file)
  return bytes
}

interface Judges {
  /** Whether the golden template comes with the frame. */
  takesTemplate: boolean
  /** `recipe` is null where a bare model judges, which names no part. */
  of(file: string): Promise<{ prepared: PreparedRecipe; product: string; recipe: Recipe | null }>
  close(): Promise<void>
}

/** @throws CFG_USAGE unless exactly one of recipe and model is named; CFG_*, MDL_* */
async function judgesOf(o: { recipe?: string; model?: string }, environment: Environment): Promise<Judges> {
  const setup = await modelSetup(['cpu'], environment)
  if (o.recipe !== undefined && o.model === undefined) {
    const { dir, id } = recipePlace(o.recipe)
    const loaded = await loadRecipe(dir, id)
    const prepared = await prepareRecipe(loaded, setup)
    const judge = { prepared, product: loaded.recipe.product.id, recipe: loaded.recipe }
    const takesTemplate = loaded.recipe.golden?.from === 'frame'
    return { takesTemplate, of: async () => judge, close: () => prepared.close() }
  }
  if (o.model === undefined || o.recipe !== undefined)
    throw new CodedError('CFG_USAGE', {
      expected: '--recipe ID@VERSION or --model ID',
      actual: o.model === undefined ? 'neither' : 'both',
    })
  const model = await packageNamed(modelDirs(environment), o.model)
  let last: { size: string; prepared: PreparedRecipe } | null = null
  return {
    takesTemplate: model.card.inputs.some((input) => input.role === 'template'),
    async of(file) {
      // What has no size is refused when it is judged; the recipe in force says so as well as any.
      const size = await imageSize(file).catch(() => null)
      const key = size === null ? (last?.size ?? '64x64') : `${size.widthPx}x${size.heightPx}`
      if (last?.size !== key) {
        await last?.prepared.close()
        const recipe = recipeOfPackage(model, size ?? { widthPx: 64, heightPx: 64 })
        last = { size: key, prepared: await prepareRecipe({ recipe, dir: model.dir }, setup) }
      }
      return { prepared: last.prepared, product: model.id, recipe: null }
    },
    close: async () => last?.prepared.close(),
  }
}

/** The line holds a part that its codes name wrongly or not at all; codes that are read beside a camera are none here. */
function namedByImage(outcome: InspectOutcome, recipe: Recipe | null): InspectOutcome {
  const { verdict } = outcome
  if (recipe === null || verdict.noVerdict) return outcome
  const naming = identityTools(recipe, verdict.codes)
  const elsewhere = codesElsewhere(recipe, verdict.codes)
  if (naming.length + elsewhere.length === 0) return outcome
  const found = identify(verdict.codes, recipe.product, recipe.identity, naming)
  const stray = recipe.identity !== 'none' && elsewhere.length > 0 && found.uri === null
  const doubt = stray ? readElsewhere(elsewhere) : doubtOf(found)
  const of = { id: verdict.recipe, sha256: verdict.recipeSha256 }
  return doubt === null ? outcome : withoutIdentity(outcome, of, doubt)
}

/** The line of an image that was never seen. */
const unread = (file: string, { code, message }: CodedError): object => ({
  file,
  result: 'inconclusive',
  disposition: 'hold',
  noVerdict: { reason: 'decode', code, message },
})

/** `named`: the one file that was asked for, not the images of a folder. */
async function filesOf(path: string): Promise<{ files: string[]; named: boolean }> {
  const facts = await stat(path).catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file: path, expected: 'an image or a folder', cause: error })
  })
  if (!facts.isDirectory()) return { files: [path], named: true }
  const files = (await listImages(path)).map((entry) => entry.path)
  if (files.length === 0)
    throw new CodedError('DAT_EMPTY', { file: path, expected: 'images', actual: 'none' })
  return { files, named: false }
}

const read = (file: string, code: 'CFG_MISSING_FILE' | 'CAM_INCOMPLETE'): Promise<Buffer> =>
  readFile(file).catch((error: unknown) => {
    throw asCoded(error, code, { file })
  })
