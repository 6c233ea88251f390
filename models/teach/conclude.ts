import { CodedError, mapInOrder } from '../../contracts/index.ts'
import type { Backbone } from './backbone.ts'
import { choose, DEFAULT_METHOD, isBestAlready, worthMeasuring } from './choose.ts'
import type { Choice } from './choose.ts'
import { calibrate, openCrossFit } from './crossfit.ts'
import type { CrossFit, CrossFitData, HeldOut, HeldOutScores } from './crossfit.ts'
import { chooseBank, METHODS } from './fit.ts'
import type { FitContext, MethodId, ReferenceKind } from './fit.ts'
import { fusedModel } from './fused-graph.ts'
import { worstOfEach } from './groups.ts'
import type { SourceSize } from './images.ts'
import { learningCurve } from './learning-curve.ts'
import type { LearningCurve } from './learning-curve.ts'
import { foldsFor } from './plan.ts'
import { meanWarnings, measurable } from './placement.ts'
import type { NotMeasured } from './placement.ts'
import { planeNumbers } from './plane-points.ts'
import { allowedCells } from './regions.ts'
import type { TeachProgress, TeachWarning } from './request.ts'
import { suspicious } from './suspicious.ts'
import type { SuspiciousImage } from './suspicious.ts'
import type { TeachData } from './teach-data.ts'
import { falseCallPromise, thresholdAtRank, thresholdFromDefects, thresholdFromGood } from './threshold.ts'
import type { FalseCallPromise } from './threshold.ts'
import type { TeachTools } from './tools.ts'
import type { Tiles } from './working-size.ts'
import { findWorkpieces } from './workpieces.ts'
import type { FoundWorkpieces } from './workpieces.ts'

export interface TeachReport {
  goodImages: number
  defectImages: number
  choice: Choice & { notMeasured: NotMeasured[] }
  threshold: {
    value: number
    goal: TeachData['options']['threshold']
    /** What the good images support at this threshold. */
    promise: FalseCallPromise
    /** Whether the promise reaches the false-call rate asked for; null where another goal set the threshold. */
    kept: boolean | null
    /** Good images without a false call that the rate asked for needs; null with another goal. */
    neededParts: number | null
    /** Share of the given or synthetic defects at or above it. */
    detection: number
  }
  /** Size of the images, and the size at which they are taught and judged. */
  source: SourceSize
  working: SourceSize
  /** How the working area is cut; null where it is judged in one piece. */
  tiles: Tiles | null
  /** Turned copies of the good images among what the bank was chosen from. */
  turnedCopies: number
  workpieces: FoundWorkpieces
  suspicious: SuspiciousImage[]
  learningCurve: LearningCurve
  warnings: TeachWarning[]
  /** Cross-fitted score of each image, by name. */
  scores: { good: Record<string, number>; defects: Record<string, number> }
}

export interface Concluded {
  model: Uint8Array
  report: TeachReport
}

export interface ConcludeContext extends TeachTools {
  onProgress(progress: TeachProgress): void
}

