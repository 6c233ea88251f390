/**
 * Counts of raw scores by the leading bits of their float32 form: sign, exponent and five bits of the mantissa, so
 * that a bin is 1/32 of an octave wide, 3 % of the score at most. Bins need no range in advance, are the same on
 * every day and for every model, add up, and there are 16,384 of them at most; those that occur are stored.
 */
export type ScoreBins = Record<string, number>

const SHIFT = 18
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** @param score finite */
export function binOf(score: number): number {
  // Minus zero is zero.
  float[0] = score + 0
  return (bits[0] ?? 0) >>> SHIFT
}

/** Scores of a bin lie between these two, the one nearer to zero included. */
export function binRange(bin: number): readonly [low: number, high: number] {
  bits[0] = (bin << SHIFT) >>> 0
  const near = float[0] ?? 0
  bits[0] = ((bin + 1) << SHIFT) >>> 0
  const far = float[0] ?? 0
  return near < far ? [near, far] : [far, near]
}

export function addScore(bins: ScoreBins, score: number): void {
  const bin = binOf(score)
  bins[bin] = (bins[bin] ?? 0) + 1
}

/** Quantiles of counted scores, each the middle of its bin; null without any. */
export function binQuantiles(bins: ScoreBins, at: readonly number[]): (number | null)[] {
  const rows = Object.entries(bins)
    .map(([bin, n]) => {
      const [low, high] = binRange(Number(bin))
      return { middle: Number(bin) === 0 ? 0 : (low + high) / 2, n }
    })
    .sort((a, b) => a.middle - b.middle)
  const total = rows.reduce((s, r) => s + r.n, 0)
  return at.map((q) => {
    let seen = 0
    for (const { middle, n } of rows) {
      seen += n
      if (seen >= q * total) return middle
    }
    return null
  })
}
