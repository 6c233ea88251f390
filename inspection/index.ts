export { decodeFrame, decodeImage, FrameMemory, type WantedImage } from './pipeline/index.ts'
export { type FrameInput, inspect, type InspectOptions } from './pipeline/index.ts'
export { checkSeen, intoPartFrame, PartImage } from './pipeline/index.ts'
export { type ModelSetup } from './pipeline/index.ts'
export { type PreparedRecipe, prepareRecipe, type RecipeSource } from './pipeline/index.ts'
/** Labelling of connected regions, for the masks of data sets. */
export { countRuns, linkRuns, RUN_INTS } from './kernels/index.ts'

export { checkNaming, loadRecipe, type LoadedRecipe, recipeHash } from './recipes/index.ts'
export * from './engine/index.ts'
export * from './queue/index.ts'
export { checkRuleNames, compileRules, lintRules, type RuleWarning } from './rules/index.ts'
export * from './workers/index.ts'
