import { describe, expect, it } from 'vitest'
import {
  addSharpness,
  bandDifference,
  correlationAt,
  countRuns,
  extremesScratch,
  fillPolygon,
  findEdges,
  linkRuns,
  localMax,
  localMin,
  maskAtLeast,
  maskAtMost,
  measureRuns,
  otsuLevel,
  REGION_NUMBERS,
  rgbToGrey,
  RUN_INTS,
  sampleGrey,
  sampleProfile,
  SHARPNESS_NUMBERS,
  warpRigid,
} from '../../inspection/kernels/index.ts'

const mono = (rows: string[]): Uint8Array => Uint8Array.from(rows.join(''), (c) => (c === '#' ? 1 : 0))
const grey = (rows: number[][]): Uint8Array => Uint8Array.from(rows.flat())

function components(rows: string[], weights?: Uint8Array): number[][] {
  const mask = mono(rows)
  const width = rows[0]?.length ?? 0
  const runs = new Int32Array(RUN_INTS * countRuns(mask, width))
  const n = linkRuns(mask, width, runs)
  const table = new Float64Array(n * REGION_NUMBERS)
  measureRuns(runs, runs.length / RUN_INTS, n, weights ?? mask, width, table)
  return Array.from({ length: n }, (_, i) => [
    ...table.subarray(i * REGION_NUMBERS, (i + 1) * REGION_NUMBERS),
  ])
}
const boxes = (rows: string[]): number[][] => components(rows).map((c) => c.slice(0, 5))

describe('connected components', () => {
  it('joins diagonals (8-connected)', () => {
    expect(boxes(['#..', '.#.', '..#'])).toEqual([[3, 0, 0, 3, 3]])
    expect(boxes(['..#', '.#.', '#..'])).toEqual([[3, 0, 0, 3, 3]])
  })
  it('separates what does not touch, in raster order', () => {
    expect(boxes(['##.#', '....', '#..#'])).toEqual([
      [2, 0, 0, 2, 1],
      [1, 3, 0, 4, 1],
      [1, 0, 2, 1, 3],
      [1, 3, 2, 4, 3],
    ])
  })
  it('joins arms that meet late: U, W and spiral', () => {
    expect(boxes(['#.#', '#.#', '###'])).toEqual([[7, 0, 0, 3, 3]])
    expect(boxes(['#.#.#', '#.#.#', '.#.#.'])).toEqual([[8, 0, 0, 5, 3]])
    expect(boxes(['#####', '....#', '###.#', '#...#', '#####'])).toEqual([[17, 0, 0, 5, 5]])
  })
  it('does not wrap around the image border', () => {
    expect(boxes(['..#', '#..'])).toEqual([
      [1, 2, 0, 3, 1],
      [1, 0, 1, 1, 2],
    ])
  })
  it('sums coordinates and weights', () => {
    const weights = grey([
      [0, 10, 20],
      [0, 0, 30],
    ])
    // pixels (1,0), (2,0), (2,1): sums x 5, y 1, weights 60, maximum 30
    expect(components(['.##', '..#'], weights)).toEqual([[3, 1, 0, 3, 2, 5, 1, 60, 30]])
  })
  it('finds nothing in an empty mask', () => expect(boxes(['...', '...'])).toEqual([]))
})

describe('local extremes', () => {
  const src = grey([
    [5, 5, 5, 5],
    [5, 9, 5, 5],
    [5, 5, 5, 1],
  ])
  const run = (kernel: typeof localMin, radius: number): number[] => {
    const out = new Uint8Array(12)
    kernel(src, 4, 3, radius, new Uint8Array(extremesScratch(4, 3, radius)), out)
    return [...out]
  }
  it('spreads the minimum by the radius and ignores the outside', () => {
    expect(run(localMin, 1)).toEqual([5, 5, 5, 5, 5, 5, 1, 1, 5, 5, 1, 1])
  })
  it('spreads the maximum by the radius', () => {
    expect(run(localMax, 1)).toEqual([9, 9, 9, 5, 9, 9, 9, 5, 9, 9, 9, 5])
  })
  it('reaches everything with a large radius and nothing with radius 0', () => {
    expect(run(localMin, 7)).toEqual(Array(12).fill(1))
    expect(run(localMax, 0)).toEqual([...src])
  })
})

