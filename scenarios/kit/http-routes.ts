import { z } from 'zod'
import { CodedError, mustAllow, requestFault, toFact, uuidv7 } from '../../contracts/index.ts'
import { approveAction, listActions, moveAction, needAction, typeOf, type ActionState } from './actions.ts'
import { listAlerts } from './alerts.ts'
import { parseCsv } from './csv.ts'
import type { ModuleHost } from './host.ts'
import { empty, endpoint, moduleRoutes, noBody, Refused, type HttpRoute } from './http.ts'
import type { ModuleInstance } from './instance.ts'
import { enqueue } from './outbox.ts'

const MAX_ROWS = 50_000
const limit = z.coerce.number().int().min(1).max(1_000).default(100)
const version = z.coerce.number().int().min(1).optional()
const states = [
  'proposed',
  'approved',
  'dispatched',
  'acknowledged',
  'done',
  'failed',
  'rejected',
  'expired',
  'superseded',
] as const satisfies readonly ActionState[]

const refUpload = z.discriminatedUnion('format', [
  z.strictObject({ format: z.literal('json'), rows: z.array(z.unknown()).max(MAX_ROWS) }),
  z.strictObject({ format: z.literal('csv'), text: z.string().max(16 * 1024 * 1024) }),
])

/** Every endpoint of the host and of its modules. */
export function httpRoutes(host: ModuleHost): HttpRoute[] {
  const at = (): string => new Date(host.now()).toISOString()
  const of = (params: Record<string, string>): ModuleInstance => host.module(params['slug'] ?? '')
  const M = '/api/m/:slug'
  return [
    endpoint({
      method: 'GET',
      path: '/api/modules',
      title: { zh: '全部场景模块及状态', en: 'All scenario modules with their status' },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: () => ({ modules: host.statuses() }),
    }),
    endpoint({
      method: 'GET',
      path: `${M}/status`,
      title: { zh: '模块状态', en: 'Status of a module' },
      role: 'viewer',
      query: empty,
      body: z.unknown(),
      work: ({ params }) => host.status(params['slug'] ?? ''),
    }),
    endpoint({
      method: 'GET',
      path: `${M}/ref/:table`,
      title: { zh: '读取参考数据', en: 'Read a reference table' },
      role: 'viewer',
      query: z.strictObject({ version }),
      body: z.unknown(),
      work: ({ params, query }) => readRef(of(params), params['table'] ?? '', query.version),
    }),
    endpoint({
      method: 'PUT',
      path: `${M}/ref/:table`,
      title: { zh: '替换参考数据', en: 'Replace a reference table' },
      role: 'process',
      query: empty,
      body: refUpload,
      work: ({ params, body, user }) =>
        putRef(
          of(params),
          params['table'] ?? '',
          body.format === 'csv' ? parseCsv(body.text) : body.rows,
          user,
          at(),
        ),
    }),
    endpoint({
      method: 'POST',
      path: `${M}/jobs/:job`,
      title: { zh: '启动计算', en: 'Start a computation' },
      role: 'operator',
      query: empty,
      // Clients send nothing at all when there is no key.
      body: z.strictObject({ key: z.string().max(500).default('') }).prefault({}),
      work: ({ params, body }) => {
        const m = of(params)
        const job = jobOf(m, params['job'] ?? '')
        if (job.trigger.manual !== true)
          throw new CodedError('API_REQUEST', {
            expected: 'a job that may be started by hand',
            actual: params['job'] ?? '',
          })
        m.request(params['job'] ?? '', body.key)
        m.kickJobs()
        return { requested: true }
      },
    }),
    endpoint({
      method: 'GET',
      path: `${M}/actions`,
      title: { zh: '措施清单', en: 'Actions of a module' },
      role: 'viewer',
      query: z.strictObject({ state: z.enum(states).optional(), limit }),
      body: z.unknown(),
      work: ({ params, query }) => {
        const m = of(params)
        return {
          actions: listActions(m.db, query.state ?? null, query.limit).map((a) => {
            const t = typeOf(m.desk, a.type)
            return {
              ...a,
              title: t.title,
              risk: t.risk,
              role: t.role,
              target: t.target,
              approval: t.approval,
            }
          }),
        }
      },
    }),
    decision('approve', noBody, (m, id, _, user) => approveAction(m.db, m.desk, id, user, at())),
    decision('reject', z.strictObject({ reason: z.string().min(1).max(1_000) }), (m, id, body, user) =>
      moveAction(m.db, m.desk, id, 'rejected', { at: at(), by: user, reason: body.reason }),
    ),
    decision(
      'close',
      z.strictObject({ outcome: z.enum(['done', 'failed']), reason: z.string().min(1).max(1_000) }),
      (m, id, body, user) =>
        moveAction(m.db, m.desk, id, body.outcome, { at: at(), by: user, reason: body.reason }),
    ),
    endpoint({
      method: 'GET',
      path: `${M}/alerts`,
      title: { zh: '告警清单', en: 'Alerts of a module' },
      role: 'viewer',
      query: z.strictObject({ limit }),
      body: z.unknown(),
      work: ({ params, query }) => ({ alerts: listAlerts(of(params).db, query.limit) }),
    }),
    endpoint({
      method: 'POST',
      path: `${M}/rebuild`,
      title: { zh: '清空并重放', en: 'Drop the state and replay the log' },
      role: 'admin',
      query: empty,
      body: noBody,
      work: ({ params }) => {
        of(params).rebuild()
        return { rebuilding: true }
      },
    }),
    endpoint({
      method: 'POST',
      path: `${M}/resume`,
      title: { zh: '恢复已暂停的模块', en: 'Resume a paused module' },
      role: 'process',
      query: empty,
      body: noBody,
      work: ({ params }) => {
        of(params).resume()
        return { resumed: true }
      },
    }),
    endpoint({
      method: 'POST',
      path: `${M}/whatif`,
      title: { zh: '假设分析', en: 'Run a job on changed input without storing' },
      role: 'operator',
      query: empty,
      body: z.strictObject({
        job: z.string().min(1),
        key: z.string().max(500).default(''),
        input: z.record(z.string(), z.unknown()).default({}),
      }),
      work: ({ params, body }) => whatIf(host, of(params), body),
    }),
    ...moduleRoutes(host),
  ]

  function decision<B>(
    verb: 'approve' | 'reject' | 'close',
    body: z.ZodType<B>,
    decide: (m: ModuleInstance, id: string, body: B, user: string) => unknown,
  ): HttpRoute {
    const text = {
      approve: ['批准措施', 'Approve'],
      reject: ['驳回措施', 'Reject'],
      close: ['关闭措施', 'Close'],
    }[verb]
    return endpoint({
      method: 'POST',
      path: `${M}/actions/:id/${verb}`,
      title: { zh: text[0] ?? '', en: `${text[1]} an action` },
      role: 'operator',
      query: empty,
      body,
      work: ({ params, body: given, role, user }) => {
        const m = of(params)
        const id = params['id'] ?? ''
        const need = typeOf(m.desk, needAction(m.db, id).type).role
        mustAllow(role, need)
        const action = m.db.transaction(() => decide(m, id, given, user))
        void m.relay()
        return { action }
      },
    })
  }
}

