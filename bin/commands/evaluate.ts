import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import {
  DATASET_FORMATS,
  type DetectionType,
  exportDetections,
  makeDetectionsFolder,
  workpieceOf,
} from '../../datasets/index.ts'
import { type BackgroundProgress, redisQueue } from '../../inspection/index.ts'
import { recipePlace } from '../line/config.ts'
import { evaluationText } from '../jobs/evaluation-text.ts'
import type { Environment } from '../setup/environment.ts'
import { type EvaluateAnswer, type EvaluateOrder, judgesOf, runEvaluation } from '../jobs/evaluate.ts'
import { number, whole } from '../terminal/options.ts'
import { judgingProgram } from '../setup/judging-sha.ts'
import { showProgress } from '../terminal/progress.ts'
import { checkOuts, writeOut } from '../terminal/write-out.ts'

interface Flags {
  dataset?: string
  split?: string
  limit?: number
  good?: string[]
  recipe?: string
  model?: string
  threshold?: number
  report?: string
  json?: string
  compare?: string
  groupBy?: string
  leakage: boolean
  detections?: string
  detectionsCalled?: string
  detectionType: string
  lang: string
  workers?: number
  queue?: boolean
}

export function addEvaluate(program: Command, environment: Environment): void {
  program
    .command('evaluate <dir>')
    .description('judge a data set by the pipeline of the line and score it')
    .option('--dataset <layout>', `layout: ${DATASET_FORMATS.join(', ')}; default: found out`)
    .option(
      '--split <name>',
      'only this split, e.g. val; train of a layout that has it for teaching is judged only so',
    )
    .option('--limit <n>', 'only the first n images', whole(1))
    .option('--good <labels...>', 'labels that mean a good part; default: good, ok, normal, 良品, 合格 …')
    .option('--recipe <id@version>', 'recipe in lines/recipes, or a recipe file')
    .option('--model <id>', 'model package (default for deeppcb: pcb-pair)')
    .option(
      '--threshold <score>',
      'operating threshold, of both with --compare; default: of the recipe, or of the card of a bare model',
      number(0, 1e9),
    )
    .option('--report <file>', 'HTML report', 'evaluation.html')
    .option('--json <file>', 'the whole result as JSON; default: beside the report')
    .option(
      '--compare <other>',
      'another model id, recipe id@version or recipe file, judged on the same images',
    )
    .option(
      '--group-by <pattern>',
      'regular expression for the workpiece in an image name, for the search for leakage between splits',
    )
    .option('--no-leakage', 'do not look for the same part or picture in several splits')
    .option(
      '--detections <dir>',
      'detections as x1,y1,x2,y2,confidence,type, one file per image, down to the lowest scores: for mAP',
    )
    .option(
      '--detections-called <dir>',
      'the same, only those at the operating threshold: for an F-score, or precision and recall',
    )
    .option('--detection-type <form>', 'type as `name` or `number` in these files', 'name')
    .option('--lang <language>', 'language shown first in the report: zh or en', 'en')
    .option('--workers <n>', 'inspection workers; default: one per core', whole(1, 256))
    .option('--queue', 'let a `sightline worker` do it; DIR must be readable there under the same path')
    .action((dir: string, o: Flags) => run(dir, o, environment))
}

