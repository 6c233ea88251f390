import { useEffect, useRef, type ReactNode } from 'react'
import { echarts, type ChartOption } from './echarts.ts'

/** One chart that follows the size of its box. Loaded lazily: pages without charts do not pay for it. */
export function Chart({
  option,
  height,
  label,
  onPick,
  onColumn,
}: {
  option: ChartOption
  height: number
  /** What a screen reader says in its place. */
  label: string
  /** What was clicked: the datum of its series. */
  onPick?: (datum: unknown) => void
  /** Which column of the category axis was clicked, wherever in its height: points are small. */
  onColumn?: (index: number) => void
}): ReactNode {
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
  useEffect(() => {
    const made = chart.current
    if (!made || !onPick) return
    const pick = ({ data }: { data?: unknown }): void => onPick(data)
    made.on('click', pick)
    return () => void made.off('click', pick)
  }, [onPick])
  useEffect(() => {
    const made = chart.current
    if (!made || !onColumn) return
    const pick = ({ offsetX, offsetY }: { offsetX: number; offsetY: number }): void => {
      const at = [offsetX, offsetY]
      if (!made.containPixel({ gridIndex: 0 }, at)) return
      const index: unknown = made.convertFromPixel({ xAxisIndex: 0 }, offsetX)
      if (typeof index === 'number' && index >= 0) onColumn(index)
    }
    made.getZr().on('click', pick)
    // Disposed with its box when the page is left.
    return () => {
      if (!made.isDisposed()) made.getZr().off('click', pick)
    }
  }, [onColumn])
  return <div ref={box} className="chart" role="img" aria-label={label} style={{ height }} />
}
