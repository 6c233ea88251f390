import type { SeriesReport } from '../api/types.ts'
import { COLOUR } from '../look/theme.ts'
import { axisLook, base, timeAxis } from './options.ts'
import type { ChartOption } from './echarts.ts'

/** Shares of the reference and of the newest window in the same bins. */
export function shapeOption(
  shape: NonNullable<SeriesReport['shape']>,
  w: { reference: string; now: string; share: string },
): ChartOption {
  const labels = shape.reference.map((_, i) =>
    (((shape.edges[i] ?? 0) + (shape.edges[i + 1] ?? 0)) / 2).toPrecision(3),
  )
  const percent = (shares: readonly number[]): number[] => shares.map((s) => Number((100 * s).toFixed(2)))
  return {
    ...base,
    legend: { top: 0, right: 10, textStyle: { color: COLOUR.muted }, itemHeight: 8 },
    xAxis: { type: 'category', data: labels, ...axisLook },
    yAxis: { type: 'value', ...axisLook, axisLabel: { color: COLOUR.muted, formatter: '{value} %' } },
    series: [
      { type: 'bar', name: w.reference, data: percent(shape.reference), itemStyle: { color: COLOUR.muted } },
      { type: 'bar', name: w.now, data: percent(shape.now), itemStyle: { color: COLOUR.accent } },
    ],
  }
}

/** Stability index and distance of each window, with the alarm limit of the index; drifting windows as red diamonds. */
export function windowsOption(
  windows: SeriesReport['windows'],
  w: { psi: string; d: string; limit: string },
): ChartOption {
  const dot = (drift: boolean) =>
    drift
      ? { symbol: 'diamond', symbolSize: 13, itemStyle: { color: COLOUR.fail } }
      : { symbol: 'circle', symbolSize: 6 }
  return {
    ...base,
    legend: { top: 0, right: 10, textStyle: { color: COLOUR.muted }, itemHeight: 8 },
    xAxis: timeAxis,
    yAxis: { type: 'value', min: 0, ...axisLook },
    series: [
      {
        type: 'line',
        name: w.psi,
        data: windows.map((r) => ({ value: [r.at, Number(r.psi.toFixed(4))], ...dot(r.drift) })),
        lineStyle: { color: COLOUR.accent },
        itemStyle: { color: COLOUR.accent },
      },
      {
        type: 'line',
        name: w.d,
        data: windows.map((r) => [r.at, Number(r.d.toFixed(4))]),
        lineStyle: { color: COLOUR.pass },
        itemStyle: { color: COLOUR.pass },
      },
      {
        type: 'line',
        name: w.limit,
        symbol: 'none',
        data: windows.map((r) => [r.at, Number(r.psiLimit.toFixed(4))]),
        lineStyle: { color: COLOUR.inconclusive, type: 'dashed' },
        itemStyle: { color: COLOUR.inconclusive },
      },
    ],
  }
}
