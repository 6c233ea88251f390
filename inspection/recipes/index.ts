export { checkNaming, loadRecipe, type LoadedRecipe, recipeHash, recipeId } from './load-recipe.ts'
