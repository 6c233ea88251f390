import type { UseQueryResult } from '@tanstack/react-query'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorWords } from '../shell/states.tsx'
import { clockText } from '../look/format.ts'
import { LinkLostIcon } from '../look/icons.tsx'
import { lineNow } from '../look/line-clock.ts'
import { useLive } from './feed.ts'

/** Counts are asked for every 2 s; a slow answer is none that failed. */
const OLD_MS = 15_000

/** Parts and state come by the feed, counts by questions: where those have no answer, counts stand still beside a live line. */
export function OldCounts({ of }: { of: readonly UseQueryResult[] }): ReactNode {
  const { t } = useTranslation()
  const { connection } = useLive()
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  // Every minute another span is asked for, and until its answer comes the counts of the one before stand there.
  const current = of.every((q) => q.data !== undefined && !q.isPlaceholderData)
  const updatedMs = Math.min(...of.map((q) => q.dataUpdatedAt))
  const [currentMs, setCurrentMs] = useState(0)
  useEffect(() => {
    if (current) setCurrentMs(updatedMs)
  }, [current, updatedMs])
  const nothing = of.some((q) => q.data === undefined && q.error !== null)
  const why = of.find((q) => q.error !== null)?.error
  if (connection === 'lost' || !(nothing || (currentMs > 0 && now - currentMs > OLD_MS))) return null
  return (
    <div className="alarms">
      <div className="alarm tone-fail" role="alert" data-old-counts="">
        <LinkLostIcon size={20} />
        <b>
          {nothing
            ? t('link.noCounts')
            : t('link.oldCounts', { time: clockText(new Date(lineNow(currentMs))) })}
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
