import { hostname } from 'node:os'
import type { Command } from 'commander'
import { CodedError, monoMs } from '../../contracts/index.ts'
import { type LineConfig, lineFile, loadLine } from '../line/config.ts'
import type { Environment } from '../setup/environment.ts'
import { startJobsHost } from '../jobs/host.ts'
import { log } from '../setup/log.ts'
import { onStop } from '../setup/on-stop.ts'
import { whole } from '../terminal/options.ts'
import { startWorkerHost } from '../line/worker-host.ts'

/** The same trouble is told again after this long, ms: each connection tries every 2 s. */
const AGAIN_MS = 60_000
const toldMs = new Map<string, number>()

function tellRedis(message: string): void {
  const now = monoMs()
  if (now - (toldMs.get(message) ?? -Infinity) < AGAIN_MS) return
  if (toldMs.size >= 100) toldMs.clear()
  toldMs.set(message, now)
  log.warn({ code: 'INS_QUEUE', message }, 'Redis')
}

export function addWorker(program: Command, environment: Environment): void {
  program
    .command('worker <line...>')
    .description(
      'judge frames of one or more lines on this host, and do background jobs (needs SIGHTLINE_REDIS_URL)',
    )
    .option('--workers <n>', 'inspection workers, 0 = one per core', whole(0, 256))
    .option('--no-jobs', 'only frames: no evaluations and module computations')
    .action(async (names: string[], o: { workers?: number; jobs: boolean }) => {
      const { redisUrl } = environment
      if (redisUrl === null)
        throw new CodedError('CFG_USAGE', {
          expected: 'SIGHTLINE_REDIS_URL',
          actual: 'nothing',
          hint: 'the worker takes its frames from Redis',
        })
      const lines: LineConfig[] = []
      for (const name of names)
        lines.push(
          await loadLine(lineFile(name), environment, { workers: o.workers, judgeOnly: true }, process.env),
        )
      const worker = `${hostname()}/${process.pid}`
      const host = await startWorkerHost({
        lines,
        environment,
        redisUrl,
        name: worker,
        onError: tellRedis,
      })
      const jobs = o.jobs
        ? await startJobsHost({
            environment,
            redisUrl,
            name: worker,
            onError: tellRedis,
          })
        : null
      process.stdout.write(
        `${JSON.stringify({ worker, lines: lines.map((l) => l.spec.line), threads: host.threads })}\n`,
      )
      onStop(() => void Promise.all([host.close(), jobs?.close()]).then(() => process.exit(0)))
    })
}
