import type { Pixels } from '../../../models/index.ts'

/** 5 x 7 dots per character, as continuous inkjet printers set them; rows of five bits, top to bottom. */
const GLYPHS: Record<string, readonly number[]> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  E: [31, 16, 16, 30, 16, 16, 31],
  L: [16, 16, 16, 16, 16, 16, 31],
  O: [14, 17, 17, 17, 17, 17, 14],
  P: [30, 17, 17, 30, 16, 16, 16],
  T: [31, 4, 4, 4, 4, 4, 4],
  X: [17, 17, 10, 4, 10, 17, 17],
  '-': [0, 0, 0, 31, 0, 0, 0],
  ' ': [0, 0, 0, 0, 0, 0, 0],
}

export interface DotPrint {
  lines: readonly string[]
  /** Distance of the dots and their diameter, px. */
  pitchPx: number
  dotPx: number
  ink?: number
  paper?: number
  angleDeg?: number
  /** Standard deviation of the place of a dot, px. */
  jitterPx?: number
  /** Share of the dots that are missing. */
  missing?: number
  /** Standard deviation of the noise, grey levels. */
  noise?: number
  /** Columns of dots that the nozzle skips, counted from the left of each line. */
  cut?: readonly number[]
  seed?: number
}

/** A date code printed in dots on an even ground; the same on every run for a seed. */
export function dotMatrix(print: DotPrint, widthPx: number, heightPx: number): Pixels {
  const {
    lines,
    pitchPx,
    dotPx,
    ink = 40,
    paper = 220,
    angleDeg = 0,
    jitterPx = 0,
    missing = 0,
    noise = 0,
  } = print
  const next = parkMiller(print.seed ?? 7)
  const grey = new Float64Array(widthPx * heightPx).fill(paper)
  const cos = Math.cos((angleDeg * Math.PI) / 180)
  const sin = Math.sin((angleDeg * Math.PI) / 180)
  lines.forEach((line, l) => {
    const left = (-(line.length * 6 - 1) / 2) * pitchPx
    const top = (l - (lines.length - 1) / 2) * 12 * pitchPx - 3 * pitchPx
    for (const [n, character] of [...line].entries())
      for (const [row, bits] of (GLYPHS[character] ?? []).entries())
        for (let column = 0; column < 5; column++) {
          if (!((bits >> (4 - column)) & 1) || next() < missing || print.cut?.includes(n * 6 + column))
            continue
          const u = left + (n * 6 + column) * pitchPx + jitterPx * normal(next)
          const v = top + row * pitchPx + jitterPx * normal(next)
          const x = widthPx / 2 + u * cos - v * sin
          const y = heightPx / 2 + u * sin + v * cos
          dot(grey, widthPx, heightPx, x, y, dotPx / 2, ink)
        }
  })
  const data = Uint8Array.from(grey, (v) => Math.min(255, Math.max(0, v + noise * normal(next))))
  return { data, widthPx, heightPx, channels: 1 }
}

/** A disc with a soft edge of one px. */
function dot(
  grey: Float64Array,
  width: number,
  height: number,
  x: number,
  y: number,
  r: number,
  ink: number,
): void {
  for (let j = Math.max(0, Math.floor(y - r - 1)); j <= Math.min(height - 1, y + r + 1); j++)
    for (let i = Math.max(0, Math.floor(x - r - 1)); i <= Math.min(width - 1, x + r + 1); i++) {
      const share = Math.min(1, Math.max(0, r + 0.5 - Math.hypot(i + 0.5 - x, j + 0.5 - y)))
      const at = j * width + i
      grey[at] = (grey[at] ?? 0) * (1 - share) + ink * share
    }
}

/** Uniform numbers above 0 and below 1 (Park and Miller, CACM 31 (1988) 1192). */
function parkMiller(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const normal = (next: () => number): number =>
  Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next())
