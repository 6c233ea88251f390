import type { Command } from 'commander'
import { scoreDetections } from '../../datasets/index.ts'
import { type BoxJudgement, type TaughtBoxes, teachBoxes, type UnseenImage } from '../../models/index.ts'
import type { Environment } from '../environment.ts'
import { labelledRegions } from '../labelled-regions.ts'
import { whole } from '../options.ts'
import { printTable } from '../table.ts'
import { type LabelledFlags, labelledOptions, teachLabelled } from '../teach-labelled.ts'

interface Flags extends LabelledFlags {
  area: number
  memory: number
}

export function addTeachBoxes(program: Command, environment: Environment): void {
  labelledOptions(
    program
      .command('teach-boxes <dir>')
      .description('teach a detector of defects from boxes, outlines or masks, 5 a class or more'),
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
    const options = { id, version, areaPx, seed, licence, memoryLimitBytes, judge, signal, onProgress }
    return { taught: await teachBoxes(work.backbone, images, options, count), golden: golden() }
  })
  report(taught, packed.sha256, packed.dir)
}

/** At IoU above 0.5. Without any finding the card keeps one half. */
function judge(images: readonly UnseenImage[], classes: readonly string[]): BoxJudgement {
  const score = scoreDetections(images, classes, 0.5, { iouAbove: 0.5 })
  return {
    map50: score.map50 ?? 0,
    perClass: Object.fromEntries(score.classes.map((c) => [c.class, c.ap50 ?? 0])),
    best: score.best ?? { threshold: 0.5, precision: 0, recall: 0, f1: 0 },
  }
}

function report(taught: TaughtBoxes, sha256: string, dir: string): void {
  const { card, images, regions, judgement, temperature, backend, memoryBytes } = taught
  const { best, map50, perClass } = judgement
  const classes = Object.entries(regions)
  process.stdout.write(
    `${card.id} ${card.version}: ${classes.length} classes from ${images} images, sha256 ${sha256}, in ${dir}\n` +
      `on images the head had not seen: mAP@.5 ${map50.toFixed(3)}; at threshold ${best.threshold.toFixed(3)} precision ${best.precision.toFixed(3)}, recall ${best.recall.toFixed(3)}\n` +
      `temperature ${temperature.toFixed(3)}; TensorFlow.js on ${backend}; at most ${Math.ceil(memoryBytes / 1e6)} MB\n`,
  )
  printTable(
    ['class', 'labelled', 'AP@.5 on images not seen'],
    classes.map(([name, n]) => [name, String(n), (perClass[name] ?? 0).toFixed(3)]),
  )
}
