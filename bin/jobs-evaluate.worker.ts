import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, toFact } from '../contracts/index.ts'
import type { Environment } from './environment.ts'
import { type EvaluateOrder, type EvaluateThreadMessage, runEvaluation } from './jobs-evaluate.ts'

const { order, environment } = workerData as { order: EvaluateOrder; environment: Environment }
const say = (m: EvaluateThreadMessage): void => parentPort?.postMessage(m)

try {
  const answer = await runEvaluation(order, environment, (progress) => say({ kind: 'progress', progress }))
  say({ kind: 'done', answer })
} catch (error) {
  say({ kind: 'failed', error: toFact(asCoded(error, 'API_INTERNAL')) })
}
