import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  canonicalJson,
  CodedError,
  lineOfPath,
  parseStrict,
  type Recipe,
  recipeSchema,
} from '../../contracts/index.ts'
import { checkRuleNames, compileRules } from '../rules/index.ts'
import { checkRecipe } from './check-recipe.ts'

export interface LoadedRecipe {
  /** `id@version` */
  id: string
  recipe: Recipe
  /** SHA-256 of the canonical JSON of the recipe with all defaults filled in. */
  sha256: string
  /** Folder of the recipe file; relative paths in the recipe start here. */
  dir: string
  file: string
  /** Taken as it was released: checks that came later are left out. */
  released?: boolean
}

/**
 * Loads `<dir>/<id>@<version>.recipe.yaml` and checks everything that can be checked without models: schema,
 * references between ROIs and tools, sizes, rules and the names in them.
 *
 * @param sha256 it must still be this one
 * @param released parts were judged by it, and it is wanted as it was then: what later versions refuse does not matter
 * @throws CFG_MISSING_FILE, CFG_SYNTAX, CFG_INVALID, CFG_UNKNOWN_REFERENCE, INS_RULE_INVALID
 */
export async function loadRecipe(
  dir: string,
  id: string,
  { sha256, released = false }: { sha256?: string; released?: boolean } = {},
): Promise<LoadedRecipe> {
  const file = join(dir, `${id}.recipe.yaml`)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CodedError('CFG_MISSING_FILE', { file, expected: `the recipe ${id}`, cause: error })
  }
  const recipe = parseStrict(text, recipeSchema, file)
  const named = recipeId(recipe)
  if (named !== id)
    throw new CodedError('CFG_INVALID', {
      file,
      path: 'recipe',
      expected: id,
      actual: named,
      hint: 'file name and content must agree',
    })
  const actual = recipeHash(recipe)
  if (sha256 !== undefined && sha256 !== actual)
    throw new CodedError('CFG_INVALID', {
      file,
      expected: `the recipe as it was (${sha256.slice(0, 12)})`,
      actual: actual.slice(0, 12),
      hint: 'a released recipe never changes: restore the file',
    })
  try {
    if (!released) checkRecipe(recipe)
    compileRules(recipe)
    if (!released) checkRuleNames(recipe)
    await checkGolden(recipe, dir)
  } catch (error) {
    if (error instanceof CodedError)
      throw new CodedError(error.code, {
        file,
        line: lineOfPath(text, error.detail.path ?? '') ?? 1,
        ...error.detail,
      })
    throw error
  }
  return { id, recipe, sha256: actual, dir, file, released }
}

/** The golden template is there and is the one the recipe was released with. */
async function checkGolden({ golden }: Recipe, dir: string): Promise<void> {
  if (golden?.from !== 'file') return
  const bytes = await readFile(join(dir, golden.file)).catch((error: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', {
      path: 'golden.file',
      expected: 'the golden template',
      actual: `no readable file ${join(dir, golden.file)}`,
      cause: error,
    })
  })
  const actual = createHash('sha256').update(bytes).digest('hex')
  if (actual !== golden.sha256)
    throw new CodedError('CFG_INVALID', {
      path: 'golden.sha256',
      expected: golden.sha256,
      actual,
      hint: 'a released recipe never changes: restore the file, or raise the version',
    })
}

/**
 * Whether a station can find the identity that the recipe wants, and its challenge parts.
 *
 * @param beside codes are also read beside the camera there
 * @throws CFG_UNKNOWN_REFERENCE
 */
export function checkNaming({ recipe, file }: LoadedRecipe, beside: boolean): void {
  if ((recipe.identity !== 'required' && !recipe.challenge) || beside) return
  if (recipe.tools.some((t) => t.use === 'code@1' && t.identity)) return
  throw new CodedError('CFG_UNKNOWN_REFERENCE', {
    file,
    path: recipe.challenge ? 'challenge' : 'identity',
    expected: 'a code@1 tool with `identity: true`, or an association of the station',
    actual: 'none',
  })
}

/** `id@version` */
export const recipeId = (recipe: Recipe): string => `${recipe.recipe}@${recipe.version}`

export const recipeHash = (recipe: Recipe): string =>
  createHash('sha256').update(canonicalJson(recipe)).digest('hex')