describe('band difference', () => {
  it('counts only what lies outside the band', () => {
    const out = new Uint8Array(5)
    bandDifference(
      grey([[0, 50, 100, 150, 255]]),
      grey([[40, 40, 100, 0, 0]]),
      grey([[60, 60, 100, 100, 0]]),
      out,
    )
    expect([...out]).toEqual([40, 0, 0, 50, 255])
  })
})

describe('thresholds', () => {
  it('masks at least and at most, inside the region only', () => {
    const src = grey([[0, 9, 10, 11]])
    const out = new Uint8Array(4)
    maskAtLeast(src, 10, null, out)
    expect([...out]).toEqual([0, 0, 1, 1])
    maskAtMost(src, 10, grey([[1, 0, 1, 1]]), out)
    expect([...out]).toEqual([1, 0, 1, 0])
  })
  it('reproduces the worked Otsu example', () => {
    // 6 × 6 example of "Otsu Thresholding Explained", The Lab Book Pages: levels 0..5 with counts 8 7 2 6 9 4;
    // best threshold "t = 3" there means that 0..2 are background.
    const histogram = new Int32Array(256)
    histogram.set([8, 7, 2, 6, 9, 4])
    expect(otsuLevel(histogram)).toBe(2)
  })
  it('has no threshold for a single grey level', () => {
    const histogram = new Int32Array(256)
    histogram[77] = 100
    expect(otsuLevel(histogram)).toBe(-1)
  })
})

describe('sharpness', () => {
  it('sums the Laplacian and the gradients of one row', () => {
    const out = new Float64Array(SHARPNESS_NUMBERS)
    const image = grey([
      [9, 9, 9],
      [0, 1, 0],
      [2, 10, 6],
      [0, 4, 0],
    ])
    addSharpness(image, 6, 3, out)
    // Laplacian 2+6+1+4-40 = -27; dx = 4, dy = 3
    expect([...out]).toEqual([1, -27, 729, 16, 9])
  })
  it('sums columns of any number alike, the largest values among them', () => {
    // every second pixel white: each inner one differs from all its four neighbours, 1020 at the border of 32 bits
    for (const width of [1, 2, 3, 9, 10, 11, 17, 2049, 2050, 2051, 5000]) {
      const out = new Float64Array(SHARPNESS_NUMBERS)
      const board = Uint8Array.from({ length: 3 * width }, (_, i) =>
        (Math.floor(i / width) + (i % width)) % 2 ? 255 : 0,
      )
      addSharpness(board, width, width, out)
      const n = Math.max(0, width - 2)
      expect([width, ...out]).toEqual([width, n, (n % 2) * 1020, n * 1020 ** 2, 0, 0].map((v) => v || 0))
    }
    // a ramp in x and a steeper one in y: no Laplacian, dx 2 and dy 6 everywhere
    const ramp = Uint8Array.from({ length: 3 * 40 }, (_, i) => (i % 40) + 3 * Math.floor(i / 40))
    const out = new Float64Array(SHARPNESS_NUMBERS)
    addSharpness(ramp, 40, 40, out)
    expect([...out]).toEqual([38, 0, 0, 38 * 4, 38 * 36])
  })
})

describe('grey from colour', () => {
  it('rounds like Pillow convert("L")', () => {
    // by hand with the formula of Pillow, libImaging/Convert.c: (19595 R + 38470 G + 7471 B + 32768) >> 16
    const rgb = Uint8Array.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 255, 255, 255])
    const out = new Uint8Array(5)
    rgbToGrey(rgb, 0, 5, out)
    expect([...out]).toEqual([76, 150, 29, 2, 255])
  })
})

describe('polygon', () => {
  it('takes pixels whose centre is inside', () => {
    const out = new Uint8Array(16)
    fillPolygon(Float64Array.from([0, 0, 4, 0, 0, 4]), 4, 4, 1, out)
    expect([...out]).toEqual([...mono(['###.', '##..', '#...', '....'])])
  })
})

