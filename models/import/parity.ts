import type { Decoded } from '../adapters/adapter.ts'
import type { AreaParity } from './areas.ts'
import type { ReferenceFinding } from './arguments.schema.ts'

type ComparedFinding = Readonly<Omit<ReferenceFinding, 'box'>> & { box: Four }

/** Agreement of findings and named numbers. */
export interface FindingParity {
  findings: number
  /** Findings without a partner of their class at IoU 0.5 or more, on either side. */
  unmatched: number
  /** Findings of the other side among them. */
  missing: number
  /** Over the matched findings, relative to the library's score or to the scale, whichever is larger. */
  scoreMax: number
  boxMaxPx: number
  /** Largest relative difference of areas. */
  areaMax: number
  /** Largest difference of the named numbers of the image, relative in the same way. */
  scoresMax: number
}

/** Agreement with the original library on one image. */
export interface ImageParity {
  image: string
  widthPx: number
  heightPx: number
  /** Largest and mean difference of the pixels shown to the network, grey levels 0..255. */
  pixelsMax: number
  pixelsMean: number
  referenceFindings: number
  /** With the library's own pixels: network and postprocessing alone. */
  given: FindingParity
  /** With the pixels this project makes of the image. */
  own: FindingParity
  /** Of a `torchvision-segment`; null where the library finds nothing or gives no areas. */
  areas: AreaParity | null
  verdict: string
  referenceVerdict: string
}

/** Lengths that differ give a difference of 255. */
export function pixelDifference(
  got: Uint8Array | Float32Array,
  want: Uint8Array,
): { max: number; mean: number } {
  if (got.length !== want.length) return { max: 255, mean: 255 }
  let max = 0
  let sum = 0
  for (let i = 0; i < got.length; i++) {
    const d = Math.abs((got[i] ?? 0) - (want[i] ?? 0))
    if (d > max) max = d
    sum += d
  }
  return { max, mean: sum / got.length }
}

/** Scores below which a difference counts as it is, not relative to its score; by name of the score. */
export interface ScoreScale {
  findings: number
  scores: Readonly<Record<string, number>>
}

/** Of probabilities, and of numbers that are large. */
const UNIT: ScoreScale = { findings: 1, scores: {} }

/**
 * What the area counts of findings that are alike in place and score: it tells these apart, and no others. That of a mask
 * of few pixels is many times another one by a pixel at its threshold.
 */
const TIE = 0.01

/** Pairs findings of one class, the likest in place and score first, then in area, each once. */
export function compareFindings(
  { findings: got, scores }: Pick<Decoded, 'findings' | 'scores'>,
  {
    findings: want,
    scores: wantScores,
  }: { findings: readonly ComparedFinding[]; scores: Readonly<Record<string, number>> },
  scale = UNIT,
): FindingParity {
  const pairs: { g: number; w: number; unlike: number; distance: number }[] = []
  got.forEach((a, g) =>
    want.forEach((b, w) => {
      const overlap = iouOf(a.box, b.box)
      const distance = Math.abs(a.score - b.score) / Math.max(scale.findings, Math.abs(b.score))
      if (a.class === b.class && overlap >= 0.5)
        pairs.push({ g, w, unlike: 1 - overlap + distance + TIE * Math.min(1, areaDistance(a, b)), distance })
    }),
  )
  pairs.sort((a, b) => a.unlike - b.unlike)
  const gotTaken = new Set<number>()
  const wantTaken = new Set<number>()
  const result: FindingParity = {
    findings: got.length,
    unmatched: 0,
    missing: 0,
    scoreMax: 0,
    boxMaxPx: 0,
    areaMax: 0,
    scoresMax: scoresDifference(scores, wantScores, scale.scores),
  }
  for (const { g, w, distance } of pairs) {
    const a = got[g]
    const b = want[w]
    if (gotTaken.has(g) || wantTaken.has(w) || a === undefined || b === undefined) continue
    gotTaken.add(g)
    wantTaken.add(w)
    result.scoreMax = Math.max(result.scoreMax, distance)
    result.boxMaxPx = Math.max(result.boxMaxPx, ...a.box.map((v, i) => Math.abs(v - (b.box[i] ?? 0))))
    result.areaMax = Math.max(result.areaMax, areaDistance(a, b))
  }
  result.missing = want.length - wantTaken.size
  result.unmatched = got.length - gotTaken.size + result.missing
  return result
}

/** Relative; 0 where the library gives no area. */
const areaDistance = (a: { areaPx?: number | undefined }, b: { areaPx?: number | undefined }): number =>
  a.areaPx === undefined || b.areaPx === undefined ? 0 : Math.abs(a.areaPx - b.areaPx) / Math.max(b.areaPx, 1)

function scoresDifference(
  got: Readonly<Record<string, number>>,
  want: Readonly<Record<string, number>>,
  scale: ScoreScale['scores'],
): number {
  let max = 0
  for (const [name, value] of Object.entries(want))
    max = Math.max(
      max,
      Math.abs((got[name] ?? Infinity) - value) / Math.max(scale[name] ?? 1, Math.abs(value)),
    )
  return max
}

type Four = readonly [number, number, number, number]

function iouOf(a: Four, b: Four): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (w <= 0 || h <= 0) return 0
  const area = (r: Four): number => (r[2] - r[0]) * (r[3] - r[1])
  return (w * h) / (area(a) + area(b) - w * h)
}
