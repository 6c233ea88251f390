import type { Pixels } from '../../../models/index.ts'
import { seededRandom } from '../../../models/teach/random.ts'

export interface SurfaceMark {
  kind: 'hairline' | 'hole'
  /** Middle of it, px. */
  at: [x: number, y: number]
  /** Width of a hairline, radius of a hole, px. */
  sizePx: number
}

export interface Surface {
  kind: 'brushed' | 'plastic'
  widthPx: number
  heightPx: number
  seed: number
  mark?: SurfaceMark
}

/** Length of a hairline, px. */
const HAIRLINE_PX = 140
/** Grey levels by which a mark is darker than its ground. */
const DARKER = 22

/** A drawn flat surface, grey: streaks of a brush, or mottled plastic, both with grain and light that falls off. */
export function drawSurface({ kind, widthPx, heightPx, seed, mark }: Surface): Pixels {
  const random = seededRandom(seed)
  const grey = new Float32Array(widthPx * heightPx)
  const [lightX, lightY] = [0.3 + 0.4 * random(), 0.3 + 0.4 * random()]
  const level = 120 + 20 * random()
  const mottle = mottled(random)
  for (let y = 0; y < heightPx; y++) {
    let streak = 0
    const row = 10 * (random() - 0.5)
    for (let x = 0; x < widthPx; x++) {
      const fall = (x / widthPx - lightX) ** 2 + (y / heightPx - lightY) ** 2
      streak = 0.97 * streak + 3 * (random() - 0.5)
      const ground = kind === 'brushed' ? row + streak : mottle(x, y)
      grey[y * widthPx + x] = level - 30 * fall + ground + 10 * (random() + random() - 1)
    }
  }
  if (mark !== undefined) drawMark(grey, widthPx, heightPx, mark, random)
  return {
    data: new Uint8Array(new Uint8ClampedArray(grey).buffer),
    widthPx,
    heightPx,
    channels: 1,
  }
}

/** Soft spots some 20 to 60 px apart. */
function mottled(random: () => number): (x: number, y: number) => number {
  const waves = Array.from({ length: 8 }, () => {
    const [angle, period] = [2 * Math.PI * random(), 20 + 40 * random()]
    const [kx, ky] = [Math.cos(angle), Math.sin(angle)].map((d) => (2 * Math.PI * d) / period)
    return { kx: kx ?? 0, ky: ky ?? 0, phase: 2 * Math.PI * random() }
  })
  return (x, y) => waves.reduce((sum, w) => sum + 2 * Math.sin(w.kx * x + w.ky * y + w.phase), 0)
}

function drawMark(
  grey: Float32Array,
  widthPx: number,
  heightPx: number,
  { kind, at, sizePx }: SurfaceMark,
  random: () => number,
): void {
  const cover = new Map<number, number>()
  const dot = (x: number, y: number, radius: number): void => {
    for (let v = Math.floor(y - radius - 1); v <= y + radius + 1; v++)
      for (let u = Math.floor(x - radius - 1); u <= x + radius + 1; u++) {
        if (u < 0 || v < 0 || u >= widthPx || v >= heightPx) continue
        const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(u + 0.5 - x, v + 0.5 - y)))
        const place = v * widthPx + u
        cover.set(place, Math.max(share, cover.get(place) ?? 0))
      }
  }
  if (kind === 'hole') dot(at[0], at[1], sizePx)
  else {
    let angle = 2 * Math.PI * random()
    let [x, y] = [at[0] - (HAIRLINE_PX / 2) * Math.cos(angle), at[1] - (HAIRLINE_PX / 2) * Math.sin(angle)]
    for (let step = 0; step < 2 * HAIRLINE_PX; step++) {
      angle += 0.06 * (random() - 0.5)
      x += 0.5 * Math.cos(angle)
      y += 0.5 * Math.sin(angle)
      dot(x, y, sizePx / 2)
    }
  }
  for (const [place, share] of cover) grey[place] = (grey[place] ?? 0) - DARKER * share
}
