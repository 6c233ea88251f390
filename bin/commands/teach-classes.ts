import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { type DatasetItem, wilson } from '../../datasets/index.ts'
import {
  BrokenImages,
  type LabelledImage,
  type Pixels,
  type TaughtClasses,
  teachClasses,
} from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { whole } from '../terminal/options.ts'
import { printTable } from '../terminal/table.ts'
import { pixelsOf } from '../images/pixels-of.ts'
import { type LabelledFlags, labelledOptions, teachLabelled } from '../teach/labelled.ts'
import { ToldApart } from '../teach/told-apart.ts'

interface Flags extends LabelledFlags {
  side: number
}

export function addTeachClasses(program: Command, environment: Environment): void {
  labelledOptions(
    program
      .command('teach-classes <dir>')
      .description('teach a classifier of parts or defects from labelled images, 5 a class or more'),
  )
    .option('--side <px>', 'side of the square an image is brought to', whole(32, 2048), 224)
    .action((dir: string, o: Flags) => run(dir, o, environment))
}

async function run(dir: string, o: Flags, environment: Environment): Promise<void> {
  const apart = new ToldApart()
  const { taught, packed } = await teachLabelled(
    dir,
    o,
    environment,
    async ({ version, backbone, colour, dataset, signal, onProgress }) => {
      const { items } = dataset
      const labelled = items.filter((i) => i.label !== undefined)
      if (labelled.length === 0)
        throw new CodedError('TCH_LABELS', {
          file: dataset.dir,
          expected: 'images with a class',
          actual: `${items.length} images of layout ${dataset.format}, none with a class`,
          hint: 'one folder per class, named by the class',
        })
      let golden: Pixels | undefined
      const images = imagesOf(labelled, signal, (p, { label = '', image }) => {
        golden ??= p
        colour.add(p)
        apart.add(label, image, p)
      })
      const { id, side: sidePx, seed, licence } = o
      const options = { id, version, sidePx, seed, licence, signal, onProgress }
      const declared = labelled.map((i) => i.label ?? '')
      return { taught: await teachClasses(backbone, images, options, declared), golden }
    },
  )
  report(taught, packed.sha256, packed.dir)
  for (const note of apart.notes()) process.stderr.write(`note: ${note}\n`)
}

async function* imagesOf(
  items: readonly DatasetItem[],
  signal: AbortSignal,
  onPixels: (p: Pixels, item: DatasetItem) => void,
): AsyncGenerator<LabelledImage> {
  const broken = new BrokenImages()
  for (const item of items) {
    signal.throwIfAborted()
    const pixels = await broken.read(() => pixelsOf(item.image))
    // Behind a broken one the others are only looked at, to name all.
    if (pixels === null || broken.any) continue
    onPixels(pixels, item)
    yield { id: item.id, label: item.label ?? '', pixels }
  }
  broken.refuse()
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
