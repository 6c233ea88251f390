import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSessionPool } from '../../models/runtime/session-pool.ts'
import { alikeImages, MOST_COMPARED } from '../../models/teach/alike.ts'
import type { Embedding } from '../../models/teach/embedding.ts'
import { openMatrixSessions } from '../../models/teach/matrix-sessions.ts'
import type { MatrixSessions } from '../../models/teach/matrix-sessions.ts'
import { inOwnLight } from '../../models/teach/own-light.kernel.ts'
import { seededRandom } from '../../models/teach/random.ts'
import { teachOptionsSchema } from '../../models/teach/request.ts'
import { findWorkpieces } from '../../models/teach/workpieces.ts'

const DIMS = 8
const CELLS = 40
const pool = openSessionPool(1)
let matrices: MatrixSessions
beforeAll(async () => {
  matrices = await openMatrixSessions(pool)
})
afterAll(() => pool.close())

const random = seededRandom(11)
const numbers = (n: number, size = 1): Embedding =>
  Float32Array.from({ length: n }, () => size * (random() + random() + random() - 1.5))
const part = (): Embedding => numbers(CELLS * DIMS)
/** The same part again, a little different everywhere, its cells in another order. */
const again = (image: Embedding, size = 0.25): Embedding => {
  const noise = numbers(image.length, size)
  return image.map((_, at) => (image[(at + 3 * DIMS) % image.length] ?? 0) + (noise[at] ?? 0))
}
/** In a light of its own: all cells moved, and stronger. */
const lit = (image: Embedding, light: Embedding): Embedding =>
  image.map((v, at) => 1.1 * v + 4 * (light[at % DIMS] ?? 0))

const context = () => ({
  dims: DIMS,
  cells: CELLS,
  bankSize: 100,
  seed: 1,
  matrices,
  pool,
  checkCancelled: () => undefined,
})

const groupsOf = async (...asked: Parameters<typeof alikeImages>): Promise<number[]> =>
  (await alikeImages(...asked)).groups

describe('photographs of one workpiece', () => {
  it('are found wherever the workpiece lies in them, and by way of each other', async () => {
    const [a, b, ...others] = Array.from({ length: 8 }, part)
    if (a === undefined || b === undefined) throw new Error('no parts')
    const images = [a, ...others, again(a), b, again(again(a)), again(b)]
    expect(await groupsOf(images, [], null, context())).toEqual([0, 1, 2, 3, 4, 5, 6, 0, 7, 0, 7])
  })

  it('are found where they are a third of all, from the most alike on', async () => {
    const sizes = [0.02, 0.02, 0.1, 0.1, 0.1]
    const images = Array.from({ length: 3 }, part).flatMap((p) => sizes.map((size) => again(p, size)))
    expect(await groupsOf(images, [], null, context())).toEqual(
      images.map((_, i) => Math.floor(i / sizes.length)),
    )
  })

  it('are not a part that has nothing the other has not', async () => {
    const images = Array.from({ length: 8 }, part)
    const [first] = images
    const plain = (first ?? part()).map((_, at) => first?.[at % (2 * DIMS)] ?? 0)
    expect(new Set(await groupsOf([...images, plain], [], null, context())).size).toBe(9)
  })

  it('are not parts that only share the light', async () => {
    const lights = Array.from({ length: 6 }, () => numbers(DIMS))
    const images = lights.flatMap((light) => [lit(part(), light), lit(part(), light)])
    expect(new Set(await groupsOf(images, [], null, context())).size).toBe(12)
  })

  it('are told by the cells that count', async () => {
    const background = numbers((CELLS / 2) * DIMS)
    const half = (): Embedding => Float32Array.from([...background, ...numbers((CELLS / 2) * DIMS)])
    const images = Array.from({ length: 8 }, half)
    const allowed = Float32Array.from({ length: CELLS }, (_, i) => (i < CELLS / 2 ? 0 : 1))
    const [first] = images
    if (first === undefined) throw new Error('no parts')
    images.push(Float32Array.from([...numbers((CELLS / 2) * DIMS), ...first.slice((CELLS / 2) * DIMS)]))
    expect(await groupsOf(images, [], allowed, context())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0])
  })

  it('are turned copies, too', async () => {
    const images = Array.from({ length: 8 }, part)
    const turned = images.map((_, source) => ({ source, embedding: part() }))
    const copy = turned[2]?.embedding
    if (copy === undefined) throw new Error('no copy')
    expect(await groupsOf([...images, copy], turned, null, context())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 2])
  })
})

