import { CodedError, mapInOrder } from '../../contracts/index.ts'
import { sizeText } from '../pixels.ts'
import { patchTaps } from './backbone.ts'
import { openEmbedder } from './embedder.ts'
import { checkTime, estimateTeaching } from './estimate.ts'
import type { Embedder } from './embedder.ts'
import { channelsOf } from './feature-nodes.ts'
import type { Projection } from './feature-nodes.ts'
import { loadImages, refuseConflicts, usualSize, withoutCopies } from './images.ts'
import type { LoadedImage, Resized, SourceSize } from './images.ts'
import { AUTOMATIC_PX, damagedCopies, LARGE_PX, MOMENT_IMAGES, planTeaching, turnedViews } from './plan.ts'
import { keptWarnings, liesStill, mayBeTemplate, refuseCutTemplate } from './placement.ts'
import { openPlanes, withPlanes } from './planes.ts'
import type { Planes } from './planes.ts'
import { addMoments, emptyMoments, fitProjection } from './projection.ts'
import { sample, seededRandom } from './random.ts'
import { allowedCells } from './regions.ts'
import { repeatedWarnings, scenesOf } from './repeated.ts'
import type { TeachRequest, TeachWarning } from './request.ts'
import type { Matrix } from './matrix-sessions.ts'
import { damaged, damagedPart } from './synthetic.ts'
import type { TaughtImage, TeachData } from './teach-data.ts'
import { describeTurned, turnsFor } from './turns.ts'
import type { TeachTools } from './tools.ts'

export interface Collected {
  data: TeachData
  warnings: TeachWarning[]
  /** Whether images that show nothing new leave fewer than make the result worth something. */
  fewParts: boolean
  /** Inputs for golden vectors, HWC RGB of the working size. */
  examples: Uint8Array[]
  memoryBytes: number
}

/** Images the result is worth something from. */
const ENOUGH_IMAGES = 10

/**
 * Images to embeddings: loads, checks, plans, finds the projection, describes every good image, a damaged copy of
 * some, and the given defects.
 *
 * @throws TCH_IMAGES fewer than two different images, one of quite another size, or tiles with a template asked for; TCH_LABELS a good image among the
 * defects; as `BrokenImages`; TCH_LIMIT; TCH_CANCELLED; MDL_OUTPUT for NaN
 */
export async function collect(
  request: TeachRequest,
  { pool, matrices, checkCancelled }: TeachTools,
): Promise<Collected> {
  const { backbone, options, onProgress } = request
  const defects = request.defects ?? []
  const total = request.good.length + defects.length
  let done = 0
  const step = (stage: 'load' | 'describe', of: number) => (): void => {
    checkCancelled()
    done += 1
    onProgress?.({ stage, done, total: of })
  }
  const source = await usualSize(request.good)
  if (source === null) throw tooFew(0, [])
  const plan = planTeaching(backbone, {
    images: request.good.length,
    defects: defects.length,
    ...source,
    areaPx: options.areaPx,
    dims: options.dims,
    bankSize: options.bankSize,
    memoryLimitBytes: options.memoryLimitBytes,
    threads: options.threads,
  })
  refuseCutTemplate(options, plan.size)
  const groups = { good: request.good, bad: defects }
  const { good, bad } = await loadImages(groups, plan.size, source, step('load', total))
  const { distinct, copies } = withoutCopies(good.loaded)
  refuseConflicts(distinct, bad.loaded)
  if (distinct.length < 2) throw tooFew(distinct.length, copies)
  const cells = plan.size.grid.width * plan.size.grid.height
  const scenes = scenesOf(distinct, plan.size, options, checkCancelled)
  const repeated = repeatedWarnings(
    distinct.map((image) => image.name),
    scenes,
  )
  const copiesMade = damagedCopies(distinct.length, cells)
  const turns = options.turn ? distinct.length * turnsFor(plan.size).length : 0
  const views = Math.min(turnedViews(distinct.length, cells), turns)
  const onTimed = async (describeSeconds: number): Promise<void> => {
    const counts = {
      good: distinct.length,
      damaged: copiesMade,
      turned: views,
      defects: bad.loaded.length,
      cells,
    }
    const estimate = await estimateTeaching(
      { ...plan, ...counts, describeSeconds, threads: options.threads },
      matrices,
    )
    const said = repeated.length > 0 ? { warnings: repeated } : {}
    onProgress?.({ stage: 'plan', done: 0, total: 1, estimate: { ...estimate, ...said } })
    checkTime(estimate, options.timeLimitS)
  }
  const projection = await findProjection(request, distinct, plan.size, onTimed, {
    pool,
    matrices,
    checkCancelled,
  })
  const embedder = await openEmbedder(backbone, plan.size, projection, pool)
  try {
    done = 0
    const described = step('describe', distinct.length + copiesMade + views + bad.loaded.length)
    const taught = await describeAll(embedder, distinct, described)
    const compared = mayBeTemplate(options) && plan.size.tiles === undefined
    const still =
      compared &&
      liesStill(
        taught.map((t) => t.embedding),
        projection.dims,
      )
    const planes = still ? await openPlanes(plan.size, pool) : null
    const seen = (of: TaughtImage[], images: LoadedImage[]) => withPlanes(planes, of, images, embedder.lanes)
    const place = { source, size: plan.size, copies: copiesMade }
    const damagedImages = await describeDamaged(request, distinct, place, embedder, planes, described)
    return {
      data: {
        backboneSha256: backbone.sha256,
        options,
        source,
        size: plan.size,
        projection,
        good: await seen(taught, distinct),
        damaged: damagedImages,
        turned: await describeTurned(distinct, views, plan.size, embedder, described),
        defects: await seen(await describeAll(embedder, bad.loaded, described), bad.loaded),
      },
      warnings: [
        ...warningsFor(distinct.length, copies),
        ...repeated,
        ...sizeWarnings([good.resized, bad.resized], source),
        ...(options.areaPx === null ? largeWarnings(plan.size, source) : []),
        ...keptWarnings(options, plan.size, projection.dims),
      ],
      fewParts: repeated.length > 0 && new Set(scenes).size < ENOUGH_IMAGES,
      examples: [...distinct.slice(0, 2), ...bad.loaded.slice(0, 1)].map((image) => image.data),
      memoryBytes: plan.memoryBytes,
    }
  } finally {
    await embedder.close()
  }
}

