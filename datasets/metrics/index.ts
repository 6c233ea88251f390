export { bestF1, precisionRecall, type Hit, type PrecisionRecall } from './average-precision.kernel.ts'
export { ClassPixelScorer, IGNORED, type ClassPixelScore } from './class-pixels.ts'
export { type ClassificationScore, type ClassifiedImage, scoreClasses } from './classes.ts'
export { COCO_IOUS } from './coco.kernel.ts'
export { scoreCoco, type CocoScore } from './coco.ts'
export {
  DEEPPCB_IOU,
  scoreDetections,
  type ClassScore,
  type DetectionScore,
  type Operating,
} from './detection.ts'
export { auroc, rankImages, STATED_RATES, type ImageRanking } from './image-ranking.ts'
export { clopperPearson, incompleteBeta, wilson, type Confidence } from './interval.kernel.ts'
export { scoreJudgements, type JudgedPart, type JudgementScore } from './judgement.ts'
export { iou, matchImage, type Detection, type LabelledBox, type ScoredImage } from './matching.kernel.ts'
export { drawCounts, mcnemarExact, quantileOf } from './paired.kernel.ts'
export { AUPIMO_LIMITS, PerImageOverlap, type OverlapLimits, type OverlapScore } from './per-image-overlap.ts'
export { orderedKey, orderOf, stretchMap } from './pixel-bins.kernel.ts'
export { EXACT_PIXELS, PixelRanking } from './pixel-ranking.ts'
export { AUPRO_LIMIT, PixelScorer, type PixelOptions, type PixelScore } from './pixels.ts'
export * from './ranking.kernel.ts'
export { rate, type Rate } from './rate.ts'
export { recallBySize, type SizeBin, type SizedDefect } from './sizes.ts'
export { noRegions, truthRegions, type TruthRegions } from './truth-regions.ts'
