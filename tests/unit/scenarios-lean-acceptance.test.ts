import type { QEvent } from '../../contracts/index.ts'
import { openSql } from '../../traceability/index.ts'
import { MODULES } from '../../scenarios/index.ts'
import { lean } from '../../scenarios/lean/module.ts'
import { inspected, inspectionId, reviewed, subgroups } from '../suites/module-samples.ts'
import { describeModule } from '../suites/module.suite.ts'

const registry = { modules: MODULES, url: new URL('../../scenarios/registry.ts', import.meta.url) }

/** 24 subgroups of 4 on two lines, then one bad one, with reviews of both kinds in between. */
function story(): QEvent[] {
  const counts = [1, 0, 1, 1, 0, 1, 2, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0, 4, 1, 4]
  const a = subgroups(counts, 4, { line: 'a' })
  const b = subgroups(counts.toReversed(), 4, { line: 'b', product: 'cap' })
  return [
    ...a.slice(0, 30),
    ...b.slice(0, 50),
    reviewed('a-pcb-1-4', 'fail', 'pass'),
    inspected({ name: 'x1', result: 'inconclusive' }),
    ...a.slice(30),
    reviewed('b-cap-2-1', 'pass', 'fail', { line: 'b', labels: ['short'] }),
    inspected({ name: 'x2', result: 'pass', serial: 'x1' }),
    inspected({ name: 'x3', result: 'fail', reworkCount: 1 }),
    inspected({ name: 'x4', result: 'fail', runType: 'golden-sample' }),
    ...b.slice(50),
    reviewed('a-pcb-22-1', 'fail', 'pass'),
    reviewed('a-pcb-22-2', 'fail', 'pass'),
    reviewed('a-pcb-24-2', 'fail', 'inconclusive'),
    reviewed('b-cap-2-1', 'fail', 'fail', { line: 'b', labels: ['spur', 'open'], round: 2 }),
    reviewed('x1', 'inconclusive', 'fail', { labels: ['short'] }),
  ]
}

/** 22 subgroups of 6 with 1, 2, 3, 1, 2, 3 … fails. */
const TOLD = subgroups(
  Array.from({ length: 22 }, (_, i) => (i % 3) + 1),
  6,
)
const RIGHT = [
  inspected({ ...at('a-pcb-3-2'), result: 'pass' }),
  inspected({ ...at('a-pcb-5-1'), result: 'fail', classes: ['spur', 'short'], disposition: 'hold' }),
  inspected({ ...at('a-pcb-22-6'), result: 'fail', classes: ['spur'] }),
]

function at(name: string): { name: string; at: number } {
  const told = TOLD.find((e) => e.id === inspectionId(name))
  return { name, at: Date.parse(told?.time ?? '') }
}

describeModule({
  module: lean,
  registry,
  openSql,
  params: { subgroup: 4, baseline: 20 },
  events: story(),
  corrected: {
    events: [
      ...TOLD,
      reviewed('a-pcb-3-2', 'fail', 'pass'),
      reviewed('a-pcb-5-1', 'pass', 'fail', { labels: ['spur', 'short'] }),
      reviewed('a-pcb-22-6', 'fail', 'fail', { labels: ['spur'] }),
    ],
    asIfRight: TOLD.map((e) => RIGHT.find((r) => r.id === e.id) ?? e),
  },
  references: [
    {
      table: 'unitCosts',
      panel: '/pareto?by=cost',
      good: [
        { product: '*', disposition: 'scrap', costPerUnit: 4.5, currency: 'CNY' },
        { product: '*', disposition: 'hold', costPerUnit: 1, currency: 'CNY' },
      ],
      bad: [{ product: 'pcb', disposition: 'release', costPerUnit: -1, currency: 'yuan' }],
    },
  ],
})
