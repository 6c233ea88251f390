/**
 * Best class per place, and its probability or raw score.
 *
 * @param planes  classes x cells
 * @param softmax probability of the winner among the classes; otherwise its raw value
 * @param winner  cells, overwritten; the first of equal classes
 * @param score   cells, overwritten
 */
export function argmaxPlanes(
  planes: Float32Array,
  classes: number,
  cells: number,
  softmax: boolean,
  winner: Int32Array,
  score: Float32Array,
): void {
  for (let i = 0; i < cells; i++) {
    let best = 0
    let top = planes[i]!
    for (let c = 1; c < classes; c++) {
      const v = planes[c * cells + i]!
      if (v > top) {
        top = v
        best = c
      }
    }
    winner[i] = best
    if (!softmax) {
      score[i] = top
      continue
    }
    let sum = 0
    for (let c = 0; c < classes; c++) sum += Math.exp(planes[c * cells + i]! - top)
    score[i] = 1 / sum
  }
}

/** Copies `score` where `winner` is `wanted`, -Infinity elsewhere; all three of one length. */
export function scoresOf(winner: Int32Array, score: Float32Array, wanted: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = winner[i] === wanted ? score[i]! : -Infinity
}

/**
 * 1 less the probability (with `softmax`) or score of one class per place.
 *
 * @param winner best class, and its probability or score in `score`, as `argmaxPlanes` gives them
 * @param out    cells, overwritten
 */
export function otherwise(
  planes: Float32Array,
  wanted: number,
  softmax: boolean,
  winner: Int32Array,
  score: Float32Array,
  out: Float32Array,
): void {
  const cells = out.length
  for (let i = 0; i < cells; i++) {
    const own = planes[wanted * cells + i]!
    out[i] = 1 - (softmax ? Math.exp(own - planes[winner[i]! * cells + i]!) * score[i]! : own)
  }
}