function readRef(m: ModuleInstance, table: string, wanted: number | undefined): unknown {
  const t = m.ref.table(table)
  const versions = m.ref.versions(table)
  const chosen = wanted ?? versions[0]?.version ?? 0
  if (wanted !== undefined && !versions.some((v) => v.version === wanted))
    throw new CodedError('API_NOT_FOUND', { path: `${table} version ${wanted}` })
  return {
    table,
    title: t.title,
    status: m.ref.status(table),
    required: t.required,
    rowSchema: z.toJSONSchema(t.row, { unrepresentable: 'any', io: 'input' }),
    versions,
    version: chosen,
    rows: m.ref.rowsOfVersion(table, chosen),
  }
}

function putRef(m: ModuleInstance, table: string, rows: unknown[], by: string, at: string): unknown {
  if (rows.length > MAX_ROWS)
    throw new CodedError('API_REQUEST', { expected: `at most ${MAX_ROWS} rows`, actual: `${rows.length}` })
  const { rows: good, problems } = m.ref.validate(table, rows)
  if (problems.some((p) => p.severity === 'error'))
    throw new Refused('EVT_REFERENCE', `${problems.length} problems in ${table}`, {
      problems: problems.slice(0, 200),
    })
  const version = m.db.transaction(() => {
    const v = m.ref.replace(table, good, by)
    for (const [name, job] of Object.entries(m.body.jobs))
      if (job.trigger.onRef?.includes(table)) m.request(name, '')
    const change = { id: uuidv7(), time: at, partitionkey: m.slug }
    const type = `mod.${m.slug}.reference.replaced.v1`
    enqueue(m.db, m.slug, change, {
      type,
      subject: `ref/${table}`,
      data: { table, version: v, by, rows: good.length },
    })
    return v
  })
  m.kickJobs()
  void m.relay()
  return { table, version, rows: good.length, at, warnings: problems }
}

function jobOf(m: ModuleInstance, name: string) {
  const job = Object.hasOwn(m.body.jobs, name) ? m.body.jobs[name] : undefined
  if (!job)
    throw new CodedError('API_NOT_FOUND', {
      expected: Object.keys(m.body.jobs).join(' | ') || 'no jobs',
      actual: name,
    })
  return job
}

async function whatIf(
  host: ModuleHost,
  m: ModuleInstance,
  ask: { job: string; key: string; input: Record<string, unknown> },
): Promise<unknown> {
  const job = jobOf(m, ask.job)
  const snapshot = job.snapshot({ db: m.jobs.read, ref: m.ref }, ask.key)
  const changed = isRecord(snapshot) ? { ...snapshot, ...ask.input } : snapshot
  if (!isRecord(snapshot) && Object.keys(ask.input).length > 0)
    throw new CodedError('API_REQUEST', {
      path: 'body.input',
      expected: 'nothing: this job has no named inputs',
    })
  const input = job.input.safeParse(changed)
  if (!input.success) throw new CodedError('API_REQUEST', requestFault(input.error, changed, 'body: input'))
  const result = await host.runJob(m.jobs.order(ask.job, ask.key, input.data, host.now()), job.deadlineMs)
  if (!result.ok) throw new Refused('API_REQUEST', result.error.message, { error: toFact(result.error) })
  return { stored: false, input: input.data, output: result.output, ms: result.ms }
}

const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v)
