import { extname } from 'node:path'
import type { Pixels } from '../../models/index.ts'

/** What a picture is apart from what it shows. */
interface Outside {
  label: string
  grey: number
  size: string
  format: string
}

/** So much more often a class has something than the others before it is named: 0 = as often, 1 = always and never. */
const FAR = 0.8
/** Distance of two samples beyond which chance makes one in a hundred, times √(1/n + 1/m) (N. Smirnov, 1948). */
const CHANCE = 1.63

/**
 * Looks whether something other than the defect tells the classes of a teaching apart: how bright the pictures are, their
 * size, or the format of their files. A model learns that as well, its figures on unseen pictures of the same set are as
 * good, and on the line they are not.
 */
export class ToldApart {
  readonly #all: Outside[] = []

  add(label: string, file: string, { data, widthPx, heightPx }: Pixels): void {
    let sum = 0
    for (const v of data) sum += v
    const ending = extname(file).slice(1).toLowerCase()
    this.#all.push({
      label,
      grey: sum / data.length,
      size: `${widthPx} x ${heightPx} px`,
      format: SAME[ending] ?? ending,
    })
  }

  /** A sentence for each that does, of the class that it tells best. */
  notes(): string[] {
    const labels = [...new Set(this.#all.map((o) => o.label))]
    const best = (
      far: (own: Outside[], others: Outside[]) => Apart,
    ): (Apart & { label: string }) | undefined =>
      labels
        .map((label) => ({
          label,
          ...far(
            this.#all.filter((o) => o.label === label),
            this.#all.filter((o) => o.label !== label),
          ),
        }))
        .filter((a) => a.share >= FAR)
        .toSorted((a, b) => b.share - a.share)[0]
    return [
      best((own, others) => byValue(own, others, 'size')),
      best((own, others) => byValue(own, others, 'format')),
      best(byBrightness),
    ].flatMap((a) =>
      a === undefined
        ? []
        : `${a.what}: ${a.own} of ${a.label}, ${a.others} of the other classes; where that is not the defect itself, a model learns it in place of the defect`,
    )
  }
}

const SAME: Record<string, string> = { jpeg: 'jpg', jfif: 'jpg', tiff: 'tif' }

interface Apart {
  /** By how much the shares differ. */
  share: number
  what: string
  /** `9 of 10 images` */
  own: string
  others: string
}

/** What `own` and `others` have of it, in images. */
function apart(what: string, has: [number, number], of: readonly [number, number]): Apart {
  const counted = (n: 0 | 1): string => `${has[n]} of ${of[n]} images`
  return { share: Math.abs(has[0] / of[0] - has[1] / of[1]), what, own: counted(0), others: counted(1) }
}

const farthest = (all: readonly Apart[]): Apart => all.reduce((a, b) => (b.share > a.share ? b : a))

function byValue(own: readonly Outside[], others: readonly Outside[], key: 'size' | 'format'): Apart {
  const counts = new Map<string, [number, number]>()
  for (const [n, of] of [own, others].entries())
    for (const o of of) {
      const has = counts.get(o[key]) ?? [0, 0]
      has[n === 0 ? 0 : 1] += 1
      counts.set(o[key], has)
    }
  return farthest(
    [...counts].map(([value, has]) =>
      apart(key === 'size' ? `pictures of ${value}` : `files of format ${value}`, has, [
        own.length,
        others.length,
      ]),
    ),
  )
}

/** Two-sample distance of Smirnov: the cut that parts the mean greys best. */
function byBrightness(own: readonly Outside[], others: readonly Outside[]): Apart {
  const falling = [own, others]
    .flatMap((of, n) => of.map(({ grey }) => ({ grey, n })))
    .sort((a, b) => b.grey - a.grey)
  const has: [number, number] = [0, 0]
  const cuts = falling.flatMap(({ grey, n }, at) => {
    has[n === 0 ? 0 : 1] += 1
    if (falling[at + 1]?.grey === grey) return []
    const what = `pictures of a mean grey of ${grey.toFixed(1)} or more`
    return [apart(what, [has[0], has[1]], [own.length, others.length])]
  })
  const best = farthest(cuts)
  return best.share > CHANCE * Math.sqrt(1 / own.length + 1 / others.length) ? best : { ...best, share: 0 }
}
