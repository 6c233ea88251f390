import { scoreCoco, type CocoScore } from './coco.ts'
import { type CallThreshold, isCalled } from './call-threshold.ts'
import { bestF1, precisionRecall, type Hit, type PrecisionRecall } from './average-precision.kernel.ts'
import { type LabelledBox, matchImage, type ScoredImage } from './matching.kernel.ts'
import { rate, type Rate } from './rate.ts'
import { recallBySize, type SizeBin, type SizedDefect } from './sizes.ts'

export interface ClassScore {
  class: string
  truths: number
  detections: number
  /** Null where the class has no truth. */
  ap: number | null
  apPlain: number | null
  ap50: number | null
  /** Where recall rises; nothing is lost for the eye or for the best F1. */
  curve: PrecisionRecall['curve']
  /** At the operating threshold, same class required. */
  precision: number | null
  recall: number | null
  f1: number | null
}

export interface Operating {
  threshold: number
  /** Null where there are neither truths nor calls. */
  precision: number | null
  /** Null where there are no truths. */
  recall: number | null
  f1: number | null
}

export interface DetectionScore {
  iouAbove: number
  classes: ClassScore[]
  /** Means over the classes that have truths. */
  map: number | null
  mapPlain: number | null
  map50: number | null
  /** All classes together, at the operating threshold. */
  operating: Operating
  /** All classes together; thinned like those of the classes. */
  curve: PrecisionRecall['curve']
  /** Highest F1 of these images and its threshold; null without detections. */
  best: { threshold: number; precision: number; recall: number; f1: number } | null
  /** Truths nobody called at the operating threshold, whatever class was said. */
  missed: Rate
  /** Truths called by a wrong class among those found. */
  misnamed: Rate
  /** Calls on no truth, among all calls. */
  falseCalls: Rate
  falseCallsPerImage: number | null
  /** confusion[true][called]; the last row and column stand for "nothing". */
  confusion: { labels: string[]; counts: number[][] }
  coco: CocoScore
  /** Defects found at the operating threshold, whatever class was said, by longer side. */
  recallBySize: { px: SizeBin[]; mm: SizeBin[] | null }
}

/** IoU of the DeepPCB protocol: a call is right when it overlaps a truth of its class by more. */
const DEEPPCB_IOU = 0.33

/**
 * Scores detections by the protocol of DeepPCB (S. Tang et al., arXiv 1902.06197): IoU > 0.33 and the same class.
 * Average precision is the area under the envelope of all points; the plain sum of the original script and
 * mAP at IoU 0.5 are given too. Calls that lie in a crowd are left out, as is the crowd.
 *
 * @param from operating threshold of the score, of all classes or with some of their own
 */
export function scoreDetections(
  images: readonly ScoredImage[],
  classes: readonly string[],
  from: number | CallThreshold,
  { iouAbove = DEEPPCB_IOU, mmPerPx }: { iouAbove?: number; mmPerPx?: number } = {},
): DetectionScore {
  const threshold = typeof from === 'number' ? { value: from, perClass: {} } : from
  const strict = hitsByClass(images, iouAbove)
  const half = hitsByClass(images, 0.5)
  const scores = classes.map((c) => classScore(c, images, strict.get(c) ?? [], half.get(c) ?? [], threshold))
  const all = [...strict.values()].flat()
  const called = [...strict].flatMap(([c, hits]) =>
    hits.filter(({ score }) => isCalled({ class: c, score }, threshold)),
  )
  const truths = images.reduce((n, i) => n + countingOf(i.truths).length, 0)
  const mean = (pick: (s: ClassScore) => number | null): number | null => {
    const known = scores.map(pick).filter((v) => v !== null)
    return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length
  }
  const { curve } = precisionRecall(all, truths)
  const best = bestF1(curve)
  return {
    iouAbove,
    classes: scores,
    map: mean((s) => s.ap),
    mapPlain: mean((s) => s.apPlain),
    map50: mean((s) => s.ap50),
    curve: truths > 0 ? thinned(curve) : [],
    operating: { threshold: threshold.value, ...at(called, truths) },
    best:
      best && truths > 0
        ? { threshold: best.score, precision: best.precision, recall: best.recall, f1: best.f1 }
        : null,
    ...defectRates(images, classes, threshold, iouAbove),
    coco: scoreCoco(images, classes),
    recallBySize: {
      px: recallBySize(sizedDefects(images, threshold, iouAbove)),
      mm: mmPerPx === undefined ? null : recallBySize(sizedDefects(images, threshold, iouAbove, mmPerPx)),
    },
  }
}

const countingOf = (truths: readonly LabelledBox[]): LabelledBox[] => truths.filter((t) => !t.crowd)

