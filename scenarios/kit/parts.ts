import type { z } from 'zod'
import { CodedError, type I18n, type Role } from '../../contracts/index.ts'
import type { Rng } from '../kernels/index.ts'
import type { OutputCtx, RefReader, SqlRead } from './io.ts'

export interface ReadIo {
  db: SqlRead
  ref: RefReader
}

export interface JobEnv {
  rng: Rng
  /** Epoch ms of the cause. */
  now: number
  /** Aborted at the deadline; work that does not watch it is ended with its thread. */
  signal: AbortSignal
}

export interface JobTrigger {
  everyEvents?: number
  everyMinutes?: number
  /** Reference tables whose upload starts it. */
  onRef?: string[]
  manual?: boolean
}

/** A computation: snapshot on the module's thread, `run` in a worker, `apply` in one transaction. */
export interface ComputeJob {
  title: I18n
  trigger: JobTrigger
  /**
   * Projection waits for it right after the event that asked for it, so that what it changes is a function of the
   * log alone. For short jobs whose result later events are judged by.
   */
  ordered?: boolean
  deadlineMs: number
  input: z.ZodType
  output: z.ZodType
  /** Small and serialisable. */
  snapshot(io: ReadIo, key: string): unknown
  run(input: unknown, env: JobEnv): unknown
  apply(output: unknown, ctx: OutputCtx): void
}

/** Input and output are checked on both sides of the thread border. */
export function defineJob<In, Out>(j: {
  title: I18n
  trigger: JobTrigger
  ordered?: boolean
  deadlineMs: number
  input: z.ZodType<In>
  output: z.ZodType<Out>
  snapshot(io: ReadIo, key: string): In
  run(input: In, env: JobEnv): Out | Promise<Out>
  apply(output: Out, ctx: OutputCtx): void
}): ComputeJob {
  return {
    ...j,
    run: (input, env) => j.run(j.input.parse(input), env),
    apply: (output, ctx) => j.apply(j.output.parse(output), ctx),
  }
}

export interface RefProblem {
  table: string
  key?: string
  field?: string
  message: I18n
  severity: 'error' | 'warn'
}

/** A named table of reference data, replaced as a whole by each upload. */
export interface RefTable {
  title: I18n
  row: z.ZodType
  key(row: unknown): string
  required: boolean
  /** Older uploads count as stale. */
  maxAgeDays?: number
  crossCheck?(rows: unknown[], get: RefReader): RefProblem[]
}

export function defineRef<R>(t: {
  title: I18n
  row: z.ZodType<R>
  key(row: R): string
  required: boolean
  maxAgeDays?: number
  crossCheck?(rows: R[], get: RefReader): RefProblem[]
}): RefTable {
  const { crossCheck, ...rest } = t
  return {
    ...rest,
    key: (row) => t.key(t.row.parse(row)),
    ...(crossCheck && {
      crossCheck: (rows, get) =>
        crossCheck(
          rows.map((r) => t.row.parse(r)),
          get,
        ),
    }),
  }
}

export interface ActionType {
  title: I18n
  params: z.ZodType
  risk: 'info' | 'process' | 'equipment' | 'safety'
  approval: 'auto' | 'one' | 'two'
  /** Who may approve, reject and close it. */
  role: Role
  /** Reason to refuse, or null; asked when proposed and again when approved. */
  guard(params: unknown, ref: RefReader): string | null
  expiresMin: number
  target: 'line' | 'mes' | 'wms' | 'cmms' | 'erp' | 'agv' | 'person' | 'module'
}

/** @throws CFG_INVALID when something that moves equipment would be approved by nobody */
export function defineAction<P>(
  a: Omit<ActionType, 'params' | 'guard'> & {
    params: z.ZodType<P>
    guard(params: P, ref: RefReader): string | null
  },
): ActionType {
  if (a.approval === 'auto' && (a.risk === 'equipment' || a.risk === 'safety'))
    throw new CodedError('CFG_INVALID', {
      path: 'action.approval',
      expected: 'one or two approvals for equipment and safety',
      actual: 'auto',
    })
  return { ...a, guard: (params, ref) => a.guard(a.params.parse(params), ref) }
}

export interface Route {
  method: 'GET' | 'POST'
  /** Below `/api/m/<slug>/x`, beginning with `/`. */
  path: string
  title: I18n
  role: Role
  query: z.ZodType
  body: z.ZodType
  handle(req: { query: unknown; body: unknown }, io: ReadIo): unknown
}

/** `query` sees strings only; use coercing schemas, strict ones. */
export function defineRoute<Q, B = undefined>(r: {
  method: 'GET' | 'POST'
  path: string
  title: I18n
  role: Role
  query: z.ZodType<Q>
  body: z.ZodType<B>
  handle(req: { query: Q; body: B }, io: ReadIo): unknown
}): Route {
  // The host parses query and body with these two schemas before it calls.
  return { ...r, handle: (req, io) => r.handle(req as { query: Q; body: B }, io) }
}
