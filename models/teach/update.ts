import { CodedError } from '../../contracts/index.ts'
import type { Backbone } from './backbone.ts'
import { describeAll, sizeWarnings } from './collect.ts'
import { conclude } from './conclude.ts'
import { withSources } from './crossfit.ts'
import { openEmbedder } from './embedder.ts'
import { openPlanes, withPlanes } from './planes.ts'
import { loadImages, refuseConflicts, withoutCopies } from './images.ts'
import { keptWarnings } from './placement.ts'
import { memoryFor, tooMuchMemory } from './plan.ts'
import type { HeldImages } from './plan.ts'
import type { TeachImage, TeachProgress, TeachWarning } from './request.ts'
import type { TaughtModel } from './teach.ts'
import type { TeachData } from './teach-data.ts'
import { describeTurned } from './turns.ts'
import { withTools } from './tools.ts'
import type { TeachTools } from './tools.ts'

export interface UpdateRequest {
  backbone: Backbone
  data: TeachData
  /** Golden inputs of the old package, HWC RGB of the working size: they stay where no image is added. */
  examples: readonly Uint8Array[]
  /** Good images to add: overkills a person has released. */
  add: readonly TeachImage[]
  /** Names of good images to take out: contaminated ones. */
  remove: readonly string[]
  signal?: AbortSignal
  onProgress?(progress: TeachProgress): void
}

/**
 * The same teaching with images added or taken out, from the embeddings kept: only the new images pass through the
 * backbone. The projection stays; bank, statistics, choice of method and threshold are made anew.
 *
 * @throws TCH_DATA when the backbone is another than the one taught with, or a name to remove is not that of one image; TCH_LIMIT before
 *         an image is loaded when the memory would exceed that of the options; TCH_IMAGES; TCH_CANCELLED
 */
export async function updateTaught(request: UpdateRequest): Promise<TaughtModel> {
  const { backbone, data, remove } = request
  if (backbone.sha256 !== data.backboneSha256)
    throw new CodedError('TCH_DATA', {
      expected: `the backbone with SHA-256 ${data.backboneSha256}`,
      actual: `${backbone.id} ${backbone.version}, ${backbone.sha256}`,
      hint: 'use the backbone the model was taught with, or teach again',
      zh: {
        expected: `SHA-256 为 ${data.backboneSha256} 的骨干网络`,
        hint: '请使用示教该模型时的骨干网络,或重新示教',
      },
    })
  for (const name of remove) checkRemoved(name, data)
  const signal = request.signal === undefined ? {} : { signal: request.signal }
  const kept = data.good.map((_, i) => i).filter((i) => !remove.includes(data.good[i]?.name ?? ''))
  const place = new Map(kept.map((i, n) => [i, n]))
  const damaged = withSources(data.damaged, place)
  const keptTurned = withSources(data.turned, place)
  const memoryBytes = memoryOf(request, {
    images: kept.length + request.add.length,
    loaded: request.add.length,
    defects: data.defects.length,
    damaged: damaged.length,
    turned: keptTurned.length + turnsOfEach(data) * request.add.length,
  })
  return withTools({ options: data.options, ...signal }, async (tools) => {
    const { taught, turned, examples, warnings } = await describeNew(request, tools)
    const next: TeachData = {
      ...data,
      good: [...kept.flatMap((i) => data.good[i] ?? []), ...taught],
      damaged,
      turned: [...keptTurned, ...turned.map((t) => ({ ...t, source: t.source + kept.length }))],
    }
    if (next.good.length < 2)
      throw new CodedError('TCH_IMAGES', {
        expected: 'at least 2 good images left',
        actual: `${next.good.length}`,
        zh: { expected: '至少保留 2 张良品图像' },
      })
    const onProgress = (p: TeachProgress): void => request.onProgress?.(p)
    const { model, report } = await conclude(backbone, next, { ...tools, onProgress })
    return {
      model,
      report: { ...report, warnings: [...warnings, ...report.warnings] },
      data: next,
      examples,
      memoryBytes,
    }
  })
}

/** @throws TCH_DATA when the name is not that of one image */
function checkRemoved(name: string, { good }: TeachData): void {
  const named = good.filter((g) => g.name === name).length
  if (named === 1) return
  const longer = good.filter((g) => g.name.endsWith(`/${name}`)).map((g) => g.name)
  const none = longer.length === 0 ? 'none of this name' : `none of this name, but ${longer.join(', ')}`
  throw new CodedError('TCH_DATA', {
    path: name,
    expected: `the name of one of the ${good.length} good images the model was taught with`,
    actual: named === 0 ? none : `${named} of this name, from several folders`,
    ...(named > 1 && { hint: 'teach anew: images are named by their folders, too, where they need it' }),
    zh: {
      expected: `示教所用 ${good.length} 张良品图像之一的名称`,
      ...(named > 1 && {
        actual: `有 ${named} 张同名图像,来自不同文件夹`,
        hint: '请重新示教:需要时图像名称会带上文件夹名',
      }),
    },
  })
}

/** @throws TCH_LIMIT */
function memoryOf({ backbone, data }: UpdateRequest, held: HeldImages): number {
  const { size, options, projection } = data
  const memoryBytes = memoryFor(backbone, size, held, { ...options, dims: projection.dims })
  if (memoryBytes > options.memoryLimitBytes)
    throw tooMuchMemory(
      { memoryBytes, size },
      { ...options, images: held.images },
      { en: 'add fewer images, or allow more memory', zh: '请减少添加的图像,或允许更多内存' },
    )
  return memoryBytes
}

/** Turned copies of each good image. */
const turnsOfEach = ({ turned, good }: TeachData): number => Math.floor(turned.length / good.length)

async function describeNew(
  { backbone, data, examples, add, onProgress }: UpdateRequest,
  { pool, checkCancelled }: Pick<TeachTools, 'pool' | 'checkCancelled'>,
): Promise<
  Pick<TeachData, 'turned'> &
    Pick<TaughtModel, 'examples'> & { taught: TeachData['good']; warnings: TeachWarning[] }
> {
  let done = 0
  const step = (stage: 'load' | 'describe') => (): void => {
    checkCancelled()
    done += 1
    onProgress?.({ stage, done, total: add.length * 2 })
  }
  const { more } = await loadImages({ more: add }, data.size, data.source, step('load'))
  const { loaded, resized } = more
  refuseConflicts(loaded, data.defects)
  const fresh = withoutCopies(loaded).distinct.filter(
    (image) => !data.good.some((g) => g.sha256 === image.sha256),
  )
  const embedder = await openEmbedder(backbone, data.size, data.projection, pool)
  try {
    const planes = data.good[0]?.planes === undefined ? null : await openPlanes(data.size, pool)
    const taught = await withPlanes(
      planes,
      await describeAll(embedder, fresh, step('describe')),
      fresh,
      embedder.lanes,
    )
    const views = turnsOfEach(data) * fresh.length
    const turned = await describeTurned(fresh, views, data.size, embedder, checkCancelled)
    const copies = loaded.length - fresh.length
    return {
      taught,
      turned,
      examples: [...fresh.map((image) => image.data), ...examples].slice(0, 2),
      warnings: [
        ...(copies === 0
          ? []
          : [
              {
                en: `${copies} images were taught before, or are copies`,
                zh: `${copies} 张图像此前已示教或重复`,
              },
            ]),
        ...sizeWarnings([resized], data.source),
        ...keptWarnings(data.options, data.size, data.projection.dims),
      ],
    }
  } finally {
    await embedder.close()
  }
}
