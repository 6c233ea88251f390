import { asCoded, parentProcess } from '../../contracts/index.ts'
import { toWire } from '../store/store-ops.ts'
import { type ProofQuestions, proofQuestions } from '../proof/proof-questions.ts'
import type { Answers, QueryAnswer, QueryAsk, QueryData } from './questions.ts'
import { openTraceQuery, type TraceQuery } from './trace-query.ts'

/** Answers one question at a time over a read-only connection of its own. Started by `QueryProcess` only. */
const parent = await parentProcess<QueryData>()
const say = (answer: QueryAnswer): void => parent.say(answer)

function answerAll(query: TraceQuery, proofs: ProofQuestions): void {
  const answer = async (ask: QueryAsk): Promise<unknown> => {
    const asked: object = ask.question in proofs ? proofs : query
    const call = (asked as Answers)[ask.question] as (...args: unknown[]) => unknown
    return await call.apply(asked, ask.args)
  }
  process.on('message', (ask: QueryAsk) => {
    answer(ask).then(
      (value) => say({ kind: 'answer', value }),
      (error: unknown) => say({ kind: 'refusal', error: toWire(asCoded(error, 'API_INTERNAL')) }),
    )
  })
  say({ kind: 'ready' })
}

try {
  const { dataDir } = parent.data
  answerAll(openTraceQuery(dataDir), proofQuestions(dataDir))
} catch (error) {
  say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
}
