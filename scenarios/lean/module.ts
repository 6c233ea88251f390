import { defineModule } from '../kit/contract.ts'
import { defineAction } from '../kit/parts.ts'
import { outOfControl, OUT_OF_CONTROL } from './evaluate.ts'
import { limitsJob } from './limits-job.ts'
import { pChartRoute } from './p-chart.ts'
import { paretoRoute } from './pareto-route.ts'
import { leanParams } from './params.ts'
import { projectLean } from './project.ts'
import { summaryRoute } from './summary.ts'
import { LEAN_SCHEMA } from './tables.ts'
import { unitCostTable } from './unit-costs.ts'

/** Scenario 13, 数智精益管理: where quality is lost, whether the process is stable, what it costs. */
export const lean = defineModule({
  manifest: {
    slug: 'lean',
    scenario: 13,
    title: { zh: '数智精益管理', en: 'Digital lean management' },
    link: { zh: '生产作业', en: 'Production' },
    summary: {
      zh: '改善负责人按控制图与排列图决定先解决哪个损失',
      en: 'The improvement leader picks the next loss to attack from control chart and Pareto',
    },
    version: '1.2.0',
    owner: 'quality',
    fit: 'A',
    limits: {
      zh: '只统计在线检测的首检结果;成本来自上传的成本表;不含 OEE 与 6S',
      en: 'Counts first inspections of the line only; costs come from the uploaded table; no OEE and 6S',
    },
    methods: [
      {
        id: 'p-chart',
        name: { zh: 'p 控制图', en: 'p control chart' },
        source: 'Montgomery, Introduction to Statistical Quality Control, 7.2; ISO 7870-2',
      },
      {
        id: 'western-electric',
        name: { zh: '西电判异准则', en: 'Western Electric rules' },
        source: 'Western Electric, Statistical Quality Control Handbook, 1956',
      },
      { id: 'pareto', name: { zh: '排列图', en: 'Pareto chart' }, source: 'Juran, Quality Control Handbook' },
      {
        id: 'wilson',
        name: { zh: '威尔逊区间', en: 'Wilson interval' },
        source: 'Wilson, JASA 22 (1927) 209-212',
      },
      {
        id: 'laney',
        name: { zh: 'Laney p′ 过度离散系数', en: "Laney's sigma z" },
        source: 'Laney, Quality Engineering 14 (2002) 531-537',
      },
    ],
  },
  params: leanParams,
  build: (p) => ({
    subscribe: {
      types: [
        'qe.inspection.completed.v1',
        'qe.verdict.reviewed.v1',
        'qe.gate.held.v1',
        'qe.unit.dispositioned.v1',
        'qe.trace.retracted.v1',
      ],
    },
    ref: { unitCosts: unitCostTable },
    schema: LEAN_SCHEMA,
    project: (e, ctx) => projectLean(p, e, ctx),
    emits: { [OUT_OF_CONTROL]: outOfControl },
    jobs: { limits: limitsJob(p) },
    actions: {
      investigate: defineAction({
        title: { zh: '调查失控点', en: 'Investigate an out-of-control point' },
        params: outOfControl,
        risk: 'info',
        approval: 'one',
        role: 'qa',
        expiresMin: 480,
        target: 'person',
        guard: (a) =>
          (a.side === 'above') === a.fraction > a.centre
            ? null
            : '该点不在所述的一侧 / the point is not on the side it is said to be',
      }),
    },
    routes: [pChartRoute(p), paretoRoute, summaryRoute],
    view: {
      title: { zh: '数智精益管理', en: 'Digital lean management' },
      panels: [
        { kind: 'kpi', title: { zh: '质量概览', en: 'Quality summary' }, src: '/summary', w: 12 },
        {
          kind: 'control-chart',
          title: { zh: '不合格率控制图', en: 'Fraction nonconforming' },
          help: {
            zh: '点超出控制限说明过程有异常原因;待判件不计入',
            en: 'A point beyond the limits has a special cause; inconclusive parts are left out',
          },
          src: '/p-chart',
          w: 12,
        },
        {
          kind: 'pareto',
          title: { zh: '缺陷排列图', en: 'Defects by class' },
          src: '/pareto?by=defects',
          w: 6,
        },
        {
          kind: 'pareto',
          title: { zh: '不良质量成本', en: 'Cost of poor quality' },
          src: '/pareto?by=cost',
          w: 6,
        },
      ],
    },
  }),
})
