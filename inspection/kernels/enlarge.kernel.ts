/**
 * Enlarges a grey image by cubic convolution, which keeps edges where they are (Keys, IEEE Trans. ASSP 29, 1981, a = -1/2).
 *
 * @param src    HW, read only
 * @param across HW of `height` × `outWidth`, scratch
 * @param out    HW of `outHeight` × `outWidth`, overwritten
 */
export function enlarge(
  src: Uint8Array,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
  across: Uint8Array,
  out: Uint8Array,
): void {
  stretch(src, 1, width, width, height, across, 1, outWidth, outWidth)
  stretch(across, outWidth, height, 1, outWidth, out, outWidth, outHeight, 1)
}

/** Stretches each of `lines` lines of `length` samples, `step` apart, to `outLength`; lines begin `pitch` apart. */
function stretch(
  src: Uint8Array,
  step: number,
  length: number,
  pitch: number,
  lines: number,
  out: Uint8Array,
  outStep: number,
  outLength: number,
  outPitch: number,
): void {
  const last = length - 1
  for (let i = 0; i < outLength; i++) {
    const at = ((i + 0.5) * length) / outLength - 0.5
    const i1 = Math.floor(at)
    const t = at - i1
    const w0 = t * (-0.5 + t * (1 - 0.5 * t))
    const w1 = 1 + t * t * (-2.5 + 1.5 * t)
    const w2 = t * (0.5 + t * (2 - 1.5 * t))
    const w3 = t * t * (-0.5 + 0.5 * t)
    const a = Math.max(0, i1 - 1) * step
    const b = Math.max(0, i1) * step
    const c = Math.min(last, i1 + 1) * step
    const d = Math.min(last, i1 + 2) * step
    for (let n = 0, from = 0, to = i * outStep; n < lines; n++, from += pitch, to += outPitch) {
      const v = w0 * src[from + a]! + w1 * src[from + b]! + w2 * src[from + c]! + w3 * src[from + d]! + 0.5
      out[to] = v < 0 ? 0 : v > 255 ? 255 : v
    }
  }
}
