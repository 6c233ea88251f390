/**
 * Area of one instance mask: prototypes weighted by coefficients, enlarged bilinearly to the model input, positive
 * inside the box (Ultralytics `ops.process_mask` with `upsample=True`: `F.interpolate(mode='bilinear')`, `gt_(0)`,
 * `crop_mask`).
 *
 * @param prototypes   m x height x width
 * @param coefficients m numbers, `stride` apart from `first`
 * @param logits       scratch, height x width
 * @param x1           box in px of the model input, `inWidth` x `inHeight`
 * @returns pixels of the model input whose value is positive
 */
export function maskArea(
  prototypes: Float32Array,
  m: number,
  width: number,
  height: number,
  coefficients: Float32Array,
  first: number,
  stride: number,
  inWidth: number,
  inHeight: number,
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  logits: Float32Array,
): number {
  logits.fill(0)
  for (let k = 0; k < m; k++) {
    const c = coefficients[first + k * stride]!
    const plane = k * width * height
    for (let i = 0; i < width * height; i++) logits[i] = logits[i]! + c * prototypes[plane + i]!
  }
  const sx = width / inWidth
  const sy = height / inHeight
  const left = Math.max(0, Math.ceil(x1))
  const right = Math.min(inWidth, Math.ceil(x2))
  const top = Math.max(0, Math.ceil(y1))
  const bottom = Math.min(inHeight, Math.ceil(y2))
  let area = 0
  for (let y = top; y < bottom; y++) {
    const v = Math.max(0, (y + 0.5) * sy - 0.5)
    const r0 = Math.floor(v)
    const fy = v - r0
    const upper = r0 * width
    const lower = Math.min(r0 + 1, height - 1) * width
    for (let x = left; x < right; x++) {
      const u = Math.max(0, (x + 0.5) * sx - 0.5)
      const c0 = Math.floor(u)
      const fx = u - c0
      const c1 = Math.min(c0 + 1, width - 1)
      const a = logits[upper + c0]! * (1 - fx) + logits[upper + c1]! * fx
      const b = logits[lower + c0]! * (1 - fx) + logits[lower + c1]! * fx
      if (a * (1 - fy) + b * fy > 0) area++
    }
  }
  return area
}
