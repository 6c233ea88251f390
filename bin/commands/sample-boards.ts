import type { Command } from 'commander'
import { exportSampleBoards } from '../../datasets/index.ts'
import { whole } from '../terminal/options.ts'
import { showProgress } from '../terminal/progress.ts'

export function addSampleBoards(program: Command): void {
  program
    .command('sample-boards')
    .description('write aligned pairs of generated boards in the layout of DeepPCB')
    .requiredOption('--out <dir>', 'folder to write to')
    .option('--count <n>', 'pairs', whole(1, 100_000), 100)
    .option('--seed <n>', 'seed', whole(0), 1)
    .action(async (o: { out: string; count: number; seed: number }) => {
      const progress = showProgress('sample-boards')
      const written = await exportSampleBoards(o.out, {
        count: o.count,
        seed: o.seed,
        onProgress: (d, t) => progress.update(d, t),
      })
      progress.stop()
      process.stdout.write(`${JSON.stringify({ dir: o.out, ...written })}\n`)
    })
}
