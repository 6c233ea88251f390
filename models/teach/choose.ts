import { CodedError, type I18n } from '../../contracts/index.ts'
import { MIN_FOR_POSITIONS } from './calibration.ts'
import { heldOutScores } from './crossfit.ts'
import type { HeldOut, HeldOutScores } from './crossfit.ts'
import type { Grid } from './embedding.ts'
import { METHODS } from './fit.ts'
import type { MethodId } from './fit.ts'

/** One way of scoring, measured on images it has not seen. */
export interface MeasuredMethod {
  method: MethodId
  perPosition: boolean
  /** Good images it was measured on: a part of them where that was enough to leave it. */
  goodImages: number
  /** Area under the ROC of good against defective images, 0..1. */
  auroc: number
  /** Share of defective images above all but 5 % of the good ones. */
  detectionAt5: number
  /** What decides: the mean of both. */
  merit: number
}

export interface Choice {
  chosen: MeasuredMethod
  measured: MeasuredMethod[]
  /** What it was measured on. */
  against: 'given defects' | 'synthetic defects'
  reason: I18n
}

/** Fewer given defects than this decide nothing; synthetic ones are used. */
const MIN_DEFECTS = 8
/**
 * The default is kept unless another is better by more than this, by more than one workpiece is worth, and by more than
 * chance gives: the measurement is on few images, and synthetic defects flatter what was fitted on their kind.
 */
const MARGIN = 0.02
/** Standard errors a difference must exceed: about 5 % of chance. */
const ERRORS = 2
/** Parts of the good images that are left out in turn, at most. */
const PARTS = 60

export const DEFAULT_METHOD: MethodId = 'bank-evidence'

interface Candidate {
  measured: MeasuredMethod
  scores: HeldOutScores
}

/** The methods of a reference, each measured on the parts of the images it was held out from. */
function candidatesOf(
  { kind, groups, folds }: HeldOut,
  grid: Grid,
  allowed: Float32Array | null,
  only: MethodId | null,
  real: boolean,
): Candidate[] {
  const positions = enoughForPositions({ groups, folds })
  return (Object.keys(METHODS) as MethodId[]).flatMap((method) => {
    const { form, reference } = METHODS[method]
    if (reference !== kind || (only !== null && method !== only)) return []
    if (!folds.every((f) => f.good.every((m) => m[form] !== undefined))) return []
    return (positions ? [true, false] : [false]).map((perPosition) => {
      const scores = heldOutScores(method, folds, grid, perPosition, allowed)
      const [good, bad] = [present(scores.good), present(real ? scores.defects : scores.damaged)]
      return {
        measured: { method, perPosition, goodImages: good.length, ...merits(good, bad) },
        scores,
      }
    })
  })
}

/** Statistics for a part of the images come from the others, and every part must be able to have them. */
const enoughForPositions = ({ groups, folds }: Pick<HeldOut, 'groups' | 'folds'>): boolean =>
  folds.every(({ out }) => new Set(groups.filter((_, i) => out[i] !== true)).size >= MIN_FOR_POSITIONS)

/** Scores by image, without the images that were not measured. */
const present = (scores: readonly number[]): number[] => scores.filter((s) => s !== undefined)

const isUsual = ({ measured: m }: Candidate, held: Pick<HeldOut, 'groups' | 'folds'>): boolean =>
  m.method === DEFAULT_METHOD && m.perPosition === enoughForPositions(held)

/** Fewer images of a part than this leave no method. */
const MIN_TO_LEAVE = 10

/** What the default leaves to gain on the first part of the images; 1 where that is too few to tell. */
function leftToGain(
  usual: HeldOut,
  grid: Grid,
  allowed: Float32Array | null,
  real: boolean,
): { left: number; known: Candidate | null } {
  const begun = { ...usual, folds: usual.folds.slice(0, 1) }
  const known =
    candidatesOf(begun, grid, allowed, DEFAULT_METHOD, real).find((c) => isUsual(c, begun)) ?? null
  const bad = begun.folds[0]?.[real ? 'defects' : 'damaged'].length ?? 0
  if (known === null || Math.min(known.measured.goodImages, bad) < MIN_TO_LEAVE)
    return { left: 1, known: null }
  return { left: 1 - known.measured.merit, known }
}

/** Others are chosen for a gain above `MARGIN`; the default is left room to be half of it worse on the other parts. */
const NOTHING_TO_GAIN = MARGIN / 2

/** Whether the default is so good on the first part that no other reference is worth measuring. */
export const isBestAlready = (
  usual: HeldOut,
  grid: Grid,
  allowed: Float32Array | null,
  defects: number,
): boolean => leftToGain(usual, grid, allowed, defects >= MIN_DEFECTS).left <= NOTHING_TO_GAIN

/**
 * Whether a reference that was measured on the first part of the images may turn out to be better than the default by
 * more than chance gives: not when it is no better there.
 *
 * @param first measured on the first part
 * @param usual the reference of the default method, measured on that part or more
 */
export function worthMeasuring(
  first: HeldOut,
  usual: HeldOut,
  grid: Grid,
  allowed: Float32Array | null,
  defects: number,
): boolean {
  const real = defects >= MIN_DEFECTS
  const { known } = leftToGain(usual, grid, allowed, real)
  if (known === null) return true
  return candidatesOf(first, grid, allowed, null, real).some((c) => c.measured.merit > known.measured.merit)
}

/**
 * Measures every method on the user's own images and chooses.
 *
 * @param left measured on the first part of the images, and not chosen from
 */
