/** Ints per run in the work array: row, first column, end column (exclusive), parent or component number. */
export const RUN_INTS = 4

/** Numbers per component in the table: area, x1, y1, x2, y2, sum of x, sum of y, sum and maximum of the weights. */
export const REGION_NUMBERS = 9

/** Horizontal runs of ones in `mask` (HW, 0 or 1): the length that `runs` needs, divided by RUN_INTS. */
export function countRuns(mask: Uint8Array, width: number): number {
  let n = 0
  // Masks are mostly empty; the built-in search skips zeros many at a time.
  for (let p = mask.indexOf(1); p >= 0; p = mask.indexOf(1, p)) {
    n++
    const rowEnd = p - (p % width) + width
    while (p < rowEnd && mask[p] !== 0) p++
  }
  return n
}

/**
 * Numbers the 8-connected components of ones, in raster order of their first pixel. Union-find on runs with the
 * smaller index as root (He, Chao, Suzuki 2008, "A run-based two-scan labeling algorithm").
 *
 * @param mask HW, 0 or 1, read only
 * @param runs RUN_INTS × countRuns(mask), overwritten; the fourth int of each run becomes its component number
 * @returns number of components
 */
export function linkRuns(mask: Uint8Array, width: number, runs: Int32Array): number {
  let n = 0
  let row = -2
  let first = 0
  let a = 0
  let aboveEnd = 0
  for (let p = mask.indexOf(1); p >= 0; p = mask.indexOf(1, p)) {
    const x1 = p % width
    const y = (p - x1) / width
    if (y !== row) {
      a = y === row + 1 ? first : n
      aboveEnd = n
      first = n
      row = y
    }
    const rowStart = p - x1
    const rowEnd = rowStart + width
    while (p < rowEnd && mask[p] !== 0) p++
    const x2 = p - rowStart
    const r = n * RUN_INTS
    runs[r] = y
    runs[r + 1] = x1
    runs[r + 2] = x2
    runs[r + 3] = n
    // Half-open runs touch diagonally when one ends where the other starts.
    while (a < aboveEnd && runs[a * RUN_INTS + 2]! < x1) a++
    for (let b = a; b < aboveEnd && runs[b * RUN_INTS + 1]! <= x2; b++) join(runs, b, n)
    n++
  }
  let count = 0
  for (let i = 0; i < n; i++) {
    const parent = runs[i * RUN_INTS + 3]!
    runs[i * RUN_INTS + 3] = parent === i ? count++ : runs[parent * RUN_INTS + 3]!
  }
  return count
}

function rootOf(runs: Int32Array, i: number): number {
  let root = i
  while (runs[root * RUN_INTS + 3]! !== root) root = runs[root * RUN_INTS + 3]!
  while (i !== root) {
    const next = runs[i * RUN_INTS + 3]!
    runs[i * RUN_INTS + 3] = root
    i = next
  }
  return root
}

function join(runs: Int32Array, a: number, b: number): void {
  const ra = rootOf(runs, a)
  const rb = rootOf(runs, b)
  if (ra < rb) runs[rb * RUN_INTS + 3] = ra
  else runs[ra * RUN_INTS + 3] = rb
}

/**
 * Area, half-open box, coordinate sums (pixel indices), sum and maximum of `weights` per component.
 *
 * @param runs    as `linkRuns` left them
 * @param weights HW, e.g. the grey levels
 * @param table   REGION_NUMBERS × components, overwritten
 */
export function measureRuns(
  runs: Int32Array,
  runCount: number,
  components: number,
  weights: Uint8Array,
  width: number,
  table: Float64Array,
): void {
  for (let c = 0, t = 0; c < components; c++, t += REGION_NUMBERS) {
    table.fill(0, t, t + REGION_NUMBERS)
    table[t + 1] = Infinity
    table[t + 2] = Infinity
  }
  for (let i = 0; i < runCount; i++) {
    const r = i * RUN_INTS
    const y = runs[r]!
    const x1 = runs[r + 1]!
    const x2 = runs[r + 2]!
    const t = runs[r + 3]! * REGION_NUMBERS
    const n = x2 - x1
    table[t]! += n
    if (x1 < table[t + 1]!) table[t + 1] = x1
    if (y < table[t + 2]!) table[t + 2] = y
    if (x2 > table[t + 3]!) table[t + 3] = x2
    if (y + 1 > table[t + 4]!) table[t + 4] = y + 1
    table[t + 5]! += (n * (x1 + x2 - 1)) / 2
    table[t + 6]! += n * y
    let sum = 0
    let max = table[t + 8]!
    for (let p = y * width + x1, end = y * width + x2; p < end; p++) {
      const w = weights[p]!
      sum += w
      if (w > max) max = w
    }
    table[t + 7]! += sum
    table[t + 8] = max
  }
}
