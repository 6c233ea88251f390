import {
  asCoded,
  CodedError,
  EVENT_DATA,
  type CoreEventType,
  type LoggedEvent,
  type QEvent,
  type SqlDatabase,
} from '../../contracts/index.ts'
import type { ActionDesk } from './actions.ts'
import type { ModuleBody, Subscription } from './contract.ts'
import { applyEffective } from './effective.ts'
import type { Cause, ProjectCtx, SqlTx } from './io.ts'
import { requestJob } from './job-queue.ts'
import { outputCtx } from './output.ts'
import type { ReferenceData } from './reference.ts'

export interface Projection {
  slug: string
  body: ModuleBody
  db: SqlDatabase
  tx: SqlTx
  ref: ReferenceData
  desk: ActionDesk
  wanted: (e: QEvent) => boolean
}

/** How many applied ids are remembered behind the cursor; a copy that comes later is caught by the inspection id. */
const DEDUPE_WINDOW = 500_000

const causeOf = (e: QEvent): Cause => ({
  id: e.id,
  time: e.time,
  partitionkey: e.partitionkey,
  ...(e.correlationid !== undefined && { correlationid: e.correlationid }),
})

export function matcher(s: Subscription): (e: QEvent) => boolean {
  const exact = new Set(s.types.filter((t) => !t.endsWith('.*')))
  const prefixes = s.types.filter((t) => t.endsWith('.*')).map((t) => t.slice(0, -1))
  return (e) =>
    (exact.has(e.type) || prefixes.some((p) => e.type.startsWith(p))) && (s.where === undefined || s.where(e))
}

/**
 * Projects events in one transaction with cursor, dedupe, jobs and outbox: all of it or nothing. Ends early when
 * `untilMs` (performance.now) has passed, so that the thread stays free for others, and after an event that asked
 * for an ordered job.
 *
 * @returns how many events the cursor moved over
 * @throws EVT_MODULE naming the event the module failed at; `failedAt` holds its index
 */
export function projectBatch(p: Projection, events: readonly LoggedEvent[], untilMs: number): number {
  let at = 0
  try {
    return p.db.transaction(() => {
      const counted = { events: 0 }
      while (at < events.length) {
        const logged = events[at]
        if (!logged) break
        const wait = p.wanted(logged.event) && projectOne(p, logged, counted)
        at += 1
        if (wait || performance.now() > untilMs) break
      }
      const last = events[at - 1]
      if (last) {
        p.db.run(
          `insert or replace into _cursor(log, position, event_id, event_time) values('log', ?, ?, ?)`,
          last.position,
          last.event.id,
          last.event.time,
        )
        dueByCount(p, counted, last.event)
        if (Math.floor(last.position / 50_000) !== Math.floor((events[0]?.position ?? 0) / 50_000))
          p.db.run(`delete from _applied where position < ?`, last.position - DEDUPE_WINDOW)
      }
      return at
    })
  } catch (error) {
    p.ref.forget()
    throw new ProjectionFault(p.slug, at, events[at], error)
  }
}

/** EVT_MODULE with the place in the batch where it happened. */
export class ProjectionFault extends CodedError {
  readonly failedAt: number

  constructor(slug: string, failedAt: number, at: LoggedEvent | undefined, cause: unknown) {
    const inner = asCoded(cause, 'EVT_MODULE')
    super('EVT_MODULE', {
      path: slug,
      actual: `${inner.message}${at ? ` at event ${at.event.id} (${at.event.type}, position ${at.position})` : ''}`,
      hint: 'the module is paused at this event, the others go on; correct the cause and resume it',
      cause,
    })
    this.failedAt = failedAt
  }
}

/** @returns true when the event asked for an ordered job: the next one must wait for it */
function projectOne(p: Projection, { position, event }: LoggedEvent, counted: { events: number }): boolean {
  const fault = dataFault(event)
  if (fault !== null) {
    p.db.run(
      `insert or ignore into _rejected(position, event_id, type, message) values(?, ?, ?, ?)`,
      position,
      event.id,
      event.type,
      fault,
    )
    return false
  }
  const fresh = p.db.run(
    `insert or ignore into _applied(source, id, position) values(?, ?, ?)`,
    event.source,
    event.id,
    position,
  )
  if (fresh.changes === 0) return false
  const delta = applyEffective(p.tx, event)
  const cause = causeOf(event)
  let wait = false
  const ctx: ProjectCtx = {
    ...outputCtx({ ...p, cause }),
    effective: () => delta,
    request: (job, key = '') => {
      requestJob(p.tx, p.body.jobs, p.slug, job, key, cause)
      wait ||= p.body.jobs[job]?.ordered === true
    },
  }
  const result: unknown = p.body.project(event, ctx)
  if (result instanceof Promise)
    throw new CodedError('EVT_MODULE', {
      path: p.slug,
      expected: 'a synchronous project()',
      actual: 'a promise',
    })
  counted.events += 1
  return wait
}

/** What is wrong with the data of an event of a known type, or null. */
function dataFault(event: QEvent): string | null {
  const schema = Object.hasOwn(EVENT_DATA, event.type) ? EVENT_DATA[event.type as CoreEventType] : undefined
  const parsed = schema?.safeParse(event.data)
  return parsed && !parsed.success ? parsed.error.message : null
}

/** Jobs with `everyEvents`: requested when the count of projected events passes a multiple. */
function dueByCount(p: Projection, counted: { events: number }, last: QEvent): void {
  const jobs = Object.entries(p.body.jobs).filter(([, j]) => j.trigger.everyEvents !== undefined)
  const added = counted.events
  if (jobs.length === 0 || added === 0) return
  const row = p.db.get<{ value: string }>(`select value from _meta where key = 'count:events'`)
  const before = Number(row?.value ?? 0)
  for (const [name, job] of jobs) {
    const every = job.trigger.everyEvents ?? Infinity
    if (Math.floor((before + added) / every) > Math.floor(before / every))
      requestJob(p.tx, p.body.jobs, p.slug, name, '', causeOf(last))
  }
  p.db.run(`insert or replace into _meta(key, value) values('count:events', ?)`, String(before + added))
}
