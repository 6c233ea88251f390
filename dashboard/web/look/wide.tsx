import { Table as AntTable, type TableProps } from 'antd'
import { useEffect, useLayoutEffect, useRef, type ComponentProps, type ReactNode } from 'react'

const TAKES_FOCUS = 'a[href], button, input, select, textarea, [tabindex]'

/**
 * Lets a box be focused while it scrolls sideways and nothing in it can be: without that its hidden part is out of the
 * keyboard's reach (WCAG 2.2, 2.1.1), as in Safari.
 */
function watchReach(box: HTMLElement): () => void {
  const watch = new ResizeObserver(() => {
    const outOfReach = box.scrollWidth > box.clientWidth && box.querySelector(TAKES_FOCUS) === null
    if (outOfReach) box.tabIndex = 0
    else box.removeAttribute('tabindex')
  })
  watch.observe(box)
  for (const child of box.children) watch.observe(child)
  return () => watch.disconnect()
}

/**
 * Around what may be wider than the screen.
 *
 * @param middlePx what is in the middle at first, px from the left
 */
export function Wide({ children, middlePx = 0 }: { children: ReactNode; middlePx?: number }): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (box.current && middlePx > 0) box.current.scrollLeft = middlePx - box.current.clientWidth / 2
  }, [middlePx])
  useEffect(() => (box.current ? watchReach(box.current) : undefined), [])
  return (
    <div className="scroll-x" ref={box}>
      {children}
    </div>
  )
}

function WideTable(props: ComponentProps<'table'>): ReactNode {
  const table = useRef<HTMLTableElement>(null)
  useEffect(() => {
    const box = table.current?.parentElement
    return box ? watchReach(box) : undefined
  }, [])
  return <table ref={table} {...props} />
}

const COMPONENTS = { table: WideTable }

/** The table of the component library, whose box scrolls on small screens. */
export const Table = <Row extends object>(props: TableProps<Row>): ReactNode => (
  <AntTable<Row> components={COMPONENTS} {...props} />
)
