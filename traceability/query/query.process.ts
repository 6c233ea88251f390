import { asCoded, parentProcess } from '../../contracts/index.ts'
import { toWire } from '../store/store-ops.ts'
import { proofQuestions } from '../proof/proof-questions.ts'
import {
  type Answers,
  PLANT_QUESTIONS,
  PROOF_QUESTIONS,
  type QueryAnswer,
  type QueryAsk,
  type QueryData,
  type Question,
  RECORD_QUESTIONS,
} from './questions.ts'
import { openTraceQuery } from './trace-query.ts'

/** Answers one question at a time over a read-only connection of its own. Started by `QueryProcess` only. */
const parent = await parentProcess<QueryData>()
const say = (answer: QueryAnswer): void => parent.say(answer)

/** The calls of these names, each on its own object. */
const answersOf = <Q extends Question>(questions: readonly Q[], of: Answers<Q>): Partial<Answers<Question>> =>
  Object.fromEntries(questions.map((q) => [q, of[q].bind(of)])) as Partial<Answers<Question>>

/** What PostgreSQL needs is loaded for a plant alone: a line that asks again after a loss waits for this process. */
async function open(data: QueryData): Promise<Partial<Answers<Question>>> {
  if (!('plant' in data))
    return {
      ...answersOf(RECORD_QUESTIONS, openTraceQuery(data.dataDir)),
      ...answersOf(PROOF_QUESTIONS, proofQuestions(data.dataDir)),
    }
  const { openPlantQuery } = await import('../plant/plant-query.ts')
  return answersOf(PLANT_QUESTIONS, await openPlantQuery(data.plant.url, data.plant.schema))
}

async function answer(answers: Partial<Answers<Question>>, { question, args }: QueryAsk): Promise<unknown> {
  const call = answers[question]
  if (call === undefined) throw new TypeError(`nobody answers ${question}`)
  return await call(...(args as never[]))
}

try {
  const answers = await open(parent.data)
  process.on('message', (ask: QueryAsk) => {
    answer(answers, ask).then(
      (value) => say({ kind: 'answer', value }),
      (error: unknown) => say({ kind: 'refusal', error: toWire(asCoded(error, 'API_INTERNAL')) }),
    )
  })
  say({ kind: 'ready' })
} catch (error) {
  say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
}
