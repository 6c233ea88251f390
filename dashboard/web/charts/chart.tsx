import { useEffect, useRef, type ReactNode } from 'react'
import { echarts, type ChartOption } from './echarts.ts'

/** One chart that follows the size of its box. Loaded lazily: pages without charts do not pay for it. */
export function Chart({ option, height }: { option: ChartOption; height: number }): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const chart = useRef<ReturnType<typeof echarts.init> | null>(null)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const made = echarts.init(element, 'dark')
    chart.current = made
    const observer = new ResizeObserver(() => made.resize())
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.dispose()
      chart.current = null
    }
  }, [])
  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true })
  }, [option])
  return <div ref={box} className="chart" style={{ height }} />
}
