import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { type DatasetItem } from '../../datasets/index.ts'
import {
  type LabelledRegion,
  type Pixels,
  type SegmentImage,
  type TaughtSegments,
  teachSegments,
} from '../../models/index.ts'
import type { Environment } from '../environment.ts'
import { whole } from '../options.ts'
import { printTable } from '../table.ts'
import { type LabelledFlags, labelledOptions, pixelsOf, teachLabelled } from '../teach-labelled.ts'

interface Flags extends LabelledFlags {
  area: number
  memory: number
}

export function addTeachSegments(program: Command, environment: Environment): void {
  labelledOptions(
    program
      .command('teach-segments <dir>')
      .description('teach regions of defects from masks, outlines or boxes, 5 a class or more'),
  )
    .option('--area <px>', 'working area: larger sees smaller defects', whole(4_096, 4_194_304), 65_536)
    .option('--memory <MB>', 'memory the work may hold', whole(50), 2_000)
    .action((dir: string, o: Flags) => run(dir, o, environment))
}

async function run(dir: string, o: Flags, environment: Environment): Promise<void> {
  const { taught, packed } = await teachLabelled(
    dir,
    o,
    environment,
    async ({ backbone, dataset, items, signal, onProgress }) => {
      const labelled = items.filter(
        (i) => i.boxes !== undefined || i.mask !== undefined || i.defective === false,
      )
      if (!labelled.some((i) => i.mask !== undefined || (i.boxes ?? []).length > 0))
        throw new CodedError('TCH_LABELS', {
          file: dataset.dir,
          expected: 'images with masks, outlines or boxes',
          actual: `${items.length} images of layout ${dataset.format}, none with any`,
          hint: 'layouts mvtec, voc, yolo or coco',
        })
      let golden: Pixels | undefined
      const images = imagesOf(labelled, (p) => (golden ??= p))
      const { id, modelVersion: version, area: areaPx, seed, licence } = o
      const memoryLimitBytes = o.memory * 1_000_000
      const options = { id, version, areaPx, seed, licence, memoryLimitBytes, signal, onProgress }
      return { taught: await teachSegments(backbone, images, options, labelled.length), golden }
    },
  )
  report(taught, packed.sha256, packed.dir)
}

async function* imagesOf(
  items: readonly DatasetItem[],
  onPixels: (p: Pixels) => void,
): AsyncGenerator<SegmentImage> {
  for (const item of items) {
    const pixels = await pixelsOf(item.image)
    if (item.boxes?.length !== 0) onPixels(pixels)
    yield { id: item.id, pixels, regions: await regionsOf(item) }
  }
}

async function regionsOf(item: DatasetItem): Promise<LabelledRegion[]> {
  if (item.mask !== undefined)
    return [{ class: item.label ?? 'defect', shape: { mask: await pixelsOf(item.mask) } }]
  return (item.boxes ?? []).map((b) => ({
    class: b.class,
    shape: b.polygons ? { polygons: b.polygons } : { box: b.box },
  }))
}

function report(taught: TaughtSegments, sha256: string, dir: string): void {
  const { card, images, regions, chosen, backend, memoryBytes } = taught
  const classes = Object.entries(regions)
  process.stdout.write(
    `${card.id} ${card.version}: ${classes.length} classes from ${images} images, sha256 ${sha256}, in ${dir}\n` +
      `${chosen.method.kind === 'linear' ? `softmax regression, penalty ${chosen.method.penalty}` : 'a hidden layer'}, temperature ${chosen.temperature.toFixed(3)}, log loss ${chosen.loss.toFixed(3)} on patches of images not seen; TensorFlow.js on ${backend}; at most ${Math.ceil(memoryBytes / 1e6)} MB\n`,
  )
  printTable(
    ['class', 'labelled', 'IoU on images not seen'],
    classes.map(([name, n], c) => [name, String(n), (chosen.iou[c + 1] ?? 0).toFixed(3)]),
  )
}