async function run(dir: string, o: Flags, environment: Environment): Promise<void> {
  if (o.lang !== 'zh' && o.lang !== 'en')
    throw new CodedError('CFG_USAGE', { expected: '--lang zh or en', actual: o.lang })
  if (o.detectionType !== 'name' && o.detectionType !== 'number') {
    throw new CodedError('CFG_USAGE', {
      expected: '--detection-type name or number',
      actual: o.detectionType,
    })
  }
  const folders = [o.detections, o.detectionsCalled].flatMap((f) => (f === undefined ? [] : resolve(f)))
  const order: EvaluateOrder = {
    dir: resolve(dir),
    ...(o.dataset === undefined ? {} : { format: o.dataset }),
    ...(o.split === undefined ? {} : { split: o.split }),
    ...(o.limit === undefined ? {} : { limit: o.limit }),
    ...(o.good === undefined ? {} : { goodLabels: o.good }),
    ...(o.recipe === undefined ? {} : { recipe: recipePlace(o.recipe) }),
    ...(o.model === undefined ? {} : { model: o.model }),
    ...(o.threshold === undefined ? {} : { threshold: o.threshold }),
    ...(o.workers === undefined ? {} : { workers: o.workers }),
    ...(o.compare === undefined ? {} : { compare: otherOf(o.compare) }),
    ...(folders.length === 0 ? {} : { detections: o.detectionType }),
    leakage: !o.leakage ? null : o.groupBy === undefined ? {} : { groupBy: o.groupBy },
    report: o.report === undefined ? null : o.lang,
  }
  const json = o.json ?? o.report?.replace(/(\.html?)?$/i, '.json')
  // Before the work, whose result would be lost.
  const outs = { '--report': o.report, '--json': json }
  await checkOuts(
    Object.entries(outs).flatMap(([flag, file]) => (file === undefined ? [] : [{ flag, file }])),
  )
  if (folders.length === 2 && folders[0] === folders[1])
    throw new CodedError('CFG_USAGE', {
      path: '--detections-called',
      expected: 'another folder than that of --detections',
      actual: o.detectionsCalled ?? '',
    })
  for (const folder of folders) await makeDetectionsFolder(folder)
  if (o.groupBy !== undefined) workpieceOf(o.groupBy)
  const progress = showProgress('evaluate')
  const onProgress = (p: BackgroundProgress): void => progress.update(p.done, p.total)
  const { result, html } = o.queue
    ? await evaluateOnWorker(order, environment, onProgress)
    : await runEvaluation(order, environment, onProgress)
  progress.stop()
  process.stdout.write(evaluationText(result))
  if (json !== undefined) await writeOut(json, JSON.stringify(result))
  if (o.report !== undefined && html !== null) {
    await writeOut(o.report, html)
    process.stdout.write(`report: ${resolve(o.report)}${json === undefined ? '' : `, ${resolve(json)}`}\n`)
  }
  await writeDetections(result, o, o.detectionType)
}

async function writeDetections(
  { images, dataset: { classes }, threshold, scoreFloor }: EvaluateAnswer['result'],
  { detections, detectionsCalled }: Pick<Flags, 'detections' | 'detectionsCalled'>,
  type: DetectionType,
): Promise<void> {
  if (detections !== undefined) {
    const files = await exportDetections(detections, images, { classes, type })
    const down = scoreFloor === null ? 'all' : `down to ${scoreFloor}`
    process.stdout.write(`detections, ${down}, for mAP: ${files} files in ${detections}\n`)
  }
  if (detectionsCalled !== undefined) {
    const files = await exportDetections(detectionsCalled, images, { classes, type, threshold })
    const from = `at the operating threshold ${threshold.value} (${threshold.source})`
    process.stdout.write(`detections ${from}, for an F-score: ${files} files in ${detectionsCalled}\n`)
  }
}

/** A model by its id; anything with a version or a path is a recipe. */
const otherOf = (text: string): NonNullable<EvaluateOrder['compare']> =>
  /[@/\\.]/.test(text) ? { recipe: recipePlace(text) } : { model: text }

/** @throws CFG_USAGE without SIGHTLINE_REDIS_URL; INS_QUEUE, INS_WORKER_LOST; what the evaluation throws there */
async function evaluateOnWorker(
  order: EvaluateOrder,
  environment: Environment,
  onProgress: (p: BackgroundProgress) => void,
): Promise<EvaluateAnswer> {
  const { redisUrl } = environment
  if (redisUrl === null)
    throw new CodedError('CFG_USAGE', { expected: 'SIGHTLINE_REDIS_URL with --queue', actual: 'nothing' })
  const { BackgroundClient } = await redisQueue()
  const client = new BackgroundClient({ redisUrl, kind: 'evaluate', version: judgingProgram() })
  try {
    const judges = await judgesOf(order, environment)
    return (await client.run({ ...order, judges }, { onProgress })) as EvaluateAnswer
  } finally {
    await client.close()
  }
}
