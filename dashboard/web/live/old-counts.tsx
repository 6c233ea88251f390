import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, useLayoutEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorWords } from '../shell/states.tsx'
import { clockText } from '../look/format.ts'
import { LinkLostIcon } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'
import { useLive } from './feed.ts'

/** Counts are asked for every 2 s; a slow answer is none that failed. */
const OLD_MS = 15_000
/** What failed before the connection came back, or the tab was looked at, is asked for again first. */
const AGAIN_MS = 3_000

/** Parts and state come by the feed, counts by questions: where those have no answer, counts stand still beside a live line. */
export function OldCounts({ of }: { of: readonly UseQueryResult[] }): ReactNode {
  const { t } = useTranslation()
  const { connection } = useLive()
  const [now, setNow] = useState(Date.now)
  const [askedMs, setAskedMs] = useState(Date.now)
  useEffect(() => {
    // Of a tab that nobody sees nothing is asked for.
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), 1_000)
    const seen = (): void => setAskedMs(Date.now())
    document.addEventListener('visibilitychange', seen)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [])
  useLayoutEffect(() => setAskedMs(Date.now()), [connection])
  // Every minute another span is asked for, and until its answer comes the counts of the one before stand there.
  const current = of.every((q) => q.data !== undefined && !q.isPlaceholderData)
  const updatedMs = Math.min(...of.map((q) => q.dataUpdatedAt))
  const [currentMs, setCurrentMs] = useState(0)
  useLayoutEffect(() => {
    if (!current) return
    setCurrentMs(updatedMs)
    // Of a span that was looked at before: what was kept of it stands there until it is answered anew.
    if (updatedMs < currentMs) setAskedMs(Date.now())
  }, [current, updatedMs, currentMs])
  const why = of.find((q) => q.error !== null)?.error
  const late = now - currentMs > OLD_MS && now - askedMs > (why ? AGAIN_MS : OLD_MS)
  const nothing = of.some((q) => q.data === undefined && (late || q.error !== null))
  if (connection === 'lost' || !(nothing || (currentMs > 0 && late))) return null
  return (
    <div className="alarms">
      <div className="alarm tone-fail" role="alert" data-old-counts="">
        <LinkLostIcon size={20} />
        <b>
          {nothing
            ? t('link.noCounts')
            : t('link.oldCounts', { time: clockText(new Date(lineNow(currentMs)), new Date(lineNow(now))) })}
        </b>
        {why && (
          <span>
            <ErrorWords error={why} />
          </span>
        )}
      </div>
    </div>
  )
}
