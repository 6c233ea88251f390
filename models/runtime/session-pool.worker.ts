import { parentPort, type TransferListItem } from 'node:worker_threads'
import { asCoded, CodedError, toFact } from '../../contracts/thread.ts'
import { openSession } from './ort-session.ts'
import type { OrtSession } from './ort-session.ts'
import type { Feeds, PoolAnswer, PoolOrder } from './session-pool.ts'

const sessions = new Map<number, { session: OrtSession; held: Feeds }>()

const say = (answer: PoolAnswer, move: TransferListItem[] = []): void => parentPort?.postMessage(answer, move)

async function open({ session, model, held }: Extract<PoolOrder, { kind: 'open' }>): Promise<void> {
  try {
    const opened = await openSession(model, { providers: ['cpu'], intraOpThreads: 1 })
    sessions.set(session, { session: opened, held })
    say({ kind: 'opened', session, error: null })
  } catch (error) {
    say({ kind: 'opened', session, error: toFact(asCoded(error, 'MDL_LOAD')) })
  }
}

async function run({ call, session, feeds, wanted }: Extract<PoolOrder, { kind: 'run' }>): Promise<void> {
  try {
    const open = sessions.get(session)
    if (open === undefined)
      throw new CodedError('MDL_RUN', { expected: 'an open session', actual: 'a closed one' })
    const outputs = await open.session.run({ ...open.held, ...feeds }, wanted)
    const move = Object.values(outputs).map((o) => o.data.buffer as ArrayBuffer)
    say({ kind: 'ran', call, outputs, error: null }, move)
  } catch (error) {
    say({ kind: 'ran', call, outputs: null, error: toFact(asCoded(error, 'MDL_RUN')) })
  }
}

async function end(): Promise<void> {
  for (const { session } of sessions.values()) await session.close()
  parentPort?.close()
}

// One after the other: a session that is being run is not closed.
let last: Promise<unknown> = Promise.resolve()
parentPort?.on('message', (order: PoolOrder) => {
  last = last.then(async () => {
    if (order.kind === 'open') await open(order)
    else if (order.kind === 'run') await run(order)
    else if (order.kind === 'end') await end()
    else {
      const open = sessions.get(order.session)
      sessions.delete(order.session)
      await open?.session.close()
    }
  })
})
