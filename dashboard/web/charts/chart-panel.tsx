import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { className } from '../i18n/class-names.ts'
import { timeText } from '../look/format.ts'
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

type ChartData = PanelState & {
  centre?: number | null
  /** Of a control chart: shares, shown as per cent. */
  unit?: string
  points?: unknown[]
  bars?: unknown[]
  series?: unknown[]
}

/** Draws the chart kinds of module panels, and names the signals of a control chart in words as well. */
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
  const filled = (data.points ?? data.bars ?? data.series ?? []).length > 0
  if (!filled) return <Nothing title={t('modules.empty')} />
  return (
    <>
      <Chart option={option} height={kind === 'control-chart' ? 320 : 280} label={inWords(data)} />
      {kind === 'control-chart' && <Signals points={(data.points ?? []) as ControlPoint[]} />}
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

/** A subgroup is called by its number, or by the time it began: as the clock of the reader says it, to the minute. */
const labelText = (label: string): string =>
  /^\d{4}-\d\d-\d\dT/.test(label) ? timeText(label).slice(0, -7) : label

const SHOWN = 6

function Signals({ points }: { points: readonly ControlPoint[] }): ReactNode {
  const { t } = useTranslation()
  const out = points.filter((p) => p.out !== null)
  if (out.length === 0) return null
  return (
    <p className="small panel-note">
      <b className="tone-fail">◆ {t('chart.signals', { n: out.length })}</b>{' '}
      <span className="muted">
        {out
          .slice(-SHOWN)
          .map(
            (p) =>
              `${labelText(p.label)} (${timeText(p.at).slice(0, -4)}, ${t(p.out === 'above' ? 'chart.above' : 'chart.below')})`,
          )
          .join(' · ')}
      </span>
    </p>
  )
}
