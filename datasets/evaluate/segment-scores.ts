import { CodedError, type RawMap } from '../../contracts/index.ts'
import { ClassPixelScorer, IGNORED, type ClassPixelScore } from '../metrics/index.ts'
import type { Dataset, DatasetItem } from '../readers/index.ts'
import { maskOfRuns } from '../readers/run-lengths.ts'
import { inWords, type Primary } from './primary.ts'
import { mapPlace, type Mask, type SeenImage } from './score-maps.ts'

/**
 * Puts the classes that a segmenter says over those that are labelled, pixel by pixel of the image. Labels are a mask of
 * the class of its image, outlines, or boxes, which count as a whole; the smaller region lies on top, and pixels of a crowd count for nothing. An image whose
 * defects nobody has marked is left out.
 */
export class SegmentScorer {
  readonly #labels: readonly string[]
  readonly #background: number
  readonly #tool: string
  readonly #scorer: ClassPixelScorer
  readonly #leftOut: string[] = []

  /** @param labels of the model; `background` is one of them */
  constructor(tool: string, labels: readonly string[], background: string) {
    this.#tool = tool
    this.#background = labels.indexOf(background)
    this.#labels = [background, ...labels.filter((l) => l !== background)]
    this.#scorer = new ClassPixelScorer(this.#labels)
  }

  /** @throws DAT_ANNOTATION for a class that the model does not know, or a mask of another size than the image */
  add(image: SeenImage, item: DatasetItem, maps: readonly RawMap[], mask: Mask): void {
    const map = maps.find((m) => m.tool === this.#tool)
    const truth = this.#truth(image, item, mask)
    if (!map?.classes || truth === null) this.#leftOut.push(image.id)
    else this.#scorer.add(truth, this.#called(map, map.classes.index, image))
  }

  score(): (ClassPixelScore & { leftOut: string[] }) | null {
    const score = this.#scorer.score()
    return score && { ...score, leftOut: this.#leftOut }
  }

  #truth(image: SeenImage, { label, boxes, defective }: DatasetItem, mask: Mask): Uint8Array | null {
    const { id, widthPx, heightPx } = image
    const truth = new Uint8Array(widthPx * heightPx)
    if (mask) {
      if (mask.widthPx !== widthPx || mask.heightPx !== heightPx)
        throw new CodedError('DAT_ANNOTATION', {
          path: id,
          expected: `a mask of ${widthPx} × ${heightPx} px, like its image`,
          actual: `${mask.widthPx} × ${mask.heightPx} px`,
        })
      const place = this.#placeOf(id, label ?? 'defect')
      mask.data.forEach((v, i) => (truth[i] = v === 0 ? 0 : place))
      return truth
    }
    if (boxes === undefined) return mask === null || defective === false ? truth : null
    const area = (b: readonly number[]): number => ((b[2] ?? 0) - (b[0] ?? 0)) * ((b[3] ?? 0) - (b[1] ?? 0))
    for (const { class: name, box, polygons, runs, crowd } of boxes.toSorted(
      (a, b) => area(b.box) - area(a.box),
    )) {
      const place = crowd ? IGNORED : this.#placeOf(id, name)
      if (runs) {
        maskOfRuns(runs).forEach((v, i) => (truth[i] = v === 0 ? (truth[i] ?? 0) : place))
        continue
      }
      const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number]
      for (let y = Math.max(0, y1); y < Math.min(heightPx, y2); y++)
        for (let x = Math.max(0, x1); x < Math.min(widthPx, x2); x++)
          if (!polygons || polygons.some((p) => inside(p, x + 0.5, y + 0.5))) truth[y * widthPx + x] = place
    }
    return truth
  }

  /** Place of a class of the data set among the labels, the background first. */
  #placeOf(id: string, name: string): number {
    const place = this.#labels.indexOf(inWords(name, this.#labels) ?? '')
    if (place > 0) return place
    throw new CodedError('DAT_ANNOTATION', {
      path: id,
      expected: `a class that the model knows: ${this.#labels.slice(1).join(', ')}`,
      actual: name,
    })
  }

  /** The nearest cell of the map for each pixel. */
  #called(map: RawMap, index: Float32Array, image: SeenImage): Uint8Array {
    const { widthPx, heightPx } = image
    const m = mapPlace(map, image)
    const called = new Uint8Array(widthPx * heightPx)
    for (let y = 0, o = 0; y < heightPx; y++)
      for (let x = 0; x < widthPx; x++, o++) {
        const u = Math.round((m[0] ?? 0) * x + (m[1] ?? 0) * y + (m[2] ?? 0))
        const v = Math.round((m[3] ?? 0) * x + (m[4] ?? 0) * y + (m[5] ?? 0))
        const column = Math.min(map.widthPx - 1, Math.max(0, u))
        const row = Math.min(map.heightPx - 1, Math.max(0, v))
        const label = index[row * map.widthPx + column] ?? this.#background
        // The background comes first here, wherever the model has it.
        called[o] = label === this.#background ? 0 : label < this.#background ? label + 1 : label
      }
    return called
  }
}

/** Null without a segmenter that knows a background, or when nothing is marked in any image. */
export function segmentScorer(primary: Primary | null, { items }: Dataset): SegmentScorer | null {
  const spec = primary?.card.spec
  if (!primary || spec?.family !== 'segmentation-classes' || spec.background === null) return null
  if (!items.some((i) => i.mask !== undefined || (i.boxes ?? []).length > 0)) return null
  return new SegmentScorer(primary.tool, primary.card.labels, spec.background)
}

/** Even-odd rule. @param outline x1, y1, x2, y2 … */
function inside(outline: readonly number[], x: number, y: number): boolean {
  let odd = false
  for (let i = 0, j = outline.length - 2; i < outline.length; j = i, i += 2) {
    const [xi = 0, yi = 0, xj = 0, yj = 0] = [outline[i], outline[i + 1], outline[j], outline[j + 1]]
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd
  }
  return odd
}