function sizedDefects(
  images: readonly ScoredImage[],
  threshold: CallThreshold,
  iouAbove: number,
  scale = 1,
): SizedDefect[] {
  return images.flatMap(({ truths, detections }) => {
    const called = detections.filter((d) => isCalled(d, threshold))
    const found = new Set(matchImage(truths, called, iouAbove, false))
    return truths.flatMap(({ box: [x1, y1, x2, y2], crowd }, n) =>
      crowd ? [] : { size: Math.max(x2 - x1, y2 - y1) * scale, found: found.has(n) },
    )
  })
}

/** Same-class hits, by class of the detection; also for classes nobody listed. */
function hitsByClass(images: readonly ScoredImage[], iouAbove: number): Map<string, Hit[]> {
  const hits = new Map<string, Hit[]>()
  for (const image of images) {
    const matched = matchImage(image.truths, image.detections, iouAbove, true)
    image.detections.forEach((d, n) => {
      if (image.truths[matched[n] ?? -1]?.crowd) return
      const list = hits.get(d.class) ?? []
      list.push({ score: d.score, hit: (matched[n] ?? -1) >= 0 })
      hits.set(d.class, list)
    })
  }
  return hits
}

function classScore(
  name: string,
  images: readonly ScoredImage[],
  hits: readonly Hit[],
  half: readonly Hit[],
  threshold: CallThreshold,
): ClassScore {
  const truths = images.reduce((n, i) => n + countingOf(i.truths).filter((t) => t.class === name).length, 0)
  const pr = precisionRecall(hits, truths)
  const called = hits.filter(({ score }) => isCalled({ class: name, score }, threshold))
  const op = truths > 0 ? at(called, truths) : null
  return {
    class: name,
    truths,
    detections: hits.length,
    ap: truths > 0 ? pr.ap : null,
    apPlain: truths > 0 ? pr.apPlain : null,
    ap50: truths > 0 ? precisionRecall(half, truths).ap : null,
    curve: truths > 0 ? thinned(pr.curve) : [],
    precision: op?.precision ?? null,
    recall: op?.recall ?? null,
    f1: op?.f1 ?? null,
  }
}

const thinned = (curve: PrecisionRecall['curve']): PrecisionRecall['curve'] =>
  curve.filter((p, n) => n === 0 || n === curve.length - 1 || p.recall !== curve[n - 1]?.recall)

/** Precision without any call is 1 by convention, where there is something to call: nothing was called wrongly. */
function at(called: readonly Hit[], truths: number): Omit<Operating, 'threshold'> {
  const right = called.filter((h) => h.hit).length
  if (truths === 0) return { precision: called.length === 0 ? null : 0, recall: null, f1: null }
  const precision = called.length === 0 ? 1 : right / called.length
  const recall = right / truths
  return {
    precision,
    recall,
    f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall),
  }
}

/** What the customer asks: was the defect noticed at all, and how often was the alarm false. */
function defectRates(
  images: readonly ScoredImage[],
  classes: readonly string[],
  threshold: CallThreshold,
  iouAbove: number,
): Pick<DetectionScore, 'missed' | 'misnamed' | 'falseCalls' | 'falseCallsPerImage' | 'confusion'> {
  const labels = [...classes]
  for (const i of images)
    for (const x of [...i.truths, ...i.detections]) if (!labels.includes(x.class)) labels.push(x.class)
  const none = labels.length
  const counts = Array.from({ length: none + 1 }, () => Array.from({ length: none + 1 }, () => 0))
  const add = (row: number, column: number): void => {
    const line = counts[row]
    if (line) line[column] = (line[column] ?? 0) + 1
  }
  for (const image of images) {
    const called = image.detections.filter((d) => isCalled(d, threshold))
    const matched = matchImage(image.truths, called, iouAbove, false)
    const found = new Set(matched)
    called.forEach((d, n) => {
      const truth = image.truths[matched[n] ?? -1]
      if (truth?.crowd) return
      add(truth ? labels.indexOf(truth.class) : none, labels.indexOf(d.class))
    })
    image.truths.forEach((t, n) => {
      if (!found.has(n) && !t.crowd) add(labels.indexOf(t.class), none)
    })
  }
  const sum = (rows: number[][]): number => rows.flat().reduce((a, b) => a + b, 0)
  const truths = sum(counts.slice(0, none))
  const missed = counts.slice(0, none).reduce((n, r) => n + (r[none] ?? 0), 0)
  const right = counts.slice(0, none).reduce((n, r, i) => n + (r[i] ?? 0), 0)
  const wrong = counts[none]?.reduce((a, b) => a + b, 0) ?? 0
  const calls = sum(counts) - missed
  return {
    missed: rate(missed, truths),
    misnamed: rate(truths - missed - right, truths - missed),
    falseCalls: rate(wrong, calls),
    falseCallsPerImage: images.length === 0 ? null : wrong / images.length,
    confusion: { labels: [...labels, '-'], counts },
  }
}
