import { rate, type Rate } from './rate.ts'

export interface ClassifiedImage {
  truth: string
  /** Null where nobody could judge, which is wrong. */
  called: string | null
}

export interface ClassificationScore {
  accuracy: Rate
  /** Mean recall over the classes that occur. */
  balancedAccuracy: number
  classes: {
    class: string
    truths: number
    called: number
    /** Null where nothing was called so, or nothing is so. */
    precision: number | null
    recall: number | null
    f1: number | null
  }[]
  /** counts[true][called]; the last row and column stand for "nothing" where an image has no class. */
  confusion: { labels: string[]; counts: number[][] }
}

const NOTHING = '-'

/** Scores the class of highest score of each image against its label. */
export function scoreClasses(
  images: readonly ClassifiedImage[],
  labels: readonly string[],
): ClassificationScore {
  const named = [...new Set([...labels, ...images.flatMap((i) => [i.truth, i.called ?? []].flat())])]
  const all = images.some((i) => i.called === null) ? [...named, NOTHING] : named
  const counts = all.map(() => all.map(() => 0))
  for (const { truth, called } of images) {
    const row = counts[all.indexOf(truth)]
    const column = called === null ? named.length : all.indexOf(called)
    if (row) row[column] = (row[column] ?? 0) + 1
  }
  const classes = named.map((name, c) => {
    const right = counts[c]?.[c] ?? 0
    const truths = (counts[c] ?? []).reduce((a, b) => a + b, 0)
    const called = counts.reduce((n, row) => n + (row[c] ?? 0), 0)
    return {
      class: name,
      truths,
      called,
      precision: called === 0 ? null : right / called,
      recall: truths === 0 ? null : right / truths,
      f1: truths + called === 0 ? null : (2 * right) / (truths + called),
    }
  })
  const recalls = classes.flatMap((c) => c.recall ?? [])
  const right = counts.reduce((n, row, c) => n + (row[c] ?? 0), 0)
  return {
    accuracy: rate(right, images.length),
    balancedAccuracy: recalls.reduce((a, b) => a + b, 0) / recalls.length,
    classes,
    confusion: { labels: all, counts },
  }
}
