/** How one exposure differs from the drawing. */
export interface Optics {
  /** Part against golden template, px and radians; the sense of `Registration` in contracts. */
  dxPx: number
  dyPx: number
  angleRad: number
  /** Share of the light that goes to each neighbour, 0..0.33: a three-tap blur per direction. */
  blur: number
  /** Light of the image centre, 1 = nominal. */
  gain: number
  /** Loss of light in the image corner, 0..1. */
  vignetting: number
  /** Change of light from left to right edge and from top to bottom edge, -1..1. */
  tiltX: number
  tiltY: number
  /** Standard deviation of the sensor noise, grey levels. */
  noise: number
  seed: number
}

export const NO_OPTICS: Optics = {
  dxPx: 0,
  dyPx: 0,
  angleRad: 0,
  blur: 0,
  gain: 1,
  vignetting: 0,
  tiltX: 0,
  tiltY: 0,
  noise: 0,
  seed: 0,
}

/**
 * Blurs a grey image by the same three taps across and down; borders repeat.
 *
 * @param src HW; read only
 * @param tmp HW; overwritten
 * @param out HW; overwritten, may be `src`
 */
export function blur3(
  src: Uint8Array,
  widthPx: number,
  heightPx: number,
  blur: number,
  tmp: Uint8Array,
  out: Uint8Array,
): void {
  const side = Math.round(blur * 256)
  const mid = 256 - 2 * side
  for (let y = 0; y < heightPx; y++) {
    const row = y * widthPx
    const last = row + widthPx - 1
    tmp[row] = (src[row]! * (mid + side) + src[row + 1]! * side + 128) >> 8
    for (let i = row + 1; i < last; i++)
      tmp[i] = ((src[i - 1]! + src[i + 1]!) * side + src[i]! * mid + 128) >> 8
    tmp[last] = (src[last]! * (mid + side) + src[last - 1]! * side + 128) >> 8
  }
  for (let y = 0; y < heightPx; y++) {
    const row = y * widthPx
    const up = y === 0 ? row : row - widthPx
    const down = y === heightPx - 1 ? row : row + widthPx
    for (let x = 0; x < widthPx; x++)
      out[row + x] = ((tmp[up + x]! + tmp[down + x]!) * side + tmp[row + x]! * mid + 128) >> 8
  }
}

/** 65,536 noise values of standard deviation 16, from sums of four uniforms (Irwin-Hall), made once. */
let table: Int8Array | null = null

function noiseTable(): Int8Array {
  if (table) return table
  const made = new Int8Array(65_536)
  let s = 0x2545f491
  for (let i = 0; i < made.length; i++) {
    let sum = 0
    for (let n = 0; n < 4; n++) {
      s ^= s << 13
      s ^= s >>> 17
      s ^= s << 5
      sum += (s >>> 16) & 0xff
    }
    // Four uniforms 0..255 have mean 510 and standard deviation 147.8.
    made[i] = Math.max(-127, Math.min(127, Math.round(((sum - 510) * 16) / 147.8)))
  }
  table = made
  return made
}

/**
 * Moves, lights and adds noise: one pass, bilinear, outside the board bare laminate of grey `outside`.
 *
 * @param src HW, sharp as wanted; read only
 * @param out HW; overwritten
 */
export function expose(
  src: Uint8Array,
  widthPx: number,
  heightPx: number,
  optics: Optics,
  outside: number,
  out: Uint8Array,
): void {
  const noise = noiseTable()
  const amount = Math.round(optics.noise * 256)
  // Series instead of Math.sin: the same bits on every machine; angles are below 0.02 rad.
  const a = optics.angleRad
  const sin = a - (a * a * a) / 6
  const cos = 1 - (a * a) / 2 + (a * a * a * a) / 24
  const cx = (widthPx - 1) / 2
  const cy = (heightPx - 1) / 2
  const corner = cx * cx + cy * cy
  let state = optics.seed | 1
  for (let y = 0; y < heightPx; y++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    let at = state >>> 16
    const ry = y - cy - optics.dyPx
    const rx0 = -cx - optics.dxPx
    // Inverse rotation of the frame position gives the template position; 16 fractional bits.
    let u = Math.round((cos * rx0 + sin * ry + cx) * 65_536)
    let v = Math.round((-sin * rx0 + cos * ry + cy) * 65_536)
    const du = Math.round(cos * 65_536)
    const dv = Math.round(-sin * 65_536)
    const rowLight = optics.gain * (1 + optics.tiltY * (y / heightPx - 0.5))
    const dy2 = (y - cy) * (y - cy)
    const row = y * widthPx
    for (let x = 0; x < widthPx; x++) {
      const x0 = u >> 16
      const y0 = v >> 16
      let value: number
      if (x0 >= 0 && y0 >= 0 && x0 < widthPx - 1 && y0 < heightPx - 1) {
        const fx = (u >> 8) & 0xff
        const fy = (v >> 8) & 0xff
        const i = y0 * widthPx + x0
        const top = src[i]! * (256 - fx) + src[i + 1]! * fx
        const low = src[i + widthPx]! * (256 - fx) + src[i + widthPx + 1]! * fx
        value = (top * (256 - fy) + low * fy) / 65_536
      } else if (x0 >= 0 && y0 >= 0 && x0 < widthPx && y0 < heightPx) value = src[y0 * widthPx + x0]!
      else value = outside
      const light =
        rowLight * (1 + optics.tiltX * (x / widthPx - 0.5)) -
        (optics.vignetting * (dy2 + (x - cx) * (x - cx))) / corner
      const level = value * light + (noise[at & 0xffff]! * amount) / 4096 + 0.5
      out[row + x] = level <= 0 ? 0 : level >= 255 ? 255 : level
      at++
      u += du
      v += dv
    }
  }
}
