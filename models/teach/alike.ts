import { mapInOrder } from '../../contracts/index.ts'
import { takeRows } from './coreset.ts'
import type { Embedding, TurnedEmbedding } from './embedding.ts'
import type { FitContext } from './fit.ts'
import type { Matrix } from './matrix-sessions.ts'
import { inOwnLight } from './own-light.kernel.ts'
import { sample, seededRandom } from './random.ts'

/** Cells of an image whose like is sought in every other image. */
export const SOUGHT_CELLS = 24
/** So far away are the nearest of the images of other workpieces: what is usual for a cell. */
const USUAL = 0.25
/**
 * Two images show one workpiece when the cells of each lie nearer in the other than these shares of what is usual, by
 * geometric mean: as the backbone sees them, and each in its own light, since parts that only share the light are near
 * each other as well. An image is a turned copy when its cells lie nearer still in a turned copy of the other. ADR 0007
 * has what photographs and different workpieces come to.
 */
const NEAR = { seen: 0.7, ownLight: 0.85, turned: 0.3 }
/** Cells that are much the same in all images say nothing: no distance counts as less than this share of the mean. */
const FLOOR = 0.1
/** The search compares all pairs; with more images it would take longer than the teaching. */
export const MOST_COMPARED = 500

export interface Alike {
  /** Number of the workpiece of each image, from 0 in the order they appear. */
  groups: number[]
  /** Mean distance of the sought cells of each image to their like in each other one: [image][other]. */
  far: number[][]
}

type Context = Pick<FitContext, 'dims' | 'seed' | 'matrices' | 'checkCancelled'>

/**
 * Looks which images show the same workpiece: those that are near each other, directly or by way of others. What is usual is measured against the other workpieces, and so anew when some
 * images were joined; photographs that are more than a quarter of all are the usual themselves, and not all found.
 *
 * @param turned copies that go into the bank; an image that looks like one counts as a photograph of its source
 * @param allowed 1 or 0 per cell; null when all count
 */
export async function alikeImages(
  images: readonly Embedding[],
  turned: readonly TurnedEmbedding[],
  allowed: Float32Array | null,
  context: Context,
): Promise<Alike> {
  const { dims, seed } = context
  const random = seededRandom(seed)
  const cells = Array.from({ length: (images[0]?.length ?? 0) / dims }, (_, i) => i)
  const counted = allowed === null ? cells : cells.filter((i) => allowed[i] !== 0)
  const sought = images.map(() => sample(counted.length, SOUGHT_CELLS, random).map((n) => counted[n] ?? 0))
  const normal = (image: Embedding): Matrix => {
    const out = new Float32Array(image.length)
    inOwnLight(image, dims, out)
    return out
  }
  const itself = images.map((_, i) => i)
  const sources = turned.map((t) => t.source)
  const rows = rowsOf(images, sought, dims)
  const seen = await distances(rows, images, context)
  const toTurned = await distances(
    rows,
    turned.map((t) => t.embedding),
    context,
  )
  let ownLight: Matrix[] | null = null
  let groups = itself
  for (;;) {
    const nearSeen = bothWays(nearness(seen, itself, groups), NEAR.seen)
    // where no two are near as seen, how near they are in their own light decides nothing
    if (images.some((_, i) => itself.slice(0, i).some((j) => nearSeen(i, j))))
      ownLight ??= await distances(rowsOf(images, sought, dims, normal), images, context, normal)
    const nearLit = ownLight && bothWays(nearness(ownLight, itself, groups), NEAR.ownLight)
    const copies = nearness(toTurned, sources, groups)
    const next = joined(
      groups,
      (i, j) =>
        (nearSeen(i, j) && nearLit?.(i, j) === true) ||
        below(copies, i, j, NEAR.turned) ||
        below(copies, j, i, NEAR.turned),
    )
    if (new Set(next).size === new Set(groups).size)
      return { groups, far: meanDistances(seen, images.length) }
    groups = next
  }
}

function meanDistances(squares: readonly Matrix[], images: number): number[][] {
  const each = (squares[0]?.length ?? 0) / images
  return Array.from({ length: images }, (_, i) =>
    squares.map((to) => {
      let sum = 0
      for (let row = i * each; row < (i + 1) * each; row++) sum += Math.sqrt(to[row] ?? 0)
      return sum / each
    }),
  )
}

const below = (shares: readonly number[][], i: number, j: number, limit: number): boolean =>
  (shares[i]?.[j] ?? 1) < limit

const bothWays =
  (shares: readonly number[][], limit: number) =>
  (i: number, j: number): boolean =>
    below(shares, i, j, limit) && below(shares, j, i, limit)

/** Groups with those of near images made one, numbered in the order they appear. */
function joined(groups: readonly number[], near: (i: number, j: number) => boolean): number[] {
  const out = [...groups]
  for (let i = 0; i < out.length; i++)
    for (let j = 0; j < i; j++) {
      const [from, to] = [out[i] ?? i, out[j] ?? j]
      if (from !== to && near(i, j)) out.forEach((g, k) => (out[k] = g === from ? to : g))
    }
  const numbers = new Map([...new Set(out)].map((g, n) => [g, n]))
  return out.map((g) => numbers.get(g) ?? 0)
}

type View = (image: Embedding) => Matrix
const asItIs: View = (image) => image

/** The sought cells of all images, [images][SOUGHT_CELLS][dims]. */
function rowsOf(
  images: readonly Embedding[],
  sought: readonly (readonly number[])[],
  dims: number,
  view = asItIs,
): Matrix {
  const size = (sought[0]?.length ?? 0) * dims
  const rows = new Float32Array(images.length * size)
  for (const [i, image] of images.entries()) rows.set(takeRows(view(image), dims, sought[i] ?? []), i * size)
  return rows
}

/** Squared distance of each row to its like in each image: [image][rows]. */
const distances = (
  rows: Matrix,
  images: readonly Embedding[],
  { dims, matrices, checkCancelled }: Context,
  view = asItIs,
): Promise<Matrix[]> =>
  mapInOrder(
    images,
    (image) => {
      checkCancelled()
      return matrices.nearest(rows, view(image), dims)
    },
    matrices.lanes,
  )

/**
 * How near the cells of an image are in another one, or in the copy of it where they are nearest, as a share of what is
 * usual: [image][other], nothing for images of which there is no copy.
 *
 * @param sources image that each of the compared ones is, or is a copy of
 */
function nearness(
  squares: readonly Matrix[],
  sources: readonly number[],
  groups: readonly number[],
): number[][] {
  const rows = squares[0]?.length ?? 0
  const each = rows / groups.length
  const usual = Float32Array.from({ length: rows }, (_, row) => {
    const own = groups[Math.floor(row / each)]
    const others = squares.filter((_s, n) => groups[sources[n] ?? 0] !== own)
    return Float32Array.from(others, (s) => s[row] ?? 0).sort()[Math.floor(others.length * USUAL)] ?? 0
  })
  const floor = (FLOOR ** 2 * usual.reduce((a, b) => a + b, 0)) / rows || 1
  return groups.map((_, i) => {
    const nearest: number[] = []
    for (const [n, to] of squares.entries()) {
      const other = sources[n] ?? 0
      let log = 0
      for (let row = i * each; row < (i + 1) * each; row++)
        log += Math.log(Math.max(floor, to[row] ?? 0) / Math.max(floor, usual[row] ?? 0))
      nearest[other] = Math.min(nearest[other] ?? Infinity, Math.exp(log / (2 * each)))
    }
    return nearest
  })
}
