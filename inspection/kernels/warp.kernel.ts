/**
 * Takes a frame back into the part frame: out(p) = src(R(angle)·(p - c) + c + d), bilinear, c = image centre.
 * Beyond the border the border pixel repeats: nobody may judge what lies there (`checkSeen`).
 *
 * @param src      HWC interleaved, read only
 * @param channels 1 or 3
 * @param angle    radians; x right, y down, so positive turns clockwise on the screen
 * @param out      HWC of the same size, overwritten
 */
export function warpRigid(
  src: Uint8Array,
  width: number,
  height: number,
  channels: number,
  dx: number,
  dy: number,
  angle: number,
  out: Uint8Array,
): void {
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const cx = (width - 1) / 2
  const cy = (height - 1) / 2
  const maxX = width - 1
  const maxY = height - 1
  const stride = width * channels
  for (let y = 0, o = 0; y < height; y++) {
    let u = cos * -cx - sin * (y - cy) + cx + dx
    let v = sin * -cx + cos * (y - cy) + cy + dy
    for (let x = 0; x < width; x++, u += cos, v += sin) {
      const uu = u < 0 ? 0 : u > maxX ? maxX : u
      const vv = v < 0 ? 0 : v > maxY ? maxY : v
      const x0 = uu | 0
      const y0 = vv | 0
      const fx = uu - x0
      const fy = vv - y0
      const right = x0 < maxX ? channels : 0
      const down = y0 < maxY ? stride : 0
      let i = y0 * stride + x0 * channels
      for (let c = 0; c < channels; c++, i++, o++) {
        const top = src[i]! + fx * (src[i + right]! - src[i]!)
        const bottom = src[i + down]! + fx * (src[i + down + right]! - src[i + down]!)
        out[o] = top + fy * (bottom - top) + 0.5
      }
    }
  }
}

/**
 * Cuts a patch turned by `angle` about (cx, cy) out of a grey image: out(q) = src(R(angle)·(q - centre of out) + (cx, cy)).
 *
 * @param src HW; outside it the border pixel repeats
 * @param cx  px, index coordinates: the centre of pixel x is x
 * @param out patchWidth × patchHeight, overwritten
 */
export function cropRotated(
  src: Uint8Array,
  width: number,
  height: number,
  cx: number,
  cy: number,
  angle: number,
  patchWidth: number,
  patchHeight: number,
  out: Uint8Array,
): void {
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  for (let y = 0, o = 0; y < patchHeight; y++) {
    const qy = y - (patchHeight - 1) / 2
    for (let x = 0; x < patchWidth; x++, o++) {
      const qx = x - (patchWidth - 1) / 2
      out[o] = sampleGrey(src, width, height, cos * qx - sin * qy + cx, sin * qx + cos * qy + cy) + 0.5
    }
  }
}

/** Bilinear grey level at (x, y) in index coordinates; beyond the border the border pixel repeats. */
export function sampleGrey(src: Uint8Array, width: number, height: number, x: number, y: number): number {
  const u = x < 0 ? 0 : x > width - 1 ? width - 1 : x
  const v = y < 0 ? 0 : y > height - 1 ? height - 1 : y
  const x0 = u | 0
  const y0 = v | 0
  const right = x0 < width - 1 ? 1 : 0
  const down = y0 < height - 1 ? width : 0
  const i = y0 * width + x0
  const fx = u - x0
  const top = src[i]! + fx * (src[i + right]! - src[i]!)
  const bottom = src[i + down]! + fx * (src[i + down + right]! - src[i + down]!)
  return top + (v - y0) * (bottom - top)
}
