import { Alert, Button } from 'antd'
import { useEffect, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import type { ReviewItem } from '../api/types.ts'
import { ErrorWords } from '../shell/states.tsx'
import type { Lost } from './lost-answers.ts'

/** Which part a lost answer was for, and what became of it as soon as the queue can be read again. */
export function LostAnswer(p: {
  lost: Lost
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
  const { item, verdict, unit } = p.lost.said
  const { serial, inspectionId } = item
  const heard = p.waits !== null && p.heardMs > p.lost.sinceMs
  // Whether the part was let go, too, no queue says.
  const arrived = heard && p.waits === false && unit === null
  useEffect(() => {
    if (arrived) p.forget()
  }, [arrived])
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
      description={<ErrorWords error={p.lost.error} />}
      action={!p.isShown && back}
    />
  )
}
