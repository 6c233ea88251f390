import { openWasm } from './open-wasm.ts'

/** Numbers in the accumulator: pixels, sum and squared sum of the Laplacian, gradient energy in x and in y. */
export const SHARPNESS_NUMBERS = 5

/** Columns summed in 32-bit integers at a time: 1020 (largest Laplacian) squared, times this, stays below 2^31. */
const CHUNK = 2048

/** sharpness.c: eight columns at a time, the very same sums. */
interface Vectors {
  readonly memory: { readonly buffer: ArrayBuffer }
  up_at(): number
  middle_at(): number
  down_at(): number
  sums_at(): number
  add_up(columns: number): void
}
const vectors = openWasm('sharpness.wasm') as Vectors
const { buffer } = vectors.memory
const up = new Uint8Array(buffer, vectors.up_at(), CHUNK)
const middle = new Uint8Array(buffer, vectors.middle_at(), CHUNK + 2)
const down = new Uint8Array(buffer, vectors.down_at(), CHUNK)
const sums = new Int32Array(buffer, vectors.sums_at(), SHARPNESS_NUMBERS - 1)

/**
 * Adds one row to the focus measure. Laplacian 0 1 0 / 1 -4 1 / 0 1 0, whose variance is the focus measure LAPV of
 * Pech-Pacheco et al. 2000 (and `cv2.Laplacian(...).var()`); central differences for the gradient energies.
 *
 * @param grey HW; the row before and the one behind are read as well
 * @param at   index of the first pixel of the row
 * @param out  SHARPNESS_NUMBERS, added to; the first and last column are left out
 */
export function addSharpness(grey: Uint8Array, at: number, width: number, out: Float64Array): void {
  const end = at + width - 1
  for (let from = at + 1; from < end; from += CHUNK) {
    const to = Math.min(from + CHUNK, end)
    up.set(grey.subarray(from - width, to - width))
    middle.set(grey.subarray(from - 1, to + 1))
    down.set(grey.subarray(from + width, to + width))
    vectors.add_up(to - from)
    for (let i = 0; i < sums.length; i++) out[i + 1]! += sums[i]!
  }
  out[0]! += Math.max(0, width - 2)
}