export async function describeAll(
  embedder: Embedder,
  images: readonly LoadedImage[],
  onDone: () => void,
): Promise<TaughtImage[]> {
  return mapInOrder(
    images,
    async ({ name, sha256, data }) => {
      const embedding = await embedder.describe(data, name)
      onDone()
      return { name, sha256, embedding }
    },
    embedder.lanes,
  )
}

async function findProjection(
  { backbone, options }: TeachRequest,
  images: readonly LoadedImage[],
  size: TeachData['size'],
  onTimed: (describeSeconds: number) => Promise<void>,
  { pool, matrices, checkCancelled }: TeachTools,
): Promise<Projection> {
  const channels = channelsOf(patchTaps(backbone.taps))
  const moments = emptyMoments(channels)
  const describer = await openEmbedder(backbone, size, null, pool)
  try {
    const chosen = sample(images.length, MOMENT_IMAGES, seededRandom(options.seed))
    const measure = async (i: number, timed = false): Promise<{ rows: Matrix; gram: Matrix }> => {
      checkCancelled()
      const { data, name } = images[i] ?? { data: new Uint8Array(), name: '' }
      const start = performance.now()
      const rows = await describer.describe(data, name)
      if (timed) await onTimed((performance.now() - start) / 1000)
      return { rows, gram: await matrices.gram(rows, channels) }
    }
    for (let at = 0; at < chosen.length;) {
      // the first image warms up the session, and the second is timed: each by itself
      const some = chosen.slice(at, at < 2 ? at + 1 : at + 2)
      const measured = await mapInOrder(some, (i) => measure(i, at === 1), 2)
      for (const { rows, gram } of measured) addMoments(moments, rows, gram)
      at += some.length
    }
  } finally {
    await describer.close()
  }
  return fitProjection(moments, patchTaps(backbone.taps), options.dims)
}

async function describeDamaged(
  { options }: TeachRequest,
  good: readonly LoadedImage[],
  { source, size, copies }: Pick<TeachData, 'source' | 'size'> & { copies: number },
  embedder: Embedder,
  planes: Planes | null,
  onDone: () => void,
): Promise<TeachData['damaged']> {
  const { widthPx, heightPx, grid, tiles } = size
  const allowed = allowedCells({ options, source, size })
  const cells = Array.from({ length: grid.width * grid.height }, (_, i) => i)
  const counted = allowed === null ? cells : cells.filter((i) => allowed[i] !== 0)
  const random = seededRandom(options.seed ^ 0x5eed)
  const order = sample(good.length, good.length, random)
  const sources = Array.from({ length: copies }, (_, n) => order[n % order.length] ?? 0)
  return mapInOrder(
    sources,
    async (number) => {
      // drawn before the first wait, so that chance falls in the order of the copies
      const image = good[number]
      const other = good[Math.floor(random() * good.length)]
      if (image === undefined || other === undefined) throw tooFew(good.length, [])
      const copy =
        tiles === undefined
          ? damaged(image.data, other.data, widthPx, heightPx, grid.stridePx, random)
          : damagedPart(image.data, other.data, size, pick(counted, random), random)
      const embedding = await embedder.describe(copy.data, image.name)
      onDone()
      const seen = planes === null ? {} : { planes: await planes(copy.data) }
      return { source: number, coverage: copy.coverage, embedding, ...seen }
    },
    embedder.lanes,
  )
}

