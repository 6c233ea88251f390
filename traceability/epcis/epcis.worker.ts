import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, CodedError } from '../../contracts/thread.ts'
import { toWire } from '../store/store-ops.ts'
import { EpcisDesk } from './desk.ts'
import { type DeskAsk, type DeskReply, packError } from './thread-ops.ts'

/** Follows the log and answers EPCIS queries. Started by `EpcisThread` only. */
function start(): void {
  const port = parentPort
  if (port === null)
    throw new CodedError('TRC_OPEN', { expected: 'to run as a worker thread', actual: 'the main thread' })
  const say = (reply: DeskReply): void => port.postMessage(reply)
  let desk: EpcisDesk
  try {
    desk = new EpcisDesk((workerData as { dataDir: string }).dataDir, (why) =>
      say({ kind: 'aside', error: toWire(why) }),
    )
  } catch (error) {
    say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
    port.close()
    return
  }
  const waiting: Exclude<DeskAsk, 'news' | 'close'>[] = []
  let running = false
  let closing = false

  const answer = (ask: Exclude<DeskAsk, 'news' | 'close'>): void => {
    try {
      const half = desk[ask.half] as unknown as Record<string, (...args: unknown[]) => unknown>
      const value = half[ask.method]?.(...ask.args)
      say({ kind: 'answer', id: ask.id, value })
    } catch (error) {
      say({ kind: 'refusal', id: ask.id, error: packError(error) })
    }
  }

  /** Answers are given at the end of the log as it stood when they were asked for. */
  const pump = async (): Promise<void> => {
    if (running) return
    running = true
    try {
      for (;;) {
        while (!closing && desk.follow())
          // Lets questions and the end come in between.
          await new Promise((resolve) => setImmediate(resolve))
        if (closing) break
        const next = waiting.shift()
        if (next === undefined) break
        answer(next)
      }
      if (!closing) say({ kind: 'reached', skipped: desk.events.skipped() })
    } catch (error) {
      say({ kind: 'stuck', error: toWire(asCoded(error, 'TRC_WRITE')) })
      for (const ask of waiting.splice(0)) say({ kind: 'refusal', id: ask.id, error: packError(error) })
    }
    running = false
    if (closing) {
      desk.close()
      port.close()
    }
  }

  port.on('message', (ask: DeskAsk) => {
    if (ask === 'close') closing = true
    else if (ask !== 'news') {
      // Neither a check nor what is kept beside the log needs the end of it, which may be long in coming.
      if ((ask.half === 'checks' || ask.half === 'state') && !closing) return answer(ask)
      waiting.push(ask)
    }
    void pump()
  })
  say({ kind: 'ready' })
  void pump()
}

start()
