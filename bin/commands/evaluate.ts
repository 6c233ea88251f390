import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import {
  DATASET_FORMATS,
  evaluate,
  type EvaluateOptions,
  exportDetections,
  openDataset,
  renderReport,
} from '../../datasets/index.ts'
import { loadRecipe } from '../../inspection/index.ts'
import { findPackages } from '../../models/index.ts'
import { recipePlace } from '../config.ts'
import { evaluationText } from '../evaluation-text.ts'
import type { Environment } from '../environment.ts'
import { modelDirs, modelSetup } from '../model-setup.ts'
import { number, whole } from '../options.ts'
import { showProgress } from '../progress.ts'

interface Flags {
  dataset?: string
  split?: string
  limit?: number
  recipe?: string
  model?: string
  threshold?: number
  report?: string
  json?: string
  detections?: string
  detectionType: string
  lang: string
  workers?: number
}

/** What judges a data set for which neither recipe nor model is named. */
const DEFAULT_MODEL: Record<string, string> = { deeppcb: 'pcb-pair' }

export function addEvaluate(program: Command, environment: Environment): void {
  program
    .command('evaluate <dir>')
    .description('judge a data set by the pipeline of the line and score it')
    .option('--dataset <layout>', `layout: ${DATASET_FORMATS.join(', ')}; default: found out`)
    .option('--split <name>', 'only this split, e.g. val')
    .option('--limit <n>', 'only the first n images', whole(1))
    .option('--recipe <id@version>', 'recipe in lines/recipes, or a recipe file')
    .option('--model <id>', 'model package (default for deeppcb: pcb-pair)')
    .option('--threshold <score>', 'operating threshold; default: of recipe or model card', number(0, 1e9))
    .option('--report <file>', 'HTML report', 'evaluation.html')
    .option('--json <file>', 'the whole result as JSON')
    .option('--detections <dir>', 'detections as x1,y1,x2,y2,confidence,type, one file per image')
    .option('--detection-type <form>', 'type as `name` or `number` in these files', 'name')
    .option('--lang <language>', 'language shown first in the report: zh or en', 'en')
    .option('--workers <n>', 'inspection workers; default: one per core', whole(1, 256))
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
  const dataset = await openDataset(resolve(dir), {
    ...(o.dataset === undefined ? {} : { format: o.dataset }),
    ...(o.split === undefined ? {} : { split: o.split }),
    ...(o.limit === undefined ? {} : { limit: o.limit }),
  })
  const progress = showProgress('evaluate')
  const result = await evaluate({
    dataset,
    subject: await subjectOf(o, dataset.format, environment),
    models: await modelSetup(['cpu'], environment),
    ...(o.split === undefined ? {} : { split: o.split }),
    ...(o.threshold === undefined ? {} : { threshold: o.threshold }),
    ...(o.workers === undefined ? {} : { workers: o.workers }),
    onProgress: (done, total) => progress.update(done, total),
  })
  progress.stop()
  process.stdout.write(evaluationText(result))
  if (o.detections !== undefined) {
    const files = await exportDetections(o.detections, result.images, {
      classes: dataset.classes,
      type: o.detectionType,
    })
    process.stdout.write(`detections: ${files} files in ${o.detections}\n`)
  }
  if (o.json !== undefined) await save(o.json, JSON.stringify(result))
  if (o.report !== undefined) {
    await save(o.report, await renderReport(result, { language: o.lang }))
    process.stdout.write(`report: ${resolve(o.report)}\n`)
  }
}

async function subjectOf(
  o: Flags,
  format: string,
  environment: Environment,
): Promise<EvaluateOptions['subject']> {
  if (o.recipe !== undefined) {
    const { dir, id } = recipePlace(o.recipe)
    return { kind: 'recipe', source: await loadRecipe(dir, id) }
  }
  const packages = await findPackages(modelDirs(environment))
  const wanted = o.model ?? DEFAULT_MODEL[format]
  const model = packages.findLast((p) => p.id === wanted)
  if (model) return { kind: 'model', model }
  throw new CodedError(wanted === undefined ? 'CFG_USAGE' : 'MDL_UNKNOWN', {
    expected: `--recipe or --model (${packages.map((p) => p.id).join(', ')})`,
    actual: wanted ?? 'neither',
  })
}

async function save(file: string, text: string): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true })
  await writeFile(file, text)
}
