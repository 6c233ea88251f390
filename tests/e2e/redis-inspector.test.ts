import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { monoMs, uuidv7 } from '../../contracts/index.ts'
import { connectionOptions, LocalInspector, recipeHash } from '../../inspection/index.ts'
import { QueueInspector } from '../../inspection/queue/redis.ts'
import { INSPECT_QUEUE } from '../../inspection/queue/job.schema.ts'
import { describeWith, REDIS_URL, redisPresent } from '../services/require-service.ts'
import { inspectorSuite } from '../suites/inspector.suite.ts'

const entry = new URL('../suites/samples-inspect.worker.ts', import.meta.url)
const restart = { max: 100, withinMs: 60_000 }

describeWith('Redis', await redisPresent(), 'inspection by other processes', () => {
  inspectorSuite('two worker processes behind Redis', async (setup) => {
    const prefix = `test-${uuidv7()}`
    const [source] = setup.recipes
    if (!source) throw new Error('the suite brings a recipe')
    const hosts = new Map<string, ChildProcess>()
    const startHost = async (): Promise<void> => {
      const name = `host-${uuidv7()}`
      const child = fork(
        new URL('./queue-worker.process.ts', import.meta.url),
        [REDIS_URL, prefix, name, JSON.stringify(source.recipe)],
        { execArgv: ['--import', 'tsx'] },
      )
      hosts.set(name, child)
      await once(child, 'message')
    }
    await Promise.all(Array.from({ length: setup.workers }, startHost))
    const local = await LocalInspector.start({ ...setup, entry, restart })
    const inspector = new QueueInspector({
      redisUrl: REDIS_URL,
      prefix,
      buffers: setup.buffers,
      local,
      recipeSha: () => recipeHash(source.recipe),
      meaningSha: local.meaningSha,
      maxFrameBytes: 1 << 20,
      log: { warn: () => undefined },
    })
    await inspector.open()
    const queue = new Queue(INSPECT_QUEUE, { connection: connectionOptions(REDIS_URL), prefix })
    return {
      inspector,
      // kill -9 of the process whose job is the newest; another one takes its place
      async killBusyWorker() {
        const until = monoMs() + 2_000
        let victim: ChildProcess | undefined
        while (!victim && monoMs() < until) {
          const [job] = await queue.getActive()
          victim = hosts.get(job?.processedBy ?? '')
          if (victim) hosts.delete(job?.processedBy ?? '')
          else await sleep(20)
        }
        if (!victim) throw new Error('no worker process is busy')
        victim.kill('SIGKILL')
        await startHost()
      },
      async close() {
        await inspector.close()
        for (const child of hosts.values()) child.kill('SIGTERM')
        await queue.obliterate({ force: true })
        await queue.close()
      },
    }
  })
})
