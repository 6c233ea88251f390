import type { RawOutputs } from '../runtime/ort-session.ts'
import type { GoldenDifference, Tolerance } from './adapter.ts'
import { tensorOf } from './adapter.ts'

/** Worst element of all outputs by its excess over `atol + rtol * |want|`; null when none exceeds it. */
export function elementwiseDifference(
  want: RawOutputs,
  got: RawOutputs,
  { atol, rtol }: Tolerance,
): GoldenDifference | null {
  let worst: GoldenDifference | null = null
  let worstExcess = 0
  for (const [name, expected] of Object.entries(want)) {
    const actual = tensorOf(got, name)
    if (actual.shape.join() !== expected.shape.join())
      return {
        where: `${name}.shape`,
        want: `[${expected.shape.join(', ')}]`,
        got: `[${actual.shape.join(', ')}]`,
        difference: Infinity,
      }
    for (let i = 0; i < expected.data.length; i++) {
      const w = Number(expected.data[i])
      const g = Number(actual.data[i])
      const difference = Math.abs(g - w)
      const excess = difference - (atol + rtol * Math.abs(w))
      if (excess <= worstExcess) continue
      worstExcess = excess
      worst = {
        where: `${name}[${indexText(i, expected.shape)}]`,
        want: String(w),
        got: String(g),
        difference,
      }
    }
  }
  return worst
}

function indexText(flat: number, shape: readonly number[]): string {
  const at: number[] = []
  let rest = flat
  for (const size of shape.toReversed()) {
    at.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return at.join(', ')
}