describe('warp', () => {
  const src = grey([
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ])
  const warp = (dx: number, dy: number, angle: number): number[] => {
    const out = new Uint8Array(9)
    warpRigid(src, 3, 3, 1, dx, dy, angle, out)
    return [...out]
  }
  it('copies without motion', () => expect(warp(0, 0, 0)).toEqual([...src]))
  it('takes a shifted part back', () => expect(warp(1, 0, 0)).toEqual([2, 3, 3, 5, 6, 6, 8, 9, 9]))
  it('turns about the centre: +90° on screen is clockwise', () => {
    // out(p) = src(R p): the pixel right of the centre comes from below it
    expect(warp(0, 0, Math.PI / 2)).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7])
  })
  it('keeps channels apart', () => {
    const rgb = Uint8Array.from([10, 20, 30, 40, 50, 60])
    const out = new Uint8Array(6)
    warpRigid(rgb, 2, 1, 3, 1, 0, 0, out)
    expect([...out]).toEqual([40, 50, 60, 40, 50, 60])
  })
  it('samples between pixels', () => expect(sampleGrey(src, 3, 3, 0.5, 0.5)).toBe(3))
})

describe('correlation', () => {
  const image = grey([
    [0, 0, 0],
    [0, 10, 20],
    [0, 30, 50],
  ])
  it('is 1 for the same pattern at another brightness, -1 for its negative, 0 for a flat one', () => {
    expect(correlationAt(image, 3, Uint8Array.from([60, 70, 80, 100]), 2, 2, 1, 1)).toBeCloseTo(1, 12)
    expect(correlationAt(image, 3, Uint8Array.from([90, 80, 70, 50]), 2, 2, 1, 1)).toBeCloseTo(-1, 12)
    expect(correlationAt(image, 3, Uint8Array.from([7, 7, 7, 7]), 2, 2, 1, 1)).toBe(0)
  })
})

describe('profile and edges', () => {
  it('averages across the line', () => {
    const src = grey([
      [0, 0, 30],
      [0, 30, 30],
      [0, 60, 30],
    ])
    const out = new Float64Array(3)
    sampleProfile(src, 3, 3, 0, 1, 1, 0, 1, out)
    expect([...out]).toEqual([0, 30, 30])
  })
  it('places edges between samples, by polarity', () => {
    const edges = new Float64Array(8)
    const profile = Float64Array.from([0, 0, 0, 100, 100, 100, 40, 0, 0, 0])
    expect(findEdges(profile, 1, 8, edges)).toBe(1)
    expect(edges[0]).toBe(2.5)
    expect(findEdges(profile, -1, 8, edges)).toBe(1)
    // differences 0 30 50 20 0 at samples 4..8, smoothed 27.5 37.5 22.5 at 5..7; with their logarithms
    // 6 + (3.3142 - 3.1135) / (2 · (3.3142 - 2 · 3.6243 + 3.1135)) = 5.878
    expect(edges[0]).toBeCloseTo(5.878, 3)
    expect(findEdges(profile, 1, 60, edges)).toBe(0)
  })

  /** A step of 100 grey levels behind a Gaussian: its integral, by the trapezoidal rule. */
  const step = (x: number, sigmaPx: number): number => {
    const bell = (t: number): number => Math.exp((t * t) / (-2 * sigmaPx * sigmaPx))
    let sum = 0
    for (let t = -10 * sigmaPx; t < x; t += 0.02) sum += (bell(t) + bell(Math.min(x, t + 0.02))) * 0.01
    return (100 * sum) / (sigmaPx * Math.sqrt(2 * Math.PI))
  }
  it('places a wide edge near the end of the line, where not all of it is on the line', () => {
    const edges = new Float64Array(8)
    for (const at of [6, 6.3, 73.6])
      for (const sign of [1, -1]) {
        const profile = Float64Array.from({ length: 81 }, (_, x) => 100 + sign * step(x - at, 6))
        expect(findEdges(profile, sign, 2, edges)).toBe(1)
        expect(Math.abs((edges[0] ?? NaN) - at)).toBeLessThan(0.05)
      }
  })
  it('keeps two blurred edges 5 px apart two, whichever is the stronger', () => {
    const edges = new Float64Array(8)
    const last = [0.99, 1, 1.01].map((light) => {
      const profile = Float64Array.from({ length: 81 }, (_, x) => step(x - 30, 2) + light * step(x - 35, 2))
      expect(findEdges(profile, 1, 8, edges)).toBe(2)
      return edges[1] ?? NaN
    })
    expect(Math.max(...last) - Math.min(...last)).toBeLessThan(0.1)
  })
})
