import { Alert, Button } from 'antd'
import { useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ReviewItem, VerdictResult } from '../api/types.ts'
import { ErrorWords } from '../shell/states.tsx'

/**
 * An answer that the line was not heard to take, however often it was sent: which part it was for, and what became of it
 * as soon as the queue can be read again. Mounted when its error comes.
 */
export function LostAnswer(p: {
  error: Error
  /** `item`: the part as it was when it was answered for; `unit`: to be let go at once, null = not. */
  said: { item: ReviewItem; verdict: VerdictResult; unit: string | null }
  /** Whether it waits in the list that is shown; null = that is another list than it was in. */
  waits: boolean | null
  /** When that list was read last, ms. */
  heardMs: number
  isShown: boolean
  show(item: ReviewItem): void
  /** It has arrived after all. */
  forget(): void
}): ReactNode {
  const { t } = useTranslation()
  const [sinceMs] = useState(Date.now)
  const heard = p.waits !== null && p.heardMs > sinceMs
  // Whether the part was let go, too, no queue says.
  const arrived = heard && p.waits === false && p.said.unit === null
  useEffect(() => {
    if (arrived) p.forget()
  }, [arrived])
  const { item, verdict } = p.said
  const { serial, inspectionId } = item
  const kind = !heard ? 'lostUnknown' : p.waits ? 'lostWaits' : 'lostRelease'
  const back = p.waits ? (
    <Button onClick={() => p.show(item)}>{t('review.lostShow')}</Button>
  ) : (
    <Link to={`/part/${inspectionId}`}>{t('review.missedPart')}</Link>
  )
  return (
    <Alert
      type="error"
      showIcon
      title={
        <span data-lost={inspectionId}>
          {t(`review.${kind}`, { serial, verdict: t(`verdict.${verdict}`) })}
        </span>
      }
      description={<ErrorWords error={p.error} />}
      action={!p.isShown && back}
    />
  )
}
