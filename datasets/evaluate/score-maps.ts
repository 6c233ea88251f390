import { CodedError, type RawMap, type Registration, type ScoreMap } from '../../contracts/index.ts'
import {
  noRegions,
  type PixelOptions,
  type PixelScore,
  PixelScorer,
  stretchMap,
  truthRegions,
} from '../metrics/index.ts'
import type { DatasetItem } from '../readers/index.ts'
import { readMaskFile } from '../readers/read-mask.ts'
import type { EvaluatedImage } from './result.schema.ts'

/** Mask of one image: HW, 1 = defect. Null = a good part; undefined = the data set does not say where its defects are. */
export type Mask = { data: Uint8Array; widthPx: number; heightPx: number } | null | undefined

/**
 * A mask without any defect in it says nothing about where the defect of its bad part is.
 *
 * @throws DAT_ANNOTATION when the mask cannot be read
 */
export async function readMask(item: DatasetItem): Promise<Mask> {
  if (item.mask === undefined) return item.defective === false ? null : undefined
  const mask = await readMaskFile(item.mask)
  return item.defective === true && !mask.data.includes(1) ? undefined : mask
}

export interface SeenImage {
  id: string
  widthPx: number
  heightPx: number
  registration: Registration | null
}

export interface MapScorerOptions extends PixelOptions {
  /** The image score says whether there is a finding at all; the highest place is one then, whatever its score. */
  decidedByScore: boolean
}

/** Puts the score maps of one tool over the masks, image by image; nothing of an image is kept but counts. */
export class MapScorer {
  readonly #scorer: PixelScorer
  readonly #tool: string
  readonly #options: MapScorerOptions
  readonly #leftOut: string[] = []
  #values = new Float32Array(0)

  constructor(tool: string, options: MapScorerOptions) {
    this.#tool = tool
    this.#options = options
    this.#scorer = new PixelScorer(options)
  }

  /**
   * @param image with its score as a whole, null where it has none
   * @throws DAT_ANNOTATION when the mask has another size than the image
   */
  add(image: SeenImage & { score: number | null }, maps: readonly RawMap[], mask: Mask): void {
    const map = maps.find((m) => m.tool === this.#tool)
    const { id, widthPx, heightPx } = image
    if (!map || mask === undefined) {
      this.#leftOut.push(id)
      return
    }
    if (mask && (mask.widthPx !== widthPx || mask.heightPx !== heightPx))
      throw new CodedError('DAT_ANNOTATION', {
        path: id,
        expected: `a mask of ${widthPx} × ${heightPx} px, like its image`,
        actual: `${mask.widthPx} × ${mask.heightPx} px`,
      })
    const count = widthPx * heightPx
    if (this.#values.length !== count) this.#values = new Float32Array(count)
    const place = mapPlace(map, image)
    stretchMap(map.values, map.widthPx, map.heightPx, place, widthPx, heightPx, this.#values)
    const truth = mask ? truthRegions(mask.data, widthPx) : noRegions(count)
    this.#scorer.add(id, this.#values, truth, this.#foundFrom(image.score))
  }

  /** Score of a place from which it is called in this image. */
  #foundFrom(score: number | null): number {
    const { decidedByScore, findingThreshold } = this.#options
    if (!decidedByScore || score === null) return findingThreshold
    if (score < findingThreshold) return Infinity
    return Math.min(
      findingThreshold,
      this.#values.reduce((highest, v) => Math.max(highest, v), -Infinity),
    )
  }

  score(): (PixelScore & { leftOut: string[] }) | null {
    const score = this.#scorer.score()
    return score && { ...score, leftOut: this.#leftOut }
  }
}

/**
 * Where an image pixel lies on the map, as `stretchMap` takes it. Maps are in the part frame, so the registration is
 * taken back first: p = R(-angle)·(q - c - d) + c, c = image centre in index coordinates.
 */
export function mapPlace(map: RawMap, { widthPx, heightPx, registration }: SeenImage): number[] {
  const { dxPx = 0, dyPx = 0, angleRad = 0 } = registration ?? {}
  const cos = Math.cos(angleRad)
  const sin = Math.sin(angleRad)
  const cx = (widthPx - 1) / 2
  const cy = (heightPx - 1) / 2
  const sx = map.widthPx / widthPx
  const sy = map.heightPx / heightPx
  const offX = cx - cos * (cx + dxPx) - sin * (cy + dyPx)
  const offY = cy + sin * (cx + dxPx) - cos * (cy + dyPx)
  return [sx * cos, sx * sin, sx * (offX + 0.5) - 0.5, sy * -sin, sy * cos, sy * (offY + 0.5) - 0.5]
}

/** How many images of each kind keep their map for the report. */
const SHOWN = 12

/**
 * Keeps the map of the images a report shows: bad parts of lowest score and good parts of highest score, each judged
 * wrongly first. The others lose it at once, so that memory does not grow with the data set.
 */
export class ShownMaps {
  readonly #kept: Record<'bad' | 'good', EvaluatedImage[]> = { bad: [], good: [] }

  offer(image: EvaluatedImage, map: ScoreMap | undefined): void {
    if (!map || image.defective === null || image.score === null) return
    image.map = map
    const kind = image.defective ? 'bad' : 'good'
    const kept = this.#kept[kind]
    kept.push(image)
    kept.sort(kind === 'bad' ? worstBadFirst : worstGoodFirst)
    const dropped = kept.length > SHOWN ? kept.pop() : undefined
    if (dropped) dropped.map = null
  }
}

const wrong = (i: EvaluatedImage): number => Number(i.verdict === (i.defective === true ? 'pass' : 'fail'))

const worstBadFirst = (a: EvaluatedImage, b: EvaluatedImage): number =>
  wrong(b) - wrong(a) || (a.score ?? 0) - (b.score ?? 0)

const worstGoodFirst = (a: EvaluatedImage, b: EvaluatedImage): number =>
  wrong(b) - wrong(a) || (b.score ?? 0) - (a.score ?? 0)
