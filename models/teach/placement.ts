import { CodedError } from '../../contracts/index.ts'
import type { I18n } from '../../contracts/index.ts'
import type { Embedding } from './embedding.ts'
import { METHODS } from './fit.ts'
import type { MethodId } from './fit.ts'
import { sizeText } from '../pixels.ts'
import { keptFor } from './place-gaussian.ts'
import { METHOD_IDS } from './request.ts'
import type { TeachOptions, TeachWarning } from './request.ts'
import type { TeachData } from './teach-data.ts'
import { UNCUT_PX } from './tiles.ts'
import type { WorkingSize } from './working-size.ts'

/** Methods that were not measured, and why. */
export interface NotMeasured {
  methods: MethodId[]
  reason: I18n
}

/** Images that say whether parts lie still. */
const LOOKED_AT = 24
/**
 * Parts lie at the same place while patches vary less there than this share of what patches vary altogether: drawn boards
 * 0.01, castings 0.19, cookies 0.51, steel with rolled-in scale 0.88 (ADR 0019).
 */
const STILL = 0.8
/** Workpieces that a covariance, or a spread, of each place needs at least. */
const LEAST: Partial<Record<MethodId, number>> = { 'position-gaussian': 20, template: 10 }
/**
 * Workpieces that the mean of a place needs. The residuals that the forms are fitted on have the image to judge in their
 * mean, one part of n - 1 of it: of few images it looks more usual than a new one is, and the promise does not hold.
 */
const LEAST_FOR_MEAN = 10
/** Methods that compare with the mean of a place by one form for all places. */
const BY_MEAN: readonly MethodId[] = ['position', 'position-evidence']

/** Variance of patches at their place, mean over all places, as a share of their variance over all; 1 of one image. */
export function varianceAtPlace(images: readonly Embedding[], dims: number): number {
  const some = images.slice(0, LOOKED_AT)
  const n = some.length
  const size = some[0]?.length ?? 0
  if (n < 2) return 1
  let within = 0
  const sum = new Float64Array(dims)
  const squares = new Float64Array(dims)
  for (let i = 0; i < size; i++) {
    let s = 0
    let s2 = 0
    for (let k = 0; k < n; k++) {
      const v = some[k]?.[i] ?? 0
      s += v
      s2 += v * v
    }
    within += (s2 - (s * s) / n) / (n - 1)
    const d = i % dims
    sum[d] = (sum[d] ?? 0) + s
    squares[d] = (squares[d] ?? 0) + s2
  }
  const patches = (n * size) / dims
  let all = 0
  for (let d = 0; d < dims; d++) all += ((squares[d] ?? 0) - (sum[d] ?? 0) ** 2 / patches) / (patches - 1)
  return all > 0 ? within / (size / dims) / all : 1
}

export const liesStill = (images: readonly Embedding[], dims: number): boolean =>
  varianceAtPlace(images, dims) < STILL

/** Whether the method may be one that compares pixels. */
export const mayBeTemplate = ({ method }: Pick<TeachOptions, 'method'>): boolean =>
  method === 'auto' || method === 'template'

/**
 * A golden template of an area that is cut would hold every pixel of every image.
 *
 * @throws TCH_IMAGES when it is asked for by name
 */
export function refuseCutTemplate({ method }: Pick<TeachOptions, 'method'>, size: WorkingSize): void {
  const { tiles } = size
  if (method !== 'template' || tiles === undefined) return
  throw new CodedError('TCH_IMAGES', {
    path: 'method',
    expected: `a working area of at most ${UNCUT_PX} px for the method template`,
    actual: `${sizeText(size)}, cut into ${tiles.columns} x ${tiles.rows} tiles`,
    hint: 'give a smaller working area (`--area`), or choose the method auto',
    zh: {
      expected: `template 方法的工作区最多 ${UNCUT_PX} 像素`,
      actual: `${sizeText(size)},被切为 ${tiles.columns} x ${tiles.rows} 块`,
      hint: '请缩小工作区(--area),或选用 auto 方法',
    },
  })
}

/** Fewer coordinates of a place than this are named where `position-gaussian` is asked for. */
const FEW_KEPT = 16

/** What a fine grid costs a method that keeps less of each place the more places there are. */
export function keptWarnings(
  { method }: Pick<TeachOptions, 'method'>,
  { grid }: Pick<WorkingSize, 'grid'>,
  dims: number,
): TeachWarning[] {
  const kept = keptFor(grid.width * grid.height, dims)
  if (method !== 'position-gaussian' || kept >= Math.min(FEW_KEPT, dims)) return []
  const cells = `${grid.width} x ${grid.height}`
  return [
    {
      en: `of ${dims} numbers that describe a patch position-gaussian keeps ${kept} on a grid of ${cells} places, and sees less by them; a smaller working area (\`--area\`) keeps more`,
      zh: `网格为 ${cells} 时,position-gaussian 在描述图块的 ${dims} 个数中只保留 ${kept} 个,检出能力较低;较小的工作面积(\`--area\`)可保留更多`,
    },
  ]
}

