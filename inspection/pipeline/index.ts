export { decodeFrame, MAX_PIXELS, type WantedImage } from './decode.ts'
export { type FrameInput, inspect, type InspectOptions } from './inspect.ts'
export { ModelShelf, type ModelSetup } from './model-shelf.ts'
export { type PreparedRecipe, prepareRecipe, type RecipeSource } from './prepare.ts'
