import { hostname } from 'node:os'
import type { Command } from 'commander'
import { CodedError } from '../../contracts/index.ts'
import { QueueWorker } from '../../inspection/index.ts'
import { lineFile, loadLine } from '../config.ts'
import type { Environment } from '../environment.ts'
import { openLocalInspector, queuePrefix } from '../inspector.ts'
import { log } from '../log.ts'
import { whole } from '../options.ts'

export function addWorker(program: Command, environment: Environment): void {
  program
    .command('worker <line>')
    .description('judge frames of a line on this host (needs SIGHTLINE_REDIS_URL)')
    .option('--workers <n>', 'inspection workers, 0 = one per core', whole(0, 256))
    .action(async (name: string, o: { workers?: number }) => {
      const { redisUrl } = environment
      if (redisUrl === null)
        throw new CodedError('CFG_USAGE', {
          expected: 'SIGHTLINE_REDIS_URL',
          actual: 'nothing',
          hint: 'the worker takes its frames from Redis',
        })
      const config = await loadLine(lineFile(name), environment, { workers: o.workers }, process.env)
      const { inspector } = await openLocalInspector(config, environment, [])
      const worker = new QueueWorker({
        redisUrl,
        prefix: queuePrefix(config.spec.line),
        inspector,
        concurrency: inspector.health().workers,
        recipes: new Map([...config.recipes.values()].map((r) => [r.id, r.sha256])),
        name: `${hostname()}/${process.pid}`,
        onError: (message) => log.warn({ message }, 'Redis'),
      })
      await worker.start()
      process.stdout.write(
        `${JSON.stringify({ worker: `${hostname()}/${process.pid}`, line: config.spec.line, threads: inspector.health().workers })}\n`,
      )
      let stopping = false
      const stop = (): void => {
        if (stopping) return
        stopping = true
        void worker
          .close()
          .then(() => inspector.close())
          .then(() => process.exit(0))
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
    })
}
