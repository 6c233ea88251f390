import { CodedError } from '../../contracts/index.ts'
import type { Cause, SqlRead, SqlTx } from './io.ts'
import type { ComputeJob } from './parts.ts'

export interface JobState {
  job: string
  key: string
  state: 'pending' | 'running' | 'done' | 'failed'
  requestedAt: string
  finishedAt: string | null
  ms: number | null
  error: string | null
}

/** Marks a job as owed. Requests that come while it is pending are one; while it runs, it runs once more. */
export function requestJob(
  tx: SqlTx,
  jobs: Record<string, ComputeJob>,
  slug: string,
  job: string,
  key: string,
  cause: Cause,
): void {
  if (!Object.hasOwn(jobs, job))
    throw new CodedError('EVT_MODULE', {
      path: slug,
      expected: Object.keys(jobs).join(' | ') || 'no jobs',
      actual: `job "${job}"`,
    })
  tx.run(
    `insert into _jobs(job, key, state, cause, requested_at) values(?, ?, 'pending', ?, ?)
     on conflict(job, key) do update set state = 'pending', cause = excluded.cause, requested_at = excluded.requested_at`,
    job,
    key,
    JSON.stringify(cause),
    cause.time,
  )
}

/** Takes the pending job that waits longest and marks it running. */
export function takeJob(tx: SqlTx): { job: string; key: string; cause: Cause } | null {
  const row = tx.get<{ job: string; key: string; cause: string }>(
    `select job, key, cause from _jobs where state = 'pending' order by requested_at, job, key limit 1`,
  )
  if (!row) return null
  tx.run(`update _jobs set state = 'running' where job = ? and key = ?`, row.job, row.key)
  return { job: row.job, key: row.key, cause: JSON.parse(row.cause) as Cause }
}

/** Settles a running job; one that was requested again meanwhile stays pending. */
export function settleJob(
  tx: SqlTx,
  j: { job: string; key: string },
  end: { state: 'done' | 'failed'; at: string; ms: number; error: string | null },
): void {
  tx.run(
    `update _jobs set state = case state when 'running' then ? else state end, finished_at = ?, ms = ?, error = ?
     where job = ? and key = ?`,
    end.state,
    end.at,
    Math.round(end.ms),
    end.error,
    j.job,
    j.key,
  )
}

export const pendingJobs = (db: SqlRead): number =>
  db.get<{ n: number }>(`select count(*) as n from _jobs where state in ('pending', 'running')`)?.n ?? 0

/** True while a job of one of these names is owed. */
export const owes = (db: SqlRead, names: readonly string[]): boolean =>
  names.some((n) =>
    db.get(`select 1 as x from _jobs where job = ? and state in ('pending', 'running') limit 1`, n),
  )

/** Newest first. */
export const listJobs = (db: SqlRead, limit: number): JobState[] =>
  db
    .all<{
      job: string
      key: string
      state: JobState['state']
      requested_at: string
      finished_at: string | null
      ms: number | null
      error: string | null
    }>(
      `select job, key, state, requested_at, finished_at, ms, error from _jobs
       order by coalesce(finished_at, requested_at) desc, job, key limit ?`,
      limit,
    )
    .map((r) => ({
      job: r.job,
      key: r.key,
      state: r.state,
      requestedAt: r.requested_at,
      finishedAt: r.finished_at,
      ms: r.ms,
      error: r.error,
    }))
