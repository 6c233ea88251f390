export { loadRecipe, type LoadedRecipe, recipeHash } from './load-recipe.ts'
