import { Button } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { clockText } from './format.ts'
import { lineNow } from './line-clock.ts'

/** Of when that is what a page shows and does not ask for again by itself, and a way to ask. */
export function AsOf(p: {
  /** By the clock of this screen; undefined = nothing is shown. */
  readMs: number | undefined
  again: { refetch(): Promise<unknown>; isFetching: boolean }
}): ReactNode {
  const { t } = useTranslation()
  const [now, setNow] = useState(lineNow)
  // The day may end while the page stands open.
  useEffect(() => {
    const timer = setInterval(() => setNow(lineNow()), 30_000)
    return () => clearInterval(timer)
  }, [])
  return (
    <>
      {p.readMs !== undefined && (
        <span className="muted small nowrap" data-as-of={p.readMs}>
          {t('nav.asOf', { time: clockText(new Date(lineNow(p.readMs)), new Date(now)) })}
        </span>
      )}
      <Button loading={p.again.isFetching} onClick={() => void p.again.refetch()}>
        {t('parts.reload')}
      </Button>
    </>
  )
}
