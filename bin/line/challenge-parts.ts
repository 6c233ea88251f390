import { type ChallengePart, CodedError, type CodeRead, type Recipe } from '../../contracts/index.ts'
import type { LoadedRecipe } from '../../inspection/index.ts'
import { identify } from '../../traceability/index.ts'

const known = new WeakMap<Recipe, ReadonlyMap<string, ChallengePart>>()

/**
 * The challenge parts of a recipe by the name that a part with such a code gets.
 *
 * @throws CFG_INVALID of a code that names no individual, or the same one as another
 */
export function challengeParts(recipe: Recipe): ReadonlyMap<string, ChallengePart> {
  const before = known.get(recipe)
  if (before !== undefined) return before
  const parts = new Map<string, ChallengePart>()
  for (const [n, part] of (recipe.challenge?.parts ?? []).entries()) {
    const refuse = (expected: string, actual: string): CodedError =>
      new CodedError('CFG_INVALID', { path: `challenge.parts[${n}].code`, expected, actual })
    const { uri, problem } = identify([asRead(part.code)], recipe.product, 'required')
    if (uri === null || problem !== null)
      throw refuse('the code of one part, of the product of the recipe', problem?.message ?? part.code)
    if (parts.has(uri)) throw refuse('a code given once', part.code)
    parts.set(uri, part)
  }
  known.set(recipe, parts)
  return parts
}

/** @throws CFG_INVALID naming the file; see `challengeParts` */
export function checkChallenge({ recipe, file }: Pick<LoadedRecipe, 'recipe' | 'file'>): void {
  try {
    challengeParts(recipe)
  } catch (error) {
    if (error instanceof CodedError) throw new CodedError(error.code, { file, ...error.detail })
    throw error
  }
}

const asRead = (text: string): CodeRead => ({
  tool: 'challenge',
  ok: true,
  symbology: '',
  symbologyId: '',
  text,
  corners: [],
})
