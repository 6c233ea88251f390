import { access, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { listImages } from '../../camera/index.ts'
import {
  asCoded,
  CodedError,
  endThread,
  type WordedFact,
  errorText,
  fromFact,
  spawnWorker,
} from '../../contracts/index.ts'
import { imageSize, picturesBeside } from '../../datasets/index.ts'
import {
  backboneTaughtWith,
  checkTaughtFolder,
  ColourSeen,
  findBackbone,
  keepPackageFolder,
  loadTeachData,
  packTaught,
  readCard,
  taughtBackbone,
  teach,
  teachDataDir,
  updateTaught,
  usualSize,
  verifyPackage,
  type PackedModel,
  type TaughtModel,
  type TeachImage,
  type TeachOptions,
  type TeachProgress,
  type TeachReport,
} from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { blackMasks } from './black-masks.ts'
import { modelDirs, trustedKeys } from '../setup/models.ts'
import { openPartFrames, type PartFrames } from '../images/part-frames.ts'
import { pixelsOf } from '../images/pixels-of.ts'
import { imageNames } from './image-names.ts'
import { tellBroken } from '../terminal/tell-broken.ts'
import { darkBoxes } from './mask.ts'

/** What `sightline teach` asks of its thread; plain data. */
export interface TeachOrder {
  /** Folder or file of good images: all of them, or those to add to the model `from`. */
  good: string[]
  defects: string[]
  /** Package folder of a taught model to make a new version of. */
  from: string | null
  /** Names of good images of `from` to take out. */
  remove: string[]
  /** Id of its package, for a new model; one made `from` another keeps its backbone. */
  backbone: string
  /** Images are taught as the models of this recipe see them: of its view, past its gate, registered. */
  recipe: { dir: string; id: string } | null
  options: TeachOptions
  /** Image of the size of the others: where it is dark, nothing counts. */
  mask?: string
  id: string
  version: string
  outDir: string
  keyFile: string
  keyId: string
  /** Beside a line: the thread gives way to all others. */
  background?: boolean
}

export interface TeachAnswer {
  packed: PackedModel
  report: TeachReport
  memoryBytes: number
}

export type TeachThreadMessage =
  | { kind: 'progress'; progress: TeachProgress }
  | { kind: 'done'; answer: TeachAnswer }
  | { kind: 'failed'; error: WordedFact }

/** Teaches or updates, and packs. Blocks its thread in turns. */
export async function runTeach(
  order: TeachOrder,
  environment: Environment,
  signal: AbortSignal,
  onProgress: (p: TeachProgress) => void,
): Promise<TeachAnswer> {
  const privateKeyPem = await readFile(order.keyFile, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'CFG_MISSING_FILE', { file: order.keyFile, expected: 'a private key' })
  })
  const work = (): Promise<TeachAnswer> =>
    withTools(order, environment, { privateKeyPem, signal, onProgress })
  return keepPackageFolder(order.outDir, work, checkTaughtFolder)
}

async function withTools(
  order: TeachOrder,
  environment: Environment,
  given: Pick<TeachTools, 'privateKeyPem' | 'signal' | 'onProgress'>,
): Promise<TeachAnswer> {
  const keys = await trustedKeys(environment)
  const dirs = modelDirs(environment)
  const backbone =
    order.from === null
      ? await findBackbone(dirs, order.backbone, keys, tellBroken)
      : await backboneTaughtWith(dirs, await taughtBackbone(teachDataDir(order.from)), keys)
  const frames = order.recipe === null ? null : await openPartFrames(order.recipe, environment)
  try {
    return await teachAndPack(order, { backbone, keys, frames, ...given })
  } finally {
    await frames?.close()
  }
}

interface TeachTools {
  backbone: Awaited<ReturnType<typeof findBackbone>>
  keys: Awaited<ReturnType<typeof trustedKeys>>
  privateKeyPem: string
  frames: PartFrames | null
  signal: AbortSignal
  onProgress: (p: TeachProgress) => void
}

async function teachAndPack(order: TeachOrder, tools: TeachTools): Promise<TeachAnswer> {
  const { backbone, keys, privateKeyPem, frames, signal, onProgress } = tools
  const defects = await imagesOf(order.defects, frames, [])
  let good: FoundImages
  let taught: TaughtModel
  let colour: ColourSeen
  let parent: Parameters<typeof packTaught>[0]['parent']
  if (order.from === null) {
    colour = new ColourSeen()
    good = await imagesOf(order.good, frames, [], colour)
    taught = await teach({
      backbone,
      good: good.images,
      defects: defects.images,
      options: await withMask(order, good.images),
      signal,
      onProgress,
    })
  } else {
    const { sha256, golden, card } = await verifyPackage(order.from, keys)
    const saved = await loadTeachData(teachDataDir(order.from), sha256)
    // Also those that are taken out now: in the history of the model a name stays that of one image.
    const names = saved.good.map((g) => g.name)
    colour = new ColourSeen(card)
    good = await imagesOf(order.good, frames, names, colour)
    // Of each name there is one image.
    const removed = new Set(order.remove).size
    parent = { id: card.id, version: card.version, sha256, images: names.length, removed }
    // What a run may take is its own, and no setting of the model.
    const { timeLimitS, memoryLimitBytes, threads } = order.options
    const data = { ...saved, options: { ...saved.options, timeLimitS, memoryLimitBytes, threads } }
    const examples = golden.map((g) => g.image.data)
    taught = await updateTaught({
      backbone,
      data,
      examples,
      add: good.images,
      remove: order.remove,
      signal,
      onProgress,
    })
  }
  const { id } = order
  const packed = await packTaught({
    taught,
    backbone,
    colour,
    id,
    version: order.version,
    title: { zh: `${id}:由良品图像示教`, en: `${id}: taught from good images` },
    ...(parent && { parent }),
    outDir: order.outDir,
    privateKeyPem,
    keyId: order.keyId,
    signal,
  })
  const { report, memoryBytes } = taught
  const left = [...good.leftOut, ...defects.leftOut].map((fact) => errorText(fact))
  const noted = colour.note ? [colour.note] : []
  return { packed, report: { ...report, warnings: [...left, ...noted, ...report.warnings] }, memoryBytes }
}

