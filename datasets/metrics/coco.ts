import { COCO_IOUS, cocoCurves, matchCoco } from './coco.kernel.ts'
import {
  byScore,
  iou,
  shareInside,
  type Detection,
  type LabelledBox,
  type ScoredImage,
} from './matching.kernel.ts'

type AreaName = 'all' | 'small' | 'medium' | 'large'

/** Area of truths that count, px²: pycocotools' own ranges, both ends included. */
const AREAS: Record<AreaName, readonly [number, number]> = {
  all: [0, 1e5 ** 2],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e5 ** 2],
}
const MOST = [1, 10, 100] as const

/** The twelve numbers of pycocotools; null where nothing of the kind is in the data. Areas are those of the boxes. */
export interface CocoScore {
  /** Mean over IoU 0.50, 0.55 … 0.95. */
  ap: number | null
  ap50: number | null
  ap75: number | null
  apSmall: number | null
  apMedium: number | null
  apLarge: number | null
  /** Mean recall with at most so many detections per image and class. */
  ar1: number | null
  ar10: number | null
  ar100: number | null
  arSmall: number | null
  arMedium: number | null
  arLarge: number | null
  perClass: { class: string; ap: number | null; ap50: number | null }[]
}

interface ClassCurves {
  /** Per area and limit of detections; null without truths that count. */
  curves: Map<string, { ap: Float64Array; recall: Float64Array }>
}

/** Mean average precision in COCO's way (T.-Y. Lin et al., ECCV 2014; pycocotools `COCOeval`, bbox). */
export function scoreCoco(images: readonly ScoredImage[], classes: readonly string[]): CocoScore {
  const perClass = classes.map((name) => ({ name, ...classCurves(images, name) }))
  const mean = (area: AreaName, most: number, kind: 'ap' | 'recall', only?: number): number | null => {
    const values = perClass.flatMap(({ curves }) => {
      const c = curves.get(`${area}/${most}`)
      if (!c) return []
      return only === undefined ? [...c[kind]] : [c[kind][only] ?? 0]
    })
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length
  }
  return {
    ap: mean('all', 100, 'ap'),
    ap50: mean('all', 100, 'ap', 0),
    ap75: mean('all', 100, 'ap', 5),
    apSmall: mean('small', 100, 'ap'),
    apMedium: mean('medium', 100, 'ap'),
    apLarge: mean('large', 100, 'ap'),
    ar1: mean('all', 1, 'recall'),
    ar10: mean('all', 10, 'recall'),
    ar100: mean('all', 100, 'recall'),
    arSmall: mean('small', 100, 'recall'),
    arMedium: mean('medium', 100, 'recall'),
    arLarge: mean('large', 100, 'recall'),
    perClass: perClass.map(({ name, curves }) => {
      const c = curves.get('all/100')
      return {
        class: name,
        ap: c ? c.ap.reduce((a, b) => a + b, 0) / c.ap.length : null,
        ap50: c?.ap[0] ?? null,
      }
    }),
  }
}

function classCurves(images: readonly ScoredImage[], name: string): ClassCurves {
  const curves: ClassCurves['curves'] = new Map()
  const sets = images.map((i) => pairs(i.truths, i.detections, name))
  for (const [area, range] of Object.entries(AREAS)) {
    const matched = sets.map((s) => matchSet(s, range))
    const positives = matched.reduce((n, m) => n + m.counting, 0)
    if (positives === 0) continue
    const total = matched.reduce((n, m) => n + m.scores.length, 0)
    const score = new Float64Array(total)
    const rank = new Int32Array(total)
    const state = new Uint8Array(total * COCO_IOUS.length)
    let from = 0
    for (const m of matched) {
      const count = m.scores.length
      score.set(m.scores, from)
      for (let d = 0; d < count; d++) rank[from + d] = d
      for (let t = 0; t < COCO_IOUS.length; t++)
        state.set(m.state.subarray(t * count, (t + 1) * count), t * total + from)
      from += count
    }
    for (const most of MOST)
      curves.set(`${area}/${most}`, cocoCurves({ score, rank, state }, positives, COCO_IOUS.length, most))
  }
  return { curves }
}

interface Pairs {
  truths: readonly LabelledBox[]
  /** Highest score first, 100 at most. */
  detections: readonly Detection[]
  /** detections × truths */
  ious: Float64Array
}

function pairs(allTruths: readonly LabelledBox[], allDetections: readonly Detection[], name: string): Pairs {
  const truths = allTruths.filter((t) => t.class === name)
  const own = allDetections.filter((d) => d.class === name)
  const detections = byScore(own)
    .slice(0, MOST[2])
    .flatMap((i) => own[i] ?? [])
  const ious = Float64Array.from(
    detections.flatMap((d) => truths.map((t) => (t.crowd ? shareInside(d.box, t.box) : iou(d.box, t.box)))),
  )
  return { truths, detections, ious }
}

const area = ({ box: [x1, y1, x2, y2] }: LabelledBox): number => (x2 - x1) * (y2 - y1)

function matchSet(
  { truths, detections, ious }: Pairs,
  [least, most]: readonly [number, number],
): { scores: number[]; state: Uint8Array; counting: number } {
  const out = (x: LabelledBox): boolean => area(x) < least || area(x) > most
  const ignored = truths.map((t) => t.crowd === true || out(t))
  const order = truths.map((_, g) => g)
  const sorted = [...order.filter((g) => !ignored[g]), ...order.filter((g) => ignored[g])]
  const counting = ignored.filter((i) => !i).length
  const moved = new Float64Array(ious.length)
  for (let d = 0; d < detections.length; d++)
    sorted.forEach((g, k) => (moved[d * truths.length + k] = ious[d * truths.length + g] ?? 0))
  const state = new Uint8Array(COCO_IOUS.length * detections.length)
  const outside = Uint8Array.from(detections, (d) => (out(d) ? 1 : 0))
  matchCoco(
    moved,
    detections.length,
    truths.length,
    counting,
    Uint8Array.from(sorted, (g) => (truths[g]?.crowd ? 1 : 0)),
    outside,
    COCO_IOUS,
    new Uint8Array(truths.length),
    state,
  )
  return { scores: detections.map((d) => d.score), state, counting }
}
