export { auroc, bestF1, precisionRecall, type Hit, type PrecisionRecall } from './average-precision.kernel.ts'
export {
  DEEPPCB_IOU,
  scoreDetections,
  type ClassScore,
  type DetectionScore,
  type Operating,
  type ScoredImage,
} from './detection.ts'
export { clopperPearson, incompleteBeta, wilson, type Confidence } from './interval.kernel.ts'
export { scoreJudgements, type JudgedPart, type JudgementScore } from './judgement.ts'
export { iou, matchImage, type Detection, type LabelledBox } from './matching.kernel.ts'
export { rate, type Rate } from './rate.ts'
