import type { ErrorFact, EventLog } from '../../contracts/index.ts'
import type { ModuleManifest } from './contract.ts'
import type { ModuleInstance } from './instance.ts'
import type { RefStatus } from './io.ts'
import { listJobs, type JobState } from './job-queue.ts'
import { readCursor } from './module-store.ts'
import { unsent } from './outbox.ts'
import type { View } from './view.ts'

export interface ModuleStatus {
  manifest: ModuleManifest
  /** `needs-reference`: it counts, but a required table is missing or stale. */
  state: 'running' | 'catching-up' | 'paused' | 'needs-reference' | 'failed'
  /** Why it is paused or failed. */
  fault: ErrorFact | null
  /** Events of the log it has not seen yet, counted up to 1,000. */
  lag: number
  lastEvent: { id: string; time: string } | null
  /** Events whose data did not match their schema: not counted, kept in `_rejected`. */
  rejectedEvents: number
  refStatus: Record<string, { status: RefStatus; required: boolean; version: number }>
  lastJob: JobState | null
  outbox: { unsent: number; fault: ErrorFact | null }
  activeAlerts: number
  openActions: number
  view: View | null
}

const LAG_LIMIT = 1_000

export function statusOf(m: ModuleInstance, log: Pick<EventLog, 'read'>): ModuleStatus {
  const { position, lastEvent } = readCursor(m.db)
  const lag = log.read(position, LAG_LIMIT).length
  const refStatus: ModuleStatus['refStatus'] = {}
  for (const [name, t] of Object.entries(m.body.ref))
    refStatus[name] = { status: m.ref.status(name), required: t.required, version: m.ref.version(name) }
  const missing = Object.values(refStatus).some((r) => r.required && r.status !== 'ok')
  const count = (sql: string): number => m.db.get<{ n: number }>(sql)?.n ?? 0
  return {
    manifest: m.module.manifest,
    state: m.paused !== null ? 'paused' : missing ? 'needs-reference' : lag > 0 ? 'catching-up' : 'running',
    fault: m.paused,
    lag,
    lastEvent,
    rejectedEvents: count('select count(*) as n from _rejected'),
    refStatus,
    lastJob: listJobs(m.db, 1)[0] ?? null,
    outbox: { unsent: unsent(m.db), fault: m.relayFault },
    activeAlerts: count(`select count(*) as n from _alerts where state = 'active'`),
    openActions: count(
      `select count(*) as n from _actions where state in ('proposed', 'approved', 'dispatched', 'acknowledged')`,
    ),
    view: m.body.view,
  }
}

/** A module whose file could not be opened is shown, never left out. */
export const failedStatus = (manifest: ModuleManifest, fault: ErrorFact): ModuleStatus => ({
  manifest,
  state: 'failed',
  fault,
  lag: 0,
  lastEvent: null,
  rejectedEvents: 0,
  refStatus: {},
  lastJob: null,
  outbox: { unsent: 0, fault: null },
  activeAlerts: 0,
  openActions: 0,
  view: null,
})
