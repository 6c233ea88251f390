/**
 * Labels the connected regions of pixels equal to `value` inside a window, by flood fill.
 *
 * Copper is taken 8-connected and substrate 4-connected, so that a conductor counts as cut only when not even
 * a corner joins its two sides (the usual dual pair of connectivities, Rosenfeld 1970).
 *
 * @param mask   HW, 0 substrate, 1 copper; read only
 * @param labels window-sized, overwritten: 0 = other value, 1..n = region
 * @returns n
 */
export function labelRegions(
  mask: Uint8Array,
  widthPx: number,
  window: readonly [number, number, number, number],
  value: 0 | 1,
  labels: Int32Array,
): number {
  const [x1, y1, x2, y2] = window
  const w = x2 - x1
  const h = y2 - y1
  const stack = new Int32Array(w * h)
  labels.fill(0, 0, w * h)
  let count = 0
  for (let start = 0; start < w * h; start++) {
    if (labels[start] !== 0) continue
    const sx = start % w
    const sy = (start - sx) / w
    if (mask[(y1 + sy) * widthPx + x1 + sx] !== value) continue
    count++
    let top = 0
    stack[top++] = start
    labels[start] = count
    while (top > 0) {
      const at = stack[--top]!
      const cx = at % w
      const cy = (at - cx) / w
      for (let dy = -1; dy <= 1; dy++) {
        const y = cy + dy
        if (y < 0 || y >= h) continue
        for (let dx = -1; dx <= 1; dx++) {
          if (value === 0 && dx !== 0 && dy !== 0) continue
          const x = cx + dx
          if (x < 0 || x >= w) continue
          const next = y * w + x
          if (labels[next] !== 0 || mask[(y1 + y) * widthPx + x1 + x] !== value) continue
          labels[next] = count
          stack[top++] = next
        }
      }
    }
  }
  return count
}

/** The pixels of `value` grown by one pixel in all eight directions; outside the image nothing grows in. */
export function grownMask(mask: Uint8Array, widthPx: number, heightPx: number, value: 0 | 1): Uint8Array {
  const out = mask.slice()
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      if (mask[y * widthPx + x] !== value) continue
      for (let dy = -1; dy <= 1; dy++) {
        const v = y + dy
        if (v < 0 || v >= heightPx) continue
        for (let dx = -1; dx <= 1; dx++) {
          const u = x + dx
          if (u >= 0 && u < widthPx) out[v * widthPx + u] = value
        }
      }
    }
  }
  return out
}
