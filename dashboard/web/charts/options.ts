import { momentText } from '../look/format.ts'
import { COLOUR } from '../look/theme.ts'
import { wallText } from '../look/zone.ts'
import type { ChartOption } from './echarts.ts'
import { shareText } from './words.ts'

export const base = {
  backgroundColor: 'transparent',
  animation: false,
  textStyle: { color: COLOUR.text, fontSize: 12 },
  grid: { left: 52, right: 24, top: 28, bottom: 34 },
  tooltip: {
    trigger: 'axis' as const,
    backgroundColor: '#18202b',
    borderColor: COLOUR.line,
    textStyle: { color: COLOUR.text },
  },
}

export const axisLook = {
  axisLine: { lineStyle: { color: '#3a4656' } },
  axisLabel: { color: COLOUR.muted },
  splitLine: { lineStyle: { color: COLOUR.line } },
}

/** Times by the clock of the pages: ECharts itself knows that of the screen alone. */
export const timeAxis = {
  type: 'time' as const,
  ...axisLook,
  axisLabel: { ...axisLook.axisLabel, hideOverlap: true, formatter: (ms: number) => tickText(ms) },
  axisPointer: {
    label: {
      formatter: ({ value }: { value: unknown }) => momentText(new Date(Number(value)).toISOString()),
    },
  },
}

/** The day where it begins, with the time where ECharts marks that of the screen; else the time of day. */
function tickText(ms: number): string {
  const at = new Date(ms)
  const { date, time } = wallText(at)
  if (time === '00:00:00') return date
  const short = time.replace(/:00$/, '')
  return at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0 ? `${date} ${short}` : short
}

export interface ControlPoint {
  /** Number of the subgroup, or the time it began. */
  label: string
  at: string
  value: number
  n: number
  /** Of an attribute chart: how many of the n. */
  nonconforming?: number
  ucl: number | null
  lcl: number | null
  phase: 'I' | 'II'
  out: 'above' | 'below' | null
  /** Events of its first and last part, which have the ids of their inspections. */
  firstEvent?: string
  lastEvent?: string
}

export interface ChartWords {
  value: string
  ucl: string
  lcl: string
  centre: string
  share: string
  subgroup: string
}

/** Attribute control chart: points, stepped limits that follow the subgroup size, signals as large red diamonds. */
export function controlChartOption(
  centre: number | null,
  points: readonly ControlPoint[],
  w: ChartWords,
  unit?: 'ratio',
): ChartOption {
  const said = (value: number): string => shareText(value, unit === 'ratio')
  const known = points.some((p) => p.ucl !== null)
  const limit = (name: string, of: (p: ControlPoint) => number | null) => ({
    type: 'line' as const,
    name,
    step: 'middle' as const,
    symbol: 'none',
    lineStyle: { color: COLOUR.inconclusive, type: 'dashed' as const, width: 1.2 },
    itemStyle: { color: COLOUR.inconclusive },
    data: points.map(of),
  })
  return {
    ...base,
    grid: { ...base.grid, right: centre === null ? base.grid.right : 96, bottom: 48 },
    legend: { top: 0, right: 96, textStyle: { color: COLOUR.muted }, itemHeight: 8 },
    tooltip: {
      ...base.tooltip,
      valueFormatter: (value: unknown) => (typeof value === 'number' ? said(value) : '–'),
    },
    xAxis: {
      type: 'category',
      data: points.map((p) => p.label),
      name: w.subgroup,
      nameLocation: 'middle',
      nameGap: 28,
      nameTextStyle: { color: COLOUR.muted },
      ...axisLook,
    },
    yAxis: {
      type: 'value',
      ...axisLook,
      axisLabel: { ...axisLook.axisLabel, formatter: said },
      scale: true,
    },
    ...(points.length > 80 ? { dataZoom: [{ type: 'inside' as const }] } : {}),
    series: [
      ...(known ? [limit(w.ucl, (p) => p.ucl), limit(w.lcl, (p) => p.lcl)] : []),
      {
        type: 'line',
        name: w.value,
        tooltip: {
          valueFormatter: (value: unknown, i: number) => {
            const { n, nonconforming } = points[i] ?? {}
            const of = nonconforming === undefined ? `n ${n}` : `${nonconforming} / ${n}`
            return typeof value === 'number' ? `${said(value)} (${of})` : '–'
          },
        },
        data: points.map((p) => ({
          value: p.value,
          symbol: p.out ? 'diamond' : 'circle',
          symbolSize: p.out ? 14 : 6,
          itemStyle: { color: p.out ? COLOUR.fail : p.phase === 'I' ? COLOUR.muted : COLOUR.accent },
        })),
        lineStyle: { color: COLOUR.accent, width: 1.5 },
        itemStyle: { color: COLOUR.accent },
        ...(centre === null
          ? {}
          : {
              markLine: {
                silent: true,
                symbol: 'none',
                label: {
                  formatter: `${w.centre} ${said(centre)}`,
                  position: 'end',
                  color: COLOUR.pass,
                },
                lineStyle: { color: COLOUR.pass, type: 'solid', width: 1 },
                data: [{ yAxis: centre }],
              },
            }),
      },
    ],
  }
}

