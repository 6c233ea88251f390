import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  asCoded,
  canonicalJson,
  CodedError,
  type ModelPin,
  type Recipe,
  type Verdict,
} from '../../contracts/index.ts'
import { meaning } from '../../models/index.ts'
import { type ColourCheck, compileColour, compileGate, type GateResult } from '../gate/index.ts'
import { recipeHash, recipeId } from '../recipes/index.ts'
import { checkRuleNames, type CompiledRules, compileRules } from '../rules/index.ts'
import { type PreparedTool, prepareTool } from '../tools/index.ts'
import { decodeFrame } from './decode.ts'
import { FrameGolden } from './frame-golden.ts'
import { ModelShelf, type ModelSetup } from './model-shelf.ts'
import { GoldenTemplate, PartImage } from './part-image.ts'

/** A recipe and the folder its relative paths start from. */
export interface RecipeSource {
  recipe: Recipe
  dir: string
  /** As in `loadRecipe`. */
  released?: boolean
}

/** A recipe ready to judge frames in this thread: template, models, tools, gate and rules loaded and warm. */
export interface PreparedRecipe {
  /** `id@version` */
  readonly id: string
  readonly recipe: Recipe
  /** SHA-256 of the canonical recipe. */
  readonly sha256: string
  /** Registration first, then in the order of the recipe. */
  readonly tools: readonly PreparedTool[]
  readonly golden: GoldenTemplate | null
  readonly frameGolden: FrameGolden
  readonly gate: (image: PartImage) => GateResult
  readonly colour: ColourCheck
  readonly rules: CompiledRules
  readonly models: Verdict['models']
  /** SHA-256 of what the packages of the models mean, which a recipe that pins networks alone leaves open. */
  readonly meaningSha256: string
  /** Why a model runs on a lower provider than asked for. */
  readonly degraded: string | null
  close(): Promise<void>
}

/**
 * Loads everything a recipe needs and runs it once, so that the first part meets warm code.
 *
 * @param shelf models of this thread; recipes that share it share sessions
 * @throws CFG_*, MDL_*, INS_RULE_INVALID, INS_REGISTER; nothing stays open then
 */
export async function prepareRecipe(
  source: RecipeSource,
  models: ModelSetup | ModelShelf,
): Promise<PreparedRecipe> {
  const { recipe } = source
  const shelf = models instanceof ModelShelf ? models : new ModelShelf(models)
  const taken: ModelPin[] = []
  const close = async (): Promise<void> => {
    for (const pin of taken.splice(0)) await shelf.release(pin)
  }
  try {
    const rules = compileRules(recipe)
    const gate = compileGate(recipe)
    const golden = await loadGolden(source)
    const specs = recipe.tools.toSorted((a, b) => registerFirst(a.use) - registerFirst(b.use))
    const tools: PreparedTool[] = []
    for (const spec of specs) {
      const openModel = async (pin: ModelPin): Promise<NonNullable<PreparedTool['model']>> => {
        const runner = await shelf.take(pin)
        taken.push(pin)
        return runner
      }
      tools.push(await prepareTool(spec, { recipe, golden, openModel }))
    }
    if (source.released !== true)
      checkRuleNames(recipe, new Map(tools.flatMap(({ id, model }) => (model ? [[id, model.card]] : []))))
    await warmUp(recipe, golden, tools)
    const runners = [...new Set(tools.flatMap((t) => [...(t.model ? [t.model] : []), ...(t.further ?? [])]))]
    const colour = compileColour(
      recipe,
      runners.map((r) => r.card),
    )
    return {
      id: recipeId(recipe),
      recipe,
      sha256: recipeHash(recipe),
      tools,
      golden,
      frameGolden: new FrameGolden(
        recipe.view,
        recipe.tools.some((t) => t.use === 'template@1'),
      ),
      gate,
      colour,
      rules,
      models: runners.map((r) => ({
        id: r.card.id,
        version: r.card.version,
        sha256: r.sha256,
        provider: r.provider,
      })),
      meaningSha256: createHash('sha256')
        .update(canonicalJson(runners.map((r) => [r.sha256, meaning(r.card)])))
        .digest('hex'),
      degraded: runners.find((r) => r.degraded !== null)?.degraded ?? null,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const registerFirst = (use: string): number => (use.startsWith('register@') ? 0 : 1)

async function loadGolden({ recipe, dir }: RecipeSource): Promise<GoldenTemplate | null> {
  if (recipe.golden?.from !== 'file') return null
  const file = join(dir, recipe.golden.file)
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: 'the golden template', cause: error })
  }
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== recipe.golden.sha256)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'golden.sha256',
      expected: recipe.golden.sha256,
      actual,
      hint: 'a released recipe never changes: restore the file, or raise the version',
    })
  try {
    return new GoldenTemplate(await decodeFrame(bytes, { kind: 'encoded', mime: '' }, recipe.view))
  } catch (error) {
    const coded = asCoded(error, 'INS_DECODE')
    throw new CodedError(coded.code, { ...coded.detail, file, path: 'golden' })
  }
}

/**
 * Judges the golden template itself, or a grey ramp. What a tool says about it does not matter, also not that a model
 * answers NaN, which every frame is checked for; but a model must accept images of the recipe's size.
 */
async function warmUp(
  recipe: Recipe,
  golden: GoldenTemplate | null,
  tools: readonly PreparedTool[],
): Promise<void> {
  const { widthPx, heightPx, color } = recipe.view
  const channels = color === 'rgb' ? 3 : 1
  const data = Uint8Array.from({ length: widthPx * heightPx * channels }, (_, i) => (i >> 2) & 255)
  const image = golden ?? new GoldenTemplate({ data, widthPx, heightPx, channels })
  const reference = golden ?? (recipe.golden ? image : null)
  for (const tool of tools) {
    try {
      await tool.run({ image, golden: reference })
    } catch (error) {
      if (tool.model && asCoded(error, 'MDL_RUN').code !== 'MDL_OUTPUT') throw error
    }
  }
}
