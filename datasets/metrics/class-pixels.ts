import { rate, type Rate } from './rate.ts'

/** How well each pixel is named. Null where nothing is so and nothing was called so. */
export interface ClassPixelScore {
  images: number
  /** Pixels named right, the background included. */
  accuracy: number | null
  /** Mean over the classes, without the background. */
  meanIou: number | null
  meanDice: number | null
  classes: {
    class: string
    /** Pixels that are so, and that were called so. */
    truthPx: number
    calledPx: number
    iou: number | null
    dice: number | null
    /** Images that show the class, and in how many of them any of its pixels is called so. */
    found: Rate
  }[]
}

/** Instead of a place in the classes: a pixel that counts for nothing. */
export const IGNORED = 255

/** Collects the pixels of a data set image by image: place 0 of `classes` is the background, the others are defects. */
export class ClassPixelScorer {
  readonly #classes: readonly string[]
  /** counts[true × classes + called] */
  readonly #counts: Float64Array
  readonly #shown: Uint32Array
  readonly #found: Uint32Array
  #images = 0

  constructor(classes: readonly string[]) {
    this.#classes = classes
    this.#counts = new Float64Array(classes.length ** 2)
    this.#shown = new Uint32Array(classes.length)
    this.#found = new Uint32Array(classes.length)
  }

  /** @param truth HW, place in `classes`, or `IGNORED`; @param called HW, likewise */
  add(truth: Uint8Array, called: Uint8Array): void {
    const n = this.#classes.length
    const own = new Float64Array(n * n)
    for (let i = 0; i < truth.length; i++) {
      if (truth[i] === IGNORED) continue
      const at = (truth[i] ?? 0) * n + (called[i] ?? 0)
      own[at] = (own[at] ?? 0) + 1
    }
    this.#images++
    own.forEach((v, i) => (this.#counts[i] = (this.#counts[i] ?? 0) + v))
    for (let c = 0; c < n; c++) {
      if (!own.subarray(c * n, c * n + n).some((v) => v > 0)) continue
      this.#shown[c] = (this.#shown[c] ?? 0) + 1
      if ((own[c * n + c] ?? 0) > 0) this.#found[c] = (this.#found[c] ?? 0) + 1
    }
  }

  /** Null before any image. */
  score(): ClassPixelScore | null {
    if (this.#images === 0) return null
    const n = this.#classes.length
    const count = (t: number, c: number): number => this.#counts[t * n + c] ?? 0
    const every = this.#classes.map((name, c) => {
      const truthPx = this.#classes.reduce((s, _, k) => s + count(c, k), 0)
      const calledPx = this.#classes.reduce((s, _, k) => s + count(k, c), 0)
      const both = count(c, c)
      const either = truthPx + calledPx - both
      return {
        class: name,
        truthPx,
        calledPx,
        iou: either === 0 ? null : both / either,
        dice: either === 0 ? null : (2 * both) / (truthPx + calledPx),
        found: rate(this.#found[c] ?? 0, this.#shown[c] ?? 0),
      }
    })
    const defects = every.slice(1)
    const total = every.reduce((s, c) => s + c.truthPx, 0)
    const right = this.#classes.reduce((s, _, c) => s + count(c, c), 0)
    return {
      images: this.#images,
      accuracy: total === 0 ? null : right / total,
      meanIou: mean(defects.flatMap((c) => c.iou ?? [])),
      meanDice: mean(defects.flatMap((c) => c.dice ?? [])),
      classes: every,
    }
  }
}

const mean = (list: readonly number[]): number | null =>
  list.length === 0 ? null : list.reduce((a, b) => a + b, 0) / list.length
