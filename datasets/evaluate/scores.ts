import {
  auroc,
  type CallThreshold,
  rankImages,
  scoreClasses,
  scoreDetections,
  scoreJudgements,
} from '../metrics/index.ts'
import type { Primary } from './primary.ts'
import type { EvaluatedImage, EvaluationResult } from './result.schema.ts'

/** What judged the images. */
export interface Judging {
  threshold: CallThreshold
  primary: Primary | null
  /** Whether anything of the recipe says where a defect is. */
  places: boolean
  mmPerPx: number | undefined
}

/** Everything that follows from the judged images alone. */
export function scoresOf(
  images: readonly EvaluatedImage[],
  classes: readonly string[],
  { threshold, primary, places, mmPerPx }: Judging,
): Pick<
  EvaluationResult,
  'detection' | 'judgement' | 'ranking' | 'classification' | 'unlabelled' | 'auroc' | 'noVerdicts'
> {
  const boxed = images.flatMap((i) =>
    i.truths ? [{ id: i.id, truths: i.truths, detections: i.detections }] : [],
  )
  const judged = images.flatMap(({ defective, verdict }) =>
    defective === null ? [] : [{ defective, verdict }],
  )
  const classifies = primary?.card.spec.family === 'classification'
  const named = images.flatMap(({ label, called }) =>
    label === null || !classifies ? [] : [{ truth: label, called }],
  )
  const noVerdicts: EvaluationResult['noVerdicts'] = {}
  for (const { id, noVerdict: nv } of images) {
    if (nv) (noVerdicts[nv.reason] ??= []).push({ id, code: nv.code, message: nv.message })
  }
  return {
    detection:
      boxed.length > 0 && places
        ? scoreDetections(boxed, classes, threshold, mmPerPx === undefined ? {} : { mmPerPx })
        : null,
    judgement: judged.length > 0 ? scoreJudgements(judged) : null,
    ranking: primary && primaryRanking(images, primary),
    classification: named.length > 0 ? scoreClasses(named, classes) : null,
    unlabelled: images.length - judged.length,
    auroc: everyAuroc(images),
    noVerdicts,
  }
}

function primaryRanking(images: readonly EvaluatedImage[], primary: Primary): EvaluationResult['ranking'] {
  const rows = images.flatMap(({ score, defective }) =>
    score === null || defective === null ? [] : [{ score, defective }],
  )
  const ranking = rankImages(
    rows.map((r) => r.score),
    rows.map((r) => r.defective),
  )
  return ranking && { score: primary.scoreName, ...ranking }
}

/** Why parts with a score are not ranked: how many of each kind there are. Null when they are, or nothing has a score. */
export function unrankedKinds({
  ranking,
  images,
}: Pick<EvaluationResult, 'ranking' | 'images'>): { good: number; bad: number } | null {
  const scored = images.filter((i) => i.score !== null && i.defective !== null)
  if (ranking !== null || scored.length === 0) return null
  const bad = scored.filter((i) => i.defective).length
  return { bad, good: scored.length - bad }
}

/** Images with boxes that are not scored, since nothing that judged them says a place. */
export const unplacedImages = ({
  detection,
  images,
}: Pick<EvaluationResult, 'detection' | 'images'>): number =>
  detection === null ? images.filter((i) => i.truths !== null).length : 0

function everyAuroc(images: readonly EvaluatedImage[]): Record<string, number> {
  const names = new Set(images.flatMap((i) => Object.keys(i.scores)))
  const out: Record<string, number> = {}
  for (const name of names) {
    // How many calls there were depends on where the thresholds were opened to.
    if (name.endsWith('.count')) continue
    const rows = images.filter((i) => i.defective !== null && i.scores[name] !== undefined)
    const value = auroc(
      rows.map((i) => i.scores[name] ?? 0),
      rows.map((i) => i.defective === true),
    )
    if (Number.isFinite(value)) out[name] = value
  }
  return out
}