/** Embeddings to model: cross-fit, choice of method, threshold, then everything again on all good images. */
export async function conclude(
  backbone: Backbone,
  data: TeachData,
  context: ConcludeContext,
): Promise<Concluded> {
  const { options, size } = data
  const { grid } = size
  const fitContext: FitContext = {
    dims: data.projection.dims,
    cells: grid.width * grid.height,
    bankSize: options.bankSize,
    seed: options.seed,
    matrices: context.matrices,
    pool: context.pool,
    checkCancelled: context.checkCancelled,
  }
  const only = options.method === 'auto' ? null : options.method
  const allowed = allowedCells(data)
  const needsBank = only === null || METHODS[only].reference === 'bank'
  const [{ groups, found, warnings }, bank] = await Promise.all([
    findWorkpieces(data, allowed, fitContext),
    needsBank
      ? chooseBank(
          data.good.map((g) => g.embedding),
          data.turned,
          fitContext,
        )
      : null,
  ])
  const { methods, notMeasured } = measurable(data, groups, only)
  const [{ fits, held, left, needless }, curve] = await Promise.all([
    crossFits(data, { groups, bank, methods }, allowed, only, fitContext, context.onProgress),
    learningCurve(data, groups, allowed, fitContext),
  ])
  const { choice, scores } = choose(held, left, grid, allowed, only, data.defects.length)
  const { method, perPosition } = choice.chosen
  const kind = METHODS[method].reference
  const chosen = await fits.find((fit) => fit.kind === kind)?.whole()
  if (chosen === undefined) throw new CodedError('TCH_IMAGES', { path: 'method', expected: method })
  context.onProgress({ stage: 'finish', done: 0, total: 1 })
  const outliers = suspicious(scores.good)
  const unusual = new Set(outliers.map(({ image }) => groups[image]))
  const threshold = thresholdOf(data, groups, scores, unusual.size)
  const peak = thresholdAtRank(worstOfEach(scores.goodPeaks, groups), threshold.promise.exceeding)
  const model = fusedModel({
    backbone,
    size,
    projection: data.projection,
    method,
    fitted: chosen.fitted,
    calibration: calibrate(method, chosen.good, grid, perPosition),
    allowed,
    mapGain: threshold.value > 0 && peak > 0 ? threshold.value / peak : 1,
  })
  context.checkCancelled()
  context.onProgress({ stage: 'finish', done: 1, total: 1 })
  return {
    model,
    report: {
      goodImages: data.good.length,
      defectImages: data.defects.length,
      choice: { ...choice, notMeasured: [...notMeasured, ...needless] },
      source: data.source,
      working: { widthPx: size.widthPx, heightPx: size.heightPx },
      tiles: size.tiles ?? null,
      turnedCopies: data.turned.length,
      workpieces: found,
      threshold,
      suspicious: outliers.map(({ image, ...of }) => ({ name: data.good[image]?.name ?? '', ...of })),
      learningCurve: curve,
      warnings: [
        ...warnings,
        ...meanWarnings(only, new Set(groups).size),
        ...thresholdWarnings(threshold, data.good.length),
      ],
      scores: {
        good: Object.fromEntries(data.good.map((g, i) => [g.name, scores.good[i] ?? 0])),
        defects: Object.fromEntries(data.defects.map((g, i) => [g.name, scores.defects[i] ?? 0])),
      },
    },
  }
}

const nothingToGain = (methods: MethodId[]): NotMeasured => ({
  methods,
  reason: {
    en: `on the first part of the images ${DEFAULT_METHOD} is so good that no other could be better by enough to be chosen`,
    zh: `在第一部分图像上 ${DEFAULT_METHOD} 已足够好,其他方法不可能好到被选中`,
  },
})

type Described = Pick<TeachData['good'][number], 'embedding' | 'planes'>

/** References measured on all images, and those that the first part of the images was enough to leave. */
async function crossFits(
  data: TeachData,
  { groups, bank, methods }: Pick<CrossFitData, 'groups' | 'bank' | 'methods'>,
  allowed: Float32Array | null,
  only: MethodId | null,
  context: FitContext,
  onProgress: ConcludeContext['onProgress'],
): Promise<{ fits: CrossFit[]; held: HeldOut[]; left: HeldOut[]; needless: NotMeasured[] }> {
  const wanted = only === null ? methods : [only]
  const kinds = [...new Set(wanted.map((m): ReferenceKind => METHODS[m].reference))]
  const { grid } = data.size
  const folds = foldsFor(new Set(groups).size)
  let done = 0
  onProgress({ stage: 'measure', done, total: kinds.length })
  const begin = async (kind: ReferenceKind): Promise<{ fit: CrossFit; first: HeldOut }> => {
    const seen = <T extends Described>(images: readonly T[]): T[] =>
      kind === 'template'
        ? images.map((i) => ({ ...i, embedding: i.planes ?? new Float32Array() }))
        : [...images]
    const fit = await openCrossFit(
      kind,
      {
        good: seen(data.good).map((g) => g.embedding),
        groups,
        damaged: seen(data.damaged),
        bank: kind === 'bank' ? bank : null,
        defects: seen(data.defects).map((d) => d.embedding),
        methods: wanted,
      },
      folds,
      kind === 'template' ? { ...context, dims: planeNumbers(grid) } : context,
    )
    return { fit, first: { kind, groups, folds: [await fit.fold(0)] } }
  }
  const usualKind = METHODS[DEFAULT_METHOD].reference
  const usual = kinds.includes(usualKind) ? await begin(usualKind) : null
  const best = usual !== null && isBestAlready(usual.first, grid, allowed, data.defects.length)
  const others = kinds.filter((kind) => kind !== usualKind)
  // at once: one computes on this thread while the other waits for its products
  const begun = [...(usual === null ? [] : [usual]), ...(best ? [] : await mapInOrder(others, begin))]
  const worth = (b: (typeof begun)[number]): boolean =>
    usual === null || b === usual || worthMeasuring(b.first, usual.first, grid, allowed, data.defects.length)
  const held = await mapInOrder(begun.filter(worth), async ({ fit, first }): Promise<HeldOut> => {
    const rest: HeldOut['folds'][number][] = []
    for (let f = 1; f < folds; f++) rest.push(await fit.fold(f))
    done += 1
    onProgress({ stage: 'measure', done, total: kinds.length })
    return { ...first, folds: [...first.folds, ...rest] }
  })
  onProgress({ stage: 'measure', done: kinds.length, total: kinds.length })
  const left = begun.map((b) => b.first).filter((f) => !held.some((h) => h.kind === f.kind))
  const passedOver = wanted.filter((m) => METHODS[m].reference !== usualKind)
  const needless = best && passedOver.length > 0 ? [nothingToGain(passedOver)] : []
  return { fits: begun.map((b) => b.fit), held, left, needless }
}

