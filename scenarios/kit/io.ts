import type {
  I18n,
  PartDisposition,
  Severity,
  SqlRow,
  SqlValue,
  VerdictResult,
} from '../../contracts/index.ts'

export interface SqlRead {
  get<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R | undefined
  all<R extends SqlRow = SqlRow>(sql: string, ...values: SqlValue[]): R[]
}

/** The module's own tables inside the one transaction that also moves cursor, dedupe and outbox. */
export interface SqlTx extends SqlRead {
  run(sql: string, ...values: SqlValue[]): { changes: number; lastInsertRowid: number }
}

export type RefStatus = 'ok' | 'missing' | 'stale'

/** Reference data of the newest version. */
export interface RefReader {
  /** Rows as validated at upload; empty when missing. */
  rows(table: string): readonly unknown[]
  get(table: string, key: string): unknown
  status(table: string): RefStatus
  /** 0 = never uploaded. */
  version(table: string): number
}

/** What one inspection counts for, after the latest review of it and the latest decision about its part. */
export interface Effective {
  inspectionId: string
  runType: string
  simulated: boolean
  serial: string
  reworkCount: number
  product: string
  lot: string
  plant: string
  line: string
  station: string
  result: VerdictResult
  /** A review settles the verdict; what a person decided about the part, or the gate did with it, stands here. */
  disposition: PartDisposition
  /** Condemned defects, most severe first. After a review with labels: the labels, those of unknown severity last. */
  defects: { classCode: string; severity: Severity | null }[]
  reviewed: boolean
  /** Time of the inspection event, ISO. */
  at: string
}

/** Why an output exists; a person must be able to answer "why?" from it. */
export interface Evidence {
  method: string
  /** Ids of the first and last event it rests on. */
  firstEvent: string
  lastEvent: string
  n: number
  statistic: number
  /** The threshold the statistic crossed. */
  limit: number
  /** Reference tables used, with their versions. */
  references: Record<string, number>
}

/** The event an output follows from: gives it its deterministic id, its time and its partition. */
export interface Cause {
  id: string
  time: string
  partitionkey: string
  correlationid?: string
}

export interface AlertDraft {
  /** One alert per key is active at a time. */
  key: string
  severity: 'info' | 'warn' | 'high'
  title: I18n
  text: I18n
  evidence: Evidence
  cause?: Cause
}

export interface ActionDraft {
  /** One action per key and type is open at a time. */
  key: string
  type: string
  params: unknown
  summary: I18n
  evidence: Evidence
  cause?: Cause
}

export interface OutputCtx {
  db: SqlTx
  ref: RefReader
  /** Time of the cause, never the wall clock: a replay gives the same state. */
  now: Date
  cause: Cause
  /** Into the outbox, with id uuidv5(cause.id, type and subject): the same cause never emits the same thing twice. */
  emit(type: string, subject: string, data: unknown, cause?: Cause): void
  alert(a: AlertDraft): void
  propose(a: ActionDraft): void
  /** The reason for `key` no longer holds: clears its alert and supersedes its undecided actions. */
  resolve(key: string): void
}

export interface ProjectCtx extends OutputCtx {
  /**
   * Contribution of the inspection before and after this event. A first verdict has only `after`; a review, a
   * decision about the part (`qe.unit.dispositioned.v1`, and its `qe.trace.retracted.v1`) and a hold at the gate have
   * both, other events neither. What arrives before its inspection is kept and applied when it comes.
   */
  effective(): { before?: Effective; after?: Effective }
  /** Asks for a job; requests of the same job and key are coalesced. */
  request(job: string, key?: string): void
}
