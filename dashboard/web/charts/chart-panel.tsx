import { useCallback, useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { className } from '../i18n/class-names.ts'
import type { PanelState } from '../modules/module-types.ts'
import { Nothing } from '../shell/states.tsx'
import { Chart } from './chart.tsx'
import type { ChartOption } from './echarts.ts'
import {
  barOption,
  controlChartOption,
  paretoOption,
  scatterOption,
  timeseriesOption,
  type ChartWords,
  type ControlPoint,
  type ParetoBar,
  type Series,
} from './options.ts'
import { Signals, subgroupPath, SubgroupTable } from './subgroups.tsx'
import { labelText } from './words.ts'

type ChartData = PanelState & {
  centre?: number | null
  /** Of a control chart: shares, shown as per cent. */
  unit?: string
  /** Whose parts a control chart is of. */
  stream?: { station?: string } | null
  points?: unknown[]
  bars?: unknown[]
  series?: unknown[]
}

/** Draws the chart kinds of module panels; the points of a control chart stand below in words, and lead to their parts. */
export function ChartPanel({ kind, data }: { kind: string; data: ChartData }): ReactNode {
  const { t, i18n } = useTranslation()
  const option = useMemo(() => {
    const words: ChartWords = {
      value: t('chart.value'),
      ucl: t('chart.ucl'),
      lcl: t('chart.lcl'),
      centre: t('chart.centre'),
      share: t('chart.share'),
      subgroup: t('chart.subgroup'),
    }
    return optionOf(kind, data, words)
  }, [kind, data, t, i18n.language])
  const navigate = useNavigate()
  const station = data.stream?.station
  const points = (data.points ?? []) as ControlPoint[]
  const toParts = useCallback(
    (index: number) => {
      const path = subgroupPath((data.points as ControlPoint[] | undefined)?.[index], data.stream?.station)
      if (path !== null) void navigate(path)
    },
    [data, navigate],
  )
  const filled = (data.points ?? data.bars ?? data.series ?? []).length > 0
  if (!filled) return <Nothing title={t('modules.empty')} />
  return (
    <>
      <Chart
        option={option}
        height={kind === 'control-chart' ? 320 : 280}
        label={inWords(data)}
        {...(kind === 'control-chart' && { onColumn: toParts })}
      />
      {kind === 'control-chart' && (
        <>
          <Signals points={points} station={station} />
          <SubgroupTable points={points} station={station} ratio={data.unit === 'ratio'} />
        </>
      )}
    </>
  )
}

/** The newest points or all bars, as a screen reader says them; of points in a plane nothing. */
const inWords = ({ points = [], bars = [] }: ChartData): string =>
  [...(points as Partial<ControlPoint>[]).slice(-10), ...(bars as ParetoBar[])]
    .flatMap(({ label, value }) =>
      label === undefined || value === undefined
        ? []
        : `${className(labelText(label))} ${Number(value.toPrecision(4))}`,
    )
    .join(', ')

function optionOf(kind: string, data: ChartData, words: ChartWords): ChartOption {
  switch (kind) {
    case 'control-chart':
      return controlChartOption(
        data.centre ?? null,
        ((data.points ?? []) as ControlPoint[]).map((p) => ({ ...p, label: labelText(p.label) })),
        words,
        data.unit === 'ratio' ? data.unit : undefined,
      )
    case 'pareto':
      return paretoOption(
        ((data.bars ?? []) as ParetoBar[]).map((b) => ({ ...b, label: className(b.label) })),
        words,
      )
    case 'bar':
      return barOption((data.bars ?? []) as ParetoBar[], words)
    case 'timeseries':
      return timeseriesOption((data.series ?? []) as Series[])
    default:
      return scatterOption((data.points ?? []) as { x: number; y: number }[], words)
  }
}
