import { asCoded, parentProcess, toFact } from '../../contracts/index.ts'
import { type EvaluateData, type EvaluateMessage, runEvaluation } from './evaluate.ts'

const parent = await parentProcess<EvaluateData>()
const { order, environment } = parent.data
const say = (m: EvaluateMessage): void => parent.say(m)

try {
  const answer = await runEvaluation(order, environment, (progress) => say({ kind: 'progress', progress }))
  say({ kind: 'done', answer })
} catch (error) {
  say({ kind: 'failed', error: toFact(asCoded(error, 'API_INTERNAL')) })
}
