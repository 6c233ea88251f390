/** Numbers that one picture is fitted to another by: four of place, three of gain and three of offset over the picture. */
export const FITTED = 10
/** So much of the rim takes no part: the other picture may end there, px. */
export const RIM = 8

/**
 * Grey means over squares of `side` px, less their mean.
 *
 * @param image HWC uint8 RGB
 * @param out   [floor(height / side)][floor(width / side)], grey levels, overwritten
 */
export function greyMeans(
  image: Uint8Array,
  widthPx: number,
  side: number,
  columns: number,
  out: Float32Array,
): void {
  out.fill(0)
  const rows = out.length / columns
  for (let y = 0; y < rows * side; y++)
    for (let x = 0; x < columns * side; x++) {
      const at = 3 * (y * widthPx + x)
      out[Math.floor(y / side) * columns + Math.floor(x / side)]! +=
        image[at]! + image[at + 1]! + image[at + 2]!
    }
  let sum = 0
  for (let i = 0; i < out.length; i++) sum += out[i]! /= 3 * side * side
  for (let i = 0; i < out.length; i++) out[i]! -= sum / out.length
}

/** Where the second picture shows what the first one shows: moved by `x`, `y` px, and turned and scaled about the middle. */
export interface Placed {
  x: number
  y: number
  scale: number
  turn: number
}

/** Cubic convolution, a = -1/2 (Keys 1981): a line between pixels would leave fine structure behind. */
function cubic(t: number): number {
  const d = Math.abs(t)
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0
}

/**
 * The second picture where the first one lies, between its pixels.
 *
 * @param out [rows - 2 RIM + 2][columns - 2 RIM + 2], with one px of rim to take slopes at; overwritten
 */
export function moved(picture: Float32Array, columns: number, at: Placed, out: Float32Array): void {
  const rows = picture.length / columns
  const wide = columns - 2 * RIM + 2
  const high = rows - 2 * RIM + 2
  for (let v = 0; v < high; v++)
    for (let u = 0; u < wide; u++) {
      const x = u + RIM - 1
      const y = v + RIM - 1
      const dx = x - columns / 2
      const dy = y - rows / 2
      const sx = Math.min(columns - 2.001, Math.max(1, x + at.x + at.scale * dx - at.turn * dy))
      const sy = Math.min(rows - 2.001, Math.max(1, y + at.y + at.scale * dy + at.turn * dx))
      const x0 = Math.floor(sx)
      const y0 = Math.floor(sy)
      const t = sx - x0
      const a = cubic(t + 1)
      const b = cubic(t)
      const c = cubic(t - 1)
      const d = cubic(t - 2)
      let value = 0
      for (let j = -1; j <= 2; j++) {
        const from = (y0 + j) * columns + x0
        const line =
          a * picture[from - 1]! + b * picture[from]! + c * picture[from + 1]! + d * picture[from + 2]!
        value += cubic(sy - y0 - j) * line
      }
      out[v * wide + u] = value
    }
}

/** What a pixel adds to the fit: slopes along the four numbers of place, its own value and the light over the picture. */
function rowAt(
  other: Float32Array,
  wide: number,
  high: number,
  u: number,
  v: number,
  row: Float64Array,
): void {
  const at = (v + 1) * wide + u + 1
  const gx = (other[at + 1]! - other[at - 1]!) / 2
  const gy = (other[at + wide]! - other[at - wide]!) / 2
  const dx = u + 1 - wide / 2
  const dy = v + 1 - high / 2
  const value = other[at]!
  row[0] = gx
  row[1] = gy
  row[2] = gx * dx + gy * dy
  row[3] = gy * dx - gx * dy
  row[4] = value
  row[5] = (value * dx) / wide
  row[6] = (value * dy) / high
  row[7] = 1
  row[8] = dx / wide
  row[9] = dy / high
}

/**
 * Normal equations of the first picture as the moved second one, its slopes and its light (Lucas and Kanade 1981, with
 * gain and offset that vary linearly over the picture).
 *
 * @param other of `moved`
 * @param gram  [FITTED][FITTED], overwritten
 * @param right [FITTED], overwritten
 */
