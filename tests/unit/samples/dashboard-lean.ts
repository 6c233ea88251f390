import { z } from 'zod'
import type { ModuleHandler } from '../../../dashboard/index.ts'

/**
 * Orange-juice cans, 30 samples of 50: Montgomery, Introduction to Statistical Quality Control, table 7.1. The
 * published limits are centre 0.2313, UCL 0.4102, LCL 0.0524; samples 15 and 23 are above.
 */
const CANS = [
  12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6,
]

const text = (zh: string, en: string): { zh: string; en: string } => ({ zh, en })

const view = {
  title: text('精益管理', 'Lean management'),
  panels: [
    { kind: 'kpi', title: text('概况', 'At a glance'), src: '/kpi', w: 12 },
    {
      kind: 'control-chart',
      title: text('不合格品率 p 图', 'p chart of nonconforming parts'),
      src: '/p-chart',
      w: 8,
    },
    { kind: 'pareto', title: text('缺陷排列图', 'Defect Pareto'), src: '/pareto', w: 4 },
    { kind: 'table', title: text('失控点', 'Signals'), src: '/signals', w: 6 },
    { kind: 'hologram', title: text('全息图', 'Hologram'), src: '/hologram', w: 6 },
  ],
}

const ok = { status: 'ok', needs: null }
const bars = [
  ['short', 18],
  ['open', 11],
  ['spur', 6],
  ['pin-hole', 2],
] as const

const panels: Record<string, unknown> = {
  kpi: {
    ...ok,
    items: [
      {
        id: 'fpy',
        title: text('直通率', 'First-pass yield'),
        value: 0.7687,
        unit: 'ratio',
        interval: { low: 0.746, high: 0.79, confidence: 0.95 },
        good: 'up',
      },
      { id: 'n', title: text('检测数', 'Inspected'), value: 1500, unit: 'count', interval: null, good: null },
      {
        id: 'coq',
        title: text('质量成本', 'Cost of quality'),
        value: null,
        unit: 'currency',
        interval: null,
        good: 'down',
      },
    ],
  },
  'p-chart': {
    ...ok,
    centre: 347 / 1500,
    points: CANS.map((count, i) => ({
      label: String(i + 1),
      at: new Date(Date.UTC(2026, 0, 1, 6, i * 30)).toISOString(),
      value: count / 50,
      n: 50,
      ucl: 0.4102,
      lcl: 0.0524,
      phase: i < 20 ? 'I' : 'II',
      out: i === 14 || i === 22 ? 'above' : null,
    })),
  },
  pareto: {
    ...ok,
    unit: 'count',
    currency: null,
    total: 37,
    bars: bars.map(([label, value], i) => ({
      label,
      value,
      share: value / 37,
      cumulative: bars.slice(0, i + 1).reduce((sum, [, v]) => sum + v, 0) / 37,
    })),
  },
  signals: {
    status: 'insufficient-data',
    needs: { text: text('控制限需要 20 个子组', 'The limits need 20 subgroups'), have: 12, need: 20 },
    columns: [
      { key: 'at', title: text('时间', 'Time') },
      { key: 'rule', title: text('判异准则', 'Rule') },
    ],
    rows: [],
  },
}

const manifest = {
  slug: 'lean',
  scenario: 13,
  title: view.title,
  link: text('生产管理', 'Production'),
  summary: text('班组长处理失控工序', 'The shift leader acts on a process that is out of control'),
  version: '1.0.0',
  owner: 'quality',
  fit: 'A',
  limits: text('不判断原因', 'It does not judge causes'),
  methods: [{ id: 'p', name: text('p 图', 'p chart'), source: 'Montgomery, ch. 7' }],
}

const status = {
  manifest,
  state: 'running',
  fault: null,
  lag: 0,
  lastEvent: null,
  rejectedEvents: 0,
  refStatus: {},
  lastJob: null,
  outbox: { unsent: 0, fault: null },
  activeAlerts: 1,
  openActions: 2,
  view,
}

const read = (path: string, title: { zh: string; en: string }, answer: () => unknown): ModuleHandler => ({
  method: 'GET',
  path,
  title,
  role: 'viewer',
  query: z.strictObject({ points: z.coerce.number().int().optional() }),
  body: z.unknown(),
  handle: async () => ({ status: 200, body: answer() }),
})

/** Handlers in the form of the module host, with one module. */
export const leanHandlers: readonly ModuleHandler[] = [
  read('/api/modules', text('模块', 'Modules'), () => ({ modules: [status] })),
  ...Object.entries(panels).map(([name, data]) =>
    read(`/api/m/lean/x/${name}`, text('面板', 'Panel'), () => data),
  ),
  {
    method: 'POST',
    path: '/api/m/:slug/rebuild',
    title: text('重放', 'Replay'),
    role: 'admin',
    query: z.strictObject({}),
    body: z.strictObject({ why: z.string() }),
    handle: async ({ body, role, user, params }) =>
      params['slug'] === 'lean'
        ? { status: 200, body: { rebuilt: true, body, role, user } }
        : {
            status: 404,
            body: {
              error: { code: 'API_NOT_FOUND', message: `no module ${params['slug']}` },
              known: ['lean'],
            },
          },
  },
]