export interface ParetoBar {
  label: string
  value: number
  share: number
  cumulative: number
}

/** Bars in falling order with the cumulative share on the right axis. */
export function paretoOption(bars: readonly ParetoBar[], w: ChartWords): ChartOption {
  return {
    ...base,
    grid: { ...base.grid, right: 48 },
    xAxis: {
      type: 'category',
      data: bars.map((b) => b.label),
      ...axisLook,
      axisLabel: { ...axisLook.axisLabel, interval: 0, hideOverlap: true },
    },
    yAxis: [
      { type: 'value', ...axisLook },
      {
        type: 'value',
        min: 0,
        max: 100,
        ...axisLook,
        splitLine: { show: false },
        axisLabel: { color: COLOUR.muted, formatter: '{value} %' },
      },
    ],
    series: [
      {
        type: 'bar',
        name: w.value,
        data: bars.map((b) => b.value),
        itemStyle: { color: COLOUR.accent },
        barMaxWidth: 48,
      },
      {
        type: 'line',
        name: w.share,
        yAxisIndex: 1,
        data: bars.map((b) => Number((b.cumulative * 100).toFixed(1))),
        lineStyle: { color: COLOUR.inconclusive },
        itemStyle: { color: COLOUR.inconclusive },
        symbolSize: 6,
      },
    ],
  }
}

export const barOption = (bars: readonly { label: string; value: number }[], w: ChartWords): ChartOption => ({
  ...base,
  xAxis: { type: 'category', data: bars.map((b) => b.label), ...axisLook },
  yAxis: { type: 'value', ...axisLook },
  series: [
    {
      type: 'bar',
      name: w.value,
      data: bars.map((b) => b.value),
      itemStyle: { color: COLOUR.accent },
      barMaxWidth: 48,
    },
  ],
})

export interface Series {
  name: string
  points: readonly { at: string; value: number }[]
}

export const timeseriesOption = (series: readonly Series[]): ChartOption => ({
  ...base,
  legend: { top: 0, right: 10, textStyle: { color: COLOUR.muted } },
  xAxis: timeAxis,
  yAxis: { type: 'value', scale: true, ...axisLook },
  series: series.map((s) => ({
    type: 'line',
    name: s.name,
    showSymbol: s.points.length < 60,
    data: s.points.map((p) => [p.at, p.value]),
  })),
})

export const scatterOption = (
  points: readonly { x: number; y: number; label?: string }[],
  w: ChartWords,
): ChartOption => ({
  ...base,
  tooltip: { ...base.tooltip, trigger: 'item' },
  xAxis: { type: 'value', scale: true, ...axisLook },
  yAxis: { type: 'value', scale: true, ...axisLook },
  series: [
    {
      type: 'scatter',
      name: w.value,
      symbolSize: 7,
      itemStyle: { color: COLOUR.accent },
      data: points.map((p) => ({ value: [p.x, p.y], name: p.label ?? '' })),
    },
  ],
})