const pick = (cells: readonly number[], random: () => number): number =>
  cells[Math.floor(random() * cells.length)] ?? 0

const tooFew = (distinct: number, copies: readonly string[]): CodedError =>
  new CodedError('TCH_IMAGES', {
    expected: 'at least 2 different good images',
    actual: `${distinct}${copies.length > 0 ? `, and ${copies.length} exact copies of it` : ''}`,
    hint: `give ${ENOUGH_IMAGES} or more images of different good parts`,
    zh: {
      expected: '至少 2 张不同的良品图像',
      actual: `${distinct} 张${copies.length > 0 ? `,另有 ${copies.length} 张完全相同的副本` : ''}`,
      hint: `请提供 ${ENOUGH_IMAGES} 张以上不同良品的图像`,
    },
  })

function warningsFor(distinct: number, copies: readonly string[]): TeachWarning[] {
  const warnings: TeachWarning[] = []
  if (copies.length > 0)
    warnings.push({
      en: `${copies.length} images are exact copies of others and were left out: ${copies.slice(0, 5).join(', ')}`,
      zh: `${copies.length} 张图像与其他图像完全相同,已忽略:${copies.slice(0, 5).join('、')}`,
    })
  if (distinct < ENOUGH_IMAGES)
    warnings.push({
      en: `only ${distinct} different good images: scores and threshold are rough; ${ENOUGH_IMAGES} or more are advised`,
      zh: `仅有 ${distinct} 张不同的良品图像:分数与阈值较粗略,建议至少 ${ENOUGH_IMAGES} 张`,
    })
  return warnings
}

export function sizeWarnings(resized: readonly Resized[], usual: SourceSize): TeachWarning[] {
  const all = resized.flatMap((r) => r.all)
  const far = resized.flatMap((r) => r.far)
  const warnings: TeachWarning[] = []
  if (all.length > 0)
    warnings.push({
      en: `${all.length} images are not of the usual size ${sizeText(usual)} and were stretched to it: ${some(all, ', ')}; a camera in one place gives one size`,
      zh: `${all.length} 张图像不是常用尺寸 ${sizeText(usual)},已拉伸到该尺寸:${some(all, '、')};固定位置的相机只会给出一种尺寸`,
    })
  if (far.length > 0)
    warnings.push({
      en: `${far.length} of them are far from it and may show something else: ${some(far, ', ')}; look at them, and crop or remove them where they do`,
      zh: `其中 ${far.length} 张与之相差很大,可能拍的是别的东西:${some(far, '、')};请查看,必要时裁剪或移除`,
    })
  return warnings
}

/** What was chosen for large images costs time on the line. */
function largeWarnings(size: TeachData['size'], source: SourceSize): TeachWarning[] {
  const { tiles, widthPx, heightPx } = size
  const [full, working] = [sizeText(source), sizeText(size)]
  const times = ((widthPx * heightPx) / AUTOMATIC_PX[1]).toFixed(1)
  if (widthPx * heightPx <= LARGE_PX / 2) return []
  const cut =
    tiles === undefined
      ? { en: '', zh: '' }
      : { en: ` in ${tiles.columns} x ${tiles.rows} tiles`, zh: `,分为 ${tiles.columns} x ${tiles.rows} 块` }
  return [
    {
      en: `images of ${full} are judged at ${working}${cut.en}, so that small defects stay visible; each takes about ${times} times as long as at ${AUTOMATIC_PX[1]} px. Where no defect is that small, give a smaller working area (\`--area\`).`,
      zh: `${full} 的图像按 ${working} 判定${cut.zh},以便看清细小缺陷;每张用时约为 ${AUTOMATIC_PX[1]} px 时的 ${times} 倍。如无此类细小缺陷,请指定较小的工作面积(\`--area\`)。`,
    },
  ]
}

const some = (names: readonly string[], separator: string): string => names.slice(0, 5).join(separator)
