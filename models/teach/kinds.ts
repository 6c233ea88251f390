/** Fewer images are odd ones, no kind of their own. */
const LEAST = 3
/**
 * Images of two kinds are so much farther from each other than those of either are among themselves, by mean distances.
 * ADR 0007 has what parts of one kind and of several come to.
 */
const APART = 1.35

/** Images that were joined, the nearest first. */
interface Joined {
  images: number[]
  /** Mean distance among them; 0 for one image. */
  within: number
  /** The two that were joined last, and the mean distance between their images. */
  parts: { one: Joined; other: Joined; between: number } | null
}

/**
 * Images by their kind, those of one kind a list: products, sides or set-ups that look so different that what is usual
 * for one says nothing of another. Few odd images are in none. Average linkage, cut from the top wherever both parts
 * are images of their own that lie apart.
 *
 * @param far distance of each image to each other one: [image][other]
 * @returns one list, of all images, where they are of one kind
 */
export function kindsOf(far: readonly (readonly number[])[]): number[][] {
  const top = joinedAll(far)
  const kinds = top === null ? [] : split(top)
  return kinds.length < 2 ? [far.map((_, i) => i)] : kinds.map((k) => k.sort((a, b) => a - b)).sort(byFirst)
}

const byFirst = (a: readonly number[], b: readonly number[]): number => (a[0] ?? 0) - (b[0] ?? 0)

function split(of: Joined): number[][] {
  if (of.parts === null) return [of.images]
  const { one, other, between } = of.parts
  const [small, large] = one.images.length < other.images.length ? [one, other] : [other, one]
  if (small.images.length < LEAST) {
    const kinds = split(large)
    return kinds.length > 1 ? kinds : [of.images]
  }
  return between > APART * Math.max(small.within, large.within)
    ? [...split(small), ...split(large)]
    : [of.images]
}

function joinedAll(far: readonly (readonly number[])[]): Joined | null {
  let left = far.map((_, i): Joined => ({ images: [i], within: 0, parts: null }))
  // Sums of the distances between the images of any two, so that means need no second look at the images.
  let sums = far.map((row, i) => row.map((d, j) => (d + (far[j]?.[i] ?? d)) / 2))
  while (left.length > 1) {
    let [best, a, b] = [Infinity, 0, 1]
    for (let i = 1; i < left.length; i++)
      for (let j = 0; j < i; j++) {
        const mean = (sums[i]?.[j] ?? 0) / ((left[i]?.images.length ?? 1) * (left[j]?.images.length ?? 1))
        if (mean < best) [best, a, b] = [mean, j, i]
      }
    const [one, other] = [left[a], left[b]]
    if (one === undefined || other === undefined) return null
    const images = [...one.images, ...other.images]
    const pairs = (n: number): number => (n * (n - 1)) / 2
    const total =
      one.within * pairs(one.images.length) + other.within * pairs(other.images.length) + (sums[a]?.[b] ?? 0)
    const joined: Joined = {
      images,
      within: total / pairs(images.length),
      parts: { one, other, between: best },
    }
    const kept = left.flatMap((_, i) => (i === a || i === b ? [] : [i]))
    const toJoined = kept.map((i) => (sums[a]?.[i] ?? 0) + (sums[b]?.[i] ?? 0))
    sums = [
      ...kept.map((i, n) => [...kept.map((j) => sums[i]?.[j] ?? 0), toJoined[n] ?? 0]),
      [...toJoined, 0],
    ]
    left = [...kept.flatMap((i) => left[i] ?? []), joined]
  }
  return left[0] ?? null
}
