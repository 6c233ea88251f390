import { MOST_COMPARED } from './alike.ts'
import { invertDefinite } from './linear.kernel.ts'
import type { Matrix } from './matrix-sessions.ts'
import type { TeachOptions, TeachWarning } from './request.ts'
import {
  correlation,
  fineCorrelation,
  FITTED,
  fitSums,
  greyMeans,
  leftOver,
  moved,
  RIM,
  squaredMeans,
} from './picture.kernel.ts'
import type { Placed } from './picture.kernel.ts'

/** An image in grey, small enough to be compared with all others. */
export interface Picture {
  columns: number
  /** [rows][columns], levels less their mean. */
  grey: Matrix
}

/** Sides of a square picture, px: noise of the pixels is a part of itself there, and what is seen of a part is not. */
const SIDE = 128
/** Smaller pictures have too few pixels for what follows. */
const LEAST_SIDE = 4 * RIM
/** Two photographs are moved by so many px of the picture at most. */
const FARTHEST = 4
/** Pictures that do not correlate even so much where they fit best are of two scenes; nothing is fitted. */
const CORRELATED = 0.8
const ROUNDS = 5
/** A round that moves no corner so far, px, is the last one: the fit says the rest. */
const SETTLED = 0.01
/**
 * What is left when one photograph is laid over another of the same part is noise: it has no structure, and its means
 * over squares of twice the side have a quarter of the mean square. Of what differs in two parts these means have as
 * much, since it is larger than a pixel. The ratio, times four, is 1 for white noise and 4 for structure: 2 is between
 * (geometric mean).
 */
const WHITE = 2
/** Share of the fine structure that both have, by correlation: of two photographs all but noise. */
const FINE = 0.8
/** A mean of 4 x 4 px is no more than so many deviations of all of them: a mark on one of two parts is. */
const MARK = 8
/** Images that are named. */
const NAMED = 5
/** Squares of this side say which look nearest, px: a part that moved a little stays where it is. */
const COARSE = 8

/** The picture of an image. @param image HWC uint8 RGB */
export function pictureOf(image: Uint8Array, widthPx: number, heightPx: number): Picture {
  const side = Math.max(1, Math.round(Math.sqrt(widthPx * heightPx) / SIDE))
  const columns = Math.floor(widthPx / side)
  const grey = new Float32Array(columns * Math.floor(heightPx / side))
  greyMeans(image, widthPx, side, columns, grey)
  return { columns, grey }
}

/**
 * Whether two pictures show one part in one place, but for noise, light and a small move: on an absolute scale, so that
 * it holds where all images show the same part, too. Parts of one mould that differ by nothing but grain as fine as the
 * noise look so as well. ADR 0007 has what photographs and different parts come to.
 */
export function sameScene(a: Picture, b: Picture): boolean {
  const { columns, grey } = a
  const rows = grey.length / columns
  if (b.columns !== columns || b.grey.length !== grey.length || Math.min(columns, rows) < LEAST_SIDE)
    return false
  let best = -1
  const at: Placed = { x: 0, y: 0, scale: 0, turn: 0 }
  for (let dy = -FARTHEST; dy <= FARTHEST; dy++)
    for (let dx = -FARTHEST; dx <= FARTHEST; dx++) {
      const found = correlation(grey, b.grey, columns, dx, dy)
      if (found > best) [best, at.x, at.y] = [found, dx, dy]
    }
  if (best < CORRELATED) return false
  const wide = columns - 2 * RIM
  const high = rows - 2 * RIM
  const other = new Float32Array((wide + 2) * (high + 2))
  const rest = new Float32Array(wide * high)
  const row = new Float64Array(FITTED)
  const right = new Float64Array(FITTED)
  const gram = new Float64Array(FITTED * FITTED)
  const fitted = new Float64Array(FITTED)
  for (let round = 0; round < ROUNDS; round++) {
    moved(b.grey, columns, at, other)
    fitSums(grey, columns, other, gram, right, row)
    for (let i = 0; i < FITTED; i++) gram[i * FITTED + i]! += 1e-6
    invertDefinite(gram, FITTED)
    for (let i = 0; i < FITTED; i++) {
      fitted[i] = 0
      for (let j = 0; j < FITTED; j++) fitted[i]! += gram[i * FITTED + j]! * right[j]!
    }
    const gain = fitted[4] || 1
    const [x, y, scale, turn] = [fitted[0]! / gain, fitted[1]! / gain, fitted[2]! / gain, fitted[3]! / gain]
    at.x += x
    at.y += y
    at.scale += scale
    at.turn += turn
    if (!(Math.hypot(at.x, at.y) < RIM)) return false
    if (Math.hypot(x, y) + (Math.hypot(scale, turn) * Math.hypot(columns, rows)) / 2 < SETTLED) break
  }
  leftOver(grey, columns, other, fitted, row, rest)
  return (
    isNoise(rest, wide) && fineCorrelation(inner(grey, columns, RIM), inner(other, wide + 2, 1), wide) > FINE
  )
}

function isNoise(rest: Float32Array, columns: number): boolean {
  const squares = (of: number): Float32Array => {
    const out = new Float32Array(Math.floor(columns / of) * Math.floor(rest.length / columns / of))
    squaredMeans(rest, columns, of, out)
    return out.sort()
  }
  const mean = (values: Float32Array): number => values.reduce((a, b) => a + b, 0) / values.length
  const fours = squares(4)
  const [one, two, four] = [mean(squares(1)), mean(squares(2)), mean(fours)]
  if (4 * two > WHITE * one || 4 * four > WHITE * two) return false
  return (fours.at(-1) ?? 0) <= MARK ** 2 * four
}

