import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  countRuns,
  extremesScratch,
  linkRuns,
  localMax,
  localMin,
  measureRuns,
  REGION_NUMBERS,
  RUN_INTS,
} from '../../inspection/kernels/index.ts'

const SEED = 20260101
const runs = { seed: SEED, numRuns: 300 }

const image = (max: number): fc.Arbitrary<{ w: number; h: number; data: Uint8Array }> =>
  fc
    .record({ w: fc.integer({ min: 1, max: 17 }), h: fc.integer({ min: 1, max: 13 }) })
    .chain(({ w, h }) =>
      fc
        .array(fc.integer({ min: 0, max }), { minLength: w * h, maxLength: w * h })
        .map((a) => ({ w, h, data: Uint8Array.from(a) })),
    )

describe(`kernels against brute force (seed ${SEED})`, () => {
  it('labels like a flood fill', () => {
    fc.assert(
      fc.property(image(1), ({ w, h, data }) => {
        const table = components(data, w)
        expect(table).toEqual(floodFill(data, w, h))
      }),
      runs,
    )
  })

  it('finds local extremes like a window loop', () => {
    fc.assert(
      fc.property(image(255), fc.integer({ min: 0, max: 16 }), ({ w, h, data }, r) => {
        const scratch = new Uint8Array(extremesScratch(w, h, r))
        const low = new Uint8Array(w * h)
        const high = new Uint8Array(w * h)
        localMin(data, w, h, r, scratch, low)
        localMax(data, w, h, r, scratch, high)
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) {
            const around: number[] = []
            for (let v = Math.max(0, y - r); v <= Math.min(h - 1, y + r); v++)
              for (let u = Math.max(0, x - r); u <= Math.min(w - 1, x + r); u++)
                around.push(data[v * w + u] ?? NaN)
            expect(low[y * w + x]).toBe(Math.min(...around))
            expect(high[y * w + x]).toBe(Math.max(...around))
          }
        }
      }),
      { ...runs, numRuns: 100 },
    )
  })
})

function components(mask: Uint8Array, w: number): number[][] {
  const n = countRuns(mask, w)
  const work = new Int32Array(n * RUN_INTS)
  const count = linkRuns(mask, w, work)
  const table = new Float64Array(count * REGION_NUMBERS)
  measureRuns(work, n, count, mask, w, table)
  return Array.from({ length: count }, (_, i) => [
    ...table.subarray(i * REGION_NUMBERS, (i + 1) * REGION_NUMBERS),
  ])
}

function floodFill(mask: Uint8Array, w: number, h: number): number[][] {
  const seen = new Uint8Array(w * h)
  const found: number[][] = []
  for (let start = 0; start < w * h; start++) {
    if (mask[start] === 0 || seen[start]) continue
    const stack = [start]
    seen[start] = 1
    const c = [0, Infinity, Infinity, 0, 0, 0, 0, 0, 0] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    for (let p = stack.pop(); p !== undefined; p = stack.pop()) {
      const x = p % w
      const y = (p - x) / w
      c[0]++
      c[1] = Math.min(c[1], x)
      c[2] = Math.min(c[2], y)
      c[3] = Math.max(c[3], x + 1)
      c[4] = Math.max(c[4], y + 1)
      c[5] += x
      c[6] += y
      c[7] += 1
      c[8] = 1
      for (let v = y - 1; v <= y + 1; v++) {
        for (let u = x - 1; u <= x + 1; u++) {
          if (u < 0 || v < 0 || u >= w || v >= h) continue
          const q = v * w + u
          if (mask[q] === 0 || seen[q]) continue
          seen[q] = 1
          stack.push(q)
        }
      }
    }
    found.push(c)
  }
  return found
}
