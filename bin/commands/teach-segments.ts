import type { Command } from 'commander'
import { type TaughtSegments, teachSegments } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { printTable } from '../terminal/table.ts'
import { teachLabelled } from '../teach/labelled.ts'
import { type RegionFlags, regionOptions, regionTeaching } from '../teach/regions.ts'

export function addTeachSegments(program: Command, environment: Environment): void {
  regionOptions(
    program
      .command('teach-segments <dir>')
      .description('teach regions of defects from masks, outlines or boxes, 5 a class or more'),
  ).action((dir: string, o: RegionFlags) => run(dir, o, environment))
}

async function run(dir: string, o: RegionFlags, environment: Environment): Promise<void> {
  const { taught, packed } = await teachLabelled(dir, o, environment, async (work) => {
    const { images, count, golden, options } = regionTeaching(o, work)
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
