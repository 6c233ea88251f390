import { CodedError } from '../../contracts/index.ts'
import { openEmbedder } from './embedder.ts'
import type { Embedder } from './embedder.ts'
import { channelsOf } from './feature-nodes.ts'
import type { Projection } from './feature-nodes.ts'
import { loadImages, withoutCopies } from './images.ts'
import type { LoadedImage } from './images.ts'
import type { MatrixSessions } from './matrix-sessions.ts'
import { damagedCopies, MOMENT_IMAGES, planTeaching, workingSize } from './plan.ts'
import { addMoments, emptyMoments, fitProjection } from './projection.ts'
import { sample, seededRandom } from './random.ts'
import type { TeachRequest, TeachWarning } from './request.ts'
import { damaged } from './synthetic.ts'
import type { TaughtImage, TeachData } from './teach-data.ts'

export interface Collected {
  data: TeachData
  warnings: TeachWarning[]
  /** Inputs for golden vectors, at working size. */
  examples: LoadedImage[]
  memoryBytes: number
}

/** Images the result is worth something from. */
export const ENOUGH_IMAGES = 10

/**
 * Images to embeddings: loads, checks, plans, finds the projection, describes every good image, a damaged copy of
 * some, and the given defects.
 *
 * @throws TCH_IMAGES fewer than two different images, several sizes; TCH_LIMIT; TCH_CANCELLED; MDL_OUTPUT for NaN
 */
export async function collect(
  request: TeachRequest,
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<Collected> {
  const { backbone, options, onProgress } = request
  const defects = request.defects ?? []
  const total = request.good.length + defects.length
  let done = 0
  const sizeFor = (s: { widthPx: number; heightPx: number }) =>
    workingSize(backbone, s.widthPx, s.heightPx, options.areaPx)
  const step = (stage: 'load' | 'describe', of: number) => (): void => {
    checkCancelled()
    done += 1
    onProgress?.({ stage, done, total: of })
  }
  const probe = await loadImages(request.good.slice(0, 1), sizeFor, null, () => undefined)
  if (probe.source === null) throw tooFew(0, [])
  const plan = planTeaching(backbone, {
    images: request.good.length,
    defects: defects.length,
    ...probe.source.source,
    areaPx: options.areaPx,
    dims: options.dims,
    bankSize: options.bankSize,
    memoryLimitBytes: options.memoryLimitBytes,
  })
  const good = await loadImages(request.good, sizeFor, probe.source, step('load', total))
  const bad = await loadImages(defects, sizeFor, probe.source, step('load', total))
  const { distinct, copies } = withoutCopies(good.loaded)
  if (distinct.length < 2) throw tooFew(distinct.length, copies)
  const projection = await findProjection(request, distinct, plan.size, matrices, checkCancelled)
  const embedder = await openEmbedder(backbone, plan.size, projection, options.threads)
  try {
    const copiesMade = damagedCopies(distinct.length, plan.size.grid.width * plan.size.grid.height)
    done = 0
    const described = step('describe', distinct.length + copiesMade + bad.loaded.length)
    const taught = await describeAll(embedder, distinct, described)
    const damagedImages = await describeDamaged(request, distinct, copiesMade, plan.size, embedder, described)
    return {
      data: {
        backboneSha256: backbone.sha256,
        options,
        source: probe.source.source,
        size: plan.size,
        projection,
        good: taught,
        damaged: damagedImages,
        defects: await describeAll(embedder, bad.loaded, described),
      },
      warnings: warningsFor(distinct.length, copies),
      examples: [...distinct.slice(0, 2), ...bad.loaded.slice(0, 1)],
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
  const out: TaughtImage[] = []
  for (const { name, sha256, data } of images) {
    out.push({ name, sha256, embedding: await embedder.describe(data, name) })
    onDone()
  }
  return out
}

async function findProjection(
  { backbone, options }: TeachRequest,
  images: readonly LoadedImage[],
  size: TeachData['size'],
  matrices: MatrixSessions,
  checkCancelled: () => void,
): Promise<Projection> {
  const channels = channelsOf(backbone.taps)
  const moments = emptyMoments(channels)
  const describer = await openEmbedder(backbone, size, null, options.threads)
  try {
    for (const i of sample(images.length, MOMENT_IMAGES, seededRandom(options.seed))) {
      checkCancelled()
      const image = images[i]
      if (image === undefined) continue
      const rows = await describer.describe(image.data, image.name)
      addMoments(moments, rows, await matrices.gram(rows, channels))
    }
  } finally {
    await describer.close()
  }
  return fitProjection(moments, backbone.taps, options.dims)
}

async function describeDamaged(
  { options }: TeachRequest,
  good: readonly LoadedImage[],
  copies: number,
  { widthPx, heightPx, grid }: TeachData['size'],
  embedder: Embedder,
  onDone: () => void,
): Promise<TeachData['damaged']> {
  const random = seededRandom(options.seed ^ 0x5eed)
  const out: TeachData['damaged'] = []
  const order = sample(good.length, good.length, random)
  for (let n = 0; n < copies; n++) {
    const source = order[n % order.length] ?? 0
    const image = good[source]
    const other = good[Math.floor(random() * good.length)]
    if (image === undefined || other === undefined) continue
    const copy = damaged(image.data, other.data, widthPx, heightPx, grid.stridePx, random)
    out.push({ source, coverage: copy.coverage, embedding: await embedder.describe(copy.data, image.name) })
    onDone()
  }
  return out
}

function tooFew(distinct: number, copies: readonly string[]): CodedError {
  return new CodedError('TCH_IMAGES', {
    expected: 'at least 2 different good images',
    actual: `${distinct}${copies.length > 0 ? `, and ${copies.length} exact copies of it` : ''}`,
    hint: `give ${ENOUGH_IMAGES} or more images of different good parts`,
  })
}

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
