import type { ErrorFact, InspectJob, InspectOutcome, Verdict } from '../../contracts/index.ts'
import type { ModelSetup, RecipeSource } from '../pipeline/index.ts'

/** Given to a worker thread once, when it starts. */
export interface WorkerSetup {
  /** `local/<n>` */
  name: string
  /** Frame pool, in slot order; jobs name slots. */
  buffers: readonly SharedArrayBuffer[]
  models: ModelSetup
}

/** What a worker knows about a recipe that it has prepared. */
export interface PreparedFacts {
  recipe: string
  sha256: string
  models: Verdict['models']
  meaningSha256: string
  degraded: string | null
}

/** To the worker. Every request is answered once, under its number. */
export type Request =
  | { kind: 'prepare'; source: RecipeSource }
  | { kind: 'retire'; recipe: string }
  | { kind: 'judge'; job: InspectJob; queueMs: number }
  | { kind: 'close' }

export type Answer =
  | { ok: true; prepared: PreparedFacts }
  | { ok: true; outcome: InspectOutcome }
  | { ok: true }
  | { ok: false; error: ErrorFact }

export interface Numbered<T> {
  n: number
  body: T
}
