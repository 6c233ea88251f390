/**
 * Black and white by a threshold that wanders from place to place (±28 grey levels, cells of 6 px): outlines come
 * out slightly rough, and differently on every picture, as etched and scanned ones do.
 *
 * @param grey HW; read only
 * @returns HW, 0 or 255
 */
export function binarise(grey: Uint8Array, widthPx: number, heightPx: number, seed: number): Uint8Array {
  const cell = 6
  const columns = Math.ceil(widthPx / cell) + 2
  const rows = Math.ceil(heightPx / cell) + 2
  const wander = new Float32Array(columns * rows)
  let s = seed | 1
  for (let i = 0; i < wander.length; i++) {
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    wander[i] = ((s >>> 16) / 65_536 - 0.5) * 56
  }
  const out = new Uint8Array(grey.length)
  for (let y = 0; y < heightPx; y++) {
    const r = Math.floor(y / cell)
    const fy = y / cell - r
    for (let x = 0; x < widthPx; x++) {
      const c = Math.floor(x / cell)
      const fx = x / cell - c
      const i = r * columns + c
      const top = wander[i]! * (1 - fx) + wander[i + 1]! * fx
      const low = wander[i + columns]! * (1 - fx) + wander[i + columns + 1]! * fx
      out[y * widthPx + x] = grey[y * widthPx + x]! > 126 + top * (1 - fy) + low * fy ? 255 : 0
    }
  }
  return out
}
