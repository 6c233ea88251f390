import { z } from 'zod'
import { defineModule, type ModuleBody } from '../../../scenarios/kit/contract.ts'
import { defineAction, defineJob, defineRef } from '../../../scenarios/kit/parts.ts'
import type { ScenarioModule } from '../../../scenarios/index.ts'

const text = (en: string): { zh: string; en: string } => ({ zh: `测试 ${en}`, en })

const manifest = (slug: string): ScenarioModule['manifest'] => ({
  slug,
  scenario: 1,
  title: text(slug),
  link: text('link'),
  summary: text('summary'),
  version: '1.0.0',
  owner: 'it',
  fit: 'C',
  limits: text('limits'),
  methods: [],
})

const body = (b: Partial<ModuleBody>): ModuleBody => ({
  subscribe: { types: ['qe.*'] },
  ref: {},
  schema: ['create table seen(id text primary key, n integer)'],
  project: (e, ctx) =>
    void ctx.db.run(`insert into seen(id, n) values(?, 1) on conflict do update set n = n + 1`, e.id),
  emits: {},
  jobs: {},
  actions: {},
  routes: [],
  view: { title: text('view'), panels: [] },
  ...b,
})

/** Counts what it sees; `failAt` makes it throw at the inspection of that serial. */
export const counter = defineModule({
  manifest: manifest('counter'),
  params: z.strictObject({ failAt: z.string().optional() }),
  build: (p) =>
    body({
      project(e, ctx) {
        const { after } = ctx.effective()
        if (p.failAt !== undefined && after?.serial === p.failAt)
          throw new TypeError(`cannot count ${after.serial}`)
        ctx.db.run(`insert into seen(id, n) values(?, 1) on conflict do update set n = n + 1`, e.id)
      },
    }),
})

const action = (approval: 'auto' | 'one' | 'two') =>
  defineAction({
    title: text(approval),
    params: z.strictObject({ serial: z.string() }),
    risk: 'process',
    approval,
    role: 'qa',
    expiresMin: 60,
    target: 'person',
    guard: (a, ref) => (ref.get('blocked', a.serial) === undefined ? null : `${a.serial} is blocked`),
  })

/** Proposes an action per failed part, of the type named in its class code. */
export const proposer = defineModule({
  manifest: manifest('proposer'),
  params: z.strictObject({}),
  build: () =>
    body({
      ref: {
        blocked: defineRef({
          title: text('blocked'),
          row: z.strictObject({ serial: z.string() }),
          key: (r) => r.serial,
          required: true,
          maxAgeDays: 1,
        }),
      },
      actions: { auto: action('auto'), one: action('one'), two: action('two') },
      project(e, ctx) {
        const { after } = ctx.effective()
        const type = after?.defects[0]?.classCode
        if (!after || type === undefined) return
        ctx.propose({
          key: after.lot,
          type,
          params: { serial: after.serial },
          summary: text('check'),
          evidence: {
            method: 'none',
            firstEvent: e.id,
            lastEvent: e.id,
            n: 1,
            statistic: 1,
            limit: 0,
            references: {},
          },
        })
      },
    }),
})

const number = z.number()
const job = (run: (i: number, signal: AbortSignal) => number | Promise<number>, deadlineMs = 10_000) =>
  defineJob<number, number>({
    title: text('job'),
    trigger: { manual: true },
    deadlineMs,
    input: number,
    output: number,
    snapshot: ({ db }) => db.get<{ n: number }>('select count(*) as n from seen')?.n ?? 0,
    run: (i, { signal }) => run(i, signal),
    apply: (o, ctx) => void ctx.db.run(`insert or replace into result(n) values(?)`, o),
  })

/** Jobs of every temper. */
export const worker = defineModule({
  manifest: manifest('worker'),
  params: z.strictObject({}),
  build: () =>
    body({
      schema: ['create table seen(id text primary key, n integer)', 'create table result(n integer)'],
      jobs: {
        double: job((i) => i * 2),
        every: { ...job((i) => i), trigger: { everyEvents: 10 } },
        clock: { ...job((i) => i), trigger: { everyMinutes: 1 } },
        spin: job(() => {
          for (;;);
        }, 250),
        polite: job(
          (_, signal) =>
            new Promise((_, reject) =>
              signal.addEventListener('abort', () => reject(new Error('stopped in time'))),
            ),
          250,
        ),
        broken: job(() => {
          throw new RangeError('no solution')
        }),
        dies: job(() => {
          setImmediate(() => {
            throw new Error('thread gone')
          })
          return new Promise(() => undefined)
        }),
        wrong: job(() => 'text' as unknown as number),
      },
    }),
})

export const MODULES: readonly ScenarioModule[] = [counter, proposer, worker]
