import {
  asCoded,
  CodedError,
  envelopeSchema,
  uuidv5,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import type { Cause, SqlTx } from './io.ts'

/** Puts an event into the outbox; the same cause, type and subject always give the same id, kept once. */
export function enqueue(
  db: SqlTx,
  slug: string,
  cause: Cause,
  e: { type: string; subject: string; data: unknown },
): void {
  const parsed = envelopeSchema.safeParse({
    specversion: '1.0',
    id: uuidv5(cause.id, `${e.type}\n${e.subject}`),
    source: `/modules/${slug}`,
    type: e.type,
    subject: e.subject,
    time: cause.time,
    datacontenttype: 'application/json',
    dataschema: `urn:sightline:schema:${e.type}`,
    partitionkey: cause.partitionkey,
    causationid: cause.id,
    ...(cause.correlationid !== undefined && { correlationid: cause.correlationid }),
    data: e.data,
  })
  if (!parsed.success)
    throw new CodedError('EVT_SCHEMA', { path: `${slug} ${e.type}`, actual: parsed.error.message })
  db.run(`insert or ignore into _outbox(id, event) values(?, ?)`, parsed.data.id, JSON.stringify(parsed.data))
}

/**
 * Hands unsent events on, oldest first, and stops at the first refusal. A crash between `emit` and the mark sends
 * the event again with the same id; the receiver keeps one.
 *
 * @throws what `emit` rejected with, coded; what is unsent stays
 */
export async function relayOutbox(
  db: SqlDatabase,
  emit: (event: Omit<QEvent, 'sequence'>) => Promise<void>,
  sent: () => boolean,
): Promise<number> {
  let count = 0
  for (;;) {
    const row = db.get<{ n: number; event: string }>(
      `select n, event from _outbox where sent = 0 order by n limit 1`,
    )
    if (!row) return count
    try {
      await emit(JSON.parse(row.event) as QEvent)
    } catch (error) {
      throw asCoded(error, 'EVT_MODULE', { hint: 'the event stays in the outbox and is sent again' })
    }
    if (!sent()) return count
    db.run(`update _outbox set sent = 1 where n = ?`, row.n)
    count += 1
  }
}

export const unsent = (db: SqlDatabase): number =>
  db.get<{ n: number }>(`select count(*) as n from _outbox where sent = 0`)?.n ?? 0

/** Everything is owed once more; the receiver keeps one of each id. */
export function sendAgain(db: SqlTx): void {
  db.run(`update _outbox set sent = 0`)
}
