import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
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
    }
    return optionOf(kind, data, words)
  }, [kind, data, t, i18n.language])
  const filled = (data.points ?? data.bars ?? data.series ?? []).length > 0
  if (!filled) return <Nothing title={t('modules.empty')} />
  return (
    <>
      <Chart option={option} height={kind === 'control-chart' ? 320 : 280} />
      {kind === 'control-chart' && <Signals points={(data.points ?? []) as ControlPoint[]} />}
    </>
  )
}

function optionOf(kind: string, data: ChartData, words: ChartWords): ChartOption {
  switch (kind) {
    case 'control-chart':
      return controlChartOption(data.centre ?? null, (data.points ?? []) as ControlPoint[], words)
    case 'pareto':
      return paretoOption((data.bars ?? []) as ParetoBar[], words)
    case 'bar':
      return barOption((data.bars ?? []) as ParetoBar[], words)
    case 'timeseries':
      return timeseriesOption((data.series ?? []) as Series[])
    default:
      return scatterOption((data.points ?? []) as { x: number; y: number }[], words)
  }
}

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
              `${p.label} (${timeText(p.at).slice(0, -4)}, ${t(p.out === 'above' ? 'chart.above' : 'chart.below')})`,
          )
          .join(' · ')}
      </span>
    </p>
  )
}
