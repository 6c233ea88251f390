import { CodedError, newEvent, type QEvent, type SinkReplayed } from '../../contracts/index.ts'

/** Consumers of the log that are sinks; the resolver and others have cursors too. */
const PREFIX = 'sink:'

/** Under which name the ledger keeps the cursor and the letters of a sink. */
export const consumerOf = (sink: string): string => `${PREFIX}${sink}`

export const sinkOfConsumer = (consumer: string): string | null =>
  consumer.startsWith(PREFIX) ? consumer.slice(PREFIX.length) : null

/**
 * A cursor only goes back: one that is moved ahead would leave out what lies between.
 *
 * @throws TRC_SINK
 */
export function checkReplay(sink: string, from: number, cursor: number): void {
  if (Number.isSafeInteger(from) && from >= 0 && from <= cursor) return
  throw new CodedError('TRC_SINK', {
    expected: `a position from 0 to ${cursor}, the last event that ${sink} has dealt with`,
    actual: String(from),
    hint: 'what lies behind that one is sent anyway',
  })
}

/** @throws TRC_NOT_FOUND */
export function checkSink(sink: string, known: readonly string[]): void {
  if (known.includes(sink)) return
  throw new CodedError('TRC_NOT_FOUND', {
    expected: known.length === 0 ? 'a sink, of which there is none here' : `a sink: ${known.join(', ')}`,
    actual: sink,
  })
}

/** Goes on record before anything is sent again. */
export const replayEvent = (
  data: SinkReplayed,
  { plant, line }: { plant: string; line: string },
): Omit<QEvent, 'sequence'> =>
  newEvent({
    type: 'qe.sink.replayed.v1',
    source: `/plants/${plant}/lines/${line}`,
    subject: `sink/${data.sink}`,
    partitionkey: line,
    data,
  })