export function fitSums(
  picture: Float32Array,
  columns: number,
  other: Float32Array,
  gram: Float64Array,
  right: Float64Array,
  row: Float64Array,
): void {
  const rows = picture.length / columns
  const wide = columns - 2 * RIM + 2
  const high = rows - 2 * RIM + 2
  gram.fill(0)
  right.fill(0)
  // Every other row has many more pixels than there are numbers to fit.
  for (let v = 0; v < high - 2; v += 2)
    for (let u = 0; u < wide - 2; u++) {
      rowAt(other, wide, high, u, v, row)
      const wanted = picture[(v + RIM) * columns + u + RIM]!
      for (let i = 0; i < FITTED; i++) {
        right[i]! += row[i]! * wanted
        for (let j = 0; j <= i; j++) gram[i * FITTED + j]! += row[i]! * row[j]!
      }
    }
  for (let i = 0; i < FITTED; i++) for (let j = 0; j < i; j++) gram[j * FITTED + i] = gram[i * FITTED + j]!
}

/** What the fit leaves of the first picture. @param out [rows - 2 RIM][columns - 2 RIM], overwritten */
export function leftOver(
  picture: Float32Array,
  columns: number,
  other: Float32Array,
  fitted: Float64Array,
  row: Float64Array,
  out: Float32Array,
): void {
  const rows = picture.length / columns
  const wide = columns - 2 * RIM + 2
  const high = rows - 2 * RIM + 2
  for (let v = 0; v < high - 2; v++)
    for (let u = 0; u < wide - 2; u++) {
      rowAt(other, wide, high, u, v, row)
      let rest = picture[(v + RIM) * columns + u + RIM]!
      for (let i = 0; i < FITTED; i++) rest -= row[i]! * fitted[i]!
      out[v * (wide - 2) + u] = rest
    }
}

/** Squares of the means over squares of `side` px. @param out [floor(rows / side)][floor(columns / side)], overwritten */
export function squaredMeans(values: Float32Array, columns: number, side: number, out: Float32Array): void {
  const wide = Math.floor(columns / side)
  for (let i = 0; i < out.length; i++) {
    const from = Math.floor(i / wide) * side * columns + (i % wide) * side
    let sum = 0
    for (let v = 0; v < side; v++) for (let u = 0; u < side; u++) sum += values[from + v * columns + u]!
    out[i] = (sum / side ** 2) ** 2
  }
}

/**
 * Correlation of what each picture has less its mean over the 5 x 5 px around, its fine structure.
 */
export function fineCorrelation(a: Float32Array, b: Float32Array, columns: number): number {
  const rows = a.length / columns
  let ab = 0
  let aa = 0
  let bb = 0
  for (let y = 2; y < rows - 2; y++)
    for (let x = 2; x < columns - 2; x++) {
      let ma = 0
      let mb = 0
      for (let v = -2; v <= 2; v++)
        for (let u = -2; u <= 2; u++) {
          ma += a[(y + v) * columns + x + u]!
          mb += b[(y + v) * columns + x + u]!
        }
      const fa = a[y * columns + x]! - ma / 25
      const fb = b[y * columns + x]! - mb / 25
      ab += fa * fb
      aa += fa * fa
      bb += fb * fb
    }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0
}

/** Correlation of the first picture, every other pixel, with the second one moved by whole px. */
export function correlation(
  a: Float32Array,
  b: Float32Array,
  columns: number,
  dx: number,
  dy: number,
): number {
  const rows = a.length / columns
  let [n, sa, sb, ab, aa, bb] = [0, 0, 0, 0, 0, 0]
  for (let y = RIM; y < rows - RIM; y += 2)
    for (let x = RIM; x < columns - RIM; x += 2) {
      const p = a[y * columns + x]!
      const q = b[(y + dy) * columns + x + dx]!
      n += 1
      sa += p
      sb += q
      ab += p * q
      aa += p * p
      bb += q * q
    }
  const spread = (aa - (sa * sa) / n) * (bb - (sb * sb) / n)
  return spread > 0 ? (ab - (sa * sb) / n) / Math.sqrt(spread) : 0
}
