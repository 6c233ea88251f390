/**
 * Best path through CTC probabilities (Graves et al. 2006, best path decoding): the likeliest allowed class of each
 * step, repeats joined, blanks left out.
 *
 * @param steps   count x classes probabilities; class 0 = blank
 * @param allowed classes, 1 = may be read; the blank always may
 * @param symbols overwritten with the classes read; at least `count` long
 * @param scores  overwritten with the probability of each at its first step
 * @param peaks   overwritten with the highest probability of each over its steps
 * @returns number of symbols
 */
export function ctcBestPath(
  steps: Float32Array,
  count: number,
  classes: number,
  allowed: Uint8Array,
  symbols: Int32Array,
  scores: Float32Array,
  peaks: Float32Array,
): number {
  let n = 0
  let before = 0
  for (let t = 0; t < count; t++) {
    const row = t * classes
    let best = 0
    let top = steps[row]!
    for (let c = 1; c < classes; c++) {
      if (steps[row + c]! > top && allowed[c] === 1) {
        top = steps[row + c]!
        best = c
      }
    }
    if (best !== 0 && best !== before) {
      symbols[n] = best
      scores[n] = top
      peaks[n] = top
      n++
    } else if (best !== 0 && top > peaks[n - 1]!) peaks[n - 1] = top
    before = best
  }
  return n
}
