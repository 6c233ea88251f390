import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, CodedError, toFact, type ErrorFact } from '../../contracts/index.ts'
import { mulberry32 } from '../kernels/index.ts'
import type { ScenarioModule } from './contract.ts'

/** Thread that runs jobs of modules: it owns no database and may be ended at any moment. */
export interface JobOrder {
  id: number
  slug: string
  params: unknown
  job: string
  input: unknown
  seed: number
  now: number
}
export type JobMessage = { kind: 'run'; order: JobOrder } | { kind: 'abort'; id: number }
export type JobReply =
  | { kind: 'ready' }
  | { kind: 'done'; id: number; output: unknown; ms: number }
  | { kind: 'failed'; id: number; error: ErrorFact; ms: number }

/** Another registry file may be named by who starts the worker. */
const { registry } = workerData as { registry: string }
const { MODULES } = (await import(registry)) as { MODULES: readonly ScenarioModule[] }
const running = new Map<number, AbortController>()

parentPort?.on('message', (m: JobMessage) => {
  if (m.kind === 'abort') running.get(m.id)?.abort()
  else void run(m.order)
})
reply({ kind: 'ready' })

async function run(o: JobOrder): Promise<void> {
  const abort = new AbortController()
  running.set(o.id, abort)
  const start = performance.now()
  try {
    const module = MODULES.find((m) => m.manifest.slug === o.slug)
    const job = module?.build(o.params).jobs[o.job]
    if (!job) throw new CodedError('EVT_MODULE', { path: o.slug, actual: `no job "${o.job}"` })
    const env = { rng: mulberry32(o.seed), now: o.now, signal: abort.signal }
    const output: unknown = job.output.parse(await job.run(o.input, env))
    reply({ kind: 'done', id: o.id, output, ms: performance.now() - start })
  } catch (error) {
    reply({
      kind: 'failed',
      id: o.id,
      error: toFact(asCoded(error, 'EVT_MODULE', { path: `${o.slug} ${o.job}` })),
      ms: performance.now() - start,
    })
  } finally {
    running.delete(o.id)
  }
}

function reply(r: JobReply): void {
  parentPort?.postMessage(r)
}
