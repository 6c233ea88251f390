import type { SqlDatabase } from '../../contracts/index.ts'
import { consumerOf, sinkOfConsumer } from '../sinks/replay-ask.ts'

/** How far a receiver outside has come. */
export interface SinkRow {
  sink: string
  /** Last event dealt with; 0 = none. */
  position: number
  /** Last event of the log. */
  end: number
  /** Events of the log behind the cursor, those that the sink passes over among them. */
  behind: number
  /** The event that waits for another try, when there is one. */
  retrying: { position: number; attempts: number; reason: string; since: string } | null
  /** Dead letters. */
  dead: number
}

/** An event that a sink did not take. */
export interface SinkLetter {
  position: number
  state: 'retry' | 'dead'
  type: string
  subject: string
  attempts: number
  reason: string
  /** Of the last try that is on record. */
  at: string
}

export interface LettersAsk {
  sink: string
  limit: number
  /** Only letters before this position of the log; absent = from the newest. */
  before?: number
}

/** Every sink that was ever served, by name; one that was never served has no row. */
export function sinkRows(db: SqlDatabase, end: number): SinkRow[] {
  const cursors = db.all<{ consumer: string; position: number }>(
    'select consumer, position from subscription',
  )
  const letters = db.all<{ sink: string; state: string; n: number; first: number }>(
    'select sink, state, count(*) as n, min(position) as first from outbox group by sink, state',
  )
  const position = new Map(cursors.map((c) => [c.consumer, c.position]))
  const consumers = new Set([...position.keys(), ...letters.map((l) => l.sink)])
  return [...consumers].toSorted().flatMap((consumer): SinkRow[] => {
    const sink = sinkOfConsumer(consumer)
    if (sink === null) return []
    const at = position.get(consumer) ?? 0
    const of = (state: string) => letters.find((l) => l.sink === consumer && l.state === state)
    const waits = of('retry')
    return [
      {
        sink,
        position: at,
        end,
        behind: Math.max(0, end - at),
        retrying: waits === undefined ? null : retryOf(db, consumer, waits.first),
        dead: of('dead')?.n ?? 0,
      },
    ]
  })
}

type Retrying = NonNullable<SinkRow['retrying']>

const retryOf = (db: SqlDatabase, consumer: string, position: number): Retrying | null =>
  db.get<{ [K in keyof Retrying]: Retrying[K] }>(
    'select position, attempts, reason, at as since from outbox where sink = ? and position = ?',
    consumer,
    position,
  ) ?? null

/** The newest events first. */
export const sinkLetters = (db: SqlDatabase, { sink, limit, before }: LettersAsk): SinkLetter[] =>
  db.all<{ [K in keyof SinkLetter]: SinkLetter[K] }>(
    `select o.position, o.state, e.type, e.subject, o.attempts, o.reason, o.at
     from outbox o join event e on e.position = o.position
     where o.sink = ? and o.position < ? order by o.position desc limit ?`,
    consumerOf(sink),
    before ?? Number.MAX_SAFE_INTEGER,
    limit,
  )
