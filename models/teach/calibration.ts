/**
 * Position statistics: where on the part good images look unusual anyway (borders, edges, reflections), the distance
 * there says less. Mean and deviation of the distance of held-out good images per cell, smoothed over 3 x 3 cells;
 * z = (d - mean) / (sd + 0.3 x median sd).
 */
export interface PositionStatistics {
  /** [cells] */
  mean: Float32Array<ArrayBuffer>
  /** [cells], what z divides by; above 0 */
  scale: Float32Array<ArrayBuffer>
}

/** Fewer held-out workpieces say too little about each cell. */
export const MIN_FOR_POSITIONS = 20
const MEDIAN_SHARE = 0.3

/**
 * @param maps [cells] per held-out good image
 * @param perPosition false gives every cell the statistics of all cells together
 */
export function positionStatistics(
  maps: readonly Float32Array[],
  width: number,
  height: number,
  perPosition: boolean,
): PositionStatistics {
  const cells = width * height
  const sum = new Float64Array(cells)
  const sum2 = new Float64Array(cells)
  for (const map of maps)
    for (let i = 0; i < cells; i++) {
      const v = map[i] ?? 0
      sum[i] = (sum[i] ?? 0) + v
      sum2[i] = (sum2[i] ?? 0) + v * v
    }
  if (!perPosition) {
    const n = maps.length * cells
    const mean = sum.reduce((a, b) => a + b, 0) / n
    const sd = Math.sqrt(Math.max(0, sum2.reduce((a, b) => a + b, 0) / n - mean * mean))
    return { mean: new Float32Array(cells).fill(mean), scale: new Float32Array(cells).fill(sd || 1) }
  }
  const mean = sum.map((s) => s / maps.length)
  const variance = sum2.map((s, i) => Math.max(0, s / maps.length - (mean[i] ?? 0) ** 2))
  const sd = averageOver(variance, width, height, 1).map(Math.sqrt)
  const middle = sd.toSorted()[Math.floor(cells / 2)] ?? 0
  const floor = MEDIAN_SHARE * middle || 1e-6
  return {
    mean: Float32Array.from(averageOver(mean, width, height, 1)),
    scale: Float32Array.from(sd, (s) => s + floor),
  }
}

export function applyPositions(
  map: Float32Array,
  { mean, scale }: PositionStatistics,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(map, (v, i) => (v - (mean[i] ?? 0)) / (scale[i] ?? 1))
}

/** Mean over a square of cells, `reach` to each side; cells outside the map do not count. */
export function averageOver(
  map: ArrayLike<number>,
  width: number,
  height: number,
  reach: number,
): Float64Array {
  const out = new Float64Array(width * height)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let sum = 0
      let count = 0
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++) {
          sum += map[v * width + u] ?? 0
          count += 1
        }
      out[y * width + x] = sum / count
    }
  return out
}

/**
 * Cells to each side over which a map is averaged to say where a defect is: 1 for the grid of 256² px, and more for
 * finer ones, so that it is about the same part of the image. The image score is made of single cells.
 */
export const smoothingReach = (cells: number): number =>
  Math.max(1, Math.round(Math.sqrt(Math.min(cells, MANY_CELLS)) / 32))

/**
 * The map that says where a defect is: the mean of the allowed cells around each.
 *
 * @param map calibrated, also where cells are not allowed
 * @param allowed 1 or 0 per cell; null when all are
 * @param outside value of cells that are not allowed
 */
export function smoothed(
  map: Float32Array,
  { width, height }: { width: number; height: number },
  allowed: Float32Array | null,
  outside: number,
): Float64Array {
  const reach = smoothingReach(width * height)
  if (allowed === null) return averageOver(map, width, height, reach)
  const inside = averageOver(
    map.map((v, i) => v * (allowed[i] ?? 0)),
    width,
    height,
    reach,
  )
  const share = averageOver(allowed, width, height, reach)
  return inside.map((v, i) => (allowed[i] === 0 ? outside : v / (share[i] ?? 1)))
}

/**
 * A grid of more cells than this, some 560² px, shows more of the part and not a larger defect: its map is smoothed as
 * far as there.
 */
const MANY_CELLS = 5_000
/** Its score is made of the share of so many cells: it is there for the small defects, which few cells show (ADR 0020). */
const OF_MANY = 2_048

/** Share of the cells whose mean is the image score, at least one cell. */
export const topCells = (cells: number, share: number): number =>
  Math.max(1, Math.round((cells > MANY_CELLS ? OF_MANY : cells) * share))

/** Mean of the `count` largest values. */
export function topMean(map: Float32Array, count: number): number {
  const sorted = Float32Array.from(map).sort()
  let sum = 0
  for (let i = 1; i <= count; i++) sum += sorted[sorted.length - i] ?? 0
  return sum / count
}