/** Without so much of its rim. */
function inner(values: Float32Array, columns: number, rim: number): Float32Array {
  const rows = values.length / columns
  const wide = columns - 2 * rim
  const out = new Float32Array(wide * (rows - 2 * rim))
  for (let y = rim; y < rows - rim; y++)
    out.set(values.subarray(y * columns + rim, y * columns + rim + wide), (y - rim) * wide)
  return out
}

/**
 * Number of the scene of each picture, from 0 in the order they appear: those that show one part in one place, directly
 * or by way of others, have the same one.
 */
export function repeatedScenes(pictures: readonly Picture[], checkCancelled: () => void): number[] {
  const coarse = pictures.map(({ grey, columns }) => coarseOf(grey, columns))
  const groups = pictures.map((_, i) => i)
  const compared = new Set<number>()
  // Once each, and again where a group has grown.
  for (let asking = new Set(groups); asking.size > 0;) {
    const pairs = nearestPairs(coarse, groups, asking, compared)
    asking = new Set()
    for (const [i, j] of pairs) {
      checkCancelled()
      const [one, other] = [pictures[i], pictures[j]]
      const pair = i * pictures.length + j
      if (groups[i] === groups[j] || compared.has(pair) || one === undefined || other === undefined) continue
      compared.add(pair)
      if (!sameScene(one, other)) continue
      const [to, from] = [groups[i] ?? i, groups[j] ?? j]
      groups.forEach((g, k) => (groups[k] = g === from ? to : g))
      asking.delete(from)
      asking.add(to)
    }
  }
  const numbers = new Map([...new Set(groups)].map((g, n) => [g, n]))
  return groups.map((g) => numbers.get(g) ?? 0)
}

/** Of each group that asks the pair of one of its pictures and one of another that look nearest and were not compared. */
function nearestPairs(
  coarse: readonly Float32Array[],
  groups: readonly number[],
  asking: ReadonlySet<number>,
  compared: ReadonlySet<number>,
): [number, number][] {
  const best = new Map<number, { pair: [number, number]; far: number }>()
  for (let i = 0; i < coarse.length; i++)
    for (let j = i + 1; j < coarse.length; j++) {
      if (groups[i] === groups[j] || compared.has(i * coarse.length + j)) continue
      const far = distance(coarse[i], coarse[j])
      for (const group of [groups[i] ?? i, groups[j] ?? j])
        if (asking.has(group) && far < (best.get(group)?.far ?? Infinity))
          best.set(group, { pair: [i, j], far })
    }
  return [...best.values()].map((b) => b.pair)
}

function coarseOf(grey: Matrix, columns: number): Float32Array {
  const rows = grey.length / columns
  const wide = Math.floor(columns / COARSE)
  const out = new Float32Array(wide * Math.floor(rows / COARSE))
  for (let y = 0; y < Math.floor(rows / COARSE) * COARSE; y++)
    for (let x = 0; x < wide * COARSE; x++) {
      const at = Math.floor(y / COARSE) * wide + Math.floor(x / COARSE)
      out[at] = (out[at] ?? 0) + (grey[y * columns + x] ?? 0)
    }
  return out
}

const distance = (a: Float32Array | undefined, b: Float32Array | undefined): number => {
  let sum = 0
  for (let i = 0; i < (a?.length ?? 0); i++) sum += ((a?.[i] ?? 0) - (b?.[i] ?? 0)) ** 2
  return sum
}

/** Number of the scene of each image; each is one of its own where workpieces are named, or nobody wants them looked for. */
export const scenesOf = (
  images: readonly { data: Uint8Array }[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  { group, groupBy }: Pick<TeachOptions, 'group' | 'groupBy'>,
  checkCancelled: () => void,
): number[] =>
  !group || groupBy !== null || images.length > MOST_COMPARED
    ? images.map((_, i) => i)
    : repeatedScenes(
        images.map(({ data }) => pictureOf(data, widthPx, heightPx)),
        checkCancelled,
      )

/** What is said of images that show so many scenes; nothing where each shows one of its own. */
export function repeatedWarnings(names: readonly string[], scenes: readonly number[]): TeachWarning[] {
  const count = new Set(scenes).size
  if (count === names.length) return []
  const shown = names.filter((_, i) => scenes.some((s, j) => j !== i && s === scenes[i])).slice(0, NAMED)
  return [
    {
      en: `${names.length} images show ${count === 1 ? 'one part' : `${count} parts`} or parts of which the images say no difference: some differ by nothing but noise, light and a small move (${shown.join(', ')}). Where they are photographs of the same part again, photograph different ones: the threshold is too low for others, what is promised counts too many parts, and that more images would change little is not known. Name the workpieces by \`--group-by\`; parts that really look so need nothing.`,
      zh: `${names.length} 张图像显示 ${count} 个工件,或图像上看不出差别的工件:其中一些只有噪声、光照和微小移动的不同(${shown.join('、')})。如果是同一工件的重复拍摄,请改拍不同的工件:此时阈值对其他工件过低,承诺所依据的工件数过多,也不能认定更多图像改变不大。可用 \`--group-by\` 按文件名指定工件;如果工件确实如此一致,则无需处理。`,
    },
  ]
}