it('an image in its own light has the mean 0 and the mean square 1', () => {
  const out = new Float32Array(4)
  inOwnLight(Float32Array.of(1, 10, 3, 14), 2, out)
  // deviations -1, -2, 1, 2: root of their mean square 2.5
  for (const [i, v] of [-1, -2, 1, 2].entries()) expect(out[i]).toBeCloseTo(v / Math.sqrt(2.5), 6)
  inOwnLight(Float32Array.of(1, 10, 1, 10), 2, out)
  expect([...out].map(Math.abs)).toEqual([0, 0, 0, 0])
})

describe('workpieces of good images', () => {
  const named = (images: readonly Embedding[]) => ({
    good: images.map((embedding, i) => ({ name: `${i}.png`, sha256: '', embedding })),
    turned: [],
    options: teachOptionsSchema.parse({}),
  })

  it('are said by name', async () => {
    const images = Array.from({ length: 8 }, part)
    const data = named([...images, again(images[3] ?? part())])
    const { groups, found, warnings } = await findWorkpieces(data, null, context())
    expect(groups).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 3])
    expect(found).toEqual({ count: 8, by: 'likeness', photographs: [['3.png', '8.png']] })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]?.en).toContain('9 images show 8 workpieces')
    expect(warnings[0]?.en).toContain('(3.png, 8.png)')
    expect(warnings[0]?.zh).toContain('9 张图像显示 8 个工件')
    const off = await findWorkpieces({ ...data, options: { ...data.options, group: false } }, null, context())
    expect(off).toEqual({
      groups: [0, 1, 2, 3, 4, 5, 6, 7, 8],
      found: { count: 9, by: null, photographs: [] },
      warnings: [],
    })
  })

  it('may be of several kinds, and that is said, photographs of one counting once', async () => {
    const other = (): Embedding => part().map((v, at) => v + (at % DIMS === 0 ? 6 : 0))
    const [a, b] = [Array.from({ length: 6 }, part), Array.from({ length: 4 }, other)]
    const data = named([...a, ...b, again(a[2] ?? part(), 0.02)])
    const { found, warnings } = await findWorkpieces(data, null, context())
    expect(found.photographs).toEqual([['2.png', '10.png']])
    expect(warnings.map((w) => w.en)).toEqual([
      expect.stringContaining('11 images show 10 workpieces'),
      expect.stringContaining('2 kinds of part (6: 0.png, 1.png, 2.png, …; 4: 6.png, 7.png, 8.png, …)'),
    ])
    expect(warnings[1]?.zh).toContain('2 类工件(6: 0.png、1.png、2.png、…;4: 6.png')
  })

  it('are not told from each other where all images are alike by way of others', async () => {
    const images = Array.from({ length: 12 }, (_, i) => {
      const [x, y] = [Math.cos(i / 50), Math.sin(i / 50)]
      return Float32Array.from({ length: CELLS * DIMS }, (_v, at) =>
        at % DIMS < 2 ? (Math.floor(at / DIMS) % 2 === 0 ? 1 : -1) * (at % DIMS === 0 ? x : y) : 0,
      )
    })
    const { groups, found, warnings } = await findWorkpieces(named(images), null, context())
    expect(new Set(groups).size).toBe(12)
    expect(found.by).toBeNull()
    expect(warnings.map((w) => w.en)).toEqual([expect.stringContaining('all 12 images look like')])
  })

  it('are not sought among too many images, and that is said', async () => {
    const data = named(Array.from({ length: MOST_COMPARED + 1 }, () => Float32Array.of(1)))
    const { found, warnings } = await findWorkpieces(data, null, context())
    expect(found).toEqual({ count: 501, by: null, photographs: [] })
    expect(warnings.map((w) => w.en)).toEqual([expect.stringContaining('not looked for')])
  })
})
