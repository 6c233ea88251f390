import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { DATASET_FORMATS, type DatasetItem, imageSize, openDataset, wilson } from '../../datasets/index.ts'
import { decodeFrame } from '../../inspection/index.ts'
import {
  findBackbone,
  type LabelledImage,
  packModel,
  type Pixels,
  type TaughtClasses,
  teachClasses,
} from '../../models/index.ts'
import type { Environment } from '../environment.ts'
import { keyFileOf, modelDirs, trustedKeys } from '../model-setup.ts'
import { whole } from '../options.ts'
import { showProgress } from '../progress.ts'
import { printTable } from '../table.ts'

interface Flags {
  out: string
  id: string
  modelVersion: string
  dataset?: string
  split?: string
  backbone: string
  side: number
  seed: number
  licence: string
  key?: string
  keyId: string
}

export function addTeachClasses(program: Command, environment: Environment): void {
  program
    .command('teach-classes <dir>')
    .description('teach a classifier of parts or defects from labelled images, 5 a class or more')
    .requiredOption('--out <dir>', 'folder of the new model package')
    .requiredOption('--id <name>', 'id of the new model')
    .option('--model-version <x.y.z>', 'its version', '1.0.0')
    .option('--dataset <layout>', `layout: ${DATASET_FORMATS.join(', ')}; default: found out`)
    .option('--split <name>', 'only this split, e.g. train')
    .option('--backbone <id>', 'package of family `backbone`', 'backbone-s')
    .option('--side <px>', 'side of the square an image is brought to', whole(32, 2048), 224)
    .option('--seed <n>', 'the same seed, images and backbone give the same model', whole(0), 1)
    .option('--licence <text>', 'licence of the images, for the model card', 'own data')
    .option('--key <file>', 'private key (or SIGHTLINE_SIGNING_KEY)')
    .requiredOption('--key-id <name>')
    .action((dir: string, o: Flags) => run(dir, o, environment))
}

async function run(dir: string, o: Flags, environment: Environment): Promise<void> {
  const keyFile = keyFileOf(o.key, environment)
  const privateKeyPem = await readFile(keyFile, 'utf8').catch((cause: unknown) => {
    throw new CodedError('CFG_MISSING_FILE', { file: keyFile, expected: 'a private key', cause })
  })
  const dataset = await openDataset(resolve(dir), { ...(o.dataset && { format: o.dataset }) })
  const items = dataset.items.filter((i) => o.split === undefined || i.split === o.split)
  const labelled = items.filter((i) => i.label !== undefined)
  if (labelled.length === 0)
    throw new CodedError('TCH_LABELS', {
      file: dataset.dir,
      expected: 'images with a class',
      actual: `${items.length} images of layout ${dataset.format}, none with a class`,
      hint: 'one folder per class, named by the class',
    })
  const backbone = await findBackbone(modelDirs(environment), o.backbone, await trustedKeys(environment))
  const stop = new AbortController()
  const cancel = (): void => stop.abort(new CodedError('TCH_CANCELLED', { hint: 'nothing was written' }))
  process.once('SIGINT', cancel)
  const bars = { features: showProgress('features'), heads: showProgress('heads') }
  let first: Pixels | undefined
  let taught: TaughtClasses
  try {
    taught = await teachClasses(
      backbone,
      imagesOf(labelled, (p) => (first ??= p)),
      {
        id: o.id,
        version: o.modelVersion,
        sidePx: o.side,
        seed: o.seed,
        licence: o.licence,
        signal: stop.signal,
        onProgress: (stage, done, of) => bars[stage].update(done, of),
      },
      labelled.length,
    )
  } finally {
    process.removeListener('SIGINT', cancel)
    bars.features.stop()
    bars.heads.stop()
  }
  const scratch = await mkdtemp(join(tmpdir(), 'sightline-teach-'))
  try {
    const onnxFile = join(scratch, 'model.onnx')
    await writeFile(onnxFile, taught.model)
    await mkdir(resolve(o.out, '..'), { recursive: true })
    const packed = await packModel({
      onnxFile,
      card: taught.card,
      goldenInputs: first ? [{ image: first }] : [],
      outDir: resolve(o.out),
      privateKeyPem,
      keyId: o.keyId,
    })
    report(taught, packed.sha256, packed.dir)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function* imagesOf(
  items: readonly DatasetItem[],
  onPixels: (p: Pixels) => void,
): AsyncGenerator<LabelledImage> {
  for (const item of items) {
    const size = await imageSize(item.image)
    const bytes = await readFile(item.image)
    const pixels = await decodeFrame(bytes, { kind: 'encoded', mime: '' }, { ...size, color: 'rgb' })
    onPixels(pixels)
    yield { id: item.id, label: item.label ?? '', pixels }
  }
}

function report(taught: TaughtClasses, sha256: string, dir: string): void {
  const { card, parts, right, confusion, doubtful, chosen, backend } = taught
  const [low, high] = wilson(right, parts)
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  process.stdout.write(
    `${card.id} ${card.version}: ${card.labels.length} classes from ${parts} images, sha256 ${sha256}, in ${dir}\n` +
      `on images the head had not seen: ${right} of ${parts} right, ${percent(right / parts)} (95 % interval ${percent(low)} to ${percent(high)})\n` +
      `mirror images ${chosen.mirrored ? 'helped and were taught' : 'did not help'}; penalty ${chosen.penalty}, temperature ${chosen.temperature.toFixed(3)}, expected calibration error ${percent(chosen.calibrationError)}, TensorFlow.js on ${backend}\n`,
  )
  printTable(
    ['true \\ given', ...card.labels],
    confusion.map((row, i) => [card.labels[i] ?? '', ...row.map(String)]),
  )
  if (doubtful.length === 0) return
  process.stdout.write(`\nlabels worth a second look:\n`)
  for (const d of doubtful.slice(0, 20))
    process.stdout.write(`  ${d.id}: labelled ${d.label}, looks like ${d.looksLike}\n`)
  if (doubtful.length > 20) process.stdout.write(`  and ${doubtful.length - 20} more\n`)
}
