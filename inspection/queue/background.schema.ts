import type { ErrorFact } from '../../contracts/index.ts'

/** Work that no part waits for. Each kind has a queue of its own, so that a short job never waits for a long one. */
export type BackgroundKind = 'evaluate' | 'module'

const JOBS_QUEUE = 'sightline-jobs'
/** All lines and plants share these workers. */
export const JOBS_PREFIX = 'sightline'

export const jobsQueue = (kind: BackgroundKind): string => `${JOBS_QUEUE}-${kind}`

export interface BackgroundOrder {
  /** Of the program that sends: another version may compute otherwise. */
  version: string
  input: unknown
  /** Key that the sender renews as long as it waits: without it, nobody does. */
  wanted: string
}

/** A sender that is gone (Ctrl-C, killed, cut off) is waited for so long, ms. */
export const WANTED_MS = 30_000
/** Time between two times that a sender says so, and between two looks, ms. */
export const RENEW_MS = WANTED_MS / 6

/** The job's return value. A result lies under `key` as JSON until it is fetched or expires; it may be large. */
export type BackgroundEnd =
  { ok: true; key: string; worker: string } | { ok: false; error: ErrorFact; worker: string }

export interface BackgroundProgress {
  done: number
  total: number
}
