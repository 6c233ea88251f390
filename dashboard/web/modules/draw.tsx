import { lazy, Suspense, type ReactNode } from 'react'
import { Waiting } from '../shell/states.tsx'
import { KpiPanel } from './kpi-panel.tsx'
import type { KpiData, PanelState, TableData } from './module-types.ts'
import { TablePanel } from './table-panel.tsx'
import { TextPanel } from './text-panel.tsx'

const ChartPanel = lazy(() => import('../charts/chart-panel.tsx').then((m) => ({ default: m.ChartPanel })))

const chart =
  (kind: string) =>
  (data: PanelState): ReactNode => (
    <Suspense fallback={<Waiting />}>
      <ChartPanel kind={kind} data={data} />
    </Suspense>
  )

/** Kind of panel → how it is drawn. A kind that is not here is named on the page, not left out. */
export const DRAW: Record<string, ((data: PanelState) => ReactNode) | undefined> = {
  kpi: (data) => <KpiPanel data={data as KpiData} />,
  table: (data) => <TablePanel data={data as TableData} />,
  text: (data) => <TextPanel data={data} />,
  'control-chart': chart('control-chart'),
  pareto: chart('pareto'),
  bar: chart('bar'),
  timeseries: chart('timeseries'),
  scatter: chart('scatter'),
}
