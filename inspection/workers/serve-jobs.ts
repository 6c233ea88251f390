import type { MessagePort } from 'node:worker_threads'
import {
  asCoded,
  CodedError,
  type InspectJob,
  type InspectOutcome,
  noVerdict,
  toFact,
} from '../../contracts/index.ts'
import { inspect, ModelShelf, type PreparedRecipe, prepareRecipe } from '../pipeline/index.ts'
import { jobBytes } from '../queue/job-bytes.ts'
import type { Answer, Numbered, Request, WorkerSetup } from './messages.ts'

/** Called with every job before it is judged; tests use it to make a worker fail. */
export type BeforeJudging = (job: InspectJob) => void | Promise<void>

/**
 * The work of an inspection worker: prepares recipes and judges jobs, one at a time, until it is closed. Says `n: 0`
 * when it is ready for requests.
 */
export function serveJobs(port: MessagePort, setup: WorkerSetup, before?: BeforeJudging): void {
  const shelf = new ModelShelf(setup.models)
  const recipes = new Map<string, PreparedRecipe>()
  let last: Promise<void> = Promise.resolve()

  const answer = async (request: Request): Promise<Answer> => {
    switch (request.kind) {
      case 'prepare': {
        const prepared = await prepareRecipe(request.source, shelf)
        await recipes.get(prepared.id)?.close()
        recipes.set(prepared.id, prepared)
        const { id, sha256, models, meaningSha256, degraded } = prepared
        return { ok: true, prepared: { recipe: id, sha256, models, meaningSha256, degraded } }
      }
      case 'retire':
        await recipes.get(request.recipe)?.close()
        recipes.delete(request.recipe)
        return { ok: true }
      case 'judge':
        return { ok: true, outcome: await judge(request.job, request.queueMs) }
      case 'close':
        for (const prepared of recipes.values()) await prepared.close()
        recipes.clear()
        return { ok: true }
    }
  }

  const judge = async (job: InspectJob, queueMs: number): Promise<InspectOutcome> => {
    try {
      await before?.(job)
      const prepared = recipes.get(job.recipe)
      if (!prepared)
        throw new CodedError('CFG_UNKNOWN_REFERENCE', {
          expected: `a prepared recipe (${[...recipes.keys()].join(', ') || 'none'})`,
          actual: job.recipe,
        })
      const { frame, reference } = jobBytes(job, setup.buffers)
      const input = { bytes: frame, format: job.meta.format, ...(reference ? { reference } : {}) }
      return await inspect(input, prepared, job.context, {
        worker: setup.name,
        queueMs,
        rawMaps: job.rawMaps ?? false,
      })
    } catch (error) {
      const fact = toFact(asCoded(error, 'INS_TOOL'))
      return {
        verdict: noVerdict({ id: job.recipe, sha256: '0'.repeat(64) }, { reason: 'tool', ...fact }),
        timing: { queueMs, decodeMs: 0, gateMs: 0, toolsMs: {}, inferMs: 0, ruleMs: 0, totalMs: queueMs },
        widthPx: 0,
        heightPx: 0,
        worker: setup.name,
      }
    }
  }

  port.on('message', ({ n, body }: Numbered<Request>) => {
    last = last.then(async () => {
      const reply = await answer(body).catch((error: unknown): Answer => ({
        ok: false,
        error: toFact(asCoded(error, 'INS_TOOL')),
      }))
      port.postMessage({ n, body: reply } satisfies Numbered<Answer>)
      if (body.kind === 'close') port.close()
    })
  })
  port.postMessage({ n: 0, body: { ok: true } } satisfies Numbered<Answer>)
}
