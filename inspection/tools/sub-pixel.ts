/**
 * Top of the quadratic surface fitted by least squares to 3 × 3 scores, relative to the middle, each within ±0.5.
 * The cross term matters: the peak of a slanted pattern is a slanted ridge, which two separate parabolas misplace.
 *
 * @param s nine scores, row by row; the middle one is the largest
 */
export function quadraticPeak(s: readonly number[]): { x: number; y: number } {
  const v = (i: number): number => s[i] ?? 0
  const left = v(0) + v(3) + v(6)
  const right = v(2) + v(5) + v(8)
  const up = v(0) + v(1) + v(2)
  const down = v(6) + v(7) + v(8)
  const midX = v(1) + v(4) + v(7)
  const midY = v(3) + v(4) + v(5)
  const gx = (right - left) / 6
  const gy = (down - up) / 6
  const xx = (left - 2 * midX + right) / 3
  const yy = (up - 2 * midY + down) / 3
  const xy = (v(0) - v(2) - v(6) + v(8)) / 4
  const det = xx * yy - xy * xy
  // Not a peak but a ridge or saddle: stay on the whole pixel.
  if (xx >= 0 || yy >= 0 || det <= 1e-12) return { x: 0, y: 0 }
  const clamp = (t: number): number => Math.max(-0.5, Math.min(0.5, t))
  return { x: clamp((xy * gy - yy * gx) / det), y: clamp((xy * gx - xx * gy) / det) }
}
