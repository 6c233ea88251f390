import { mapInOrder } from '../../contracts/index.ts'
import type { RecipeSource } from '../../inspection/index.ts'
import type { PackageInfo } from '../../models/index.ts'
import { imageSize } from '../readers/image-size.ts'
import type { Dataset, DatasetItem } from '../readers/index.ts'
import { recipeOfPackage } from './probe-recipe.ts'

/** Recipes that judge one data set, and the one for each of its images. */
export interface RecipesOfSizes {
  all: RecipeSource[]
  of(item: DatasetItem): RecipeSource
}

/** A recipe is for one size of image: what is of another size is refused, as on the line. */
export const oneRecipe = (source: RecipeSource): RecipesOfSizes => ({ all: [source], of: () => source })

/**
 * The plainest recipe around a model package, once for each size of image in the data set: the package says itself how
 * an image comes to its input, and parts cut out of larger pictures are seldom of one size. They differ in `view` and
 * version only and share the model. A file whose size cannot be read gets the first; judging it says what is wrong.
 */
export async function recipesOfSizes(
  model: PackageInfo,
  dataset: Dataset,
  threshold?: number,
): Promise<RecipesOfSizes> {
  const sizes = await mapInOrder(dataset.items, ({ image }) => imageSize(image).catch(() => null))
  const bySize = new Map<string, RecipeSource>()
  const first = sizes.find((s) => s !== null) ?? (await imageSize(dataset.items[0]?.image ?? dataset.dir))
  const sourceOf = (view: typeof first): RecipeSource => {
    const key = `${view.widthPx}x${view.heightPx}`
    const known = bySize.get(key)
    if (known) return known
    const recipe = recipeOfPackage(model, view, {
      goodLabels: dataset.goodLabels,
      ...(threshold === undefined ? {} : { threshold }),
    })
    const source = { recipe: { ...recipe, version: bySize.size + 1 }, dir: model.dir }
    bySize.set(key, source)
    return source
  }
  const sources = new Map(dataset.items.map((item, n) => [item, sourceOf(sizes[n] ?? first)]))
  return { all: [...bySize.values()], of: (item) => sources.get(item) ?? sourceOf(first) }
}
