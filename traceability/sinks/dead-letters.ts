import type { EventLog } from '../../contracts/index.ts'
import type { ConsumerLedger } from '../store/consumer-ledger.ts'
import type { EventSink } from './event-sink.ts'

export interface DeadLetterRun {
  log: EventLog
  ledger: ConsumerLedger
  sink: EventSink
  /** As the ledger knows the sink. */
  consumer: string
  /** The cursor: what is ahead of it is sent in its turn anyway. */
  upTo: number
  signal: AbortSignal
}

/** Letters read at once. */
const BATCH = 50

/**
 * Sends what was set aside once more, each event once and in order. One that is taken has no letter any longer; one that
 * is not keeps it, with the new reason. A receiver that is away ends the run: the next one would fare no better.
 *
 * @returns events that were taken, and tries that were not
 */
export async function sendDeadLetters(run: DeadLetterRun): Promise<{ taken: number; refused: number }> {
  const { log, ledger, sink, consumer, upTo, signal } = run
  const sent = { taken: 0, refused: 0 }
  for (let after = 0; ;) {
    const letters = (await ledger.deadLetters(consumer, after, BATCH)).filter((l) => l.position <= upTo)
    if (letters.length === 0) return sent
    for (const letter of letters) {
      after = letter.position
      const [event] = log.read(letter.position - 1, 1)
      if (event?.position !== letter.position) continue
      const delivery = await sink.deliver(event, signal)
      if (delivery.ok) {
        await ledger.settle(consumer, letter.position)
        sent.taken += 1
        continue
      }
      // Stopped in between: nothing is known of this try.
      if (signal.aborted) return sent
      const { reason, why } = delivery
      await ledger.letter({
        ...letter,
        attempts: letter.attempts + 1,
        reason,
        at: new Date().toISOString(),
      })
      sent.refused += 1
      if (why === 'away') return sent
    }
  }
}
