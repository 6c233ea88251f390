/**
 * Synthetic defects for measuring and training without real ones: scratches, stains, rough spots and misplaced patches
 * (after CutPaste, Li et al. 2021, and DRÆM, Zavrtanik et al. 2021). Each draws into `image` and raises `mask`.
 */

/**
 * Bent line, 1 to 3 px wide, brighter or darker than its ground.
 *
 * @param image HWC, 3 channels, 0..255, changed
 * @param mask  HW, 0..1, raised to the coverage where the defect lies
 */
export function scratch(
  image: Float32Array,
  mask: Float32Array,
  width: number,
  height: number,
  random: () => number,
): void {
  const longer = Math.max(width, height)
  const length = (0.08 + 0.32 * random()) * longer
  const half = 0.5 + Math.floor(3 * random()) / 2
  const level = (random() < 0.5 ? -1 : 1) * (20 + 75 * random())
  let angle = 2 * Math.PI * random()
  let x = width * random()
  let y = height * random()
  let bend = 0
  const cover = new Float32Array(width * height)
  for (let step = 0; step < length * 2; step++) {
    if (step % 12 === 0) bend = 0.06 * (random() - 0.5)
    angle += bend
    x += 0.5 * Math.cos(angle)
    y += 0.5 * Math.sin(angle)
    for (let v = Math.floor(y - half); v <= y + half; v++)
      for (let u = Math.floor(x - half); u <= x + half; u++) {
        if (u < 0 || v < 0 || u >= width || v >= height) continue
        const near = Math.min(1, Math.max(0, half + 0.5 - Math.hypot(u + 0.5 - x, v + 0.5 - y)))
        const at = v * width + u
        if (near > cover[at]!) cover[at] = near
      }
  }
  for (let at = 0; at < cover.length; at++) {
    const c = cover[at]!
    if (c === 0) continue
    for (let k = 0; k < 3; k++) image[at * 3 + k] = clamp(image[at * 3 + k]! + c * level)
    if (c > mask[at]!) mask[at] = c
  }
}

/** Spot with a ragged rim: an even stain, or a rough one when `rough`. */
export function spot(
  image: Float32Array,
  mask: Float32Array,
  width: number,
  height: number,
  rough: boolean,
  random: () => number,
): void {
  const radius = (0.025 + 0.1 * random()) * Math.max(width, height)
  const cx = width * random()
  const cy = height * random()
  const level = (random() < 0.5 ? -1 : 1) * (15 + 70 * random())
  const grain = rough ? 15 + 45 * random() : 0
  const waves = Array.from({ length: 5 }, () => [random() * 2 * Math.PI, 0.4 * (random() - 0.5)])
  for (let v = Math.max(0, Math.floor(cy - 2 * radius)); v < Math.min(height, cy + 2 * radius); v++)
    for (let u = Math.max(0, Math.floor(cx - 2 * radius)); u < Math.min(width, cx + 2 * radius); u++) {
      const noise = grain === 0 ? 0 : grain * (random() + random() - 1)
      const angle = Math.atan2(v - cy, u - cx)
      let rim = 1
      for (let w = 0; w < waves.length; w++) rim += waves[w]![1]! * Math.sin((w + 1) * angle + waves[w]![0]!)
      const c = Math.min(1, Math.max(0, (rim - Math.hypot(u - cx, v - cy) / radius) * 4))
      if (c === 0) continue
      const at = v * width + u
      for (let k = 0; k < 3; k++)
        image[at * 3 + k] = clamp(image[at * 3 + k]! + c * ((rough ? 0.3 : 1) * level + noise))
      if (c > mask[at]!) mask[at] = c
    }
}

/** A piece of another good image at a place where it does not belong, half of them turned round. */
export function misplacedPatch(
  image: Float32Array,
  mask: Float32Array,
  width: number,
  height: number,
  other: Uint8Array,
  random: () => number,
): void {
  const w = Math.max(6, Math.floor((0.04 + 0.14 * random()) * width))
  const h = Math.max(6, Math.floor((0.04 + 0.14 * random()) * height))
  const fromX = Math.floor(random() * (width - w))
  const fromY = Math.floor(random() * (height - h))
  const toX = Math.floor(random() * (width - w))
  const toY = Math.floor(random() * (height - h))
  const turned = random() < 0.5
  const gain = 0.8 + 0.4 * random()
  for (let v = 0; v < h; v++)
    for (let u = 0; u < w; u++) {
      const source = turned
        ? (fromY + h - 1 - v) * width + fromX + w - 1 - u
        : (fromY + v) * width + fromX + u
      const at = (toY + v) * width + toX + u
      const edge = u === 0 || v === 0 || u === w - 1 || v === h - 1 ? 0.5 : 1
      for (let k = 0; k < 3; k++)
        image[at * 3 + k] = clamp(image[at * 3 + k]! * (1 - edge) + edge * gain * other[source * 3 + k]!)
      mask[at] = 1
    }
}

const clamp = (v: number): number => (v < 0 ? 0 : v > 255 ? 255 : v)
