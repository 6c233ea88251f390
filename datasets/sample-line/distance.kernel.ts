/**
 * Exact Euclidean distance of every pixel to the nearest pixel of the other kind, px: P. Felzenszwalb,
 * D. Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012).
 *
 * @param mask  HW, `target` where the distance is zero
 * @param out   HW, overwritten; a very large number when no pixel is `target`
 */
export function distanceTo(
  mask: Uint8Array,
  target: 0 | 1,
  widthPx: number,
  heightPx: number,
  out: Float32Array,
): void {
  const n = Math.max(widthPx, heightPx)
  const far = 1e12
  const f = new Float64Array(n)
  const d = new Float64Array(n)
  const v = new Int32Array(n)
  const z = new Float64Array(n + 1)
  const squared = new Float64Array(widthPx * heightPx)
  for (let x = 0; x < widthPx; x++) {
    for (let y = 0; y < heightPx; y++) f[y] = mask[y * widthPx + x] === target ? 0 : far
    pass(f, heightPx, d, v, z)
    for (let y = 0; y < heightPx; y++) squared[y * widthPx + x] = d[y]!
  }
  for (let y = 0; y < heightPx; y++) {
    const row = y * widthPx
    for (let x = 0; x < widthPx; x++) f[x] = squared[row + x]!
    pass(f, widthPx, d, v, z)
    for (let x = 0; x < widthPx; x++) out[row + x] = Math.sqrt(d[x]!)
  }
}

/** Lower envelope of parabolas on one row. */
function pass(f: Float64Array, n: number, d: Float64Array, v: Int32Array, z: Float64Array): void {
  let k = 0
  v[0] = 0
  z[0] = -Infinity
  z[1] = Infinity
  for (let q = 1; q < n; q++) {
    let s = 0
    for (;;) {
      const p = v[k]!
      s = (f[q]! + q * q - (f[p]! + p * p)) / (2 * q - 2 * p)
      if (s > z[k]!) break
      k--
    }
    k++
    v[k] = q
    z[k] = s
    z[k + 1] = Infinity
  }
  k = 0
  for (let q = 0; q < n; q++) {
    while (z[k + 1]! < q) k++
    const p = v[k]!
    d[q] = (q - p) * (q - p) + f[p]!
  }
}
