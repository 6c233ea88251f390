import type { ErrorCode, I18n, NoVerdictReason, Verdict, VerdictResult } from '../../contracts/index.ts'
import type { Detection, DetectionScore, JudgementScore, LabelledBox } from '../metrics/index.ts'
import type { Quantiles } from './timing.ts'

/** One image as it was judged. */
export interface EvaluatedImage {
  id: string
  image: string
  reference: string | null
  split: string
  widthPx: number
  heightPx: number
  /** Null where the data set does not say. */
  defective: boolean | null
  /** Null where the data set has no boxes. */
  truths: LabelledBox[] | null
  /** Everything down to the score floor, px of the tested image. */
  detections: Detection[]
  verdict: VerdictResult
  reasons: I18n[]
  noVerdict: { reason: NoVerdictReason; code: ErrorCode; message: string } | null
  scores: Record<string, number>
  /** Wall time of judging without waiting in the queue, ms. */
  ms: number
}

/** JSON-safe outcome of one evaluation. */
export interface EvaluationResult {
  format: 'sightline-evaluation/1'
  startedAt: string
  wallMs: number
  dataset: { format: string; dir: string; split: string; images: number; classes: string[] }
  /** `id@version` and SHA-256 of the recipe as it would run on the line. */
  recipe: { id: string; sha256: string }
  models: Verdict['models']
  workers: number
  provider: string
  imagesPerSecond: number
  threshold: { value: number; source: 'option' | 'card' | 'recipe' }
  /** Lowest score kept of detectors; null when no threshold was lowered. */
  scoreFloor: number | null
  /** Null where the data set has no boxes. */
  detection: DetectionScore | null
  /** Null where the data set does not say which parts are bad. */
  judgement: JudgementScore | null
  /** Images without truth: judged and timed, in no rate. */
  unlabelled: number
  /** Area under the ROC curve of each image score, where good and bad parts are known. */
  auroc: Record<string, number>
  /** ms per image by stage. */
  timing: Record<string, Quantiles>
  /** Every image nobody could judge, by reason. In the detection rates its defects count as missed. */
  noVerdicts: Partial<Record<NoVerdictReason, { id: string; code: ErrorCode; message: string }[]>>
  images: EvaluatedImage[]
}
