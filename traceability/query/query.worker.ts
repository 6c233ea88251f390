import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, CodedError } from '../../contracts/index.ts'
import { toWire } from '../store/store-ops.ts'
import type { QueryAnswer, QueryAsk, QueryWorkerData } from './questions.ts'
import { openTraceQuery, type TraceQuery } from './trace-query.ts'

/** Answers one question at a time over a read-only connection of its own. Started by `QueryThread` only. */
function start(): void {
  const port = parentPort
  if (port === null)
    throw new CodedError('TRC_OPEN', { expected: 'to run as a worker thread', actual: 'the main thread' })
  const say = (answer: QueryAnswer): void => port.postMessage(answer)
  let query: TraceQuery
  try {
    query = openTraceQuery((workerData as QueryWorkerData).dataDir)
  } catch (error) {
    say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
    port.close()
    return
  }
  const answer = async (ask: Exclude<QueryAsk, 'close'>): Promise<unknown> => {
    const call = query[ask.question] as (...args: unknown[]) => unknown
    return await call.apply(query, ask.args)
  }
  port.on('message', (ask: QueryAsk) => {
    if (ask === 'close') {
      query.close()
      port.close()
      return
    }
    answer(ask).then(
      (value) => say({ kind: 'answer', value }),
      (error: unknown) => say({ kind: 'refusal', error: toWire(asCoded(error, 'API_INTERNAL')) }),
    )
  })
  say({ kind: 'ready' })
}

start()