type Data = Pick<TeachData, 'good' | 'projection'>

/**
 * The methods worth measuring: those by place where the parts lie at the same place and are enough.
 *
 * @param groups number of the workpiece of each good image
 * @throws TCH_IMAGES when the one method asked for is none of them
 */
export function measurable(
  { good, projection }: Data,
  groups: readonly number[],
  only: MethodId | null,
): { methods: MethodId[]; notMeasured: NotMeasured[] } {
  const one = [...new Set(groups)].flatMap((g) => good[groups.indexOf(g)]?.embedding ?? [])
  const share = varianceAtPlace(one, projection.dims)
  const notMeasured: NotMeasured[] = []
  const byPlace = METHOD_IDS.filter((m) => METHODS[m].reference !== 'bank')
  const leave = (methods: MethodId[], reason: I18n, expected: string, actual: string, hint: string): void => {
    const asked = only !== null && methods.includes(only) && LEAST[only] !== undefined
    if (asked)
      throw new CodedError('TCH_IMAGES', {
        path: 'method',
        expected,
        actual,
        hint,
        zh: { expected: `可使用 ${only} 方法的图像`, actual: reason.zh, hint: '请更换图像,或选用 auto 方法' },
      })
    if (only === null && methods.length > 0) notMeasured.push({ methods, reason })
  }
  if (share >= STILL) {
    const [at, most] = [percent(share), percent(STILL)]
    leave(
      byPlace,
      {
        en: `the parts do not lie at the same place: patches vary there ${at} as much as anywhere, less than ${most} is needed`,
        zh: `工件不在同一位置:同一位置的图块变化为整体变化的 ${at},需小于 ${most}`,
      },
      `parts at the same place in every image for the method ${only}: patches that vary there less than ${most} as much as anywhere`,
      at,
      'put the parts into a fixture, register them (`--recipe`), or choose the method auto',
    )
    return { methods: METHOD_IDS.filter((m) => !byPlace.includes(m) || m === only), notMeasured }
  }
  const few = (Object.keys(LEAST) as MethodId[]).filter((m) => one.length < (LEAST[m] ?? 0))
  for (const method of few) {
    const least = LEAST[method] ?? 0
    leave(
      [method],
      tooFewReason(one.length, least),
      `${least} or more good workpieces for the method ${method}`,
      `${one.length}`,
      'give more images of different parts, or choose the method auto',
    )
  }
  const thin = one.length < LEAST_FOR_MEAN ? BY_MEAN.filter((m) => m !== only) : []
  if (only === null && thin.length > 0)
    notMeasured.push({ methods: [...thin], reason: tooFewReason(one.length, LEAST_FOR_MEAN) })
  const blind = good.some((g) => g.planes === undefined) && !few.includes('template')
  if (blind)
    leave(
      ['template'],
      {
        en: 'the teach data hold nothing of the pixels: they are of an older program, or the images are cut into tiles',
        zh: '示教数据中没有像素信息:由旧版程序生成,或图像被分块',
      },
      'teach data with what the method template compares',
      'none of it',
      'teach again from the images, with a smaller working area where they are cut into tiles',
    )
  const left = [...few, ...thin, ...(blind ? ['template'] : [])]
  return { methods: METHOD_IDS.filter((m) => !left.includes(m)), notMeasured }
}

const tooFewReason = (workpieces: number, least: number): I18n => ({
  en: `${workpieces} good workpieces, ${least} are needed`,
  zh: `良品工件 ${workpieces} 个,需要 ${least} 个`,
})

/** What a promise is worth where a method by place is asked for with fewer workpieces than it needs. */
export function meanWarnings(only: MethodId | null, workpieces: number): TeachWarning[] {
  if (only === null || !BY_MEAN.includes(only) || workpieces >= LEAST_FOR_MEAN) return []
  return [
    {
      en: `of ${workpieces} good workpieces the method ${only} sees each in the mean of its place: new good parts look more unusual, and more of them are called than is promised; ${LEAST_FOR_MEAN} are needed`,
      zh: `良品工件仅 ${workpieces} 个,方法 ${only} 的逐位置均值含有每个工件自身:新的良品会显得更异常,误报会多于承诺;需要 ${LEAST_FOR_MEAN} 个`,
    },
  ]
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`
