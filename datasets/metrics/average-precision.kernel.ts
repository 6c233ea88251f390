/** A detection that was right or wrong. */
export interface Hit {
  score: number
  hit: boolean
}

export interface PrecisionRecall {
  /** Area under the precision envelope, all points (Pascal VOC 2010 and later). NaN without positives. */
  ap: number
  /** Sum of the precisions at each hit over the positives, without envelope: the form of the ICDAR 2015 script. */
  apPlain: number
  /** One point per distinct score, falling. */
  curve: { score: number; precision: number; recall: number; f1: number }[]
}

/**
 * @param hits      any order; equal scores keep theirs
 * @param positives number of truths
 */
export function precisionRecall(hits: readonly Hit[], positives: number): PrecisionRecall {
  const sorted = hits.map((h, i) => ({ ...h, i })).sort((a, b) => b.score - a.score || a.i - b.i)
  const precision = new Float64Array(sorted.length)
  const curve: PrecisionRecall['curve'] = []
  let right = 0
  let plain = 0
  sorted.forEach((h, n) => {
    if (h.hit) right++
    precision[n] = right / (n + 1)
    if (h.hit) plain += precision[n]!
    if (sorted[n + 1]?.score === h.score) return
    const recall = right / positives
    const sum = precision[n]! + recall
    curve.push({
      score: h.score,
      precision: precision[n]!,
      recall,
      f1: sum > 0 ? (2 * precision[n]! * recall) / sum : 0,
    })
  })
  // Each hit raises recall by 1/positives and counts with the best precision at this or higher recall.
  let envelope = 0
  let area = 0
  for (let n = sorted.length - 1; n >= 0; n--) {
    envelope = Math.max(envelope, precision[n]!)
    if (sorted[n]!.hit) area += envelope
  }
  return { ap: area / positives, apPlain: plain / positives, curve }
}

/** The point of highest F1; of equal ones the highest threshold. Null on an empty curve. */
export function bestF1(curve: PrecisionRecall['curve']): PrecisionRecall['curve'][number] | null {
  let best: PrecisionRecall['curve'][number] | null = null
  for (const p of curve) if (!best || p.f1 > best.f1) best = p
  return best
}
