import { describe, expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { openForms } from '../../models/teach/form.ts'
import { medians } from '../../models/teach/median.kernel.ts'
import { leftOut, placeFactors } from '../../models/teach/place-gaussian.kernel.ts'
import { asIfNew, keptFor, placeGaussianForm } from '../../models/teach/place-gaussian.ts'
import { keptWarnings, meanWarnings, measurable, varianceAtPlace } from '../../models/teach/placement.ts'
import { planeNumbers } from '../../models/teach/plane-points.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { spreadForm, templateReference } from '../../models/teach/template.ts'

const near = (wanted: readonly number[], digits = 5): number[] =>
  wanted.map((v) => expect.closeTo(v, digits) as number)

/** Residuals of five images at two places, three coordinates. */
const RESIDUALS = [
  [2.04, -5.11, 0.21, -1.71, -2.73, -0.33],
  [-2.02, -0.46, -0.43, 9.96, 1.35, -0.54],
  [-0.28, -1.34, -0.53, -1.17, 2.88, -0.36],
  [0.96, -0.4, 0.01, 4.65, 3.27, -0.75],
  [-0.18, 1.08, 0.97, -0.81, -1.47, 1.5],
].map((r) => Float32Array.from(r))

describe('a covariance of each place', () => {
  // numpy 2: x @ inv((sum r r' + 2 (T + 0.01 tr T / 2)) / 7) @ x by place, T the mean of r r' over images and places
  const EXPECTED = [0.88316948, 1.30568822]
  const OWN = [2.18234689, 1.11476639]
  /** The same of the first image, with inv(covariance - r r' / 7). */
  const LEFT_OUT = [3.8601543, 1.229203]

  it('gives the distances of numpy, by kernel and by graph', async () => {
    const factors = placeFactors(RESIDUALS, 3, 2, 2)
    const distance = (x: Float32Array, place: number): number =>
      Math.hypot(
        ...[0, 1].map((j) =>
          [0, 1].reduce((sum, i) => sum + (x[place * 3 + i] ?? 0) * (factors[place * 4 + i * 2 + j] ?? 0), 0),
        ),
      )
    const asked = Float32Array.of(1, -2, 9, 0.5, 3, 9)
    expect([distance(asked, 0), distance(asked, 1)]).toEqual(near(EXPECTED))
    const pool = openSessionPool(1)
    const forms = await openForms({ gaussian: { kind: 'gaussian', factors, kept: 2, share: 1 / 7 } }, 3, pool)
    expect([...((await forms.maps(asked)).gaussian ?? [])]).toEqual(near(EXPECTED))
    expect([...((await forms.maps(RESIDUALS[0] ?? asked)).gaussian ?? [])]).toEqual(near(OWN))
    await pool.close()
  })

  it('judges a good image as if it had not been taught', () => {
    expect([...leftOut(Float32Array.from(OWN), 1 / 7)]).toEqual(near(LEFT_OUT, 4))
    const form = placeGaussianForm(RESIDUALS, 3, 2)
    if (form.kind !== 'gaussian') throw new Error(form.kind)
    expect(form).toMatchObject({ kept: 3, share: 1 / 8 })
    const map = { gaussian: Float32Array.of(1, 2) }
    const [inside, twin, outside] = asIfNew([map, map, map], { gaussian: form }, [0, 0, 1], (i) => i < 2)
    // two photographs of one workpiece are two shares of the covariance
    expect([...(inside?.gaussian ?? [])]).toEqual(near([Math.sqrt(1 / (1 - 2 / 8)), Math.sqrt(4 / 0.05)]))
    expect(twin).toEqual(inside)
    expect(outside).toBe(map)
  })

  it('takes at most 8 MiB, whatever the grid', () => {
    for (const cells of [256, 1_024, 4_096, 65_536]) {
      expect(4 * cells * keptFor(cells, 96) ** 2).toBeLessThanOrEqual(8_388_608)
    }
    expect([keptFor(256, 96), keptFor(1_024, 96), keptFor(1_024, 8), keptFor(4_096, 96)]).toEqual([
      48, 45, 8, 22,
    ])
  })

  it('is said to see less where a grid leaves it fewer than 16 coordinates', () => {
    const said = (width: number, method: 'auto' | 'position-gaussian', dims = 96) =>
      keptWarnings({ method }, { grid: { width, height: width, stridePx: 8 } }, dims)
    // sqrt(8 MiB / 4 bytes / 128²) = 11.3 coordinates
    expect(said(128, 'position-gaussian')).toMatchObject([
      {
        en: expect.stringContaining('keeps 11 on') as string,
        zh: expect.stringContaining('11 个') as string,
      },
    ])
    expect([
      ...said(64, 'position-gaussian'),
      ...said(128, 'auto'),
      ...said(64, 'position-gaussian', 8),
    ]).toEqual([])
  })
})

describe('a golden template', () => {
  it('takes the medians of numpy', () => {
    const column = [3, 1, 2, -7, 5.5, 4].map((v) => Float32Array.of(v))
    // numpy.median of these, of their sizes, and of the first five
    expect([
      ...medians(column, false),
      ...medians(column, true),
      ...medians(column.slice(0, 5), false),
    ]).toEqual([2.5, 3.5, 2])
    const random = seededRandom(5)
    for (let n = 1; n < 40; n++) {
      const values = Array.from({ length: n }, () => Math.round(6 * random()))
      const sorted = values.toSorted((a, b) => a - b)
      const wanted = ((sorted[(n - 1) >> 1] ?? 0) + (sorted[n >> 1] ?? 0)) / 2
      expect(
        medians(
          values.map((v) => Float32Array.of(v)),
          false,
        )[0],
        `${values}`,
      ).toBe(wanted)
    }
  })

  it('is the median of the other parts for an image held out', async () => {
    const good = [1, 2, 3, 10, 20, 30].map((v) => Float32Array.of(v))
    const reference = templateReference(good, [0, 1, 2, 3, 4, 5], 1, 3)
    const of = async (group?: number): Promise<number> =>
      (await reference.residuals(Float32Array.of(0), group))[0] ?? NaN
    // all: 3 and 10; without 1 and 10: 2, 3, 20, 30; without 3 and 30: 1, 2, 10, 20
    expect([await of(), await of(0), await of(5)]).toEqual([-6.5, -11.5, -6])
  })

  it('counts in spreads of the place, and finds any change where there are none', () => {
    const form = spreadForm([-1, 1, 2].map((v) => Float32Array.of(v, 0)))
    if (form.kind !== 'spread') throw new Error(form.kind)
    // median of the sizes 1 and 0, times 1.4826, and 0.3 of the mean of both added
    expect([...form.scale]).toEqual(near([1 / (1.4826 * 1.15), 1 / (1.4826 * 0.15)]))
    const same = spreadForm([0, 0].map((v) => Float32Array.of(v)))
    expect(same.kind === 'spread' && same.scale[0]).toBeCloseTo(1_000, 2)
  })

  it('has 4 x 4 points in a cell of any stride, and fewer on large grids', () => {
    const of = (width: number, stridePx: number): number => planeNumbers({ width, height: width, stridePx })
    expect([2, 4, 8, 16].map((stridePx) => of(32, stridePx))).toEqual([12, 48, 48, 48])
    expect([48, 64, 128].map((width) => of(width, 8))).toEqual([48, 12, 3])
  })
})

/** Images of six places, two numbers each: those of the place, and chance. */
function images(count: number, chance: number, same: boolean): Float32Array<ArrayBuffer>[] {
  const random = seededRandom(9)
  return Array.from({ length: count }, () =>
    Float32Array.from({ length: 12 }, (_, i) => (same ? Math.sin(7 * i) : 0) + chance * (random() - 0.5)),
  )
}

describe('parts that lie at the same place', () => {
  const data = (embeddings: readonly Float32Array<ArrayBuffer>[], planes = true) => ({
    good: embeddings.map((embedding, i) => ({
      name: `${i}`,
      sha256: '',
      embedding,
      ...(planes ? { planes: new Float32Array(6) } : {}),
    })),
    projection: { dims: 2, weights: new Float32Array(), bias: new Float32Array() },
  })
  const each = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
  const still = images(24, 0.4, true)

  it('are told by what patches vary there', () => {
    expect(varianceAtPlace(still, 2)).toBeLessThan(0.1)
    expect(varianceAtPlace(images(24, 1, false), 2)).toBeGreaterThan(0.9)
    expect(varianceAtPlace(still.slice(0, 1), 2)).toBe(1)
    expect(
      varianceAtPlace(
        [still[0], still[0]].flatMap((e) => e ?? []),
        2,
      ),
    ).toBe(0)
  })

  it('are measured by place, where they are enough', () => {
    expect(measurable(data(still), each(24), null)).toMatchObject({
      methods: ['bank', 'bank-evidence', 'position', 'position-evidence', 'position-gaussian', 'template'],
      notMeasured: [],
    })
    const few = measurable(data(still.slice(0, 12)), each(12), null)
    expect(few.methods).not.toContain('position-gaussian')
    expect(few.methods).toContain('template')
    expect(few.notMeasured).toEqual([
      {
        methods: ['position-gaussian'],
        reason: { en: '12 good workpieces, 20 are needed', zh: '良品工件 12 个,需要 20 个' },
      },
    ])
    // 24 photographs of six workpieces
    const six = measurable(
      data(still),
      each(24).map((i) => i % 6),
      null,
    )
    expect(six.notMeasured.map((n) => n.methods)).toEqual([
      ['position-gaussian'],
      ['template'],
      ['position', 'position-evidence'],
    ])
    expect(six.methods).toEqual(['bank', 'bank-evidence'])
  })

  it('are compared with a mean that each of few has a large part in only where that is asked for, and said', () => {
    const means = (n: number, only: 'position' | null): string[] =>
      measurable(data(still.slice(0, n)), each(n), only).methods.filter((m) => m === 'position')
    expect([means(9, null), means(10, null), means(9, 'position')]).toEqual([[], ['position'], ['position']])
    expect(meanWarnings('position', 9)).toMatchObject([
      {
        en: expect.stringContaining('more of them are called than is promised') as string,
        zh: expect.stringContaining('误报会多于承诺') as string,
      },
    ])
    for (const [only, n] of [
      ['position', 10],
      ['bank', 3],
      [null, 3],
    ] as const)
      expect(meanWarnings(only, n)).toEqual([])
  })

  it('are not measured by place where they move about, and the report says so', () => {
    const { methods, notMeasured } = measurable(data(images(24, 1, false)), each(24), null)
    expect(methods).toEqual(['bank', 'bank-evidence'])
    expect(notMeasured[0]?.methods).toHaveLength(4)
    expect(notMeasured[0]?.reason.en).toMatch(/do not lie at the same place.*less than 80 % is needed/)
    expect(notMeasured[0]?.reason.zh).toMatch(/不在同一位置/)
  })

  it('are needed by the methods that ask for them', () => {
    const moving = data(images(24, 1, false))
    for (const method of ['position-gaussian', 'template'] as const)
      expect(() => measurable(moving, each(24), method)).toThrow(
        new RegExp(`TCH_IMAGES.*same place in every image for the method ${method}.*fixture`),
      )
    expect(measurable(moving, each(24), 'position').methods).toContain('position')
    expect(() => measurable(data(still.slice(0, 9)), each(9), 'template')).toThrow(
      /TCH_IMAGES.*10 or more good workpieces for the method template; found 9/,
    )
    expect(() => measurable(data(still, false), each(24), 'template')).toThrow(/TCH_IMAGES.*teach again/)
    expect(measurable(data(still, false), each(24), null).notMeasured[0]?.methods).toEqual(['template'])
  })
})
