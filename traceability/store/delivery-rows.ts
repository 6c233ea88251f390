import type { SqlDatabase } from '../../contracts/index.ts'
import type { Advance, DeadLettersAsk, OutboxEntry } from './store-ops.ts'

/** 0 = the consumer has dealt with nothing yet. */
export const cursorOf = (db: SqlDatabase, consumer: string): number =>
  db.get<{ position: number }>('select position from subscription where consumer = ?', consumer)?.position ??
  0

/** Forwards, or back to send again: what waits for another try behind the position is then done with. */
export function advanceTo(db: SqlDatabase, { consumer, position, at, delivered }: Advance): void {
  db.run(
    `insert into subscription (consumer, position, updated_at) values (?, ?, ?)
     on conflict (consumer) do update set position = excluded.position, updated_at = excluded.updated_at`,
    consumer,
    position,
    at,
  )
  db.run(`delete from outbox where sink = ? and position <= ? and state = 'retry'`, consumer, position)
  for (const taken of delivered) settle(db, consumer, taken)
}

export function writeLetter(db: SqlDatabase, entry: OutboxEntry): void {
  db.run(
    `insert into outbox (sink, position, state, attempts, reason, at) values (?, ?, ?, ?, ?, ?)
     on conflict (sink, position) do update set state = excluded.state, attempts = excluded.attempts,
       reason = excluded.reason, at = excluded.at`,
    entry.sink,
    entry.position,
    entry.state,
    entry.attempts,
    entry.reason,
    entry.at,
  )
}

/** In order of the log. */
export const deadLetters = (db: SqlDatabase, { sink, after, limit }: DeadLettersAsk): OutboxEntry[] =>
  db.all<{ [K in keyof OutboxEntry]: OutboxEntry[K] }>(
    `select sink, position, state, attempts, reason, at from outbox
     where sink = ? and position > ? and state = 'dead' order by position limit ?`,
    sink,
    after,
    limit,
  )

/** The event was taken after all. */
export function settle(db: SqlDatabase, sink: string, position: number): void {
  db.run('delete from outbox where sink = ? and position = ?', sink, position)
}
