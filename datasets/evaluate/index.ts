export {
  compareResults,
  pairedBootstrap,
  type CompareOptions,
  type PairedDifference,
  type Statistic,
} from './compare.ts'
export { evaluate, type EvaluateOptions } from './evaluate.ts'
export {
  type DetectionType,
  exportDetections,
  type ExportDetectionsOptions,
  makeDetectionsFolder,
} from './export-detections.ts'
export { findLeakage, workpieceOf, type LeakageOptions } from './leakage.ts'
export { openableTools, openThresholds, recipeOfPackage, reportedFindings } from './probe-recipe.ts'
export {
  evaluationResultSchema,
  type Comparison,
  type EvaluatedImage,
  type EvaluationResult,
  type Leakage,
} from './result.schema.ts'
export { unplacedImages, unrankedKinds } from './scores.ts'
export { readMask } from './score-maps.ts'
export { quantiles, type Quantiles } from './timing.ts'