async function withMask({ options, mask }: TeachOrder, good: readonly TeachImage[]): Promise<TeachOptions> {
  const size = mask === undefined ? null : await usualSize(good)
  if (mask === undefined || size === null) return options
  return { ...options, exclude: [...options.exclude, ...(await darkBoxes(mask, size))] }
}

interface FoundImages {
  images: TeachImage[]
  /** Pictures of the folders that are not taken. */
  leftOut: WordedFact[]
}

/** Images of folders and files, each by a name of its own that is not among those `taken`. */
async function imagesOf(
  places: readonly string[],
  frames: PartFrames | null,
  taken: readonly string[],
  colour: ColourSeen | null = null,
): Promise<FoundImages> {
  const listed: string[] = []
  const leftOut: WordedFact[] = []
  for (const place of places) {
    const found = (await listImages(place).catch(unread(place))).map((entry) => entry.path)
    leftOut.push(...(await picturesBeside(place, found)))
    if (found.length === 0)
      throw new CodedError('TCH_IMAGES', {
        file: place,
        expected: 'images in the folder',
        zh: { expected: '文件夹中有图像', ...(leftOut.length === 0 && { actual: '没有' }) },
        actual: leftOut.at(-1)?.message ?? 'none',
      })
    for (const file of found) listed.push(file)
  }
  const { masks, said } = await blackMasks(places, listed)
  leftOut.push(...said)
  const files = listed.filter((file) => !masks.has(file))
  const names = imageNames(
    files.map((file) => resolve(file)),
    taken,
  )
  const images = files.map((file, i) => ({
    name: names[i] ?? file,
    size: async () => {
      if (frames) return frames.size
      await access(file).catch(missing(file))
      return imageSize(file)
    },
    load: async () => {
      const pixels = frames
        ? await frames.see(names[i] ?? file, await readFile(file).catch(missing(file)))
        : await pixelsOf(file)
      colour?.add(pixels)
      return pixels
    },
  }))
  return { images, leftOut }
}

const unread =
  (place: string) =>
  (error: unknown): never => {
    const { detail, cause } = asCoded(error, 'CAM_OPEN')
    const gone = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new CodedError(gone ? 'CFG_MISSING_FILE' : 'TCH_IMAGES', {
      file: place,
      expected: 'an image, or a folder of images, that can be read',
      ...(detail.actual === undefined ? {} : { actual: detail.actual }),
      cause: error,
    })
  }

const missing = (file: string) => (error: unknown) => {
  throw asCoded(error, 'CFG_MISSING_FILE', { file })
}

/** The same in a thread: the process stays answerable, and `signal` ends the work between two images. */
export function teachInThread(
  order: TeachOrder,
  environment: Environment,
  signal: AbortSignal,
  onProgress: (p: TeachProgress) => void,
): Promise<TeachAnswer> {
  const thread = spawnWorker(new URL('./job.worker.ts', import.meta.url), {
    workerData: { order, environment },
  })
  const cancel = (): void => thread.postMessage('cancel')
  signal.addEventListener('abort', cancel)
  return new Promise<TeachAnswer>((resolvePromise, reject) => {
    thread.on('message', (m: TeachThreadMessage) => {
      if (m.kind === 'progress') onProgress(m.progress)
      else if (m.kind === 'done') resolvePromise(m.answer)
      else reject(fromFact(m.error))
    })
    thread.on('error', (e) => reject(new CodedError('INS_WORKER_LOST', { actual: String(e) })))
    thread.on('exit', (code) =>
      reject(new CodedError('INS_WORKER_LOST', { actual: `the teaching thread ended with ${code}` })),
    )
  }).finally(() => {
    signal.removeEventListener('abort', cancel)
    void endThread(thread)
  })
}

/** Id and version of a package. @throws MDL_UNKNOWN, MDL_PACKAGE */
export async function modelName(packageDir: string): Promise<{ id: string; version: string }> {
  const file = join(packageDir, 'card.json')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw asCoded(error, 'MDL_UNKNOWN', { file: packageDir, expected: 'a model package folder' })
  })
  return readCard(text, file)
}