function thresholdOf(
  { options, defects }: TeachData,
  groups: readonly number[],
  scores: HeldOutScores,
  outliers: number,
): TeachReport['threshold'] {
  const { threshold: goal, confidence } = options
  const parts = worstOfEach(scores.good, groups)
  const bad = scores.defects.length > 0 ? scores.defects : scores.damaged
  const detection = (value: number): number => bad.filter((s) => s >= value).length / bad.length
  if (goal.goal === 'false-calls' || defects.length === 0) {
    const asked = goal.goal === 'false-calls' ? goal.rate : 0.05
    const { threshold, promise, kept, neededParts } = thresholdFromGood(parts, asked, confidence, outliers)
    return { value: threshold, goal, promise, kept, neededParts, detection: detection(threshold) }
  }
  const value = thresholdFromDefects(
    [
      ...scores.good.map((score) => ({ score, bad: false })),
      ...scores.defects.map((score) => ({ score, bad: true })),
    ],
    goal,
  )
  const exceeding = parts.filter((s) => s >= value).length
  const promise = falseCallPromise(exceeding, parts.length, confidence)
  return { value, goal, promise, kept: null, neededParts: null, detection: detection(value) }
}

function thresholdWarnings(
  { kept, promise, neededParts, goal }: TeachReport['threshold'],
  images: number,
): TeachWarning[] {
  if (kept !== false || goal.goal !== 'false-calls') return []
  const rate = `${(100 * goal.rate).toFixed(1)} %`
  const promised = `${(100 * promise.promised).toFixed(1)} %`
  const sure = `${(100 * promise.confidence).toFixed(0)} %`
  if (neededParts !== null && promise.parts >= neededParts)
    return [
      {
        en: `${rate} false calls cannot be promised while good images are suspicious, which count as false calls (${promise.exceeding}): with ${sure} confidence at most ${promised}. Look at them, and take out those that are not good.`,
        zh: `有良品图像可疑并计为误报(${promise.exceeding}),因此不能保证 ${rate} 的误报率:在 ${sure} 置信度下最多 ${promised}。请查看这些图像,并移除非良品。`,
      },
    ]
  const each = promise.parts === images
  const have = each
    ? { en: `${images} good images`, zh: `${images} 张良品图像` }
    : {
        en: `${images} good images of ${promise.parts} workpieces`,
        zh: `${promise.parts} 个工件的 ${images} 张良品图像`,
      }
  const need = each
    ? { en: `${neededParts} good images`, zh: `${neededParts} 张良品图像` }
    : { en: `${neededParts} good workpieces`, zh: `${neededParts} 个良品工件` }
  return [
    {
      en: `${have.en} cannot promise ${rate} false calls; with ${sure} confidence they support at most ${promised}. ${need.en} would be enough.`,
      zh: `${have.zh}不足以保证 ${rate} 的误报率;在 ${sure} 置信度下最多支持 ${promised}。需要 ${need.zh}。`,
    },
  ]
}
