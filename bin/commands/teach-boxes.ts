import type { Command } from 'commander'
import { scoreDetections } from '../../datasets/index.ts'
import { type BoxJudgement, type TaughtBoxes, teachBoxes, type UnseenImage } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { printTable } from '../terminal/table.ts'
import { teachLabelled } from '../teach/labelled.ts'
import { type RegionFlags, regionOptions, regionTeaching } from '../teach/regions.ts'

export function addTeachBoxes(program: Command, environment: Environment): void {
  regionOptions(
    program
      .command('teach-boxes <dir>')
      .description('teach a detector of defects from boxes, outlines or masks, 5 a class or more'),
  ).action((dir: string, o: RegionFlags) => run(dir, o, environment))
}

async function run(dir: string, o: RegionFlags, environment: Environment): Promise<void> {
  let masksApart = (): number => 0
  const { taught, packed } = await teachLabelled(dir, o, environment, async (work) => {
    const { images, count, golden, apart, options } = regionTeaching(o, work)
    masksApart = apart
    return { taught: await teachBoxes(work.backbone, images, { ...options, judge }, count), golden: golden() }
  })
  report(taught, packed.sha256, packed.dir)
  if (masksApart() > 0)
    process.stderr.write(
      `note: ${masksApart()} masks mark several places apart, and each was taught as one box around all of them: where they are several defects, give each a box or an outline\n`,
    )
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
  const { card, images, regions, judgement, backend, memoryBytes } = taught
  const { best, map50, perClass } = judgement
  const classes = Object.entries(regions)
  process.stdout.write(
    `${card.id} ${card.version}: ${classes.length} classes from ${images} images, sha256 ${sha256}, in ${dir}\n` +
      `on images the head had not seen: mAP@.5 ${map50.toFixed(3)}; at threshold ${best.threshold.toFixed(3)} precision ${best.precision.toFixed(3)}, recall ${best.recall.toFixed(3)}\n` +
      `TensorFlow.js on ${backend}; at most ${Math.ceil(memoryBytes / 1e6)} MB\n`,
  )
  printTable(
    ['class', 'labelled', 'AP@.5 on images not seen'],
    classes.map(([name, n]) => [name, String(n), (perClass[name] ?? 0).toFixed(3)]),
  )
}
