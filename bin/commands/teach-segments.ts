import type { Command } from 'commander'
import { type TaughtSegments, teachSegments } from '../../models/index.ts'
import type { Environment } from '../environment.ts'
import { labelledRegions } from '../labelled-regions.ts'
import { whole } from '../options.ts'
import { printTable } from '../table.ts'
import { type LabelledFlags, labelledOptions, teachLabelled } from '../teach-labelled.ts'

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
  const { taught, packed } = await teachLabelled(dir, o, environment, async (work) => {
    const { images, count, golden } = labelledRegions(work.dataset)
    const { id, modelVersion: version, area: areaPx, seed, licence } = o
    const { signal, onProgress } = work
    const memoryLimitBytes = o.memory * 1_000_000
    const options = { id, version, areaPx, seed, licence, memoryLimitBytes, signal, onProgress }
    return { taught: await teachSegments(work.backbone, images, options, count), golden: golden() }
  })
  report(taught, packed.sha256, packed.dir)
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
