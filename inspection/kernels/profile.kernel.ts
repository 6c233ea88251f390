import { sampleGrey } from './warp.kernel.ts'

/**
 * Grey profile along a line, averaged across it.
 *
 * @param x,y       start in index coordinates
 * @param ux,uy     unit vector along the line; samples lie 1 px apart
 * @param halfWidth samples to each side, 1 px apart
 * @param out       profile, overwritten; its length is the number of samples
 */
export function sampleProfile(
  src: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  ux: number,
  uy: number,
  halfWidth: number,
  out: Float64Array,
): void {
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let k = -halfWidth; k <= halfWidth; k++) {
      sum += sampleGrey(src, width, height, x + i * ux - k * uy, y + i * uy + k * ux)
    }
    out[i] = sum / (2 * halfWidth + 1)
  }
}

/**
 * Edges of one polarity: local extrema of the central difference of at least `minContrast` grey levels per px,
 * placed between samples by the parabola through three differences.
 *
 * @param sign 1 = rising, -1 = falling
 * @param out  positions along the profile, samples; overwritten
 * @returns number of edges found; more than `out` holds are not counted
 */
export function findEdges(
  profile: Float64Array,
  sign: number,
  minContrast: number,
  out: Float64Array,
): number {
  let n = 0
  for (let i = 1; i < profile.length - 1 && n < out.length; i++) {
    const g = slope(profile, i, sign)
    if (g < minContrast) continue
    const before = slope(profile, i - 1, sign)
    const after = slope(profile, i + 1, sign)
    if (g <= before || g < after) continue
    const bend = before - 2 * g + after
    out[n++] = i + (bend === 0 ? 0 : (before - after) / (2 * bend))
  }
  return n
}

function slope(p: Float64Array, i: number, sign: number): number {
  return i < 1 || i > p.length - 2 ? 0 : (sign * (p[i + 1]! - p[i - 1]!)) / 2
}