export function choose(
  heldOut: readonly HeldOut[],
  left: readonly HeldOut[],
  grid: Grid,
  allowed: Float32Array | null,
  only: MethodId | null,
  defects: number,
): { choice: Choice; scores: HeldOutScores } {
  const groups = heldOut[0]?.groups ?? []
  const parts = new Set(groups).size
  const real = defects >= MIN_DEFECTS
  const measuredOf = (all: readonly HeldOut[]): Candidate[] =>
    all.flatMap((h) => candidatesOf(h, grid, allowed, only, real))
  const candidates = measuredOf(heldOut)
  if (candidates.length === 0)
    throw new CodedError('TCH_IMAGES', {
      path: 'method',
      expected: `more good images for the method ${only ?? 'bank'}`,
      actual: `${groups.length}`,
      hint: 'give more images, or choose the method auto',
      zh: {
        expected: `${only ?? 'bank'} 方法需要更多良品图像`,
        hint: '请提供更多图像,或选用 auto 方法',
      },
    })
  const measured = [...candidates, ...measuredOf(left)].map((c) => c.measured)
  const best = candidates.reduce((a, b) => (b.measured.merit > a.measured.merit ? b : a))
  const usual = candidates.find((c) => isUsual(c, { groups, folds: heldOut[0]?.folds ?? [] }))
  const defective = (real ? best.scores.defects : best.scores.damaged).length
  const chance = usual === undefined ? 0 : ERRORS * errorOfDifference(best.scores, usual.scores, groups, real)
  const margin = Math.max(MARGIN, 1 / Math.max(1, Math.min(parts, defective)), chance)
  const keep = usual !== undefined && best.measured.merit <= usual.measured.merit + margin
  const winner = keep ? usual : best
  const against = real ? 'given defects' : 'synthetic defects'
  const [own, top, other] = [merit(winner), merit(best), usual && merit(usual)]
  const onZh = real ? '给定缺陷' : '合成缺陷'
  const points = (100 * margin).toFixed(1)
  const reason: I18n =
    only !== null
      ? { en: `asked for; ${own.en} on ${against}`, zh: `按要求;在${onZh}上:${own.zh}` }
      : keep
        ? {
            en: `the default; no other is better by more than ${points} points on ${against} (${own.en}, best ${top.en})`,
            zh: `默认方法;在${onZh}上没有其他方法高出 ${points} 个百分点以上(${own.zh};最好 ${top.zh})`,
          }
        : other === undefined
          ? {
              en: `the default ${DEFAULT_METHOD} has too few patches to be fitted on; the best of the others on ${against}: ${own.en}`,
              zh: `可供默认方法 ${DEFAULT_METHOD} 拟合的图块太少;在${onZh}上其他方法中最好的:${own.zh}`,
            }
          : {
              en: `better than the default on ${against}: ${own.en} against ${other.en}`,
              zh: `在${onZh}上优于默认方法:${own.zh},默认 ${other.zh}`,
            }
  return { choice: { chosen: winner.measured, measured, against, reason }, scores: winner.scores }
}

function merits(
  good: readonly number[],
  bad: readonly number[],
): Pick<MeasuredMethod, 'auroc' | 'detectionAt5' | 'merit'> {
  const auroc = areaUnderRoc(good, bad)
  const detectionAt5 = detectionAt(good, bad, 0.05)
  return { auroc, detectionAt5, merit: (auroc + detectionAt5) / 2 }
}

type Scores = Pick<HeldOutScores, 'good' | 'damaged' | 'defects'>

/**
 * Standard error of the difference of merit of two methods on the same images, by the jackknife over good workpieces
 * (Efron and Stein 1981, Ann. Statist. 9), several at once where there are many. They are the few, and one of them moves
 * the threshold.
 *
 * @param groups number of the workpiece of each good image
 */
export function errorOfDifference(a: Scores, b: Scores, groups: readonly number[], real: boolean): number {
  const [badA, badB] = real ? [a.defects, b.defects] : [a.damaged, b.damaged]
  const parts = Math.min(PARTS, new Set(groups).size)
  const differences = Array.from({ length: parts }, (_, part) => {
    const left = (_score: number, i: number): boolean => (groups[i] ?? 0) % parts !== part
    return merits(a.good.filter(left), badA).merit - merits(b.good.filter(left), badB).merit
  })
  const mean = differences.reduce((sum, d) => sum + d, 0) / parts
  return Math.sqrt(((parts - 1) / parts) * differences.reduce((sum, d) => sum + (d - mean) ** 2, 0))
}

function merit({ measured: m }: Candidate): I18n {
  const [auroc, found] = [(100 * m.auroc).toFixed(1), (100 * m.detectionAt5).toFixed(0)]
  return {
    en: `${m.method}${m.perPosition ? ' with statistics of each place' : ''}: AUROC ${auroc} %, detection ${found} % at 5 % false calls`,
    zh: `${m.method}${m.perPosition ? '(逐位置统计)' : ''} AUROC ${auroc} %,误报 5 % 时检出 ${found} %`,
  }
}

/** Probability that a defective image scores above a good one, ties half (Mann and Whitney). */
export function areaUnderRoc(good: readonly number[], bad: readonly number[]): number {
  let sum = 0
  for (const b of bad) for (const g of good) sum += b > g ? 1 : b === g ? 0.5 : 0
  return bad.length * good.length === 0 ? Number.NaN : sum / (bad.length * good.length)
}

/** Share of `bad` above the score that at most `rate` of `good` exceed. */
function detectionAt(good: readonly number[], bad: readonly number[], rate: number): number {
  const falling = good.toSorted((a, b) => b - a)
  const limit = falling[Math.floor(rate * good.length)] ?? Infinity
  return bad.filter((b) => b > limit).length / bad.length
}
