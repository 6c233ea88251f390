import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { CodedError, type ErrorFact, killProcess, spawnProcess, fromFact } from '../../contracts/index.ts'
import {
  compareResults,
  copiesAcross,
  type DetectionType,
  evaluate,
  type EvaluateOptions,
  type EvaluationResult,
  findLeakage,
  openDataset,
  repeatedImages,
  renderReport,
} from '../../datasets/index.ts'
import { type BackgroundProgress, loadRecipe } from '../../inspection/index.ts'
import { packageNamed } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs, modelSetup } from '../setup/models.ts'
import { type Judge, judgeHere, judgingModel, type RecipePlace, sameJudge } from './judges.ts'

/** An evaluation as plain values; paths are absolute and must mean the same on the host that does it. */
export interface EvaluateOrder {
  dir: string
  format?: string
  split?: string
  limit?: number
  /** Labels that mean a good part; absent = the usual words. */
  goodLabels?: string[]
  recipe?: RecipePlace
  model?: string
  threshold?: number
  /** Judges the same images too; the result says what differs. */
  compare?: { recipe: RecipePlace } | { model: string }
  /** Pattern of the workpiece in image names; null = no search for leakage between splits. */
  leakage: { groupBy?: string } | null
  workers?: number
  /** Form in which the detections are written afterwards: what could not be is refused before the work. */
  detections?: DetectionType
  /** Language shown first in the HTML report; null = no report. */
  report: 'zh' | 'en' | null
  /** What judges on the host of the sender, and what it is compared with: must be the same where it is done. */
  judges?: { subject: Judge | null; compare: Judge | null }
}

export interface EvaluateAnswer {
  result: EvaluationResult
  html: string | null
}

export type EvaluateMessage =
  | { kind: 'progress'; progress: BackgroundProgress }
  | { kind: 'done'; answer: EvaluateAnswer }
  | { kind: 'failed'; error: ErrorFact }

/**
 * One evaluation, here: the same function on the command line and on a worker.
 *
 * @throws DAT_LAYOUT when the folder is not on this host; MDL_PACKAGE when what judges is another than where it was
 *   ordered; CFG_*, MDL_*, DAT_*
 */
export async function runEvaluation(
  order: EvaluateOrder,
  environment: Environment,
  onProgress: (p: BackgroundProgress) => void,
): Promise<EvaluateAnswer> {
  const { dir, format, limit, goodLabels, threshold, workers, compare, leakage } = order
  if (!(await stat(dir).catch(() => null))?.isDirectory())
    throw new CodedError('DAT_LAYOUT', {
      file: dir,
      expected: `a folder on host ${hostname()}`,
      actual: 'none',
      hint: 'with --queue the host of the worker must have it under the same path: mount it there',
    })
  const opened = await openDataset(dir, {
    forJudging: true,
    ...(format === undefined ? {} : { format }),
    ...(goodLabels === undefined ? {} : { goodLabels }),
    ...(order.split === undefined ? {} : { split: order.split }),
    ...(limit === undefined ? {} : { limit }),
  })
  // As the set calls it, which may be asked for by another of its names.
  const split = order.split && opened.items[0]?.split
  const dataset = { ...opened, leftOut: [...opened.leftOut, ...(await repeatedImages(opened))] }
  const common = {
    dataset,
    models: await modelSetup(['cpu'], environment),
    ...(split === undefined ? {} : { split }),
    ...(workers === undefined ? {} : { workers }),
    ...(threshold === undefined ? {} : { threshold }),
  }
  if (order.judges !== undefined) {
    const here = await judgesOf(order, environment, dataset.format)
    sameJudge(order.judges.subject, here.subject)
    sameJudge(order.judges.compare, here.compare)
  }
  const subject = await subjectOf(order, dataset.format, environment)
  const otherSubject = compare && (await subjectOf(compare, dataset.format, environment))
  const judges = otherSubject ? 2 : 1
  const total = dataset.items.length * judges
  const result = await evaluate({
    ...common,
    subject,
    ...(order.detections === undefined ? {} : { exported: order.detections }),
    onProgress: (done) => onProgress({ done, total }),
  })
  if (leakage) {
    const found = await findLeakage(dataset.allImages, {
      ...leakage,
      ...(split === undefined ? {} : { split }),
    })
    const copies = (found?.pairs ?? []).filter((p) => p.kind === 'copy')
    result.leakage = found
    result.dataset.leftOut.push(...copiesAcross(dir, found?.counts.copy ?? 0, copies))
  }
  if (otherSubject) {
    const other = await evaluate({
      ...common,
      subject: otherSubject,
      onProgress: (done) => onProgress({ done: dataset.items.length + done, total }),
    })
    result.comparison = compareResults(result, other)
  }
  return { result, html: order.report && (await renderReport(result, { language: order.report })) }
}

async function subjectOf(
  o: { recipe?: RecipePlace; model?: string },
  format: string,
  environment: Environment,
): Promise<EvaluateOptions['subject']> {
  if (o.recipe !== undefined) return { kind: 'recipe', source: await loadRecipe(o.recipe.dir, o.recipe.id) }
  const model = await packageNamed(modelDirs(environment), judgingModel(o, format))
  return { kind: 'model', model }
}

/**
 * What judges here, to go along with an order for another host.
 *
 * @param format layout of the data set; of one that only that host can open, the one that has a model of its own
 */
export async function judgesOf(
  { recipe, model, compare }: Pick<EvaluateOrder, 'recipe' | 'model' | 'compare'>,
  environment: Environment,
  format = 'deeppcb',
): Promise<NonNullable<EvaluateOrder['judges']>> {
  const asked = { ...(recipe === undefined ? {} : { recipe }), ...(model === undefined ? {} : { model }) }
  return {
    subject: await judgeHere(asked, format, environment),
    compare: compare === undefined ? null : await judgeHere(compare, format, environment),
  }
}

export interface EvaluateData {
  order: EvaluateOrder
  environment: Environment
}

/**
 * The same in a process of its own: scoring and drawing never delay the frames of this one, and it can be given up in
 * the middle of an inference.
 *
 * @throws INS_WORKER_LOST after `signal`
 */
export async function evaluateInProcess(
  data: EvaluateData,
  signal: AbortSignal,
  onProgress: (p: BackgroundProgress) => void,
): Promise<EvaluateAnswer> {
  const child = spawnProcess(new URL('./evaluate.process.ts', import.meta.url), data)
  let cancel = (): void => undefined
  const ended = new Promise<EvaluateAnswer>((resolve, reject) => {
    const lost = (actual: string): void => reject(new CodedError('INS_WORKER_LOST', { actual }))
    child.on('message', (m: EvaluateMessage) => {
      // what it said before it heard of it may still be on the way
      if (signal.aborted) return
      if (m.kind === 'progress') onProgress(m.progress)
      else if (m.kind === 'done') resolve(m.answer)
      else reject(fromFact(m.error))
    })
    child.on('error', (e) => lost(String(e)))
    child.on('exit', (code, killer) => lost(`the evaluation process ended with ${code ?? killer}`))
    cancel = (): void => lost('the evaluation was given up')
    if (signal.aborted) cancel()
    signal.addEventListener('abort', cancel, { once: true })
  })
  try {
    return await ended
  } finally {
    // A signal of many evaluations would keep the answer of each.
    signal.removeEventListener('abort', cancel)
    await killProcess(child)
  }
}
