import { BarChart, LineChart, ScatterChart, TreeChart } from 'echarts/charts'
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components'
import * as echarts from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

// Only what the panels draw: the whole of echarts is a megabyte.
echarts.use([
  BarChart,
  LineChart,
  ScatterChart,
  TreeChart,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  CanvasRenderer,
])

export { echarts }
export type ChartOption = Parameters<ReturnType<typeof echarts.init>['setOption']>[0]
