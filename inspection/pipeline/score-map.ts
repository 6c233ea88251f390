import { CodedError, type ScoreMap } from '../../contracts/index.ts'

/** Longest side of a map that leaves the worker; the viewer stretches it over the part. */
const MAX_SIDE = 128

/**
 * A raw score map as bytes for the viewer: maximum over each cell, so that a small peak survives.
 *
 * @throws MDL_OUTPUT for NaN and infinities
 */
export function encodeMap(
  tool: string,
  map: { widthPx: number; heightPx: number; values: Float32Array },
): ScoreMap {
  const step = Math.max(1, Math.ceil(Math.max(map.widthPx, map.heightPx) / MAX_SIDE))
  const widthPx = Math.ceil(map.widthPx / step)
  const heightPx = Math.ceil(map.heightPx / step)
  const cells = new Float32Array(widthPx * heightPx).fill(-Infinity)
  let min = Infinity
  let max = -Infinity
  for (let y = 0; y < map.heightPx; y++) {
    const row = Math.floor(y / step) * widthPx
    for (let x = 0; x < map.widthPx; x++) {
      const v = map.values[y * map.widthPx + x] ?? NaN
      if (!Number.isFinite(v))
        throw new CodedError('MDL_OUTPUT', { path: tool, expected: 'a finite score map', actual: String(v) })
      const cell = row + Math.floor(x / step)
      if (v > (cells[cell] ?? 0)) cells[cell] = v
      if (v < min) min = v
      if (v > max) max = v
    }
  }
  const scale = max > min ? 255 / (max - min) : 0
  const data = Buffer.from(Uint8Array.from(cells, (v) => Math.round((v - min) * scale)))
  return { tool, widthPx, heightPx, data: data.toString('base64'), min, max }
}
