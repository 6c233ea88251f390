/** Bytes that `localMin` and `localMax` need as scratch. */
export const extremesScratch = (width: number, height: number, radius: number): number =>
  (width + 2 * radius) * (height + 2 * radius)

/**
 * Smallest grey level in the (2·radius+1)² neighbourhood of each pixel; outside the image nothing counts.
 * Windows are joined from two overlapping windows of power-of-two size, so the cost grows with log(radius).
 *
 * @param src     HW, read only
 * @param scratch extremesScratch bytes, overwritten
 * @param out     HW, overwritten; not `src`
 */
export function localMin(
  src: Uint8Array,
  width: number,
  height: number,
  radius: number,
  scratch: Uint8Array,
  out: Uint8Array,
): void {
  extreme(src, width, height, radius, scratch, out, 0)
}

/** Largest grey level; see localMin. */
export function localMax(
  src: Uint8Array,
  width: number,
  height: number,
  radius: number,
  scratch: Uint8Array,
  out: Uint8Array,
): void {
  extreme(src, width, height, radius, scratch, out, 255)
}

/** Minimum of `src ^ flip`, flipped back: with flip 255 that is the maximum. */
function extreme(
  src: Uint8Array,
  width: number,
  height: number,
  radius: number,
  s: Uint8Array,
  out: Uint8Array,
  flip: number,
): void {
  const w = width + 2 * radius
  const h = height + 2 * radius
  s.fill(255, 0, w * h)
  for (let y = 0; y < height; y++) {
    const to = (y + radius) * w + radius
    for (let x = 0, i = y * width; x < width; x++, i++) s[to + x] = src[i]! ^ flip
  }
  const size = 2 * radius + 1
  // Rows run into each other only at positions that no window of a real pixel reaches.
  windows(s, w * h, size, 1)
  windows(s, w * h, size, w)
  for (let y = 0; y < height; y++) {
    for (let x = 0, i = y * width, k = y * w; x < width; x++, i++, k++) out[i] = s[k]! ^ flip
  }
}

/** In place: s[i] = min of `size` entries from i on, `step` apart. */
function windows(s: Uint8Array, length: number, size: number, step: number): void {
  let done = 1
  for (; done * 2 <= size; done *= 2) shiftMin(s, length, done * step)
  if (done < size) shiftMin(s, length, (size - done) * step)
}

function shiftMin(s: Uint8Array, length: number, shift: number): void {
  for (let i = 0, end = length - shift; i < end; i++) {
    const other = s[i + shift]!
    if (other < s[i]!) s[i] = other
  }
}
