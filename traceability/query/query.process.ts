import { asCoded, parentProcess } from '../../contracts/index.ts'
import { toWire } from '../store/store-ops.ts'
import { proofQuestions } from '../proof/proof-questions.ts'
import type { QueryAnswer, QueryAsk, QueryData } from './questions.ts'
import { openTraceQuery } from './trace-query.ts'

/** Answers one question at a time over a read-only connection of its own. Started by `QueryProcess` only. */
const parent = await parentProcess<QueryData>()
const say = (answer: QueryAnswer): void => parent.say(answer)

function answerAll(answerers: readonly object[]): void {
  const answer = async (ask: QueryAsk): Promise<unknown> => {
    const asked = answerers.find((a) => ask.question in a)
    const call = (asked as Record<string, (...args: unknown[]) => unknown> | undefined)?.[ask.question]
    return await call?.apply(asked, ask.args)
  }
  process.on('message', (ask: QueryAsk) => {
    answer(ask).then(
      (value) => say({ kind: 'answer', value }),
      (error: unknown) => say({ kind: 'refusal', error: toWire(asCoded(error, 'API_INTERNAL')) }),
    )
  })
  say({ kind: 'ready' })
}

/** What PostgreSQL needs is loaded for a plant alone: a line that asks again after a loss waits for this process. */
async function open(data: QueryData): Promise<object[]> {
  if (!('plant' in data)) return [openTraceQuery(data.dataDir), proofQuestions(data.dataDir)]
  const { openPlantQuery } = await import('../plant/plant-query.ts')
  return [await openPlantQuery(data.plant.url, data.plant.schema)]
}

try {
  answerAll(await open(parent.data))
} catch (error) {
  say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
}
